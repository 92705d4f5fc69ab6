"""Files of a form: counted while they arrive, and stopped where they pass a limit."""

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler
from django.utils.translation import gettext as _

MEGABYTE = 1024**2


class WithinLimits(FileUploadHandler):
    """Stands before the handlers that keep files: raises RequestDataTooBig (413) at the first byte too many.

    Content-Length is checked before (config.refusals); this holds the limit of each file, and the
    limit of all of them should the length have been a lie.
    """

    received = 0
    of_this_file = 0

    def new_file(self, *args: object, **kwargs: object) -> None:  # noqa: ARG002  Django's signature
        """Begin to count another file."""
        self.of_this_file = 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:  # noqa: ARG002
        """Count a part of the file and pass it on."""
        self.of_this_file += len(raw_data)
        self.received += len(raw_data)
        if self.of_this_file > settings.ATTACHMENT_MAX_BYTES or self.received > settings.UPLOAD_MAX_BYTES:
            raise RequestDataTooBig("An upload is larger than ATTACHMENT_MAX_MB or UPLOAD_MAX_MB.")
        return raw_data

    def file_complete(self, file_size: int) -> UploadedFile | None:  # noqa: ARG002
        """Leave the file to the handlers behind."""
        return None


def limits_in_words() -> str:
    """Return the limits as a sentence for whoever passed them."""
    return _("A file may have at most %(file)d MB, everything sent at once %(all)d MB. Nothing was kept.") % {
        "file": settings.ATTACHMENT_MAX_BYTES // MEGABYTE,
        "all": settings.UPLOAD_MAX_BYTES // MEGABYTE,
    }
