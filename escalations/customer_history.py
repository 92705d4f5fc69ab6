"""A customer on one line of time: what happened on all of their tickets, as one person may read it.

Everything is told by the tickets' events, a message by the one that it was written with. So a page of the line
costs the same however many tickets there are.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import Avg, Count, Max, Min, Q, QuerySet, Subquery, Value
from django.utils.dateparse import parse_datetime
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from accounts.models import Role, User
from common import markdown
from common.errors import Refused
from escalations import timeline
from escalations.access import follows, let_in, reads_internal
from escalations.models import Channel, Clock, Customer, Message, MessageKind, Metric, Rating, Ticket
from escalations.models.ticket import OPEN, REFERENCE_PREFIX
from escalations.snapshot import SUBJECT
from events.models import Event

PAGE_SIZE = 40
_MESSAGE = "ticket.message"
_PUBLIC = (MessageKind.TO_CUSTOMER, MessageKind.FROM_CUSTOMER, MessageKind.TO_L1, MessageKind.FROM_L1)
#: What is done about a ticket, as its first line may know it.
_ACTIONS = (
    "ticket.created", "ticket.accepted", "ticket.returned", "ticket.resubmitted", "ticket.waiting",
    "ticket.resolved", "ticket.closed", "ticket.reopened", "ticket.cancelled", "ticket.merged",
    "ticket.unmerged", "ticket.team_changed",
)  # fmt: skip
#: What the line can be narrowed to, by the word in the address.
KINDS: Mapping[str, Q] = {
    "said": Q(data__has_key="message"),
    "promises": Q(kind=_MESSAGE, data__has_key="promised_for")
    | Q(kind="sla.breached", data__metric=Metric.UPDATE),
    "ratings": Q(kind="ticket.rated"),
    "actions": Q(kind__in=_ACTIONS),
}


@dataclass(frozen=True)
class Moment:
    """One thing on the line, and on which ticket."""

    event: Event
    line: str
    message: Message | None

    @property
    def reference(self) -> str:
        return f"{REFERENCE_PREFIX}{self.event.subject_id}"

    @property
    def html(self) -> SafeString:
        """What was written, rendered from Markdown."""
        return markdown.render(self.message.body if self.message else "")

    @property
    def promised_for(self) -> datetime | None:
        said = self.event.get("promised_for")
        return datetime.fromisoformat(said) if said else None

    @property
    def audience(self) -> str:
        return timeline.audience_of(self.message.kind) if self.message else ""


@dataclass(frozen=True)
class Line:
    """A page of the line, the newest first; `older` is the cursor of what comes before, "" at its beginning."""

    moments: list[Moment]
    older: str


@dataclass(frozen=True)
class Figures:
    """What the tickets of a customer add up to, of those that one may see.

    `reads_account`: of one of them at least this person reads the second line's part.
    """

    total: int
    open: int
    reopened: int
    rating: float | None
    ratings: int
    promises: int
    promises_kept: int
    first_at: datetime | None
    last_at: datetime | None
    channels: list[str]
    reads_account: bool


def line(customer: Customer, user: User, *, kind: str = "", before: str = "", size: int = PAGE_SIZE) -> Line:
    """Return what happened on the customer's tickets before the cursor, as far as `user` may know it.

    Raises Refused for a kind or a cursor that is none.
    """
    if kind and kind not in KINDS:
        raise Refused(_("This address asks for something that does not exist."))
    events = _readable(customer, user).filter(KINDS[kind] if kind else Q(kind__in=_ACTIONS) | _SHOWN)
    if before:
        at, number = _decoded(before)
        events = events.filter(Q(at__lt=at) | Q(at=at, pk__lt=number))
    found = list(events.select_related("actor").order_by("-at", "-pk")[: size + 1])
    shown = found[:size]
    messages = _messages(shown, user)
    lines = timeline.lines(shown)
    moments = [_moment(event, lines[event.pk], messages.get(event.get("message") or 0), user) for event in shown]
    last = shown[-1] if len(found) > size else None
    return Line(moments, f"{last.at.isoformat()}_{last.pk}" if last else "")


def _moment(event: Event, said: str, message: Message | None, user: User) -> Moment:
    """A partner reads what is asked of them, and nothing of how the ticket goes."""
    return Moment(event, "" if message is not None and not follows(user, message.ticket) else said, message)


def _messages(events: Sequence[Event], user: User) -> dict[int, Message]:
    """Return what was written with these events, as far as the person may read it."""
    written = Message.objects.filter(taken_back_at=None).select_related("ticket", "hand_over__team")
    found = written.in_bulk([event.get("message") for event in events if event.get("message")])
    own = user.teams_as(Role.PARTNER)
    return {
        pk: message
        for pk, message in found.items()
        if reads_internal(user, message.ticket)
        or message.kind in _PUBLIC
        or (message.hand_over is not None and message.hand_over.team_id in own)
    }


#: Besides actions: what is said, rated and missed.
_SHOWN = Q(kind__in=[_MESSAGE, "ticket.rated", "sla.breached"])


def figures(customer: Customer, user: User) -> Figures:
    """Return what the customer's tickets come to, in one statement, of those that `user` may follow."""
    visible = Ticket.objects.visible_to(user).filter(customer=customer)
    followed = visible.filter(_followed_by(user)).values("pk")
    promises = Clock.objects.filter(ticket__in=followed, metric=Metric.UPDATE)
    kept = promises.filter(stopped_at__isnull=False, breached_at=None)
    ratings = Rating.objects.filter(ticket__in=followed).order_by()
    talk = Message.objects.filter(
        ticket__in=followed, kind__in=[MessageKind.TO_CUSTOMER, MessageKind.FROM_CUSTOMER]
    )
    one = Customer.objects.filter(pk=customer.pk).annotate(
        rating=_of_all(ratings, Avg("score")),
        rated=_of_all(ratings, Count("pk")),
        promised=_of_all(promises, Count("pk")),
        kept=_of_all(kept, Count("pk")),
        last_said=_of_all(talk, Max("created_at")),
    )
    counted = visible.aggregate(
        total=Count("pk"),
        open=Count("pk", filter=Q(state__in=OPEN)),
        reopened=Count("pk", filter=Q(reopen_count__gt=0)),
        first=Min("created_at"),
        last=Max("created_at"),
        channels=ArrayAgg("channel", distinct=True, default=[]),
        internal=Count("pk", filter=Q(team__in=user.teams_as(Role.L2, Role.LEAD)) | let_in(user)),
    )
    row = one.values("rating", "rated", "promised", "kept", "last_said").get()
    return Figures(
        total=counted["total"],
        open=counted["open"],
        reopened=counted["reopened"],
        rating=float(row["rating"]) if row["rating"] is not None else None,
        ratings=row["rated"] or 0,
        promises=row["promised"] or 0,
        promises_kept=row["kept"] or 0,
        first_at=counted["first"],
        last_at=max(filter(None, (counted["last"], row["last_said"])), default=None),
        channels=[str(Channel(channel).label) for channel in counted["channels"]],
        reads_account=bool(counted["internal"] or (user.reads_all and counted["total"])),
    )


def _of_all(rows: QuerySet[Any], what: Any) -> Subquery:
    """Return an aggregate of all `rows` as a column; NULL where there are none."""
    together = rows.order_by().values(group=Value(1)).annotate(found=what).values("found")
    return Subquery(together[:1])


def _readable(customer: Customer, user: User) -> QuerySet[Event]:
    """Return the events of the customer's tickets that `user` may read: as on each ticket's own page."""
    visible = Ticket.objects.visible_to(user).filter(customer=customer)
    events = Event.objects.filter(subject_type=SUBJECT)
    if user.reads_all:
        return events.filter(subject_id__in=visible.values("pk"))
    worked = visible.filter(Q(team__in=user.teams_as(Role.L2, Role.LEAD)) | let_in(user)).values("pk")
    asked = visible.filter(_asked_by(user)).values("pk")
    public = ~Q(kind="sla.breached") & (~Q(kind=_MESSAGE) | Q(data__kind__in=_PUBLIC))
    readable = Q(subject_id__in=worked) | (Q(subject_id__in=asked) & public)
    if partner_teams := user.teams_as(Role.PARTNER):
        threads = Message.objects.filter(ticket__in=visible.values("pk"), hand_over__team__in=partner_teams)
        own: Sequence[int] = list(threads.order_by("-pk").values_list("pk", flat=True)[:_MOST_OF_THREADS])
        readable |= Q(subject_id__in=visible.values("pk"), data__message__in=own)
    return events.filter(readable)


#: A partner reads so many messages of their own threads here, the newest ones.
_MOST_OF_THREADS = 500


def _asked_by(user: User) -> Q:
    return Q(created_by=user) | Q(l1_team__in=user.teams_as(Role.L1, Role.LEAD))


def _followed_by(user: User) -> Q:
    if user.reads_all:
        return Q()
    return _asked_by(user) | Q(team__in=user.teams_as(Role.L2, Role.LEAD)) | let_in(user)


def _decoded(cursor: str) -> tuple[datetime, int]:
    at, _separator, number = cursor.rpartition("_")
    try:
        moment = parse_datetime(at)
    except ValueError:
        moment = None
    if (
        moment is None
        or moment.tzinfo is None
        or not (number.isascii() and number.isdecimal() and len(number) < 19)
    ):
        raise Refused(_("This page's address is damaged. Start from the first page."))
    return moment, int(number)
