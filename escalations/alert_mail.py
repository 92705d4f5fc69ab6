"""Alerts by mail: one at once, or several in a digest; each as its person has chosen, in their language and zone.

An alert that was raised is owed to this consumer, which mails it or notes with which digest it goes. A job finds
the digests that are due and records each as an event, owed to this consumer in turn: so a digest is mailed once,
however often and late the job runs.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation

from accounts import people
from accounts.models import User
from accounts.preferences import supported, zone_named
from common import clock
from escalations import notifications, quiet
from escalations.alerts import RAISED, address, entitle, sentence
from escalations.models import Alert, AlertKind, Way
from events import recording
from events.models import Event

CONSUMER = "alerts"
DIGEST_DUE = "alert.digest_due"
KINDS = (RAISED, DIGEST_DUE)

#: A digest names so many; the page has the rest.
MOST_IN_A_DIGEST = 100
_MOST_PEOPLE = 500


def handle(event: Event) -> None:
    """Mail an alert or a digest, unless it was read, or the person has left or may no longer see the ticket."""
    if event.kind == DIGEST_DUE:
        _mail_digest(event)
        return
    alert = _raised(event)
    if alert is None:
        return
    person, now = alert.recipient, clock.now()
    way = notifications.ways_of(person)[AlertKind(alert.kind)]
    if way not in {Way.MAIL, Way.DIGEST}:
        return
    present = quiet.presence(person, now)
    if way == Way.DIGEST or quiet.waits(alert, notifications.settings_of(person), present):
        Alert.objects.filter(pk=alert.pk).update(digest_at=quiet.next_digest(person, present, now))
        return
    Alert.objects.filter(pk=alert.pk).update(sent_at=now)
    entitle([alert])
    with _as_they_read(person):
        context = {
            "alert": alert,
            "sentence": sentence(alert),
            "url": settings.SITE_URL + address(alert),
        }
        _send(person, "alert", context, what=alert.kind, message_id=f"alert-{alert.pk}")


def _raised(event: Event) -> Alert | None:
    """Return the alert that is to be mailed, locked, or None if that is not needed any more."""
    alert = (
        Alert.objects.select_for_update(of=("self",))
        .filter(pk=event.subject_id, read_at=None, sent_at=None, digest_at=None, recipient__is_active=True)
        .select_related("recipient", "ticket__category", "event__actor")
        .first()
    )
    if alert is None or not Alert.objects.visible_to(alert.recipient).filter(pk=alert.pk).exists():
        return None
    return alert


def owe_digests() -> int:
    """Owe everybody the digest that is due by now, and return how many. Who is off duty gets it as they begin."""
    now = clock.now()
    due = Alert.objects.filter(digest_at__lte=now, sent_at=None)
    owed = 0
    for number in list(due.order_by("recipient").values_list("recipient", flat=True).distinct()[:_MOST_PEOPLE]):
        owed += _owe_digest(number)
    return owed


@transaction.atomic
def _owe_digest(number: int) -> bool:
    now = clock.now()
    person = User.objects.select_for_update(skip_locked=True, no_key=True).filter(pk=number).first()
    if person is None:  # another worker is at it
        return False
    due = Alert.objects.filter(recipient=person, digest_at__lte=now, sent_at=None)
    numbers = list(due.values_list("pk", flat=True))
    present = quiet.presence(person, now)
    if notifications.settings_of(person).quiet and present.rostered and not present.on_duty:
        due.update(digest_at=quiet.next_digest(person, present, now))  # the roster has changed meanwhile
        return False
    due.update(sent_at=now)
    if not numbers:
        return False
    subject = ("person", person.pk)
    recording.record(DIGEST_DUE, subject=subject, by=people.system(), data={"alerts": numbers})
    return True


def _mail_digest(event: Event) -> None:
    person = User.objects.filter(pk=event.subject_id, is_active=True).first()
    if person is None:
        return
    alerts = (
        Alert.objects.visible_to(person)
        .filter(pk__in=event.data["alerts"], read_at=None)
        .select_related("ticket__category", "event__actor")
        .order_by("pk")
    )
    found = list(alerts[: MOST_IN_A_DIGEST + 1])
    if not found:
        return
    with _as_they_read(person):
        context = {
            "rows": _rows(found[:MOST_IN_A_DIGEST]),
            "count": min(len(found), MOST_IN_A_DIGEST),
            "more": len(found) > MOST_IN_A_DIGEST,
        }
        _send(person, "digest", context, what=notifications.DIGEST, message_id=f"event-{event.pk}")


def _rows(alerts: Sequence[Alert]) -> list[tuple[Alert, str, str]]:
    entitle(alerts)
    return [(one, sentence(one), settings.SITE_URL + address(one)) for one in alerts]


@contextmanager
def _as_they_read(person: User) -> Iterator[None]:
    with translation.override(supported(person.language)), timezone.override(zone_named(person.time_zone)):
        yield


def _send(person: User, template: str, context: dict[str, Any], *, what: str, message_id: str) -> None:
    """Send one mail, which any mail program can unsubscribe from by one click (RFC 2369, RFC 8058)."""
    stop = notifications.link(person, what)
    context |= {
        "stop_url": stop,
        "alerts_url": settings.SITE_URL + reverse("alerts"),
        "settings_url": settings.SITE_URL + reverse("notification_settings"),
    }
    EmailMessage(
        subject=render_to_string(f"escalations/mail/{template}_subject.txt", context).strip(),
        body=render_to_string(f"escalations/mail/{template}.txt", context),
        to=[person.email],
        headers={
            "Message-ID": f"<{message_id}@{settings.SITE_URL.split('://')[1]}>",
            "Content-Language": supported(person.language),
            "Auto-Submitted": "auto-generated",
            "List-Unsubscribe": f"<{stop}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        },
    ).send()
