"""The text in a file that somebody attached, read in a process of its own.

A file may be hostile: a PDF that never ends, a sheet that unpacks to gigabytes. So it is read by a child
(`python -m common.text_of_file`) that the system stops when it takes too long or too much memory.
"""

import csv
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from email import message_from_bytes, policy
from html.parser import HTMLParser
from io import BytesIO, StringIO
from itertools import islice
from pathlib import Path, PurePath

SECONDS, BYTES_OF_MEMORY = 20, 1024**3
MOST_PAGES = 200


def is_readable(name: str) -> bool:
    """Tell whether text can be looked for in a file of this name."""
    return PurePath(name).suffix.lower() in _READERS


def read(content: bytes, name: str, *, longest: int) -> str:
    """Return the first `longest` characters of text in a file; "" when it has none, or none that can be read."""
    command = [sys.executable, "-m", "common.text_of_file", PurePath(name).suffix.lower(), str(longest)]
    try:
        done = subprocess.run(  # noqa: S603 - our own module; the suffix is one of _READERS or refused there
            command,
            input=content,
            capture_output=True,
            timeout=SECONDS * 2,
            check=False,
            cwd=Path(__file__).resolve().parent.parent,
        )
    except subprocess.TimeoutExpired:
        return ""
    return done.stdout.decode("utf-8", "ignore")[:longest] if done.returncode == 0 else ""


def _plain(content: bytes) -> Iterator[str]:
    for encoding in ("utf-8-sig", "utf-16" if content[:2] in {b"\xff\xfe", b"\xfe\xff"} else "cp1252"):
        try:
            yield content.decode(encoding)
        except UnicodeDecodeError:
            continue
        return
    yield content.decode("latin-1")


def _table(content: bytes) -> Iterator[str]:
    text = "".join(_plain(content))
    dialect = csv.Sniffer().sniff(text[:4096], ",;\t|") if len(text) > 1 else csv.excel
    for row in csv.reader(StringIO(text), dialect):
        yield " ".join(cell for cell in row if cell)


class _Words(HTMLParser):
    """Collects what a page shows."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self.hidden = 0

    def handle_starttag(self, tag: str, _attrs: object) -> None:
        self.hidden += tag in {"script", "style"}

    def handle_endtag(self, tag: str) -> None:
        self.hidden -= tag in {"script", "style"} and self.hidden > 0

    def handle_data(self, data: str) -> None:
        if not self.hidden and data.strip():
            self.words.append(data.strip())


def _html(content: bytes) -> Iterator[str]:
    page = _Words()
    page.feed("".join(_plain(content)))
    yield from page.words


def _mail(content: bytes) -> Iterator[str]:
    mail = message_from_bytes(content, policy=policy.default)
    yield from (str(mail[name]) for name in ("subject", "from", "to", "date") if mail[name])
    body = mail.get_body(("plain", "html"))
    if body is not None:
        raw = body.get_payload(decode=True)
        text = raw if isinstance(raw, bytes) else b""
        yield from (_html if body.get_content_subtype() == "html" else _plain)(text)
    yield from (name for part in mail.iter_attachments() if (name := part.get_filename()))


def _pdf(content: bytes) -> Iterator[str]:
    from pypdf import PdfReader

    for page in islice(PdfReader(BytesIO(content)).pages, MOST_PAGES):
        yield page.extract_text()


def _workbook(content: bytes) -> Iterator[str]:
    from openpyxl import load_workbook

    for sheet in load_workbook(BytesIO(content), read_only=True, data_only=True).worksheets:
        yield sheet.title
        for row in sheet.iter_rows(values_only=True):
            yield " ".join(str(cell) for cell in row if cell is not None)


_READERS: dict[str, Callable[[bytes], Iterator[str]]] = {
    **dict.fromkeys((".txt", ".log", ".md", ".json", ".xml"), _plain),
    **dict.fromkeys((".csv", ".tsv"), _table),
    **dict.fromkeys((".html", ".htm"), _html),
    ".eml": _mail,
    ".pdf": _pdf,
    ".xlsx": _workbook,
}


def _main(suffix: str, longest: int) -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (BYTES_OF_MEMORY, BYTES_OF_MEMORY))
    left = longest
    for part in _READERS[suffix](sys.stdin.buffer.read()):
        sys.stdout.buffer.write(f"{part[:left]}\n".encode("utf-8", "ignore"))
        left -= len(part)
        if left <= 0:
            break


if __name__ == "__main__":
    _main(sys.argv[1], int(sys.argv[2]))
