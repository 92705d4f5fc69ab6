"""Files of every kind that people attach: what was in them is gone, and they still open."""

import contextlib
import io
import random
import subprocess
import sys
import zipfile
from email import message_from_bytes, policy
from email.message import EmailMessage

import openpyxl
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from redaction.files import DEEPEST, MOST_MEMBERS, RedactedFile, TooMuch, redact_file
from redaction.streams import redact_bytes, redact_stream

CARD, SPACED = "4111111111111111", "5555 5555 5555 4444"


def cleaned(answer: RedactedFile) -> bytes:
    assert answer.content is not None
    return answer.content


def zipped(**members: bytes | str) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "."), content)
    return target.getvalue()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
def test_a_text_keeps_its_encoding(encoding: str) -> None:
    text = f"tarjeta señor: {CARD}, vence 12/29, cvv 123\n" * 3
    cleaned, findings = redact_bytes(text.encode(encoding))
    assert [finding.kind for finding in findings] == ["card", "cvv"] * 3
    assert cleaned.decode(encoding) == text.replace(CARD, "411111••••••1111").replace("123", "•••")


def test_bytes_without_meaning_pass_as_they_came() -> None:
    noise = bytes(range(256)) * 40
    assert redact_bytes(noise) == (noise, ())
    assert redact_bytes(noise + CARD.encode() + b"\xff\xfe\x00")[0] == noise + b"411111******1111\xff\xfe\x00"
    assert redact_bytes(b"\xff\xfea\x00b\x00c")[0] == b"\xff\xfea\x00b\x00c"


def test_a_number_is_found_wherever_a_stream_is_cut() -> None:
    filler = "nothing to see here, order 10-22\n" * 9000
    for shift in range(0, 40, 7):
        text = "x" * shift + filler + f"card {SPACED}\n" + filler + CARD + "\n" + filler
        target = io.BytesIO()
        findings = list(redact_stream(io.BytesIO(text.encode()), target))
        assert [text[f.start : f.end] for f in findings] == [SPACED, CARD]
        assert target.getvalue().decode() == text.replace(SPACED, "5555 55•• •••• 4444").replace(
            CARD, "411111••••••1111"
        )


def test_the_pipe_tells_where_but_not_what() -> None:
    def run(*arguments: str) -> bytes:
        text = f"card {CARD}, and ORD-{CARD}\n".encode()
        command = [sys.executable, "-m", "redaction", *arguments]
        return subprocess.run(command, input=text, capture_output=True, check=True).stdout

    assert run("--own-id", "ORD-################").decode() == f"card 411111••••••1111, and ORD-{CARD}\n"
    assert run("--json", "--own-id", "ORD-################").decode() == (
        '{"kind": "card", "start": 5, "end": 21, "mask": "411111••••••1111"}\n'
    )


def test_a_workbook_opens_and_shows_masks() -> None:
    book = openpyxl.Workbook()
    book.active.append(["card", int(CARD), CARD, 12.5, f"my card {SPACED}"])
    book.properties.title = f"for {CARD}"
    content = io.BytesIO()
    book.save(content)
    answer = redact_file(content.getvalue(), "cards.xlsx")
    assert len(answer.findings) == 4
    again = openpyxl.load_workbook(io.BytesIO(cleaned(answer)))
    masked = "411111••••••1111"
    assert [cell.value for cell in again["Sheet"][1]] == [
        "card",
        masked,
        masked,
        12.5,
        "my card 5555 55•• •••• 4444",
    ]
    assert again.properties.title == f"for {masked}"


def test_a_boundary_of_a_mail_that_looks_like_a_card_and_what_no_program_shows() -> None:
    boundary = f"==============={CARD}=="
    mail = (
        f'From: a@b.example\r\nContent-Type: multipart/mixed; boundary="{boundary}"\r\n\r\n'
        f"before\r\n--{boundary}\r\nContent-Type: text/plain\r\n\r\nhello\r\n--{boundary}--\r\nafter"
    )
    answer = redact_file(mail.encode(), "a.eml")
    assert answer.content is not None and CARD.encode() not in answer.content
    assert not answer.findings
    kept = message_from_bytes(answer.content, policy=policy.default)
    assert [part.get_content().strip() for part in kept.iter_parts()] == ["hello"]
    for hidden in (mail.replace("before", CARD), mail.replace("after", CARD)):
        answer = redact_file(hidden.encode(), "a.eml")
        assert answer.findings and answer.content is not None and CARD.encode() not in answer.content


def test_a_mail_is_cleaned_with_its_files() -> None:
    mail = EmailMessage(policy=policy.SMTP)
    mail["Subject"] = f"Reembolso señor {CARD}"
    mail.set_content(f"Señor, la tarjeta es {SPACED}. Gracias.", cte="quoted-printable")
    mail.add_attachment(zipped(notes__txt=f"pan={CARD}"), maintype="application", subtype="zip", filename="a.zip")
    mail.add_attachment(f"<b>{CARD}</b>", subtype="html", filename="a.html")
    answer = redact_file(mail.as_bytes(), "complaint.eml")
    assert len(answer.findings) == 4
    again = message_from_bytes(cleaned(answer), policy=policy.default)
    assert again["Subject"] == "Reembolso señor 411111••••••1111"
    assert "5555 55•• •••• 4444" in again.get_body().get_content()
    archive, page = again.iter_attachments()
    assert zipfile.ZipFile(io.BytesIO(archive.get_content())).read("notes.txt").decode() == "pan=411111••••••1111"
    assert "<b>411111••••••1111</b>" in page.get_content()


def test_a_picture_keeps_its_pixels_only() -> None:
    words = PngInfo()
    words.add_text("Comment", CARD)
    content = io.BytesIO()
    Image.new("RGB", (3, 2), "red").save(content, "PNG", pnginfo=words)
    assert CARD.encode() in content.getvalue()
    answer = redact_file(content.getvalue(), "photo.png")
    assert CARD.encode() not in cleaned(answer)
    with Image.open(io.BytesIO(cleaned(answer))) as image:
        assert image.size == (3, 2) and image.convert("RGB").getpixel((0, 0)) == (255, 0, 0)


def test_what_has_nothing_to_hide_stays_as_it_is() -> None:
    for content, name in (
        (b"hello", "a.txt"),
        (zipped(a__txt="hello"), "a.zip"),
        (b"From: a@b.example\n\nhi\n", "a.eml"),
    ):
        assert redact_file(content, name) == (content, ())


def test_a_pdf_with_a_card_is_not_kept() -> None:
    answer = redact_file(b"%PDF-1.4\n1 0 obj<</Contents (card " + CARD.encode() + b")>>endobj\n%%EOF", "a.pdf")
    assert answer.content is None and answer.findings[0].mask == "411111••••••1111"


def test_archives_have_limits() -> None:
    nested = b"x"
    for _ in range(DEEPEST + 1):
        nested = zipped(a__zip=nested)
    with pytest.raises(TooMuch):
        redact_file(nested, "deep.zip")
    with pytest.raises(TooMuch):
        redact_file(zipped(a=b"0" * 50_000_000), "bomb.zip")
    with pytest.raises(TooMuch):
        redact_file(zipped(**{f"a{n}": "x" for n in range(MOST_MEMBERS + 1)}), "many.zip")
    inner = zipped(**{f"a{n}": "x" for n in range(MOST_MEMBERS // 2)})
    with pytest.raises(TooMuch):  # each of them within the limits, and all of them not
        redact_file(zipped(a__zip=inner, b__zip=inner, c__zip=inner), "together.zip")
    with pytest.raises(TooMuch):
        redact_file(zipped(a="hello")[:-30], "broken.zip")


@pytest.mark.parametrize("way", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
@pytest.mark.parametrize("name", ["a.zip", "book.xlsx", "letter.docx"])
def test_what_unpacks_without_a_bound_is_not_unpacked(way: int, name: str) -> None:
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", way) as archive:
        archive.writestr("a.txt", b"0" * 1000)
    with pytest.raises(TooMuch):
        redact_file(bomb.getvalue(), name)
    with pytest.raises(TooMuch):  # nor inside of another
        redact_file(zipped(inner__zip=bomb.getvalue()), name)


def test_whatever_is_broken_in_an_archive_is_too_much() -> None:
    sound = zipped(a__txt=random.Random(1).randbytes(400).hex(), señor__txt="hello " * 80)
    for place in range(4, len(sound)):
        for value in (0, sound[place] ^ 0x55, 255):
            broken = sound[:place] + bytes([value]) + sound[place + 1 :]
            with contextlib.suppress(TooMuch):  # or it does not matter
                redact_file(broken, "a.zip")
