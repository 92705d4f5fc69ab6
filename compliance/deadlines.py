"""Deadlines of reviews: set once when a step begins, in hours of the clock, and never paused.

Neither a waiting review, nor nights or holidays, nor anything that happens to a ticket moves them.
"""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from accounts import people
from common import clock
from compliance import changes
from compliance.models import Case, Deadline, Step
from events import recording

NEAR, MISSED = "compliance.deadline_near", "compliance.deadline_missed"
BATCH = 200


def begin(case: Case, step: Step, at: datetime) -> None:
    """Set when the step is due, by the procedure that the case began with; call it with the case locked or new.

    `at`: when it begins.
    """
    procedure = case.procedure
    taking = step == Step.TAKE
    due = at + timedelta(hours=procedure.take_hours if taking else procedure.decide_hours)
    warning = timedelta(hours=procedure.take_warning if taking else procedure.decide_warning)
    Deadline.objects.create(case=case, step=step, begun_at=at, warn_at=due - warning, due_at=due)
    refresh(case)


def meet(case: Case, step: Step) -> None:
    """Note that the step is done, late or not. The caller saves the case."""
    case.deadlines.filter(step=step, met_at=None).update(met_at=clock.now())
    refresh(case)


def refresh(case: Case) -> None:
    """Bring the case's columns about what is due next. The caller saves it."""
    following = case.deadlines.filter(met_at=None).order_by("due_at", "pk").first()
    case.next_due_at = following.due_at if following else None
    case.next_due_step = following.step if following else ""


def mark() -> int:
    """Mark what is near or missed by now, with an event each; return how many. Safe to repeat."""
    now = clock.now()
    is_near = Q(warn_at__lte=now, due_at__gt=now, warned_at=None, missed_at=None)
    is_missed = Q(due_at__lte=now, missed_at=None)
    found = Deadline.objects.filter(is_near | is_missed, met_at=None).order_by("due_at")
    return sum(_mark(number) for number in list(found.values_list("pk", flat=True)[:BATCH]))


@transaction.atomic
def _mark(number: int) -> bool:
    """Mark one deadline, unless it was met or marked meanwhile, or somebody is changing its case."""
    now = clock.now()
    case_of = Deadline.objects.values("case").filter(pk=number)
    case = Case.objects.select_for_update(skip_locked=True, of=("self",)).filter(pk__in=case_of).first()
    if case is None:
        return False
    deadline = Deadline.objects.get(pk=number)
    if deadline.met_at is not None or deadline.missed_at is not None:
        return False
    if deadline.due_at <= now:
        deadline.missed_at, kind = now, MISSED
    elif deadline.warned_at is None:
        deadline.warned_at, kind = now, NEAR
    else:
        return False
    deadline.save(update_fields=["warned_at", "missed_at"])
    data = {"step": deadline.step, "due_at": deadline.due_at.isoformat()}
    at = deadline.due_at if kind == MISSED else now
    recording.record(kind, subject=(changes.SUBJECT, case.pk), by=people.system(), data=data, at=at)
    return True
