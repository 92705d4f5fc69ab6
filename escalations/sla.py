"""Which clocks a ticket has, and what each state means to them.

The rules, for every metric: since when its clock runs, whether it runs, stands still, has reached its aim
or has come to nothing. They are a function of how the ticket stands (`wanted`); `follow` brings the ledgers
to it. docs/sla.md explains them to people. The same functions serve live changes, imports and simulations.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from escalations import policies
from escalations.clocks import Aim, Ledger, due_after, whole_second
from escalations.models import AMONG_US, Does, Metric, PolicyKind, PolicyVersion, State, Target
from escalations.models.ticket import WAITING
from escalations.policies import Described, Rulebook

_ENDED = {State.RESOLVED, State.CLOSED}
_GONE = {State.CANCELLED, State.MERGED}
_ELSEWHERE = WAITING | {State.RETURNED}

#: Having happened once, these are not undone by reopening.
ONCE = frozenset({Metric.ACCEPT, Metric.FIRST_RESPONSE, Metric.FIRST_RESOLUTION})
#: Clocks that run towards a date and never stand still.
DATED = frozenset({Metric.UPDATE, Metric.REGULATORY})


class Situation(Described, Protocol):
    """How a ticket stands at one moment, as far as its clocks are concerned.

    `updated_at` is when it was changed before: what began since then is new.
    """

    state: str
    created_at: datetime
    updated_at: datetime
    accepted_at: datetime | None
    first_response_at: datetime | None
    resolved_at: datetime | None
    team_since: datetime
    unanswered_since: datetime | None
    promised_at: datetime | None
    promised_for: datetime | None


class OpenHandOver(NamedTuple):
    """A partner team that owes an answer, and since when.

    `agreed`: how long it has by its own agreement, instead of the policy's target. `wanted_by`: a date that was
    asked for instead. `stands_still` while the partner waits for our answer.
    """

    team_id: int
    asked_at: datetime
    agreed: Target | None = None
    wanted_by: datetime | None = None
    stands_still: bool = False


class Want(NamedTuple):
    """A clock that the situation asks for, and what it should do."""

    metric: Metric
    since: datetime
    does: Does
    team_id: int | None = None
    hand_over: OpenHandOver | None = None


def wanted(ticket: Situation, hand_overs: Iterable[OpenHandOver]) -> Iterator[Want]:
    """Yield the clocks that may have something to do in this situation. `does` leaves pauses to the policy."""
    ended = ticket.state in _ENDED

    def want(metric: Metric, since: datetime, *, done: bool, team_id: int | None = None) -> Want:
        return Want(metric, since, Does.STOP if done else Does.RUN, team_id)

    created = ticket.created_at
    yield want(Metric.ACCEPT, created, done=ended or ticket.accepted_at is not None)
    yield want(Metric.FIRST_RESPONSE, created, done=ended or ticket.first_response_at is not None)
    yield want(Metric.FIRST_RESOLUTION, created, done=ended or ticket.resolved_at is not None)
    yield want(Metric.RESOLUTION, created, done=ended)
    yield want(Metric.REGULATORY, created, done=ended)
    yield want(Metric.OWNERSHIP, ticket.team_since, done=ended, team_id=ticket.team_id)
    if ticket.unanswered_since is not None and not ended:
        yield want(Metric.NEXT_RESPONSE, ticket.unanswered_since, done=False)
    if ticket.promised_at is not None and not ended:
        yield want(Metric.UPDATE, ticket.promised_at, done=False)
    if not ended:
        for hand_over in hand_overs:
            yield Want(Metric.HAND_OVER, hand_over.asked_at, Does.RUN, hand_over.team_id, hand_over)


def pauses(metric: str, ticket: Situation, aim: Aim) -> bool:
    """Tell whether a clock of `metric` stands still in this state."""
    if metric in DATED or metric == Metric.HAND_OVER:
        return False
    if metric == Metric.OWNERSHIP:
        return ticket.state in _ELSEWHERE  # net of waiting, whatever the policy says of the customer's clocks
    return aim.policy is not None and ticket.state in aim.policy.pauses_in


def latest(ledgers: Iterable[Ledger], metric: str) -> Ledger | None:
    """Return the newest cycle of a metric."""
    newest: Ledger | None = None
    for ledger in ledgers:
        if ledger.metric == metric and (newest is None or ledger.cycle > newest.cycle):
            newest = ledger
    return newest


def follow(
    ticket: Situation,
    ledgers: list[Ledger],
    *,
    at: datetime,
    rules: Callable[[], Rulebook],
    reason: str,
    hand_overs: Iterable[OpenHandOver] = (),
    rematch: bool = False,
    reapply: bool = False,
    also_by_hand: bool = False,
    stored: bool = False,
) -> None:
    """Bring the ticket's ledgers to what its situation asks for at `at`, in memory.

    `rematch` looks for the policy again, after a change of what policies look at: an open clock takes the
    target that its version sets for the new priority, or another policy's; one that reaches its aim by this
    very change is judged by what it ran towards. `reapply` gives open clocks the versions of policy and
    calendar that are current now. Neither moves a date that was set by hand, unless `also_by_hand` says so.
    A `stored` ticket's clocks were brought along at its last change, maybe by other rules than today's.
    """
    if ticket.state in _GONE:
        for unfinished in filter(lambda one: one.is_open, ledgers):
            unfinished.do(at, Does.CANCEL, reason)
        return
    lookup = _Lookup(rules, ticket)
    rules, matched = lookup.rules, lookup.matched
    live = set()
    for want in wanted(ticket, hand_overs):
        ledger = _find(ledgers, want, ticket)
        if ledger is None:
            # A clock begins with what it measures, or when the rules are looked up again: a policy that
            # somebody publishes later reaches no ticket by the way.
            if not (rematch or reapply or _is_new(want, ticket, rules, stored=stored)):
                continue
            ledger = _start(ticket, ledgers, want, at=at, rules=rules, matched=matched, reason=reason)
            if ledger is None:
                continue
        elif (
            (rematch or reapply)
            and ledger.is_open
            and want.does != Does.STOP
            and (also_by_hand or not is_set_by_hand(ledger))
        ):
            _aim_again(
                ledger, ticket, at=at, rulebook=rules(), matched=matched(), reason=reason, reapply=reapply,
                agreed=_agreed(want),
            )  # fmt: skip
        live.add(id(ledger))
        _bring(ledger, want, ticket, at=at, reason=reason)
    for unwanted in ledgers:
        if unwanted.is_open and id(unwanted) not in live:
            unwanted.do(at, Does.STOP, reason)


def _is_new(want: Want, ticket: Situation, rules: Callable[[], Rulebook], *, stored: bool) -> bool:
    """Tell whether what a clock measures has begun with this change."""
    if not stored or want.since != ticket.updated_at or want.metric == Metric.UPDATE:
        return want.since >= ticket.updated_at
    # It began with the change before, or with this one at the same instant. Had it been the one before, its clock
    # would be there, if the policy has been the same since.
    same_since = rules().matching_since(policies.kind_of(want.metric), ticket)
    return same_since is not None and same_since <= want.since


class _Lookup:
    """The rules, and the policies that match the ticket by them: asked for once, and only where needed."""

    def __init__(self, rules: Callable[[], Rulebook], ticket: Situation) -> None:
        self._ask, self._ticket = rules, ticket
        self._rules: Rulebook | None = None
        self._matched: dict[str, PolicyVersion] | None = None

    def rules(self) -> Rulebook:
        if self._rules is None:
            self._rules = self._ask()
        return self._rules

    def matched(self) -> dict[str, PolicyVersion]:
        if self._matched is None:
            self._matched = self.rules().policies_for(self._ticket)
        return self._matched


def _find(ledgers: Iterable[Ledger], want: Want, ticket: Situation) -> Ledger | None:
    since = whole_second(want.since)
    for ledger in ledgers:  # a plain loop: a simulation comes here millions of times
        if (
            ledger.metric == want.metric
            and ledger.started_at == since
            and ledger.team_id == want.team_id
            # Another date promised within the same second is another promise.
            and (want.metric != Metric.UPDATE or ledger.aim.due_at == ticket.promised_for)
        ):
            return ledger
    return None


def _start(
    ticket: Situation,
    ledgers: list[Ledger],
    want: Want,
    *,
    at: datetime,
    rules: Callable[[], Rulebook],
    matched: Callable[[], dict[str, PolicyVersion]],
    reason: str,
) -> Ledger | None:
    """Begin the clock that is wanted, if a policy sets a target for it and it is not done already."""
    if want.does == Does.STOP:
        return None
    aim = _first_aim(ticket, want, rules=rules, matched=matched)
    if aim is None:
        return None
    former = latest(ledgers, want.metric)
    ledger = Ledger(want.metric, former.cycle + 1 if former else 1, whole_second(want.since), want.team_id)
    does = Does.PAUSE if _stands_still(want, ticket, aim) else Does.RUN
    ledger.begin(at, does, aim, reason)
    ledgers.append(ledger)
    return ledger


def _first_aim(
    ticket: Situation,
    want: Want,
    *,
    rules: Callable[[], Rulebook],
    matched: Callable[[], dict[str, PolicyVersion]],
) -> Aim | None:
    if want.metric == Metric.UPDATE:
        return Aim(None, None, None, ticket.promised_for)
    policy = matched().get(policies.kind_of(want.metric))
    if policy is None:
        return None
    aim = rules().aim(policy, want.metric, ticket, team=want.team_id, agreed=_agreed(want))
    if want.hand_over is not None and want.hand_over.wanted_by is not None:
        return Aim(policy, None, None, whole_second(want.hand_over.wanted_by))
    return _dated(aim, whole_second(want.since)) if aim is not None and want.metric in DATED else aim


def _agreed(want: Want) -> Target | None:
    return want.hand_over.agreed if want.hand_over is not None else None


def _dated(aim: Aim, since: datetime) -> Aim:
    """Turn a target into the date it means, counted from the very beginning."""
    return aim._replace(due_at=due_after(aim.calendar, since, aim.seconds or 0))


def _aim_again(
    ledger: Ledger,
    ticket: Situation,
    *,
    at: datetime,
    rulebook: Rulebook,
    matched: dict[str, PolicyVersion],
    reason: str,
    reapply: bool,
    agreed: Target | None,
) -> None:
    aim = policy_aim(ledger, ticket, rulebook=rulebook, matched=matched, reapply=reapply, agreed=agreed)
    if aim is not None:
        ledger.aim_at(at, aim, reason)


def policy_aim(
    ledger: Ledger,
    ticket: Situation,
    *,
    rulebook: Rulebook,
    matched: dict[str, PolicyVersion],
    reapply: bool = False,
    agreed: Target | None = None,
) -> Aim | None:
    """Return what the policy lets an open clock run towards as the ticket stands, or None if it sets nothing.

    A running clock keeps its versions of policy and calendar unless they are to be applied anew. `agreed`: the
    partner's own time for this hand-over, which goes before the policy's target.
    """
    former = ledger.aim
    policy = matched.get(policies.kind_of(ledger.metric))
    if policy is None or ledger.metric == Metric.UPDATE:
        return None
    if not reapply and former.policy is not None and former.policy.policy_id == policy.policy_id:
        policy = former.policy
    aim = rulebook.aim(policy, ledger.metric, ticket, team=ledger.team_id, agreed=agreed)
    if aim is None:
        return None
    kept = former.calendar
    if (
        not reapply
        and kept is not None
        and aim.calendar is not None
        and kept.calendar_id == aim.calendar.calendar_id
    ):
        aim = aim._replace(calendar=kept)
    return _dated(aim, ledger.started_at) if ledger.metric in DATED else aim


def is_set_by_hand(ledger: Ledger) -> bool:
    """Tell whether somebody set this clock's deadline, and nobody has cleared it since."""
    return is_by_hand(ledger.metric, ledger.aim, ledger.started_at)


def is_by_hand(metric: str, aim: Aim, started_at: datetime) -> bool:
    """Tell whether such an aim is somebody's: it is a date, and not the one that its target means.

    A promise is a date of its own and never set by hand: it is changed by writing to the customer.
    """
    if aim.due_at is None or metric == Metric.UPDATE:
        return False
    return metric not in DATED or aim.due_at != _dated(aim, started_at).due_at


def _bring(ledger: Ledger, want: Want, ticket: Situation, *, at: datetime, reason: str) -> None:
    if want.does == Does.STOP:
        if ledger.is_open:
            ledger.do(at, Does.STOP, reason)
    elif ledger.entries[-1].does == Does.STOP and ledger.metric in ONCE:
        return  # accepting and answering first happen once; only what goes on, or was cancelled, comes back
    else:
        ledger.do(at, Does.PAUSE if _stands_still(want, ticket, ledger.aim) else Does.RUN, reason)


def _stands_still(want: Want, ticket: Situation, aim: Aim) -> bool:
    """Tell whether a clock stands still: as the policy has it, or while the partner waits for our answer."""
    if want.hand_over is not None:
        return want.hand_over.stands_still
    return pauses(want.metric, ticket, aim)


def next_due(ledgers: Iterable[Ledger]) -> tuple[datetime | None, str]:
    """Return the earliest due time of the open clocks, and its metric: what the queue sorts by.

    That is what is owed to the customer. What teams and partners agreed among themselves is shown, but a
    partner who is late does not lift a ticket above one whose customer waits.
    """
    due = [
        (ledger.now.due_at, ledger.metric)
        for ledger in ledgers
        if ledger.now.due_at and ledger.metric not in AMONG_US
    ]
    return min(due, default=(None, ""))


def used_by(ledgers: Iterable[Ledger], at: datetime) -> dict[str, int]:
    """Return the seconds that the newest cycle of each metric has used by `at`."""
    return {ledger.metric: ledger.used(at) for ledger in sorted(ledgers, key=lambda one: one.cycle)}


def service_policy(ledgers: Sequence[Ledger]) -> PolicyVersion | None:
    """Return the policy version that the ticket's service clocks go by, the newest one first."""
    versions = [
        ledger.aim.policy
        for ledger in ledgers
        if ledger.aim.policy is not None and policies.kind_of(ledger.metric) == PolicyKind.SERVICE
    ]
    return max(versions, key=lambda version: version.pk or 0, default=None)
