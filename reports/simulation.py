""" "What if": the tickets of the last weeks, replayed by the rules in force and by rules that are not, yet.

Both replays are the engine itself: the situations of the past go through escalations.sla.follow, in memory. So
under the rules by which the desk worked a replay comes to the ledgers that are stored. By both rules a date
that somebody set by hand, and one that was promised, stay.
"""

import gc
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import DatabaseError, transaction
from django.utils.translation import gettext as _

from accounts.models import Team, User
from common import clock, progress
from common.business_hours import CalendarError
from common.errors import NotAllowed, Refused
from escalations import service_levels
from escalations.models import Category, Ticket
from escalations.models.ticket import TicketQuerySet
from events import recording
from events.models import Event
from reports import days, past, trial
from reports.models import SimulatedClock, Simulation, SimulationState, Trouble
from reports.outcomes import Change, Sums, replayed
from reports.trial import Trial

logger = logging.getLogger(__name__)

SUBJECT = "simulation"
REQUESTED = "sla.simulation_requested"
CONSUMER = "simulator"

#: How many days may be simulated.
SPANS = (30, 90)
#: A simulation ends well before a job must.
LONGEST_SECONDS = 420
MOST_TICKETS = 500_000
#: So many changed clocks are kept one by one; all are counted.
MOST_CLOCKS = 50_000
#: So many simulations of one person are kept.
KEPT = 20


class Stopped(Exception):
    """It is not wanted any more."""


class TooLong(Exception):
    """It takes longer than a job may."""


@transaction.atomic
def request(
    tried: Trial,
    *,
    by: User,
    span: int,
    last: date,
    team: Team | None = None,
    category: Category | None = None,
) -> Simulation:
    """Have a worker replay the tickets that were created in the `span` days up to `last` and that `by` may see.

    Raises NotAllowed, or Refused where there is nothing to try, nothing to replay, or one is under way.
    """
    if not service_levels.may_set_up(by):
        raise NotAllowed(_("Only leads and admins may simulate."))
    if not any(tried.values()):
        raise Refused(_("Choose a draft or a roster to try."))
    if span not in SPANS:
        raise Refused(_("Choose one of the list."), field="span")
    _check(tried)
    User.objects.select_for_update().get(pk=by.pk)  # two requests of one person take turns
    own = Simulation.objects.filter(requested_by=by)
    if own.filter(state=SimulationState.UNDER_WAY).exists():
        raise Refused(_("A simulation of yours is under way. Wait until it is done, or cancel it."))
    simulation = Simulation(
        requested_by=by, requested_at=clock.now(), first=last - timedelta(days=span - 1), last=last, team=team,
        category=category, tried=tried, tickets=0,
    )  # fmt: skip
    simulation.tickets = _tickets(simulation).count()
    if not simulation.tickets:
        raise Refused(_("No escalation that you may see was created in these days. Choose others."), field="last")
    if simulation.tickets > MOST_TICKETS:
        raise Refused(_("These are more than %d escalations. Choose fewer days.") % MOST_TICKETS, field="span")
    simulation.save()
    own.filter(pk__in=own.order_by("-pk").values("pk")[KEPT:]).delete()
    recording.record(REQUESTED, subject=(SUBJECT, simulation.pk), by=by, data={"tickets": simulation.tickets})
    return simulation


def cancel(simulation: Simulation, *, by: User) -> None:
    """Stop a simulation that is under way; one that is over stays as it is. Raises NotAllowed."""
    if not service_levels.may_set_up(by) or not (by.is_superuser or simulation.requested_by_id == by.pk):
        raise NotAllowed(_("Only who started it, or an admin, may cancel it."))
    _end(simulation, SimulationState.CANCELLED)


def consume(event: Event) -> None:
    """Carry out what was requested. Safe to repeat: what is over is not done again."""
    simulation = Simulation.objects.filter(pk=event.subject_id, state=SimulationState.UNDER_WAY).first()
    if simulation is not None:
        run(simulation)


def run(simulation: Simulation) -> None:
    """Replay the tickets and keep what comes out, or why nothing does.

    The simulation's row is not touched until the end, so that it can be cancelled meanwhile. Only an outage of
    the database leaves it as it was, to be tried again.
    """
    try:
        with transaction.atomic(), _without_looking_for_circles():
            _run(simulation)
    except Stopped:
        return
    except DatabaseError:
        raise
    except TooLong:
        _end(simulation, SimulationState.FAILED, Trouble.TOO_LONG)
    except (CalendarError, ValidationError):
        _end(simulation, SimulationState.FAILED, Trouble.UNRECKONABLE)
    except Exception:
        logger.exception("Simulation %s failed.", simulation.pk)
        _end(simulation, SimulationState.FAILED, Trouble.BROKEN)


def job(simulation: Simulation) -> str:
    """Return the name under which its progress is noted (common.progress)."""
    return f"simulation.{simulation.pk}"


@contextmanager
def _without_looking_for_circles() -> Iterator[None]:
    """Millions of small objects are made here and none of them in a circle: Python need not look for any.

    It would take a tenth of the time.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _run(simulation: Simulation) -> None:
    began = time.monotonic()
    sums, kept, changed, done = Sums(clock.now()), list[Change](), 0, 0
    for tickets, changes in _replays(simulation, sums):
        done += tickets
        changed += len(changes)
        kept += changes[: MOST_CLOCKS - len(kept)]
        if not Simulation.objects.filter(pk=simulation.pk, state=SimulationState.UNDER_WAY).exists():
            raise Stopped
        if time.monotonic() - began > LONGEST_SECONDS:
            raise TooLong
        progress.note(job(simulation), done, simulation.tickets)
    sums.add_real(_tickets(simulation))
    columns: dict[str, Any] = {"tickets": done, "result": sums.as_json(), "changed": changed}
    if not _end(simulation, SimulationState.DONE, seconds=round(time.monotonic() - began, 1), **columns):
        raise Stopped
    SimulatedClock.objects.bulk_create(
        [SimulatedClock(simulation=simulation, **change._asdict()) for change in kept], batch_size=5000
    )


def _replays(simulation: Simulation, sums: Sums) -> Iterator[tuple[int, list[Change]]]:
    """Yield, batch by batch, how many tickets were replayed and which clocks came out otherwise."""
    today, tried = trial.in_force(), trial.tried(simulation.tried)
    for batch in past.histories(_tickets(simulation)):
        changes: list[Change] = []
        for one in batch:
            before, after = replayed(one, today.of(one.own_policy), tried.of(one.own_policy))
            changes += sums.add(one, days.day_of(one.standing.created_at), before, after)
        yield len(batch), changes


def _tickets(simulation: Simulation) -> TicketQuerySet:
    """Return the tickets to replay."""
    begins, ends = days.span(simulation.first, simulation.last)
    tickets = Ticket.objects.visible_to(simulation.requested_by).filter(
        created_at__gte=begins, created_at__lt=ends
    )
    if simulation.team_id is not None:
        tickets = tickets.filter(team=simulation.team_id)
    if simulation.category_id is not None:
        tickets = tickets.filter(category=simulation.category_id)
    return tickets


def _check(tried: Trial) -> None:
    """Raise Refused if the hours to try can't be reckoned with."""
    try:
        trial.tried(tried)
    except ValidationError as error:
        raise Refused(" ".join(error.messages)) from error


def _end(simulation: Simulation, state: SimulationState, trouble: str = "", **columns: Any) -> bool:
    """Bring a simulation that is under way to its end, once; return whether it was this call that did."""
    ended = Simulation.objects.filter(pk=simulation.pk, state=SimulationState.UNDER_WAY).update(
        state=state, trouble=trouble, finished_at=clock.now(), **columns
    )
    return bool(ended)
