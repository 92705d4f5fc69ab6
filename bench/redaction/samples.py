"""What a class of the corpus is made of."""

from collections.abc import Callable
from random import Random
from typing import NamedTuple

from bench.redaction import contexts


class Sample(NamedTuple):
    """A text, what must not be left of it, and where it stands; `kind` is what the engine should call it."""

    text: str
    secret: str
    start: int
    end: int
    kind: str


#: Makes the written form of a secret and the secret itself.
Written = Callable[[Random], tuple[str, str]]


def in_context(kind: str, written: Written) -> Callable[[Random], Sample]:
    """Samples of a form that can stand in any text."""

    def make(rng: Random) -> Sample:
        value, secret = written(rng)
        text, start = contexts.around(rng, value)
        return Sample(text, secret, start, start + len(value), kind)

    return make


def as_it_is(kind: str, written: Written) -> Callable[[Random], Sample]:
    """Samples of a form that is a text of its own."""

    def make(rng: Random) -> Sample:
        value, secret = written(rng)
        return Sample(value, secret, 0, len(value), kind)

    return make
