"""What somebody wrote in a mail: its text without what it quotes, and the files that came with it. Pure."""

import re
from email.message import EmailMessage, Message
from html.parser import HTMLParser

#: Stands in our mails above what is quoted when somebody answers.
MARK = "-- >8 -- ESC --"
MOST_PARTS = 100

_QUOTED = re.compile(
    r"^(?:"
    r">.*|"
    r"-{2,}\s*(?:Original Message|Forwarded message|Mensaje original|Mensaje reenviado)\s*-{2,}|"
    r"_{10,}|"
    r"(?:On|El)\s.{4,200}(?:wrote|escribió):\s*|"
    r"(?:From|De):\s.+"
    r")$",
    re.IGNORECASE,
)
_SIGNATURE = re.compile(r"^-- ?$")
_AUTOMATIC = {"bulk", "junk", "list", "auto_reply"}


def is_automatic(mail: EmailMessage) -> bool:
    """Tell whether a program wrote it: absence notes, bounces, lists (RFC 3834, RFC 3464)."""
    if str(mail.get("Auto-Submitted", "no")).split(";")[0].strip().lower() != "no":
        return True
    if str(mail.get("Precedence", "")).strip().lower() in _AUTOMATIC or "List-Id" in mail:
        return True
    if any(name in mail for name in ("X-Autoreply", "X-Autorespond", "X-Failed-Recipients")):
        return True
    if str(mail.get("Return-Path", "x")).strip() == "<>" or mail.get_content_type() == "multipart/report":
        return True
    sender = str(mail.get("From", "")).lower()
    return "mailer-daemon@" in sender or "postmaster@" in sender


def written(mail: EmailMessage) -> str:
    """Return the text that its writer added, without quotes and signature."""
    body = mail.get_body(preferencelist=("plain", "html"))
    if body is None:
        return ""
    text = _text_of(body)
    if body.get_content_type() == "text/html":
        text = _without_tags(text)
    lines: list[str] = []
    for line in text.replace("\r\n", "\n").split("\n"):
        bare = line.strip()
        if MARK in bare or _QUOTED.match(bare) or _SIGNATURE.match(line.rstrip("\r")):
            break
        lines.append(line.rstrip())
    return "\n".join(lines).strip()


def files(mail: EmailMessage) -> list[tuple[str, bytes]]:
    """Return the attached files with their names; what has no name is no file."""
    found = []
    for part in list(mail.walk())[:MOST_PARTS]:
        name = part.get_filename()
        content = part.get_payload(decode=True) if name and not part.is_multipart() else None
        if name and isinstance(content, bytes):
            found.append((str(name), content))
    return found


def _text_of(part: Message) -> str:
    content = part.get_payload(decode=True)
    if not isinstance(content, bytes):
        return ""
    charset = part.get_content_charset() or "utf-8"
    try:
        return content.decode(charset, errors="replace")
    except LookupError:
        return content.decode("utf-8", errors="replace")


class _Words(HTMLParser):
    """The words of a page, a line for each block, without what is no text or quoted."""

    _SILENT = frozenset({"script", "style", "head", "title", "blockquote"})
    _BLOCKS = frozenset({"p", "div", "br", "li", "tr", "h1", "h2", "h3"})

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.words: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, _attrs: list[tuple[str, str | None]]) -> None:
        self._silent += tag in self._SILENT
        if tag in self._BLOCKS:
            self.words.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in self._SILENT and self._silent:
            self._silent -= 1

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.words.append(re.sub(r"\s+", " ", data))


def _without_tags(page: str) -> str:
    words = _Words()
    words.feed(page)
    words.close()
    return "".join(words.words)
