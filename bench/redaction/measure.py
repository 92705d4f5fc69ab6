"""The corpus put through a tool, and what came of it."""

import base64
import binascii
import html
import quopri
import re
import unicodedata
import zlib
from collections.abc import Callable, Iterator
from random import Random
from typing import NamedTuple
from urllib.parse import unquote

from bench.redaction import card_forms, encoded_forms, negatives, secret_forms
from bench.redaction.samples import Sample

POSITIVES = {**card_forms.CLASSES, **encoded_forms.CLASSES, **secret_forms.CLASSES}
#: Text in; text out, and the kinds found.
Tool = Callable[[str], tuple[str, list[str]]]


class Score(NamedTuple):
    """How many samples of a class there were, and how many went as they should; with some that did not."""

    name: str
    samples: int
    right: int
    examples: list[str]

    @property
    def share(self) -> float:
        return self.right / self.samples


def _rng(seed: int, name: str) -> Random:
    return Random(seed * 1_000_003 + zlib.crc32(name.encode()))


def positives(seed: int, count: int) -> Iterator[tuple[str, list[Sample]]]:
    for name, make in POSITIVES.items():
        rng = _rng(seed, name)
        yield name, [make(rng) for _ in range(count)]


def recall(tool: Tool, seed: int, count: int) -> list[Score]:
    """A sample is right when the tool found something and the secret cannot be read from what is left."""
    scores = []
    for name, samples in positives(seed, count):
        missed = [sample for sample in samples if not _is_gone(sample, *tool(sample.text))]
        scores.append(Score(name, count, count - len(missed), [sample.text[:300] for sample in missed[:5]]))
    return scores


def mistakes(tool: Tool, seed: int, count: int) -> list[Score]:
    """A sample is right when the tool found nothing in it."""
    scores = []
    for name, make in negatives.CLASSES.items():
        rng = _rng(seed, name)
        wrong = []
        for text in (make(rng) for _ in range(count)):
            cleaned, kinds = tool(text)
            if set(kinds) - negatives.RIGHT.get(name, set()) or (not kinds and cleaned != text):
                wrong.append(text)
        scores.append(Score(name, count, count - len(wrong), wrong[:5]))
    return scores


def _is_gone(sample: Sample, cleaned: str, kinds: list[str]) -> bool:
    if not kinds and cleaned == sample.text:
        return False
    if sample.kind == "cvv":
        # Too short to be looked for anywhere: what stood around it must have lost it.
        place = sample.text.index(sample.secret, sample.start)
        before, after = sample.text[max(0, place - 2) : place], sample.text[place + len(sample.secret) :][:2]
        return cleaned.count(before + sample.secret + after) < sample.text.count(before + sample.secret + after)
    if sample.kind == "iban":
        return not any(_letters(sample.secret) in _letters(reading) for reading in readings(cleaned))
    if sample.kind in {"card", "track"}:
        return not any(sample.secret in _digits(reading) for reading in readings(cleaned))
    return sample.secret not in cleaned


_TAG = re.compile(r"<[^<>]*>|<!--.*?-->")
_TOKEN = re.compile(r"[A-Za-z0-9+/_-]{16,}={0,2}")


def readings(text: str, depth: int = 2) -> Iterator[str]:
    """A text as anybody may read it who undoes what encodings there are."""
    yield text
    seen = {text}
    for step in _UNDONE:
        undone = step(text)
        if undone not in seen:
            seen.add(undone)
            yield undone
            if depth:
                yield from readings(undone, depth - 1)
    for match in _TOKEN.finditer(re.sub(r"(?<=\w)\n(?=\w)", "", text)):
        for piece in {match[0], *match[0].split("/")}:
            inner = _unbase64(piece)
            if inner and depth:
                yield from readings(inner, depth - 1)


def _unbase64(piece: str) -> str:
    piece = piece.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(piece + "=" * (-len(piece) % 4)).decode("utf-8", "ignore")
    except (binascii.Error, ValueError):
        return ""


def _unescape(text: str) -> str:
    return re.sub(r"\\+u([0-9a-fA-F]{4})|\\+x([0-9a-fA-F]{2})", lambda m: chr(int(m[1] or m[2], 16)), text)


_UNDONE: list[Callable[[str], str]] = [
    lambda text: html.unescape(_TAG.sub("", text)),
    unquote,
    lambda text: quopri.decodestring(text.encode()).decode("utf-8", "ignore"),
    _unescape,
]


def _digits(text: str) -> str:
    return "".join(
        str(unicodedata.digit(character)) for character in text if unicodedata.digit(character, None) is not None
    )


def _letters(text: str) -> str:
    return "".join(character for character in text.upper() if character.isalnum())
