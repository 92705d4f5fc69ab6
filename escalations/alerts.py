"""Alerts: what a person is told about a ticket, on their page and by mail."""

from collections.abc import Iterable
from datetime import datetime

from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts import people
from accounts.models import User
from accounts.preferences import supported, zone_named
from common import clock, durations
from escalations import routing_words
from escalations.models import Alert, AlertKind, Metric, Ticket
from events import recording
from events.models import Event

SUBJECT = "alert"
CONSUMER = "alerts"
RAISED = "alert.raised"
KINDS = (RAISED,)

#: More unread alerts than these are not counted.
MOST_COUNTED = 99


def tell(ticket: Ticket, recipients: Iterable[User], kind: AlertKind, *, event: Event) -> None:
    """Alert each of `recipients` of what `event` is about, and owe each of them a mail."""
    system, now = people.system(), clock.now()
    raised = Alert.objects.bulk_create(
        Alert(recipient=person, ticket=ticket, event=event, kind=kind, at=now) for person in recipients
    )
    for alert in raised:
        recording.record(RAISED, subject=(SUBJECT, alert.pk), by=system, data={"recipient": alert.recipient_id})


def unread(user: User) -> int:
    """Return how many alerts the person has not read, at most MOST_COUNTED + 1."""
    return Alert.objects.visible_to(user).filter(read_at=None).order_by()[: MOST_COUNTED + 1].count()


def read(alerts: Iterable[int] | None, *, by: User) -> int:
    """Mark these of the person's own alerts as read, all of them for None; return how many were not yet."""
    own = Alert.objects.filter(recipient=by, read_at=None)
    if alerts is not None:
        own = own.filter(pk__in=alerts)
    return own.update(read_at=clock.now())


def sentence(alert: Alert) -> str:
    """Return what the alert says, in the language and zone now active. Its event must be at hand."""
    event = alert.event
    if alert.kind == AlertKind.FORGOTTEN:
        return _("Nobody has touched it since %s.") % _when(event.data["touched_at"])
    if alert.kind == AlertKind.REOPENED:
        return reopenings_of(event)
    if event.get("how") == "routed":
        why = routing_words.recorded(event.data["why"], str(alert.ticket.category))
        return _("It is yours now: %s.") % why
    about = deadline_of(event)
    if alert.kind == AlertKind.ASSIGNED:
        return _("It is yours now. %s") % about
    return about


def reopenings_of(event: Event) -> str:
    """Return how often the ticket had been reopened by then."""
    said: str = _("Reopenings so far: %d.") % event.data["reopenings"]
    return said


def deadline_of(event: Event) -> str:
    """Return which deadline a step of the ladder was taken for, as it stood then."""
    step = event.data["step"]
    words = {"metric": str(Metric(step["metric"]).label)}
    if step["due_at"] is None:
        return _("%(metric)s: little time is left, the clock stands still.") % words
    words["when"] = _when(step["due_at"])
    if datetime.fromisoformat(step["due_at"]) < event.at:
        return _("%(metric)s: missed, it was due %(when)s.") % words
    return _("%(metric)s: due %(when)s.") % words


def _when(moment: str) -> str:
    local = timezone.localtime(datetime.fromisoformat(moment))
    return f"{date_format(local, _('D j M, H:i'))} {durations.zone_name(local)}"


def handle(event: Event) -> None:
    """Mail an alert to whom it is for, unless they have read it, left, or may no longer see the ticket."""
    alert = (
        Alert.objects.filter(pk=event.subject_id, read_at=None)
        .select_related("recipient", "ticket__category", "event")
        .first()
    )
    if alert is None or not alert.recipient.is_active:
        return
    recipient, ticket = alert.recipient, alert.ticket
    if not Ticket.objects.visible_to(recipient).filter(pk=ticket.pk).exists():
        return
    language = supported(recipient.language)
    with translation.override(language), timezone.override(zone_named(recipient.time_zone)):
        context = {
            "alert": alert,
            "ticket": ticket,
            "sentence": sentence(alert),
            "url": settings.SITE_URL + ticket.get_absolute_url(),
            "alerts_url": settings.SITE_URL + reverse("alerts"),
        }
        subject = render_to_string("escalations/mail/alert_subject.txt", context).strip()
        text = render_to_string("escalations/mail/alert.txt", context)
    EmailMessage(
        subject=subject,
        body=text,
        to=[recipient.email],
        headers={
            "Message-ID": f"<alert-{alert.pk}@{settings.SITE_URL.split('://')[1]}>",
            "Content-Language": language,
            "Auto-Submitted": "auto-generated",
        },
    ).send()
