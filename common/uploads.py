"""Files of a form: counted while they arrive, and stopped where they pass a limit."""

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler
from django.http import HttpRequest
from django.urls import Resolver404, resolve
from django.utils.functional import cached_property
from django.utils.translation import gettext as _

MEGABYTE = 1024**2

#: What a page takes whose files are larger than attachments, by the name of its address; in bytes.
_larger: dict[str, int] = {}


def allow(url_name: str, most: int) -> None:
    """Let the forms of one page carry files of up to `most` bytes. An app says so when it starts."""
    _larger[url_name] = most


def limits(request: HttpRequest) -> tuple[int, int]:
    """Return how many bytes a file may have that is sent to this address, and everything sent at once."""
    try:
        larger = _larger.get(resolve(request.path_info).url_name or "", 0)
    except Resolver404:
        larger = 0
    file = max(settings.ATTACHMENT_MAX_BYTES, larger)
    # What a form says beside its file needs room, too.
    return file, max(settings.UPLOAD_MAX_BYTES, larger and larger + MEGABYTE)


class WithinLimits(FileUploadHandler):
    """Stands before the handlers that keep files: raises RequestDataTooBig (413) at the first byte too many.

    Content-Length is checked before (config.refusals); this holds the limit of each file, and the
    limit of all of them should the length have been a lie.
    """

    received = 0
    of_this_file = 0

    @cached_property
    def limits(self) -> tuple[int, int]:
        """Return the limits of the address that is sent to."""
        return limits(self.request) if self.request else (settings.ATTACHMENT_MAX_BYTES, settings.UPLOAD_MAX_BYTES)

    def new_file(self, *args: object, **kwargs: object) -> None:  # noqa: ARG002  Django's signature
        """Begin to count another file."""
        self.of_this_file = 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:  # noqa: ARG002
        """Count a part of the file and pass it on."""
        self.of_this_file += len(raw_data)
        self.received += len(raw_data)
        most_of_a_file, most = self.limits
        if self.of_this_file > most_of_a_file or self.received > most:
            raise RequestDataTooBig("An upload is larger than ATTACHMENT_MAX_MB, LOG_MAX_MB or UPLOAD_MAX_MB.")
        return raw_data

    def file_complete(self, file_size: int) -> UploadedFile | None:  # noqa: ARG002
        """Leave the file to the handlers behind."""
        return None


def limits_in_words(request: HttpRequest) -> str:
    """Return the limits as a sentence for whoever passed them."""
    file, everything = limits(request)
    return _("A file may have at most %(file)d MB, everything sent at once %(all)d MB. Nothing was kept.") % {
        "file": file // MEGABYTE,
        "all": everything // MEGABYTE,
    }
