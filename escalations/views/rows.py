"""A ticket as a row of a list."""

import threading
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from cachetools import TTLCache
from django.db.models import QuerySet
from django.template.loader import get_template
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from accounts.models import Role, User
from common import durations
from escalations import queue
from escalations.access import follows, reads_internal
from escalations.deadlines import Deadline, of_clocks, seen_by
from escalations.models import UNFINISHED, Clock, Metric, State, Ticket
from escalations.queue import NEEDS_L1, live_clocks

#: What a row shows of a ticket or depends on; the rest are its clocks.
SHOWN = (
    "pk", "version", "subject", "priority", "state", "created_at", "updated_at", "next_due_at", "breach_risk",
    "channel", "product", "error_code", "tags", "restricted_as", "team_id", "owner_id", "created_by_id",
    "l1_team_id",
    "customer__name", "customer__external_id", "category__name", "category__name_es", "owner__name", "team__name",
)  # fmt: skip
#: What it shows of each clock.
CLOCK_SHOWN = ("pk", "state", "due_at", "breached_at", "breach_probability", "used_seconds", "target_seconds")
#: Stands in a kept row for the list that it is shown in.
_LIST = "__list__"

#: For a minute at most: what a row says of time is kept true by the browser, and here.
_kept: TTLCache[Hashable, str] = TTLCache(maxsize=20_000, ttl=60)
_lock = threading.Lock()


@dataclass(frozen=True)
class Row:
    """One ticket with its deadlines that still count, the next one first."""

    ticket: Ticket
    deadlines: list[Deadline]
    href: str
    tags: list[str]

    @property
    def next(self) -> Deadline | None:
        """The deadline to look at: the next one due, else what stands still."""
        return self.deadlines[0] if self.deadlines else None

    @property
    def likeliest(self) -> Deadline | None:
        """The customer's deadline that is most likely to be missed, of those that somebody knows this of."""
        known = [one for one in self.deadlines if one.risk is not None and not one.is_among_us]
        return max(known, key=lambda deadline: deadline.probability or 0, default=None)

    @property
    def later(self) -> str:
        """The other deadline in a few quiet words, or how many there are."""
        others = self.deadlines[1:]
        if len(others) == 1:
            return _in_words(others[0])
        return _("{n} more").format(n=len(others)) if others else ""

    @property
    def needs_l1(self) -> bool:
        return self.ticket.state in NEEDS_L1


def rows(tickets: Iterable[Ticket], user: User) -> list[Row]:
    """Return the rows of tickets fetched by queue.page; what is new opens the triage screen for who triages it."""
    own = set(user.teams_as(Role.L2, Role.LEAD))
    return [
        Row(
            ticket=ticket,
            deadlines=_worth_a_look(ticket, user),
            href=address(ticket, triages=ticket.team_id in own),
            tags=ticket.tags if user.reads_all or ticket.team_id in own else [],
        )
        for ticket in tickets
    ]


def shown(tickets: QuerySet[Ticket]) -> QuerySet[Any]:
    """Fetch just what rows show, without the tickets; `queue.page(read=shown)`."""
    computed = [name for name in tickets.query.annotations if name not in SHOWN]
    return tickets.values_list(*SHOWN, *computed, named=True)


def as_html(
    found: Sequence[Any], user: User, columns: Sequence[str], listed: str, *, selects: bool = False
) -> SafeString:
    """Return the rows of tickets fetched by `shown`, with `columns`; `listed` is the list's query string,
    `selects` whether rows can be ticked.

    A row is kept under all that it shows, so whatever changes makes another one. It may be shown to anybody
    who would see the same of it.
    """
    clocks: dict[int, list[tuple[Any, ...]]] = {}
    unfinished = Clock.objects.filter(ticket__in=[one.pk for one in found], state__in=UNFINISHED)
    for ticket, *rest in unfinished.order_by("pk").values_list("ticket_id", *CLOCK_SHOWN):
        clocks.setdefault(ticket, []).append(tuple(rest))
    own, partner_in = set(user.teams_as(Role.L2, Role.LEAD)), tuple(user.teams_as(Role.PARTNER))
    common = (get_language(), timezone.get_current_timezone_name(), tuple(columns), partner_in, selects)
    keys = [
        (
            *common,
            *_hashable(one),
            *clocks.get(one.pk, ()),
            one.team_id in own,
            reads_internal(user, one),
            follows(user, one),
        )
        for one in found
    ]
    with _lock:
        kept = {key: html for key in keys if (html := _kept.get(key)) is not None}
    missing = {one.pk: key for one, key in zip(found, keys, strict=True) if key not in kept}
    if missing:
        template = get_template("escalations/parts/row.html")
        tickets = queue.with_row_data(Ticket.objects.visible_to(user).filter(pk__in=missing))
        made = {
            missing[row.ticket.pk]: template.render(
                {"row": row, "columns": columns, "listed": _LIST, "selects": selects}
            )
            for row in rows(tickets, user)
        }
        kept |= made
        with _lock:
            _kept.update(made)
    html = "".join(kept.get(key, "") for key in keys)
    return mark_safe(html.replace(_LIST, listed))  # noqa: S308  rendered by a template


def _standing(user: User, shown_of: Any) -> tuple[bool, bool]:
    """Return what decides which clocks of a ticket, fetched by `shown`, the person sees."""
    return reads_internal(user, shown_of), follows(user, shown_of)


def _hashable(values: Iterable[Any]) -> Iterable[Hashable]:
    return (tuple(value) if isinstance(value, list) else value for value in values)


def _worth_a_look(ticket: Ticket, user: User) -> list[Deadline]:
    """Return what the customer is owed and what a partner owes; a team's own share stands on the ticket's page."""
    clocks = [row for row in live_clocks(ticket) if row.metric != Metric.OWNERSHIP]
    return of_clocks(seen_by(user, ticket, clocks))


def address(ticket: Ticket, *, triages: bool) -> str:
    """Return where a ticket's row leads."""
    name = "triage" if triages and ticket.state == State.NEW else "ticket"
    return reverse(name, args=[ticket.reference])


def _in_words(deadline: Deadline) -> str:
    if deadline.remaining is None:
        return deadline.label
    span = durations.roughly(abs(deadline.remaining))
    pattern = _("{label} {time} over") if deadline.remaining < 0 else _("{label} {time}")
    return pattern.format(label=deadline.label, time=span)
