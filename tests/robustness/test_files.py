"""Files that are kept: made harmless, only ever downloaded, and gone with a change that failed."""

import io
import struct
import zlib
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.core.files.uploadedfile import SimpleUploadedFile, UploadedFile
from django.db import transaction
from django.test import Client
from PIL import Image

from common.errors import Refused
from escalations import attachments, conversation
from escalations.models import Attachment, MessageKind
from redaction.files import redact_file
from tests.escalations.desk import Desk

pytestmark = pytest.mark.django_db
CARD = "card 4111 1111 1111 1111"


def file(name: str = "log.txt", content: bytes = b"a log") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("..\\..\\boot.ini", "boot.ini"),
        ("card 4111 1111 1111 1111.pdf", None),
        ("a\r\nSet-Cookie: x=1.txt", None),
        ("\u202egpj.exe", "gpj.exe"),
        ("x" * 400 + ".txt", "x" * 200),
        ("../..", "file"),
    ],
)
def test_hostile_names(desk: Desk, name: str, kept: str | None):
    safe = attachments.safe_name(name)
    assert kept is None or safe == kept
    assert "4111 1111 1111 1111" not in safe
    assert not set(safe) & set("/\\\r\n\u202e")


def picture(kind: str = "JPEG", size: tuple[int, int] = (8, 8), **options: Any) -> bytes:
    made = io.BytesIO()
    Image.new("RGB", size, "red").save(made, kind, **options)
    return made.getvalue()


def bomb(width: int = 60_000, height: int = 60_000) -> bytes:
    """Return a PNG of a few hundred bytes that says it is enormous."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 99)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


def attached(desk: Desk, upload: UploadedFile) -> Attachment:
    return attachments.attach(desk.escalated(), upload, by=desk.l1)


def test_an_image_is_made_anew_without_what_it_carried(desk: Desk):
    exif = Image.Exif()
    exif[0x010E] = "taken at Ana Cruz's home"
    original = picture(exif=exif.tobytes()) + b"<script>alert(1)</script>"
    kept = attached(desk, file("me.jpg", original))
    with kept.file.open() as opened:
        stored = opened.read()
    assert kept.is_image
    assert b"Ana Cruz" not in stored and b"<script>" not in stored
    assert not Image.open(io.BytesIO(stored)).getexif()


@pytest.mark.parametrize(
    ("kind", "options"),
    [("JPEG", {"comment": CARD}), ("GIF", {"comment": CARD}), ("PNG", {"icc_profile": CARD.encode() * 9})],
)
def test_an_image_loses_comments_and_profiles(desk: Desk, kind: str, options: dict[str, Any]):
    original = picture(kind, **options)
    assert redact_file(original, "me").findings, "a sweep finds what is stored already"
    kept = attached(desk, file(f"me.{kind.lower()}", original))
    with kept.file.open() as opened, Image.open(opened) as stored:
        assert kept.is_image and stored.format == kind
        assert CARD not in str(stored.info) and "icc_profile" not in stored.info


def test_an_image_stays_the_right_way_up(desk: Desk):
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held upright
    kept = attached(desk, file("me.jpg", picture(size=(20, 10), exif=exif.tobytes())))
    with kept.file.open() as opened, Image.open(opened) as stored:
        assert stored.size == (10, 20)


@pytest.mark.parametrize("size", [(60_000, 60_000), (8_000, 8_000)])
def test_an_image_bomb_is_never_unpacked(desk: Desk, size: tuple[int, int]):
    with pytest.raises(Refused, match="holds too much"):
        attached(desk, file("bomb.png", bomb(*size)))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("x.svg", b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'),
        ("x.html", b"<script>alert(1)</script>"),
        ("x.png", b"\x89PNG\r\n\x1a\n<script>alert(1)</script>"),
        ("x.gif", b"GIF89a<script>alert(1)</script>"),
    ],
)
def test_what_is_no_image_is_only_ever_downloaded(desk: Desk, name: str, content: bytes):
    kept = attached(desk, file(name, content))
    client = Client()
    client.force_login(desk.l1)
    response = client.get(f"/tickets/{kept.ticket.reference}/files/{kept.pk}/")
    assert b"".join(response) == content
    assert response.headers["Content-Type"] == "application/octet-stream"
    assert response.headers["Content-Disposition"].startswith("attachment")
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert "default-src 'none'; sandbox" in response.headers["Content-Security-Policy"]


def stored_files(settings: LazySettings) -> list[Path]:
    return [path for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file()]


def test_what_a_failed_change_left_behind_is_swept_up(desk: Desk, settings: LazySettings):
    ticket = desk.started()
    conversation.write(ticket, by=desk.l2, kind=MessageKind.NOTE, body="One", uploads=[file("kept.txt", b"kept")])
    with transaction.atomic():
        conversation.write(ticket, by=desk.l2, kind=MessageKind.NOTE, body="Two", uploads=[file()])
        transaction.set_rollback(True)
    assert attachments.sweep() == 0  # it could belong to a change that is being made at this moment
    assert attachments.sweep(older_than=timedelta(0)) == 1
    assert [path.read_bytes() for path in stored_files(settings)] == [b"kept"]
