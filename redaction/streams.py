"""Bytes in, bytes out: texts of any size and encoding, with what is no text passed on as it came.

What is not UTF-8 or UTF-16 is read as ASCII with bytes of no meaning between, so a card's number is found in
Latin-1 and in binary data as well, and every other byte comes out as it went in.
"""

import codecs
from collections.abc import Iterator
from io import BytesIO
from typing import BinaryIO, NamedTuple

from redaction import noticing
from redaction.firewall import current, found_in, hidden
from redaction.own_ids import OwnIds
from redaction.schemes import MASK, Finding, Found

_BYTES_AT_ONCE = 1 << 18
_AROUND = 24_000  # characters; a private key is shorter
_LONGEST_HELD = 1 << 21
#: Written for the mask where the text is in no Unicode encoding.
_PLAIN_MASK = "*"


class _Encoding(NamedTuple):
    name: str
    errors: str


def redact_stream(source: BinaryIO, target: BinaryIO | None, own_ids: OwnIds | None = None) -> Iterator[Finding]:
    """Copy `source` to `target` (if any) without what is found, and yield the findings as they come.

    Places are counted in characters of the text. The work is done while the answer is iterated over.
    """
    ids = current(own_ids)
    first = source.read(_BYTES_AT_ONCE)
    encoding = _sniffed(first)
    reader = codecs.getincrementaldecoder(encoding.name)(encoding.errors)
    context, pending, passed = "", "", 0
    data = first
    while True:
        final = not data
        pending += reader.decode(data, final and not encoding.name.startswith("utf-16"))
        if final or len(pending) > 2 * _AROUND:
            text = context + pending
            found = [one for one in found_in(text, ids) if one.end > len(context)]
            cut = len(text) if final else _cut(found, len(context), len(text))
            ready = [one for one in found if one.start < cut]
            cleaned = hidden(text[len(context) : cut], [_moved(one, -len(context)) for one in ready])
            yield from (one._replace(start=one.start + passed, end=one.end + passed) for one in cleaned.findings)
            if target is not None:
                target.write(_written(cleaned.text, cleaned.findings, encoding))
            passed += cut - len(context)
            context, pending = text[max(0, cut - _AROUND) : cut], text[cut:]
        if final:
            if target is not None:
                target.write(reader.getstate()[0])  # half a character, if it ends on one
            return
        data = source.read(_BYTES_AT_ONCE)


def redact_bytes(content: bytes, own_ids: OwnIds | None = None) -> tuple[bytes, tuple[Finding, ...]]:
    """The same for bytes that are at hand."""
    target = BytesIO()
    findings = tuple(redact_stream(BytesIO(content), target, own_ids))
    noticing.tell(content, findings)
    return target.getvalue() if findings else content, findings


def _cut(found: list[Found], start: int, size: int) -> int:
    """Up to where the text can be passed on: what follows may still change how its end reads."""
    cut = max(start, size - _AROUND)
    for one in sorted(found, key=lambda one: -one.start):
        if one.start < cut < one.end:
            cut = max(start, one.start)
    if cut == start and size - start > _LONGEST_HELD:
        return max((one.end for one in found if one.end <= size), default=size)
    return cut


def _moved(found: Found, by: int) -> Found:
    edits = [
        edit._replace(start=edit.start + by, end=edit.end + by) for edit in found.edits if edit.start + by >= 0
    ]
    return Found(found.kind, max(0, found.start + by), found.end + by, edits)


def _sniffed(first: bytes) -> _Encoding:
    if first.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)) and len(first) < _BYTES_AT_ONCE:
        name = "utf-32-le" if first.startswith(codecs.BOM_UTF32_LE) else "utf-32-be"
        if _is_whole(first, name):
            return _Encoding(name, "surrogatepass")
    for mark, name in ((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be")):
        if first.startswith(mark):
            return _Encoding(name, "surrogatepass")
    sample = first[:4096]
    if len(sample) >= 8:
        even, odd = sample[0::2].count(0), sample[1::2].count(0)
        if odd > len(sample) * 0.4 and even < len(sample) * 0.05:
            return _Encoding("utf-16-le", "surrogatepass")
        if even > len(sample) * 0.4 and odd < len(sample) * 0.05:
            return _Encoding("utf-16-be", "surrogatepass")
    return _Encoding("utf-8", "surrogateescape")


def _is_whole(data: bytes, name: str) -> bool:
    try:
        data.decode(name, "surrogatepass")
    except UnicodeDecodeError:
        return False
    return True


def _written(text: str, findings: tuple[Finding, ...], encoding: _Encoding) -> bytes:
    if findings and encoding.errors == "surrogateescape" and any("\udc80" <= c <= "\udcff" for c in text):
        text = text.replace(MASK, _PLAIN_MASK)
    return text.encode(encoding.name, encoding.errors)
