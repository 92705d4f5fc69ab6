"""Alerts: what a person is told about a ticket. alert_mail brings it out of the house."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import models
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import people
from accounts.models import User
from common import clock, durations
from escalations import notifications, routing_words
from escalations.models import Alert, AlertKind, HandOver, MessageKind, Metric, Ticket
from escalations.models.ticket import REFERENCE_PREFIX
from events import recording
from events.models import Event

SUBJECT = "alert"
RAISED = "alert.raised"

#: More unread alerts than these are not counted.
MOST_COUNTED = 99

UNREAD, READ = "u", "r"

#: What is said of an action (app actions), by the kind of its event.
_OF_ACTIONS = {
    "action.approved": gettext_lazy("%(person)s approved a sensitive action."),
    "action.rejected": gettext_lazy("%(person)s rejected a sensitive action."),
    "action.expired": gettext_lazy("Nobody decided about a sensitive action in time."),
    "action.done": gettext_lazy("A sensitive action is done."),
    "action.failed": gettext_lazy("A sensitive action failed."),
    "action.unknown": gettext_lazy("Nobody knows yet what became of a sensitive action."),
    "api_run.approved": gettext_lazy("%(person)s approved a request that writes. It was sent."),
    "api_run.rejected": gettext_lazy("%(person)s rejected a request that writes."),
    "api_run.expired": gettext_lazy("Nobody decided about a request that writes in time."),
}


#: Alerts of these lead to the hand-over's page, which whoever is told of it may see.
_OF_HAND_OVERS = {
    "ticket.alerted",
    "ticket.deadline_set",
    "ticket.hand_over_moved",
    "ticket.handed_over",
    "ticket.message",
    "ticket.nudged",
    "ticket.waiting",
}

#: Kind of subject → name of the page that shows one. Upper apps name theirs.
_pages: dict[str, tuple[str, bool]] = {}

#: Kind of subject → the model whose rows are called by their own `title`.
_titled: dict[str, type[models.Model]] = {}


def lead_to(subject: str, page: str, *, of_ticket: bool = False, titled: type[models.Model] | None = None) -> None:
    """Have alerts about things of this kind lead to their own page, whose address takes the number.

    `of_ticket`: the ticket's reference stands before it. `titled` is their model, whose `title` alerts that are
    about no ticket are called by.
    """
    _pages[subject] = (page, of_ticket)
    if titled is not None:
        _titled[subject] = titled


def address(alert: Alert) -> str:
    """Return where the alert leads: to what its event is about if that has a page of its own, or to the ticket."""
    if (hand_over := alert.event.get("hand_over")) and alert.event.kind in _OF_HAND_OVERS:
        return reverse("hand_over", args=[hand_over])
    page, of_ticket = _pages.get(alert.event.subject_type, ("", False))
    if page:
        before = [alert.ticket.reference] if of_ticket and alert.ticket else []
        return reverse(page, args=[*before, alert.event.subject_id])
    return alert.ticket.get_absolute_url() if alert.ticket else reverse("alerts")


def tell(ticket: Ticket | None, recipients: Iterable[User], kind: AlertKind, *, event: Event) -> None:
    """Tell each of `recipients` what `event` is about, as they have chosen. Whoever was told of it already is not.

    Everybody who wants to hear of this kind gets it in their page; the mails are owed (alert_mail).
    """
    system, now = people.system(), clock.now()
    wanting = notifications.who_wants(recipients, kind)
    told = set(Alert.objects.filter(event=event, recipient__in=wanting).values_list("recipient", flat=True))
    fresh = [person for person in wanting if person.pk not in told]
    Alert.objects.bulk_create(
        [Alert(recipient=person, ticket=ticket, event=event, kind=kind, at=now) for person in fresh],
        ignore_conflicts=True,  # somebody else is telling them at this moment
    )
    for alert in Alert.objects.filter(event=event, recipient__in=fresh):
        recording.record(RAISED, subject=(SUBJECT, alert.pk), by=system, data={"recipient": alert.recipient_id})


def unread(user: User) -> int:
    """Return how many alerts the person has not read, at most MOST_COUNTED + 1."""
    return Alert.objects.visible_to(user).filter(read_at=None).order_by()[: MOST_COUNTED + 1].count()


@dataclass(frozen=True)
class Page:
    """Some of a person's alerts, and the cursor of what follows them ("" at the end)."""

    alerts: list[Alert]
    following: str


def page(user: User, *, kind: str = "", only_unread: bool = False, after: str = "", size: int) -> Page:
    """Return a page of the person's alerts, what is unread first, then the newest first.

    `after` is the cursor of the page before: whether its last one was unread, and its id. Raises ValueError.
    """
    own = Alert.objects.visible_to(user).select_related("ticket__category", "event__actor").order_by("-pk")
    if kind:
        own = own.filter(kind=kind)
    part, _dash, last = after.partition("-")
    if after and (part not in {UNREAD, READ} or not (last.isdecimal() and len(last) < 19)):
        raise ValueError(after)
    found: list[Alert] = []
    if part != READ:
        found = list(_below(own.filter(read_at=None), last)[: size + 1])
    if len(found) <= size and not only_unread:
        read_ones = _below(own.filter(read_at__isnull=False), last if part == READ else "")
        found += read_ones[: size + 1 - len(found)]
    shown = found[:size]
    entitle(shown)
    end = shown[-1] if len(found) > size else None
    return Page(shown, f"{READ if end.read_at else UNREAD}-{end.pk}" if end else "")


def entitle(alerts: Iterable[Alert]) -> None:
    """Note on each alert what it is called by: the ticket's subject, or what a partner may know in its place.

    That is the title of the hand-over, or of what the alert leads to where it is about no ticket.
    """
    found = list(alerts)
    about = {pk for alert in found if (pk := alert.event.get("hand_over"))}
    rows = HandOver.objects.filter(pk__in=about).only("title", "question") if about else ()
    handed = {row.pk: row.heading for row in rows}
    called: dict[tuple[str, int], str] = {}
    for subject, model in _titled.items():
        if ids := {one.event.subject_id for one in found if one.event.subject_type == subject}:
            titles = model._default_manager.filter(pk__in=ids).values_list("pk", "title")
            called |= {(subject, pk): title for pk, title in titles}
    for alert in found:
        if alert.ticket is None:
            alert.title = called.get((alert.event.subject_type, alert.event.subject_id), "")
        else:
            alert.title = handed.get(alert.event.get("hand_over")) or alert.ticket.subject


def _below(alerts: models.QuerySet[Alert], last: str) -> models.QuerySet[Alert]:
    return alerts.filter(pk__lt=int(last)) if last else alerts


def read(alerts: Iterable[int] | None, *, by: User) -> int:
    """Mark these of the person's own alerts as read, all of them for None; return how many were not yet."""
    own = Alert.objects.filter(recipient=by, read_at=None)
    if alerts is not None:
        own = own.filter(pk__in=alerts)
    return own.update(read_at=clock.now())


def sentence(alert: Alert) -> str:
    """Return what the alert says, in the language and zone now active. Its event and actor must be at hand."""
    event = alert.event
    if alert.kind == AlertKind.FORGOTTEN:
        return _("Nobody has touched it since %s.") % _when(event.data["touched_at"])
    if alert.kind == AlertKind.REOPENED:
        return reopenings_of(event)
    if event.get("how") == "routed" and alert.ticket:
        why = routing_words.recorded(event.data["why"], str(alert.ticket.category))
        return _("It is yours now: %s.") % why
    if "step" not in event.data:
        said: str = _said(alert) % {"person": event.actor}
        return said
    about = deadline_of(event)
    if alert.kind == AlertKind.ASSIGNED:
        return _("It is yours now. %s") % about
    return about


def _said(alert: Alert) -> str:
    """Return the sentence about what somebody did, with a place for their name."""
    match alert.kind:
        case AlertKind.MESSAGE if alert.event.get("kind") == MessageKind.FROM_CUSTOMER:
            return _("%(person)s added what the customer wrote.")
        case AlertKind.MESSAGE if alert.event.get("by_mail"):
            return _("A partner's mail was not taken as an answer: it is kept as a note.")
        case AlertKind.MESSAGE if alert.event.kind == "ticket.checklist_answered":
            return answer_to_checklist(alert.event)
        case AlertKind.MESSAGE:
            return _("%(person)s wrote.")
        case AlertKind.MENTIONED:
            return _("%(person)s mentioned you.")
        case AlertKind.ASKED:
            return _("%(person)s asks you something: the escalation waits for your answer.")
        case AlertKind.RETURNED:
            return _("%(person)s returned it: something is missing.")
        case AlertKind.RESOLVED:
            return _("%(person)s resolved it.")
        case AlertKind.TAKEN_UP:
            return _("%(person)s reopened it.")
        case AlertKind.MERGED:
            into = REFERENCE_PREFIX + str(alert.event.get("target"))
            return _("%(person)s merged it into {reference}, which goes on in its place.").format(reference=into)
        case AlertKind.UNSENT:
            return _("What you wrote was not sent, and is a draft again.")
        case AlertKind.ACCESS if alert.event.kind == "ticket.custodian_named":
            return _("%(person)s named a new custodian of its access list.")
        case AlertKind.ACCESS:
            return _("It is restricted, and you are on its access list.")
        case AlertKind.FIXED:
            return _("The bug it waits for is fixed: the customer can be told.")
        case AlertKind.HANDED_OVER:
            return _("%(person)s asks your team something.")
        case AlertKind.NUDGED:
            return _("%(person)s reminds you: this waits for you.")
        case AlertKind.APPROVAL if alert.event.kind == "api_run.made":
            return _("%(person)s asks you to approve a request that writes.")
        case AlertKind.APPROVAL:
            return _("%(person)s asks you to approve a sensitive action.")
        case AlertKind.RECHECK if alert.event.kind == "ticket.recheck_works":
            return _("The integration works again.")
        case AlertKind.RECHECK:
            return _("The re-check of the integration ended; it still fails.")
        case AlertKind.DECIDED:
            return str(_OF_ACTIONS.get(alert.event.kind, _("A sensitive action goes on.")))
    return _("%(person)s gave it to you.")


def answer_to_checklist(event: Event) -> str:
    """Return what the customer says of the steps they are guided through (app investigations)."""
    if event.get("failed"):
        return _("The customer says that a step of the checklist does not work.")
    return _("The customer has gone through the checklist.")


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
