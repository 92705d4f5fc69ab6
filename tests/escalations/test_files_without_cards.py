"""Files lose cards and secrets before they are written anywhere; what can't lose them is refused."""

import zipfile
from io import BytesIO
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from escalations import attachments
from escalations.models import Attachment, DraftFile, Message, Ticket
from tests.escalations.desk import Desk
from tests.escalations.test_pages import signed_in

CARD = b"4111111111111111"
MASKED = "411111••••••1111".encode()
PDF = b"%PDF-1.4\n1 0 obj << /Contents (paid with 4111 1111 1111 1111) >> endobj\n%%EOF\n"


def zipped(name: str, content: bytes, way: int = zipfile.ZIP_DEFLATED) -> bytes:
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w", way) as archive:
        archive.writestr(name, content)
    return packed.getvalue()


def note_with(desk: Desk, ticket: Ticket, *files: SimpleUploadedFile, body: str = "See the file.") -> int:
    address = reverse("write_message", args=[ticket.reference])
    sent = {"kind": "note", "body_note": body, "uploads": files}
    return signed_in(desk.l2).post(address, sent).status_code


def stored(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("log.txt", b"2026-11-28 charge " + CARD + b" declined"),
        ("cards.csv", b"id;pan\n1;" + CARD + b"\n"),
        ("answer.json", b'{"pan": "' + CARD + b'"}'),
        ("mail.eml", b"Subject: Card\r\nContent-Type: text/plain\r\n\r\nIt is " + CARD + b".\r\n"),
    ],
)
def test_a_card_in_a_file_is_masked_before_it_is_stored(
    desk: Desk, settings: object, name: str, content: bytes
) -> None:
    assert note_with(desk, desk.started(), SimpleUploadedFile(name, content)) == 302
    kept = stored(Path(settings.MEDIA_ROOT))  # type: ignore[attr-defined]
    assert kept and CARD not in kept


def test_a_card_in_an_archive_is_masked(desk: Desk) -> None:
    assert note_with(desk, desk.started(), SimpleUploadedFile("logs.zip", zipped("a.log", CARD))) == 302
    with zipfile.ZipFile(Attachment.objects.get().file.path) as archive:
        assert archive.read("a.log") == MASKED


def test_a_file_without_any_is_kept_byte_by_byte(desk: Desk) -> None:
    content = "naïve: 1,302.27 PHP, TXN-FB2F3D4D\r\n".encode("latin-1")
    assert note_with(desk, desk.started(), SimpleUploadedFile("a.log", content)) == 302
    assert Path(Attachment.objects.get().file.path).read_bytes() == content


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("receipt.pdf", PDF, "Black it out first"),
        ("bomb.zip", zipped("a.log", b"0" * 30_000_000), "holds too much"),
        ("bzip2.zip", zipped("a.log", b"hello", zipfile.ZIP_BZIP2), "plain ZIP (Deflate)"),
        ("broken.zip", zipped("a.log", b"hello " * 99).replace(b"a.log\xcb", b"a.log\xff", 1), "broken"),
    ],
)
def test_what_cannot_lose_it_is_refused_and_nothing_is_lost_but_the_file(
    desk: Desk, settings: object, name: str, content: bytes, sentence: str
) -> None:
    ticket = desk.started()
    page = signed_in(desk.l2).post(
        reverse("write_message", args=[ticket.reference]),
        {"kind": "note", "body_note": "See the file.", "uploads": [SimpleUploadedFile(name, content)]},
    )
    assert page.status_code == 422
    assert sentence in page.content.decode()
    assert "See the file." in page.content.decode()
    assert not Attachment.objects.exists()
    assert not DraftFile.objects.exists()
    assert not Message.objects.filter(ticket=ticket, kind="note").exists()
    assert stored(Path(settings.MEDIA_ROOT)) == b""  # type: ignore[attr-defined]


def test_a_file_of_a_draft_is_masked_too(desk: Desk, settings: object) -> None:
    ticket = desk.started()
    address = reverse("write_message", args=[ticket.reference])
    files = [SimpleUploadedFile("log.txt", CARD)]
    sent = {"kind": "to_customer", "body_to_customer": "", "uploads": files}
    assert signed_in(desk.l2).post(address, sent).status_code == 422
    assert CARD not in stored(Path(settings.MEDIA_ROOT))  # type: ignore[attr-defined]


def test_preparing_twice_changes_nothing_more() -> None:
    once, _kind = attachments.prepared(SimpleUploadedFile("log.txt", b"card " + CARD))
    first = once.read()
    twice, _kind = attachments.prepared(SimpleUploadedFile("log.txt", first))
    assert twice.read() == first
