"""One action upon many tickets, each with its own success or reason.

The tickets are frozen as rows when it begins. Few are done at once; many by a job, batch by batch: a batch is one
delivery of one event (`KIND`), whose transaction changes the tickets, notes what became of each and records the
event of the next batch. So a worker that is killed loses nothing and does nothing twice. Each ticket has a
savepoint of its own: a refusal or a failure is that ticket's, and the rest goes on.
"""

import logging
from collections.abc import Callable
from typing import Any

from django.db import InterfaceError, OperationalError, transaction
from django.utils import translation
from django.utils.translation import gettext as _

import redaction
from accounts.models import Role, User
from common import clock
from common.errors import DomainError, NotAllowed, Refused, StaleVersion
from escalations import tipping_off
from escalations.bulk_deeds import DEEDS, Deed
from escalations.changes import lock
from escalations.models import BulkAction, BulkOutcome, BulkResult, BulkState, Ticket
from escalations.models.ticket import TicketQuerySet
from escalations.snapshot import SUBJECT as TICKET
from escalations.transitions import Verb
from events import recording
from events.models import Event

logger = logging.getLogger(__name__)

SUBJECT = "bulk_action"
CONSUMER = "bulk"
KIND = "bulk.step"
UNDO = "undo"

#: Tickets per action.
MOST = 10_000
#: So few are done while one waits.
AT_ONCE = 25
#: Tickets per step of a job, which hold up whoever wants to change one of them for that long: about half a second.
BATCH = 25


def may_use(user: User) -> bool:
    """Tell whether `user` works tickets, many at once included."""
    return not user.is_auditor and bool(user.is_superuser or user.teams_as(Role.L2, Role.LEAD))


def count(tickets: TicketQuerySet, user: User) -> int:
    """Return how many of the tickets `user` may see; MOST + 1 for more than may be changed at a time."""
    return len(_chosen(tickets, user))


def _chosen(tickets: TicketQuerySet, user: User) -> list[int]:
    visible = Ticket.objects.visible_to(user).filter(pk__in=tickets.order_by().values("pk"))
    return list(visible.order_by("pk").values_list("pk", flat=True)[: MOST + 1])


@transaction.atomic
def start(
    key: str,
    parameters: dict[str, Any],
    tickets: TicketQuerySet,
    *,
    by: User,
    query: str = "",
    asked: int | None = None,
) -> BulkAction:
    """Begin to do `key` to every one of the tickets that `by` may see; few are done when this returns.

    `query` is the queue's query string when it is all that match it, `asked` how many were chosen by hand.
    Raises NotAllowed, Refused for none, too many, or parameters that can't be.
    """
    if not may_use(by):
        raise NotAllowed(_("Only second-line people change escalations in bulk."))
    if key not in DEEDS:
        raise Refused(_("There is no such action."), field="deed")
    parameters = redaction.redact_json(parameters)
    summary = DEEDS[key].words(DEEDS[key].load(parameters, by))[:200]
    _check_answer(key, parameters)
    numbers = _chosen(tickets, by)
    if not numbers:
        raise Refused(_("None of these escalations is there any more."))
    if len(numbers) > MOST:
        raise Refused(_("That is more than %d escalations: narrow the list first.") % MOST)
    action = BulkAction(deed=key, parameters=parameters, summary=summary, query=query)
    action.missing = max(0, (asked or 0) - len(numbers))
    return _begin(action, numbers, by=by)


def _check_answer(key: str, parameters: dict[str, Any]) -> None:
    """Refuse at once, and once for all, what no customer may be told."""
    for name in ("answer_to_customer", *(["message"] if key == Verb.WAIT_CUSTOMER else [])):
        tipping_off.check(str(parameters.get(name) or ""), field=name)


@transaction.atomic
def undo(action: BulkAction, *, by: User) -> BulkAction:
    """Begin to take back what was changed, wherever nobody has changed the ticket since.

    Raises NotAllowed for anybody but who did it, Refused where there is no way back, or not yet, or no more.
    """
    locked = _locked(action)
    if locked.requested_by_id != by.pk or not may_use(by):
        raise NotAllowed(_("Only who did it undoes it."))
    if locked.is_running:
        raise Refused(_("This is still under way: stop it first."))
    if not has_way_back(locked):
        raise Refused(_("This can't be undone."))
    if BulkAction.objects.filter(undoes=locked).exists():
        raise Refused(_("This was undone already."))
    changed = locked.results.filter(outcome=BulkOutcome.DONE)
    numbers = list(changed.order_by("ticket").values_list("ticket_id", flat=True))
    if not numbers:
        raise Refused(_("Nothing was changed that could be undone."))
    summary = (_("Undo: %s") % locked.summary)[:200]
    return _begin(BulkAction(deed=UNDO, undoes=locked, summary=summary, query=locked.query), numbers, by=by)


def has_way_back(action: BulkAction) -> bool:
    """Tell whether what the action does can be undone at all."""
    deed = DEEDS.get(action.deed)
    return deed is not None and deed.has_way_back


@transaction.atomic
def stop(action: BulkAction, *, by: User) -> BulkAction:
    """Leave the tickets that are not done yet as they are. Raises NotAllowed, Refused once it has ended."""
    locked = _locked(action)
    if not may_use(by) or (locked.requested_by_id != by.pk and not by.is_superuser):
        raise NotAllowed(_("Only who began it, or an admin, stops it."))
    if not locked.is_running:
        raise Refused(_("This has ended already."))
    _end(locked, BulkState.STOPPED, by=by)
    return locked


def _locked(action: BulkAction) -> BulkAction:
    return BulkAction.objects.select_for_update(of=("self",)).select_related("requested_by").get(pk=action.pk)


def _begin(action: BulkAction, numbers: list[int], *, by: User) -> BulkAction:
    action.requested_by, action.requested_at = by, clock.now()
    action.total = len(numbers)
    action.save()
    BulkResult.objects.bulk_create(BulkResult(bulk_action=action, ticket_id=number) for number in numbers)
    data = {"deed": action.deed, "tickets": action.total}
    recording.record("bulk.started", subject=(SUBJECT, action.pk), by=by, data=data)
    if action.total > AT_ONCE:
        _owe_step(action)
    else:
        _take_step(action, AT_ONCE)
    return action


def _owe_step(action: BulkAction) -> None:
    recording.record(KIND, subject=(SUBJECT, action.pk), by=action.requested_by, data={"step": action.step})


def handle(event: Event) -> None:
    """Do the next batch. A step that was taken is not taken again."""
    action = _locked(BulkAction(pk=event.subject_id))
    if not action.is_running or action.step != event.data["step"]:
        return
    with translation.override(action.requested_by.language):
        _take_step(action, BATCH)
    if action.is_running:
        _owe_step(action)


def _take_step(action: BulkAction, size: int) -> None:
    by = action.requested_by
    waiting = action.results.filter(outcome=BulkOutcome.WAITING).order_by("ticket")
    results = list(waiting[:size])
    try:
        if not by.is_active or not may_use(by):
            raise NotAllowed(_("Whoever asked for this may no longer do it."))
        do = _undoing(action, results) if action.undoes else _doing(action)
    except DomainError as refusal:
        for result in results:
            result.outcome, result.reason = BulkOutcome.REFUSED, str(refusal.message)[:300]
    else:
        for result in results:
            _judge(result, do, by)
    BulkResult.objects.bulk_update(results, ["outcome", "reason", "before", "version_after"])
    action.step += 1
    action.changed += sum(one.outcome == BulkOutcome.DONE for one in results)
    action.problems += sum(one.outcome in {BulkOutcome.REFUSED, BulkOutcome.FAILED} for one in results)
    if waiting.exists():
        action.save(update_fields=["step", "changed", "problems"])
    else:
        _end(action, BulkState.FINISHED, by=by)


Do = Callable[[BulkResult], Ticket]


def _doing(action: BulkAction) -> Do:
    deed: Deed = DEEDS[action.deed]
    given = deed.load(action.parameters, action.requested_by)

    def do(result: BulkResult) -> Ticket:
        result.before = deed.remember(result.ticket)
        return deed.change(result.ticket, action.requested_by, given)

    return do


def _undoing(action: BulkAction, results: list[BulkResult]) -> Do:
    undone = action.undoes
    take_back = DEEDS[undone.deed].take_back if undone else None
    if undone is None or take_back is None:
        raise Refused(_("This can't be undone."))
    numbers = [result.ticket_id for result in results]
    done = {one.ticket_id: one for one in undone.results.filter(ticket__in=numbers)}

    def do(result: BulkResult) -> Ticket:
        former = done[result.ticket_id]
        return take_back(result.ticket, action.requested_by, former.before, former.version_after or 0)

    return do


def _judge(result: BulkResult, do: Do, by: User) -> None:
    """Do it to one ticket, and note what became of it. An outage of the database is no ticket's fault."""
    try:
        with transaction.atomic():
            result.ticket = lock(Ticket(pk=result.ticket_id), by=by)
            former = result.ticket.version
            result.version_after = do(result).version
            result.outcome = BulkOutcome.UNCHANGED if result.version_after == former else BulkOutcome.DONE
    except StaleVersion:
        result.outcome, result.reason = BulkOutcome.REFUSED, _changed_since(result.ticket_id)
    except DomainError as refusal:
        result.outcome, result.reason = BulkOutcome.REFUSED, str(refusal.message)[:300]
    except (OperationalError, InterfaceError):
        raise
    except Exception:  # whatever is wrong with one ticket stops no other
        logger.exception("Bulk action %s failed on ticket %s.", result.bulk_action_id, result.ticket_id)
        result.outcome = BulkOutcome.FAILED
        result.reason = _("Something went wrong with this one; nothing was changed. The log says more.")


def _changed_since(number: int) -> str:
    events = Event.objects.filter(subject_type=TICKET, subject_id=number).select_related("actor")
    return _("%s has changed it since.") % events.latest("id").actor


def _end(action: BulkAction, state: BulkState, *, by: User) -> None:
    action.state, action.ended_at = state, clock.now()
    action.save(update_fields=["state", "ended_at", "step", "changed", "problems"])
    data = {"changed": action.changed, "problems": action.problems}
    recording.record(f"bulk.{state}", subject=(SUBJECT, action.pk), by=by, data=data)
