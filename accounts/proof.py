"""That a person has just proved anew who they are, as a sensitive approval asks."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from accounts.models import User
from common import clock
from common.errors import NotAllowed

PASSWORD, CODE = "password", "code"
GOOD_FOR = timedelta(minutes=1)


@dataclass(frozen=True)
class Proof:
    """Made by accounts.forms.confirm alone, from a password or a code of the second factor, for one act."""

    person: int
    method: str
    at: datetime


def check(proof: Proof | None, by: User, sentence: str) -> Proof:
    """Return the proof if it is this person's and fresh. Raises NotAllowed with `sentence`."""
    if proof is None or proof.person != by.pk or not timedelta(0) <= clock.now() - proof.at <= GOOD_FOR:
        raise NotAllowed(sentence)
    return proof
