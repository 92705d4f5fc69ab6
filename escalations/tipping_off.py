"""Answers to customers are checked for words that would tell them of a review, whether there is one or not.

The check is the same for every escalation: were it not, being stopped would tell the desk that there is a review.
Nobody at the desk overrides it. Compliance keeps the words, and may release a text word for word. It is part of
storing a message to the customer, so no way of writing one goes round it.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from django.db import transaction
from django.utils.text import get_text_list
from django.utils.translation import gettext as _

import redaction
from accounts.models import User
from common import clock
from common.errors import Absent, NotAllowed, Refused, StaleVersion
from escalations.forbidden_words import Found, Matcher, words
from escalations.models import Message, MessageKind, ReleasedAnswer, TippingOffWords
from escalations.models.tipping_off import LONGEST_TERM
from events import recording

SUBJECT = "tipping_off"
MOST_TERMS = 300
LONGEST = 50_000
#: So many of the newest answers are tried against words that somebody is changing.
LOOKED_AT = 500
_MOST_NAMED = 3


@dataclass(frozen=True)
class Hit:
    """Words of a text that must not be said, as they stand there, and what to write instead."""

    said: str
    start: int
    end: int
    advice: str


def find(text: str) -> list[Hit]:
    """Return what in a text would tip a customer off, in its order."""
    groups = list(TippingOffWords.objects.filter(is_active=True))
    advice = {term: group.advice for group in groups for term in group.terms}
    found = _matcher(tuple(advice)).find(text)
    return [Hit(text[one.start : one.end], one.start, one.end, advice[one.term]) for one in found]


def check(text: str, *, field: str = "body") -> None:
    """Raise Refused, naming `field`, where a text for a customer says what would tip them off."""
    hits = find(text)
    if not hits or ReleasedAnswer.objects.filter(digest=digest(text)).exists():
        return
    said = list(dict.fromkeys(f"“{' '.join(hit.said.split())}”" for hit in hits))
    named = get_text_list(said[:_MOST_NAMED], _("and"))
    raise Refused(
        _(
            "This can't go to a customer: %(words)s. Such words are stopped in every escalation, whatever it is"
            " about. Write instead: %(advice)s Your text is kept. If these words must stay, hand it to compliance,"
            " who can release it."
        )
        % {"words": named, "advice": hits[0].advice},
        field=field,
    )


def is_harmless(text: str) -> bool:
    """Tell whether a customer may read a text that was not written for them, such as a subject."""
    return not find(text)


@lru_cache(maxsize=8)
def _matcher(terms: tuple[str, ...]) -> Matcher:
    return Matcher(terms)


def digest(text: str) -> str:
    """Return what tells one text from another, whatever its lines and spaces."""
    return hashlib.sha256(" ".join(text.split()).encode()).hexdigest()


def keeps(user: User) -> bool:
    """Tell whether `user` keeps the words: only compliance does."""
    return user.reviews_compliance and not user.is_auditor


def may_read(user: User) -> bool:
    """Tell whether `user` may read the words: compliance and auditors."""
    return user.reviews_compliance or user.is_auditor


@transaction.atomic
def save(
    group: TippingOffWords | None,
    *,
    by: User,
    name: str,
    terms: Iterable[str],
    instead: str,
    instead_es: str = "",
    is_active: bool = True,
    version: int | None = None,
) -> TippingOffWords:
    """Keep words of one kind, new ones for None. Raises NotAllowed, Absent, Refused, StaleVersion."""
    _require(by)
    former: list[str] = []
    found = TippingOffWords()
    if group is not None:
        stored = TippingOffWords.objects.select_for_update().filter(pk=group.pk).first()
        if stored is None:
            raise Absent(_("There are no such words."))
        if version is not None and version != stored.version:
            raise StaleVersion(
                _("Somebody changed these words while you were writing. Nothing was saved."), current=stored
            )
        found, former = stored, stored.terms
        found.version += 1
    found.name = _required(name, "name", _("Give it a name."))[:100]
    found.terms = checked(terms)
    found.instead = _required(instead, "instead", _("Say what to write instead."))
    found.instead_es, found.is_active = redaction.clean(instead_es).strip(), is_active
    found.save()
    data = {"former": former, "terms": found.terms, "is_active": is_active}
    recording.record("tipping_off.words_changed", subject=(SUBJECT, found.pk), by=by, data=data)
    return found


def checked(terms: Iterable[str]) -> list[str]:
    """Return terms without doubles. Raises Refused for none, too many, or one that can't be found."""
    found: dict[str, str] = {}
    for term in terms:
        said = " ".join(redaction.clean(term).replace("\x00", "").split())
        folded = "".join(word.folded for word in words(said))
        if not said:
            continue
        if len(folded) < 2 or len(said) > LONGEST_TERM:
            raise Refused(
                _("“%(term)s” needs two letters at least, and has %(most)d characters at most.")
                % {"term": said[:LONGEST_TERM], "most": LONGEST_TERM},
                field="terms",
            )
        found.setdefault(folded, said)
    if not found:
        raise Refused(_("Write one term a line, at least one."), field="terms")
    if len(found) > MOST_TERMS:
        raise Refused(_("These are more than %d terms: make another group of them.") % MOST_TERMS, field="terms")
    return list(found.values())


@transaction.atomic
def release(text: str, *, by: User, reason: str) -> ReleasedAnswer:
    """Let a text pass word for word, in whichever escalation it is sent. Safe to repeat."""
    _require(by)
    said = _required(text, "text", _("Put the text here as it is to be sent."))
    if len(said) > LONGEST:
        raise Refused(_("This may have at most %d characters.") % LONGEST, field="text")
    why = _required(reason, "reason", _("Say why."))
    found, created = ReleasedAnswer.objects.get_or_create(
        digest=digest(said), defaults={"text": said, "reason": why, "released_by": by, "released_at": clock.now()}
    )
    if created:
        recording.record("tipping_off.released", subject=(SUBJECT, found.pk), by=by, data={"digest": found.digest})
    return found


@transaction.atomic
def withdraw(released: ReleasedAnswer, *, by: User) -> None:
    """Let a text pass no more. Safe to repeat."""
    _require(by)
    stored = ReleasedAnswer.objects.select_for_update().filter(pk=released.pk).first()
    if stored is None:
        return
    data = {"digest": stored.digest}
    recording.record("tipping_off.withdrawn", subject=(SUBJECT, stored.pk), by=by, data=data)
    stored.delete()


def tried(text: str, terms: Iterable[str]) -> list[Found]:
    """Return what these terms find in a text."""
    return Matcher(terms).find(text)


def stopped_of_late(terms: Iterable[str]) -> tuple[int, int]:
    """Return how many of the newest answers to customers these terms would have stopped, and of how many."""
    newest = Message.objects.filter(kind=MessageKind.TO_CUSTOMER).order_by("-pk").values_list("body", flat=True)
    bodies, matcher = list(newest[:LOOKED_AT]), Matcher(terms)
    return sum(bool(matcher.find(body)) for body in bodies), len(bodies)


def _require(by: User) -> None:
    if not keeps(by):
        raise NotAllowed(_("Only compliance keeps the words that are stopped."))


def _required(value: str, field: str, sentence: str) -> str:
    said: str = redaction.clean(value).replace("\x00", "").strip()
    if not said:
        raise Refused(sentence, field=field)
    return said
