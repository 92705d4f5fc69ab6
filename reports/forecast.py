"""How likely each open clock is to be missed: learnt from the history once a day, told of every open clock.

`fit` learns and tries (reports.breach_model, reports.calibration); `score` tells. The probability stands on the
clock; the highest one of what the customer is owed also on the ticket, in percent, for the queue to sort by. A
clock that was missed or has ended has none, and neither has one of a metric with too little history.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

import numpy as np
from django.conf import settings
from django.db import connection, models, transaction
from django.db.models import Min

from common import clock
from escalations import calendars
from escalations.clocks import due_after, used_between, whole_second
from escalations.models import AMONG_US, UNFINISHED, Clock, ClockState, Metric, Ticket
from events.models import Event
from reports import breach_model, calibration, effects, measures, pasts
from reports.breach_model import Model
from reports.models import Forecast, ForecastMethod
from reports.moments import COLUMNS, STATES, Moments

CONSUMER = "forecast"
#: What can change a forecast at once. Time changes it, too: that is what the schedule is for.
KINDS = measures.KINDS - {"ticket.rated", "ticket.resolved", "ticket.closed", "ticket.cancelled", "ticket.merged"}

#: Tickets whose clocks are told in one transaction: whoever changes one of them meanwhile waits for it.
BATCH = 1000
#: Digits of a probability that are kept: finer changes are not worth a write.
_DIGITS = 3

_CLOCK = (
    "pk", "ticket_id", "metric", "team_id", "started_at", "calendar_id", "target_seconds", "fixed_due_at",
    "state", "counted_to", "used_seconds", "due_at", "breached_at", "breach_probability",
)  # fmt: skip
_TICKET = (
    "created_at", "state", "state_since", "priority", "owner_id", "reassignment_count", "reopen_count", "team_id",
    "category_id", "origin",
)  # fmt: skip

#: What was learnt, by metric, with the time of the fit: read again only after the next one.
_known: dict[str, tuple[datetime, Model]] = {}


def fit() -> list[Forecast]:
    """Learn from the history as it is now, try what was learnt, and keep both. Safe to repeat."""
    now = clock.now()
    found = pasts.read(now)
    nothing = np.array([], dtype=COLUMNS)
    return [_fit(metric, found.get(metric, nothing), now) for metric in Metric]


def is_learnt() -> bool:
    """Tell whether anything was learnt yet, be it that there is too little to learn from."""
    return Forecast.objects.exists()


def _fit(metric: Metric, moments: Moments, now: datetime) -> Forecast:
    until, zone = now.timestamp(), settings.DESK_TIME_ZONE
    known = moments[moments["decided"] < until]
    ends = np.unique(known["clock"], return_index=True)[1]
    model = breach_model.learn(moments, until, zone)
    trial = calibration.try_out(moments, cut=calibration.cut_of(moments), until=until, zone=zone)
    tickets = Ticket.objects.filter(pk__in=[int(known["ticket"][known["created"].argmin()])] if len(known) else [])
    forecast, _ = Forecast.objects.update_or_create(
        metric=metric,
        defaults={
            "method": model.method if model else ForecastMethod.NONE,
            "fitted_at": now,
            "since": tickets.aggregate(since=Min("created_at"))["since"],
            "clocks": len(ends),
            "missed": int(known["breached"][ends].sum()),
            "moments": len(known),
            "learnt": model.to_json() if model else {},
            "trial": trial.to_json() if trial else {},
            "effects": [one._asdict() for one in effects.of_model(model, known)] if model else [],
        },
    )
    return forecast


def score() -> int:
    """Tell of every open clock how likely it is to be missed, by now. Returns how many were told otherwise before.

    Safe to repeat. A ticket that somebody holds is left for the next round.
    """
    learnt = _models()
    return sum(_score(tickets, learnt) for tickets in _batches())


def consume(event: Event) -> None:
    """Tell anew of the clocks of the ticket that something happened to. Safe to repeat."""
    _score([event.subject_id], _models())


def _models() -> dict[str, Model]:
    """Return what was learnt last, by metric."""
    fits = dict(Forecast.objects.exclude(method=ForecastMethod.NONE).values_list("metric", "fitted_at"))
    stale = [metric for metric, fitted_at in fits.items() if _known.get(metric, (None,))[0] != fitted_at]
    for row in Forecast.objects.filter(metric__in=stale).exclude(method=ForecastMethod.NONE) if stale else ():
        _known[row.metric] = (row.fitted_at, Model.from_json(row.learnt))
    return {metric: _known[metric][1] for metric in fits}


def _batches() -> Iterator[list[int]]:
    """Yield the tickets that have an open clock."""
    last = 0
    while True:
        clocks = Clock.objects.filter(state__in=UNFINISHED, ticket__gt=last)
        batch = list(clocks.order_by("ticket").values_list("ticket", flat=True).distinct()[:BATCH])
        if not batch:
            return
        yield batch
        last = batch[-1]


@transaction.atomic
def _score(tickets: Sequence[int], learnt: dict[str, Model]) -> int:
    held = Ticket.objects.select_for_update(skip_locked=True, no_key=True).filter(pk__in=tickets).order_by("pk")
    risks = dict(held.values_list("pk", "breach_risk"))
    rows = open_clocks(risks)
    told = _told(rows, learnt, clock.now())
    highest: dict[int, int | None] = dict.fromkeys(risks)
    for row in rows:
        probability = told[row["pk"]]
        if probability is not None and row["metric"] not in AMONG_US:
            highest[row["ticket_id"]] = max(round(100 * probability), highest[row["ticket_id"]] or 0)
    otherwise = {row["pk"]: told[row["pk"]] for row in rows if told[row["pk"]] != row["breach_probability"]}
    _write(Clock, "breach_probability", "float8", otherwise)
    _write(Ticket, "breach_risk", "int2", {pk: risk for pk, risk in highest.items() if risk != risks[pk]})
    return len(otherwise)


def open_clocks(tickets: Iterable[int]) -> list[dict[str, Any]]:
    """Return what a forecast needs of the open clocks of these tickets."""
    clocks = Clock.objects.filter(ticket__in=list(tickets), state__in=UNFINISHED)
    return list(clocks.values(*_CLOCK, *(f"ticket__{name}" for name in _TICKET)))


def _told(rows: Iterable[dict[str, Any]], learnt: dict[str, Model], now: datetime) -> dict[int, float | None]:
    """Return the probability of each of these clocks, None where it has none."""
    told: dict[int, float | None] = {row["pk"]: None for row in rows}
    for metric, moments in present(rows, now).items():
        if model := learnt.get(metric):
            probabilities = breach_model.predict(model, moments)
            told |= {
                int(pk): round(float(p), _DIGITS) for pk, p in zip(moments["clock"], probabilities, strict=True)
            }
    return told


def present(rows: Iterable[dict[str, Any]], now: datetime) -> dict[str, Moments]:
    """Return open clocks as they are now, by metric: those that can still be missed."""
    now = whole_second(now)
    found: dict[str, list[tuple[Any, ...]]] = {}
    for row in rows:
        if row["breached_at"] is None and (row["due_at"] is None or row["due_at"] > now):
            found.setdefault(row["metric"], []).append(_moment(row, now))
    return {metric: np.array(moments, dtype=COLUMNS) for metric, moments in found.items()}


def _moment(row: dict[str, Any], now: datetime) -> tuple[Any, ...]:
    """Return a clock as it is now, as a moment whose end is open."""
    calendar = calendars.version(pk) if (pk := row["calendar_id"]) else None
    runs = row["state"] == ClockState.RUNNING
    if (fixed := row["fixed_due_at"]) is not None:
        target = max(1.0, (fixed - row["started_at"]).total_seconds())
        used = max(0.0, (now - row["started_at"]).total_seconds())
    else:
        target, used = max(1, row["target_seconds"]), row["used_seconds"]
        if runs:
            used += used_between(calendar, row["counted_to"], max(now, row["counted_to"]))
    due = row["due_at"] or due_after(calendar, now, max(0, int(target - used)))
    return (
        row["ticket_id"], row["pk"], row["ticket__created_at"].timestamp(), now.timestamp(),
        target, used, due.timestamp(), runs,
        STATES.index(row["ticket__state"]), row["ticket__state_since"].timestamp(), row["ticket__priority"],
        row["ticket__owner_id"] is not None, row["ticket__reassignment_count"], row["ticket__reopen_count"],
        row["team_id"] or row["ticket__team_id"], 0 if row["ticket__origin"] else row["ticket__category_id"],
        False, float("inf"),
    )  # fmt: skip


def _write(model: type[models.Model], column: str, kind: str, values: dict[int, Any]) -> None:
    if not values:
        return
    quote = connection.ops.quote_name
    table, name = quote(model._meta.db_table), quote(column)
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {table} SET {name} = told.value "  # noqa: S608  our own names only
            f"FROM unnest(%s::bigint[], %s::{kind}[]) AS told (id, value) WHERE {table}.id = told.id",
            [list(values), list(values.values())],
        )
