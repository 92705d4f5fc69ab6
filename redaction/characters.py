"""What each character of a text is to a search for numbers: a digit, nothing, a separator, or an end."""

import sys
import unicodedata
from functools import cache

import numpy as np
from numpy.typing import NDArray

from redaction.schemes import MASK

Bytes = NDArray[np.uint8]

#: Below ten: the digit's value.
INVISIBLE, SEPARATOR, END = 10, 11, 12
_LAST_WITH_DIGITS = 0x1FFFF


def _kind(character: str) -> int:
    digit = unicodedata.digit(character, None)
    if digit is not None:
        return digit
    category = unicodedata.category(character)
    if category in {"Cf", "Mn", "Me"} or character in "\u3164\u115f\u1160\uffa0":
        return INVISIBLE
    if character == "\x00" or category in {"Cs", "Co"}:
        return END
    return END if category[0] in "LN" else SEPARATOR


_ASCII = bytes(_kind(chr(code)) for code in range(128)) + bytes([END] * 128)


@cache
def _table() -> Bytes:
    """Beyond the second plane are ideographs, variation marks and private characters."""
    kinds = [_kind(chr(code)) for code in range(_LAST_WITH_DIGITS + 1)]
    return np.array([*kinds, END], dtype=np.uint8)


def kinds_of(text: str) -> Bytes:
    """One number a character: a digit's value, INVISIBLE, SEPARATOR or END."""
    if text.isascii():
        return np.frombuffer(bytearray(text.encode("ascii").translate(_ASCII)), dtype=np.uint8)
    order = "utf-32-le" if sys.byteorder == "little" else "utf-32-be"
    codes = np.frombuffer(text.encode(order, "surrogatepass"), dtype=np.uint32)
    kinds = _table()[np.minimum(codes, _LAST_WITH_DIGITS + 1)]
    if MASK in text:
        _end_at_masks(kinds, codes == ord(MASK))
    return kinds


def _end_at_masks(kinds: Bytes, masks: NDArray[np.bool_]) -> None:
    """What has been masked ends a number. One such sign between two digits is somebody's separator."""
    digits = kinds < INVISIBLE
    between = np.zeros_like(masks)
    between[1:-1] = digits[:-2] & digits[2:]
    kinds[masks & ~between] = END


def digits_of(text: str) -> str:
    """The digits of a text, in ASCII."""
    return "".join(str(value) for c in text if (value := unicodedata.digit(c, None)) is not None)
