"""How a person wants to be told of what: choosing, and unsubscribing by a link that needs no sign-in."""

from collections.abc import Iterable, Mapping

from django.conf import settings
from django.core import signing
from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import User
from common.errors import Refused
from escalations.models import AlertKind, NotificationChoice, NotificationSettings, Urgent, Way
from events import recording

CHANGED = "person.notifications_changed"

#: How people are told who have chosen nothing. What asks them to act comes by mail, the rest waits in the page.
DEFAULTS: dict[AlertKind, Way] = {
    AlertKind.ASSIGNED: Way.MAIL,
    AlertKind.MESSAGE: Way.PAGE,
    AlertKind.MENTIONED: Way.MAIL,
    AlertKind.ASKED: Way.MAIL,
    AlertKind.RETURNED: Way.MAIL,
    AlertKind.RESOLVED: Way.PAGE,
    AlertKind.TAKEN_UP: Way.MAIL,
    AlertKind.MERGED: Way.PAGE,
    AlertKind.HANDED_OVER: Way.MAIL,
    AlertKind.NUDGED: Way.MAIL,
    AlertKind.DUE_SOON: Way.MAIL,
    AlertKind.MISSED: Way.MAIL,
    AlertKind.FORGOTTEN: Way.MAIL,
    AlertKind.REOPENED: Way.MAIL,
    AlertKind.UNSENT: Way.MAIL,
    AlertKind.APPROVAL: Way.MAIL,
    AlertKind.DECIDED: Way.PAGE,
    AlertKind.FIXED: Way.PAGE,
    AlertKind.ACCESS: Way.MAIL,
    AlertKind.RECHECK: Way.MAIL,
}

#: A policy says whom the ladder's reach: they always stand in the page, or nobody would climb further. Nor may an
#: answer that was not sent go unnoticed.
NEVER_OFF = frozenset(
    {AlertKind.DUE_SOON, AlertKind.MISSED, AlertKind.FORGOTTEN, AlertKind.REOPENED, AlertKind.UNSENT}
)

#: Stands in an unsubscribing link instead of a kind: everything that the digest brings.
DIGEST = "digest"

_signer = signing.Signer(salt="escalations.notifications")


def ways_of(person: User) -> dict[AlertKind, Way]:
    """Return how the person is told of each kind."""
    chosen = NotificationChoice.objects.filter(person=person).values_list("kind", "way")
    return DEFAULTS | {AlertKind(kind): Way(way) for kind, way in chosen if kind in AlertKind.values}


def who_wants(people: Iterable[User], kind: AlertKind) -> list[User]:
    """Return those of the people who are told of this kind at all."""
    found = list(people)
    if kind in NEVER_OFF:
        return found
    off = set(
        NotificationChoice.objects.filter(person__in=found, kind=kind, way=Way.OFF).values_list(
            "person", flat=True
        )
    )
    return [person for person in found if person.pk not in off]


def settings_of(person: User) -> NotificationSettings:
    """Return when the person is left alone."""
    return NotificationSettings.objects.filter(person=person).first() or NotificationSettings(person=person)


@transaction.atomic
def choose(person: User, ways: Mapping[AlertKind, Way], *, quiet: bool, urgent: Urgent, by: User) -> None:
    """Keep how the person wants to be told of each of these kinds, and when not."""
    for kind, way in ways.items():
        if way == Way.OFF and kind in NEVER_OFF:
            raise Refused(_("“%s” can't be switched off: choose the page at least.") % kind.label, field=str(kind))
    _keep(person, ways)
    NotificationSettings.objects.update_or_create(person=person, defaults={"quiet": quiet, "urgent": urgent})
    recording.record(CHANGED, subject=("person", person.pk), by=by)


def _keep(person: User, ways: Mapping[AlertKind, Way]) -> None:
    NotificationChoice.objects.bulk_create(
        [NotificationChoice(person=person, kind=kind, way=way) for kind, way in ways.items()],
        update_conflicts=True,
        unique_fields=["person", "kind"],
        update_fields=["way"],
    )


def link(person: User, what: str) -> str:
    """Return the address that stops the mails of a kind, or DIGEST, without signing in."""
    return settings.SITE_URL + reverse("unsubscribe", args=[_signer.sign(f"{person.pk}.{what}")])


def linked(token: str) -> tuple[User, str] | None:
    """Return whose mails a link stops, and which; None if it is none of ours or the person has left."""
    try:
        number, _dot, what = _signer.unsign(token).partition(".")
    except signing.BadSignature:
        return None
    if what != DIGEST and what not in AlertKind.values:
        return None
    person = User.objects.filter(pk=number, is_active=True).first()
    return (person, what) if person is not None else None


@transaction.atomic
def unsubscribe(person: User, what: str) -> None:
    """Send no more mails of this kind, or no more digests; all of it still stands in the page. Safe to repeat."""
    ways = ways_of(person)
    stopped = [kind for kind, way in ways.items() if way == Way.DIGEST] if what == DIGEST else [AlertKind(what)]
    changed = {kind: Way.PAGE for kind in stopped if ways[kind] in {Way.MAIL, Way.DIGEST}}
    if changed:
        _keep(person, changed)
        recording.record(CHANGED, subject=("person", person.pk), by=person)
