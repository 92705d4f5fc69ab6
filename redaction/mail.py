"""A mail as a file: headers, texts and attached files, each cleaned by itself and encoded again as it was."""

import email
import secrets
from collections.abc import Callable
from email import encoders, policy
from email.header import decode_header, make_header
from email.message import Message
from string import ascii_lowercase

from redaction.firewall import redact
from redaction.own_ids import OwnIds
from redaction.schemes import Finding

#: Cleans a part's bytes: what may be kept (None: nothing), and what was found.
Part = Callable[[bytes, str], tuple[bytes | None, tuple[Finding, ...]]]


def redact_mail(
    content: bytes, clean_part: Part, own_ids: OwnIds | None
) -> tuple[bytes | None, tuple[Finding, ...]]:
    """The mail without what was found, as it is when that is nothing; None where a part cannot be cleaned."""
    mail = email.message_from_bytes(content, policy=policy.compat32)
    findings: list[Finding] = []
    lost = changed = False
    for part in mail.walk():
        changed = _bounded_by_letters(part, own_ids) or changed
        findings += _headers(part, own_ids)
        if part.is_multipart():
            findings += _around(part, own_ids)
            continue
        payload = part.get_payload(decode=True)
        if not isinstance(payload, bytes) or not payload:
            continue
        kept, found = clean_part(payload, _name(part))
        findings += found
        lost = lost or (kept is None and bool(found))
        if kept is not None and kept != payload:
            _replace(part, kept)
    if lost:
        return None, tuple(findings)
    return (mail.as_bytes() if findings or changed else content), tuple(findings)


def _bounded_by_letters(part: Message, own_ids: OwnIds | None) -> bool:
    """Give the part another boundary where its own looks like a card; tell whether it did.

    Mail programs make boundaries of random digits, so that is no find; a mask in one would break the mail.
    """
    boundary = part.get_boundary()
    if boundary is None or not redact(boundary, own_ids).findings:
        return False
    part.set_boundary("".join(secrets.choice(ascii_lowercase) for _ in range(30)))
    return True


def _around(part: Message, own_ids: OwnIds | None) -> list[Finding]:
    """Drop what stands before the first or after the last of its parts, which nobody sees, if a card is in it."""
    before, after = redact(part.preamble or "", own_ids), redact(part.epilogue or "", own_ids)
    if before.findings:
        part.preamble = None
    if after.findings:
        part.epilogue = None
    return [*before.findings, *after.findings]


def _name(part: Message) -> str:
    return part.get_filename() or ("mail.html" if part.get_content_subtype() == "html" else "mail.txt")


def _headers(part: Message, own_ids: OwnIds | None) -> list[Finding]:
    findings: list[Finding] = []
    for name, value in list(part.items()):
        try:
            shown = str(make_header(decode_header(str(value))))
        except (LookupError, UnicodeError, ValueError):
            shown = str(value)
        cleaned = redact(shown, own_ids)
        if cleaned.findings:
            findings += cleaned.findings
            part.replace_header(name, cleaned.text)
    return findings


def _replace(part: Message, payload: bytes) -> None:
    encoding = str(part.get("Content-Transfer-Encoding", "")).lower().strip()
    del part["Content-Transfer-Encoding"]
    part.set_payload(payload)
    if encoding == "quoted-printable":
        encoders.encode_quopri(part)
    else:
        encoders.encode_base64(part)
