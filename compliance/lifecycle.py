"""What is done to a review by a click: take it on, wait, go on, reopen."""

from django.db import transaction

from accounts.models import User
from common import clock
from compliance import changes, deadlines
from compliance.models import Case, Step
from compliance.transitions import Verb


@transaction.atomic
def take(case: Case, *, by: User) -> None:
    """Own a case that nobody owns. Raises Refused."""
    case = changes.locked(case, by)
    changes.follow(case, Verb.TAKE, by)
    case.owner = by
    deadlines.meet(case, Step.TAKE)
    changes.commit(case, "compliance.taken", by=by)


@transaction.atomic
def wait(case: Case, *, by: User) -> None:
    """Wait for evidence; the deadline runs on. Raises Refused."""
    case = changes.locked(case, by)
    changes.follow(case, Verb.WAIT, by)
    changes.commit(case, "compliance.waiting", by=by)


@transaction.atomic
def resume(case: Case, *, by: User) -> None:
    """Go on after a wait. Raises Refused."""
    case = changes.locked(case, by)
    changes.follow(case, Verb.RESUME, by)
    changes.commit(case, "compliance.resumed", by=by)


@transaction.atomic
def reopen(case: Case, *, by: User) -> None:
    """Review a decided case further, with a new deadline. The decision stays on record. Raises Refused."""
    case = changes.locked(case, by)
    changes.follow(case, Verb.REOPEN, by)
    case.decision = None
    deadlines.begin(case, Step.DECIDE, clock.now())
    changes.commit(case, "compliance.reopened", by=by)
