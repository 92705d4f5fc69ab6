"""Everything that can be done to an escalation, by name and with a number that chooses the rest.

Each deed can be done three times over: through the domain's functions (`Hands`), in a replayed history
(`Retelling`) and in the slow model (`imagine`). So one random history says whether all three agree.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from accounts.models import Role, Team, TeamKind, User
from common import clock
from escalations import assignment, conversation, lifecycle, merging, triage
from escalations.escalating import resubmit
from escalations.models import (
    Category,
    ContractForm,
    HandOver,
    MessageKind,
    Priority,
    Reason,
    ReasonKind,
    RootCause,
    State,
    Ticket,
)
from integrations.replay import Replay
from tests.escalations.desk import GOOD, Desk
from tests.escalations.slow_sla import SlowTicket
from tests.factories import TeamFactory

_WORKED = {"accepted", "in_progress", "reopened"}
_WAITING = {"waiting_customer", "waiting_l1", "waiting_partner"}
_OPEN = {"new", "returned"} | _WORKED | _WAITING
_KEPT = _OPEN | {"resolved", "closed"}

#: In which states each can be done.
DEEDS: dict[str, set[str]] = {
    "accept": {"new"},
    "return_": {"new"} | _WORKED,
    "resubmit": {"returned"},
    "start": {"accepted", "reopened"},
    "wait_customer": {"in_progress"},
    "wait_l1": {"in_progress"},
    "wait_partner": {"in_progress"},
    "partner_answers": {"waiting_partner"},
    "customer_writes": _OPEN,
    "l1_writes": _OPEN,
    "tell_customer": _KEPT,
    "tell_l1": _KEPT,
    "note": _KEPT,
    "resume": _WAITING,
    "resolve": {"in_progress"} | _WAITING,
    "close": {"resolved"},
    "reopen": {"resolved", "closed"},
    "cancel": _OPEN,
    "assign": _OPEN,
    "give_to_team": _OPEN,
    "set_priority": _OPEN,
    "promise": _OPEN,
}


@dataclass
class Choices:
    """What the number of a deed chooses among."""

    teams: list[Team]
    partners: list[Team]
    categories: list[Category]

    def priority(self, number: int) -> int:
        return 1 + number % 4

    def levels(self, number: int) -> tuple[int, int]:
        return 1 + number % 3, 1 + number // 3 % 3

    def team(self, number: int) -> Team:
        return self.teams[number // 4 % 2]

    def partner(self, number: int) -> Team:
        return self.partners[number % 2]

    def category(self, number: int) -> Category:
        return self.categories[number // 9 % 2]

    def promised(self, number: int, at: datetime) -> datetime:
        return (at + timedelta(minutes=1 + number % 50 * 60)).replace(microsecond=0)


@dataclass
class Hands:
    """Does the deeds on the real desk. One person may do all of the second line's."""

    desk: Desk
    choices: Choices = field(init=False)

    def __post_init__(self) -> None:
        desk = self.desk
        other = TeamFactory(name="Compliance", kind=TeamKind.PARTNER)
        second = Category.objects.create(key="second", name="Second", position=99)
        form = desk.category.current_form
        assert form is not None
        ContractForm.objects.create(category=second, version=1, fields=form.fields, created_at=form.created_at)
        second.team = desk.accounts
        second.save()
        self.choices = Choices([desk.payments, desk.accounts], [desk.engineering, other], [desk.category, second])
        self.l1 = desk.l1
        self.l2 = desk.person("Mara Both", *((team, role) for team in self.choices.teams for role in [Role.L2]))
        self.lead = desk.person("Lena Both", *((team, Role.LEAD) for team in self.choices.teams))
        self.partners = [desk.person(f"At {team}", (team, Role.PARTNER)) for team in self.choices.partners]

    def escalate(self, number: int) -> Ticket:
        impact, urgency = self.choices.levels(number)
        return self.desk.escalated(impact=impact, urgency=urgency, category=self.choices.category(number))

    def do(self, ticket: Ticket, deed: str, number: int) -> None:
        getattr(self, deed)(ticket, number)

    def accept(self, ticket: Ticket, number: int) -> None:
        priority, team = self.choices.priority(number), self.choices.team(number)
        triage.accept(ticket, by=self.l2, review=GOOD, priority=priority, team=team)

    def return_(self, ticket: Ticket, number: int) -> None:
        reason = self.desk.reason(ReasonKind.RETURN)
        triage.return_to_l1(ticket, by=self.l2, review=GOOD, reason=reason, missing="What?")

    def resubmit(self, ticket: Ticket, number: int) -> None:
        impact, urgency = self.choices.levels(number)
        category = self.choices.category(number)
        resubmit(ticket, self.desk.contract(impact=impact, urgency=urgency, category=category), by=self.l1)

    def start(self, ticket: Ticket, number: int) -> None:
        lifecycle.start(ticket, by=self.l2)

    def wait_customer(self, ticket: Ticket, number: int) -> None:
        lifecycle.wait_for_customer(ticket, by=self.l2, message="When?")

    def wait_l1(self, ticket: Ticket, number: int) -> None:
        lifecycle.wait_for_l1(ticket, by=self.l2, message="Who?")

    def wait_partner(self, ticket: Ticket, number: int) -> None:
        lifecycle.wait_for_partner(ticket, by=self.l2, partner=self.choices.partner(number), message="Why?")

    def partner_answers(self, ticket: Ticket, number: int) -> None:
        team = ticket.hand_overs.get(ended_at=None).team
        by = self.partners[self.choices.partners.index(team)]
        conversation.write(ticket, by=by, kind=MessageKind.PARTNER, body="So.")

    def customer_writes(self, ticket: Ticket, number: int) -> None:
        conversation.write(ticket, by=self.l2, kind=MessageKind.FROM_CUSTOMER, body="And?")

    def l1_writes(self, ticket: Ticket, number: int) -> None:
        conversation.write(ticket, by=self.l1, kind=MessageKind.FROM_L1, body="Here.")

    def tell_customer(self, ticket: Ticket, number: int) -> None:
        conversation.write(ticket, by=self.l2, kind=MessageKind.TO_CUSTOMER, body="Soon.")

    def tell_l1(self, ticket: Ticket, number: int) -> None:
        conversation.write(ticket, by=self.l2, kind=MessageKind.TO_L1, body="Wait.")

    def note(self, ticket: Ticket, number: int) -> None:
        conversation.write(ticket, by=self.l2, kind=MessageKind.NOTE, body="Hm.")

    def resume(self, ticket: Ticket, number: int) -> None:
        lifecycle.resume(ticket, by=self.l2)

    def resolve(self, ticket: Ticket, number: int) -> None:
        lifecycle.resolve(ticket, by=self.l2, **self.desk.resolution())

    def close(self, ticket: Ticket, number: int) -> None:
        lifecycle.close(ticket, by=self.l1)

    def reopen(self, ticket: Ticket, number: int) -> None:
        lifecycle.reopen(ticket, by=self.l1, reason=self.desk.reason(ReasonKind.REOPEN), explanation="No.")

    def cancel(self, ticket: Ticket, number: int) -> None:
        lifecycle.cancel(ticket, by=self.l1, reason=self.desk.reason(ReasonKind.CANCEL))

    def assign(self, ticket: Ticket, number: int) -> None:
        assignment.assign(ticket, self.l2 if number % 2 else None, by=self.lead)

    def give_to_team(self, ticket: Ticket, number: int) -> None:
        assignment.give_to_team(ticket, self.choices.team(number), by=self.l2)

    def set_priority(self, ticket: Ticket, number: int) -> None:
        assignment.set_priority(ticket, self.choices.priority(number), by=self.l2)

    def promise(self, ticket: Ticket, number: int) -> None:
        promise = self.choices.promised(number, clock.now())
        conversation.write(ticket, by=self.l2, kind=MessageKind.TO_CUSTOMER, body="By then.", promise=promise)

    def merge(self, ticket: Ticket, target: Ticket) -> None:
        merging.merge(ticket, by=self.l2, target=target)

    def unmerge(self, ticket: Ticket) -> None:
        merging.unmerge(ticket, by=self.l1, explanation="Not the same.")


def imagine(ticket: SlowTicket, deed: str, number: int, *, at: datetime, choices: Choices) -> bool | None:
    """Do it in the slow model; tell whether policies have to look at the ticket again.

    None: nothing happened that clocks look at, or nothing at all.
    """
    former = (ticket.priority, ticket.team)
    match deed:
        case "accept":
            ticket.state, ticket.was_accepted = "accepted", True
            ticket.priority = choices.priority(number)
            ticket.move_to(choices.team(number).pk, at)
            return former != (ticket.priority, ticket.team)
        case "return_":
            ticket.state, ticket.was_answered = "returned", True
        case "resubmit":
            category = choices.category(number)
            if category.pk != ticket.category and category.team_id is not None:
                ticket.move_to(category.team_id, at)
            ticket.state, ticket.category = "new", category.pk
            ticket.priority = min(sum(choices.levels(number)) - 1, 4)
            return True
        case "start":
            ticket.state = "in_progress"
        case "wait_customer":
            ticket.state = "waiting_customer"
            ticket.tell_customer()
        case "wait_l1":
            ticket.state, ticket.was_answered = "waiting_l1", True
        case "wait_partner":
            ticket.state = "waiting_partner"
            ticket.asked[choices.partner(number).pk] = at
        case "partner_answers" | "resume":
            ticket.state = "in_progress"
            ticket.asked.clear()
        case "customer_writes":
            ticket.hear_customer(at)
            ticket.state = "in_progress" if ticket.state == "waiting_customer" else ticket.state
        case "l1_writes":
            ticket.state = "in_progress" if ticket.state == "waiting_l1" else ticket.state
        case "tell_customer":
            ticket.tell_customer()
        case "tell_l1":
            ticket.was_answered = True
        case "resolve":
            ticket.resolve()
        case "close":
            ticket.state = "closed"
        case "reopen":
            ticket.state = "reopened"
        case "cancel" | "merge":
            ticket.before, ticket.state = ticket.state, {"cancel": "cancelled", "merge": "merged"}[deed]
        case "unmerge":
            ticket.state = ticket.before
        case "give_to_team":
            ticket.move_to(choices.team(number).pk, at)
            return True if former != (ticket.priority, ticket.team) else None
        case "set_priority":
            ticket.priority = choices.priority(number)
            return True if former != (ticket.priority, ticket.team) else None
        case "assign":
            return None
        case "promise":
            ticket.tell_customer()
            ticket.promise = (at, choices.promised(number, at))
    return False


@dataclass
class Retelling:
    """Does the deeds in a replayed history, as an importer would tell it."""

    hands: Hands
    replay: Replay

    @property
    def ticket(self) -> Ticket:
        return self.replay.ticket

    def do(self, at: datetime, deed: str, number: int) -> None:
        self.replay.pass_deadlines(at)
        tell: Callable[..., None] = getattr(self, deed, self._step)
        tell(at, number) if tell != self._step else self._step(at, deed)

    def _step(self, at: datetime, deed: str) -> None:
        {"start": self.replay.start, "resume": self.replay.resume}[deed](at, by=self.hands.l2)

    def accept(self, at: datetime, number: int) -> None:
        choices = self.hands.choices
        stated: dict[str, Any] = {"priority": choices.priority(number), "team": choices.team(number)}
        corrected = {name: value for name, value in stated.items() if getattr(self.ticket, name) != value}
        self.replay.accept(at, by=self.hands.l2, **corrected)

    def return_(self, at: datetime, number: int) -> None:
        said = self.replay.say(at, MessageKind.TO_L1, "What?", by=self.hands.l2)
        columns = {"return_count": self.ticket.return_count + 1}
        code = Reason.objects.get(pk=self.hands.desk.reason(ReasonKind.RETURN))
        self.replay.change(
            at, "returned", by=self.hands.l2, state=State.RETURNED, code=code, message=said, columns=columns
        )

    def resubmit(self, at: datetime, number: int) -> None:
        choices = self.hands.choices
        impact, urgency = choices.levels(number)
        category = choices.category(number)
        columns: dict[str, Any] = {
            "impact": impact, "urgency": urgency, "priority": Priority(min(impact + urgency - 1, 4)),
            "category": category, "owner": None,
        }  # fmt: skip
        if category != self.ticket.category:
            columns["form"] = category.current_form
            if category.team != self.ticket.team:
                columns |= {"team": category.team, "team_since": at}
                columns["reassignment_count"] = self.ticket.reassignment_count + 1
        self.replay.change(
            at,
            "resubmitted",
            by=self.hands.l1,
            state=State.NEW,
            reason="resubmitted",
            rematch=True,
            columns=columns,
        )

    def _wait(self, at: datetime, state: State, kind: MessageKind) -> None:
        said = self.replay.say(at, kind, "When?", by=self.hands.l2)
        self.replay.wait(at, state, by=self.hands.l2, message=said)

    def wait_customer(self, at: datetime, number: int) -> None:
        self._wait(at, State.WAITING_CUSTOMER, MessageKind.TO_CUSTOMER)

    def wait_l1(self, at: datetime, number: int) -> None:
        self._wait(at, State.WAITING_L1, MessageKind.TO_L1)

    def wait_partner(self, at: datetime, number: int) -> None:
        team, l2 = self.hands.choices.partner(number), self.hands.l2
        asked = HandOver(ticket=self.ticket, team=team, question="Why?", asked_by=l2, asked_at=at)
        self.replay.add(asked)
        said = self.replay.say(at, MessageKind.PARTNER, "Why?", by=l2, hand_over=asked)
        self.replay.wait(at, State.WAITING_PARTNER, by=l2, message=said, hand_over=asked, partner=team.pk)

    def _message(self, at: datetime, kind: MessageKind, *, by: User, answers: str = "", **data: Any) -> None:
        self.replay.message(at, kind, "So.", by=by, resumes=self.ticket.state == answers, **data)

    def partner_answers(self, at: datetime, number: int) -> None:
        [asked] = [row for row in self.replay.rows if isinstance(row, HandOver) and row.ended_at is None]
        by = self.hands.partners[self.hands.choices.partners.index(asked.team)]
        self._message(at, MessageKind.PARTNER, by=by, hand_over=asked, answers=State.WAITING_PARTNER)

    def customer_writes(self, at: datetime, number: int) -> None:
        self._message(at, MessageKind.FROM_CUSTOMER, by=self.hands.l2, answers=State.WAITING_CUSTOMER)

    def l1_writes(self, at: datetime, number: int) -> None:
        self._message(at, MessageKind.FROM_L1, by=self.hands.l1, answers=State.WAITING_L1)

    def tell_customer(self, at: datetime, number: int) -> None:
        self._message(at, MessageKind.TO_CUSTOMER, by=self.hands.l2)

    def tell_l1(self, at: datetime, number: int) -> None:
        self._message(at, MessageKind.TO_L1, by=self.hands.l2)

    def note(self, at: datetime, number: int) -> None:
        self._message(at, MessageKind.NOTE, by=self.hands.l2)

    def resolve(self, at: datetime, number: int) -> None:
        said = self.hands.desk.resolution()
        message = self.replay.say(at, MessageKind.TO_CUSTOMER, said["answer_to_customer"], by=self.hands.l2)
        said["resolution"] = Reason.objects.get(pk=said["resolution"])
        said["root_cause"] = RootCause.objects.get(pk=said["root_cause"])
        self.replay.resolve(at, by=self.hands.l2, message=message, **said)

    def close(self, at: datetime, number: int) -> None:
        self.replay.close(at, by=self.hands.l1)

    def reopen(self, at: datetime, number: int) -> None:
        code = Reason.objects.get(pk=self.hands.desk.reason(ReasonKind.REOPEN))
        said = self.replay.say(at, MessageKind.FROM_L1, "No.", by=self.hands.l1)
        self.replay.reopen(at, by=self.hands.l1, code=code, message=said)

    def cancel(self, at: datetime, number: int) -> None:
        code = Reason.objects.get(pk=self.hands.desk.reason(ReasonKind.CANCEL))
        self.replay.cancel(at, by=self.hands.l1, code=code)

    def assign(self, at: datetime, number: int) -> None:
        owner = self.hands.l2 if number % 2 else None
        if owner != self.ticket.owner:
            self.replay.assign(at, owner, by=self.hands.lead)

    def give_to_team(self, at: datetime, number: int) -> None:
        if (team := self.hands.choices.team(number)) != self.ticket.team:
            self.replay.move(at, team, by=self.hands.l2)

    def set_priority(self, at: datetime, number: int) -> None:
        if (priority := self.hands.choices.priority(number)) != self.ticket.priority:
            self.replay.set_priority(at, priority, by=self.hands.l2)

    def promise(self, at: datetime, number: int) -> None:
        promise = self.hands.choices.promised(number, at)
        self._message(at, MessageKind.TO_CUSTOMER, by=self.hands.l2, promise=promise)
