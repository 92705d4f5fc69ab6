"""Private files: stored under random names, served only after a permission check.

Images are decoded and encoded again by us, which drops whatever else the file
carried; only those may be shown inline. Everything else is a download, and was
searched for cards and secrets before it was written anywhere.
"""

import hashlib
from collections.abc import Iterator
from datetime import datetime, timedelta
from io import BytesIO
from pathlib import PurePath

from django.conf import settings
from django.core.files.base import ContentFile, File
from django.core.files.storage import default_storage
from django.utils.translation import gettext as _
from PIL import Image, ImageOps, UnidentifiedImageError

import redaction
from accounts.models import User
from common import clock, file_kinds
from common.errors import Refused
from escalations import file_texts, search_index
from escalations.models import Attachment, DraftFile, Message, Ticket
from events import recording
from redaction import noticing
from redaction.files import TooMuch, redact_file

IMAGE_FORMATS = {"PNG": "image/png", "JPEG": "image/jpeg", "WEBP": "image/webp", "GIF": "image/gif"}
MOST_PIXELS = 40_000_000
MOST_FILES = 10
FOLDER = "attachments"


def attach(ticket: Ticket, upload: File, *, by: User, message: Message | None = None) -> Attachment:
    """Store one file on a ticket, as `prepared` has it. Raises Refused."""
    content, content_type = prepared(upload)
    attachment = Attachment(
        ticket=ticket,
        message=message,
        name=safe_name(upload.name or ""),
        content_type=content_type,
        size=content.size,
        sha256=_digest(content),
        is_image=content_type in IMAGE_FORMATS.values(),
        uploaded_by=by,
        created_at=clock.now(),
    )
    attachment.file.save("", content, save=False)
    attachment.save()
    if message is None:  # else it is found with its message
        search_index.refresh([ticket.pk])
    if not attachment.is_image:
        recording.record(file_texts.ATTACHED, subject=(file_texts.SUBJECT, attachment.pk), by=by)
    return attachment


def check(upload: File) -> None:
    """Raise Refused when a file is empty, too large, or of a kind that is not taken."""
    size = upload.size or 0
    if size > settings.ATTACHMENT_MAX_BYTES:
        raise Refused(
            _("A file may have at most %d MB.") % (settings.ATTACHMENT_MAX_BYTES // 1024**2), field="uploads"
        )
    if size == 0:
        raise Refused(_("The file is empty."), field="uploads")
    name = safe_name(upload.name or "")
    if not file_kinds.is_taken(name):
        raise Refused(
            _("“%s” is of a kind that is not taken. Text, tables, PDF, Office, pictures, films, mail and ZIP are.")
            % name,
            field="uploads",
        )
    upload.seek(0)
    if not file_kinds.is_what_it_says(name, upload.read(file_kinds.HEAD)):
        raise Refused(_("“%s” is not what its name says. Save it anew as what it is.") % name, field="uploads")
    upload.seek(0)


def safe_name(name: str) -> str:
    """Return the file's own name without folders, control characters or card numbers."""
    base = PurePath(name.replace("\\", "/")).name
    printable = "".join(character for character in base if character.isprintable())
    with noticing.part("file_name"):
        return redaction.clean(printable).strip(" .")[:200] or "file"


def sweep(older_than: timedelta = timedelta(days=1)) -> int:
    """Delete files that no attachment and no draft names; return how many."""
    stored = set(files_in(FOLDER, before=clock.now() - older_than))
    orphans = stored.copy()
    for owners in (Attachment.objects, DraftFile.objects):
        orphans -= set(owners.filter(file__in=stored).values_list("file", flat=True))
    for name in orphans:
        default_storage.delete(name)
    return len(orphans)


def files_in(main: str, *, before: datetime) -> Iterator[str]:
    """Yield the files in the folders of a folder of the storage that were written before an instant."""
    if not default_storage.exists(main):
        return
    for folder in default_storage.listdir(main)[0]:
        for name in default_storage.listdir(f"{main}/{folder}")[1]:
            path = f"{main}/{folder}/{name}"
            if default_storage.get_modified_time(path) <= before:
                yield path


def prepared(upload: File) -> tuple[File, str]:
    """Return what may be stored of a file, and as what: an image made anew, else without cards and secrets.

    Raises Refused when `check` does, and when something is found that cannot be taken out.
    """
    check(upload)
    try:
        with Image.open(upload) as image:
            kind = image.format or ""
            if kind in IMAGE_FORMATS and image.width * image.height <= MOST_PIXELS:
                fresh = BytesIO()
                plain = ImageOps.exif_transpose(image).convert("RGB" if kind == "JPEG" else "RGBA")
                plain.info = {}  # what Pillow would write again: comments, profiles
                plain.save(fresh, format=kind)
                return ContentFile(fresh.getvalue()), IMAGE_FORMATS[kind]
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        pass  # not an image we can read: only ever downloaded
    return _redacted(upload), "application/octet-stream"


def _redacted(upload: File) -> File:
    name = safe_name(upload.name or "")
    upload.seek(0)
    content = upload.read()
    try:
        found = redact_file(content, name)
    except TooMuch as error:
        raise Refused(
            _(
                "“%s” can't be looked through for card numbers: it is locked, broken, holds too much, or is packed"
                " in another way than plain ZIP (Deflate)."
            )
            % name,
            field="uploads",
        ) from error
    if found.content is None:
        raise Refused(
            _("“%s” holds a card number or a secret that can't be taken out of such a file. Black it out first.")
            % name,
            field="uploads",
        )
    upload.seek(0)
    return upload if found.content == content else ContentFile(found.content)


def rewritten(name: str, content: bytes) -> None:
    """Keep size and digest of a stored file from which a sweep has taken something out."""
    found = Attachment.objects.filter(file=name)
    found.update(size=len(content), sha256=hashlib.sha256(content).hexdigest())


def _digest(content: File) -> str:
    digest = hashlib.sha256()
    for chunk in content.chunks():
        digest.update(chunk)
    content.seek(0)
    return digest.hexdigest()
