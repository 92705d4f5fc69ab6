"""A mail as a file: headers, texts and attached files, each cleaned by itself and encoded again as it was."""

import email
from collections.abc import Callable
from email import encoders, policy
from email.header import decode_header, make_header
from email.message import Message

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
    lost = False
    for part in mail.walk():
        findings += _headers(part, own_ids)
        if part.is_multipart():
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
    return (mail.as_bytes() if findings else content), tuple(findings)


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
