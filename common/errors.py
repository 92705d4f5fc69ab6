"""What a domain function raises when it will not do what it was asked.

Each carries a sentence, already translated, that says what happened and what
to do. Views, the API and commands turn them into answers of their own kind;
nothing here knows HTTP.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise


class DomainError(Exception):
    """The change was not made, and nothing was written. `message` is shown to the person.

    The message may be a lazy translation: it is rendered in the language of whoever reads it.
    """

    def __init__(self, message: _StrOrPromise) -> None:
        super().__init__(message)
        self.message = message

    def __str__(self) -> str:
        return str(self.message)


class Refused(DomainError):
    """The request breaks a rule. `field` names the input to mend, when it is one (web 422, API 400)."""

    def __init__(self, message: _StrOrPromise, *, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


class NotAllowed(DomainError):
    """This person may not do this (403). What they may not even see is Absent."""


class Absent(NotAllowed):
    """This person may not even see it: it looks as if it were not there (404)."""


class StaleVersion(DomainError):
    """Somebody changed the object since it was read (409).

    `current` is the object as it is stored now, so that both versions can be shown.
    """

    def __init__(self, message: _StrOrPromise, *, current: object) -> None:
        super().__init__(message)
        self.current = current
