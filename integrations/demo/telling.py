"""One case from the call to the rating, told to a Replay until the present is reached."""

from datetime import datetime, timedelta
from random import Random
from statistics import NormalDist
from typing import Any

import redaction
from accounts.models import User
from escalations import calendars, sla
from escalations.defaults.service_levels import ALWAYS
from escalations.models import (
    CalendarVersion,
    HandOver,
    Message,
    MessageKind,
    Metric,
    Reason,
    State,
    Ticket,
    TriageReview,
)
from integrations.demo import findings, talk
from integrations.demo.arrivals import Arrival
from integrations.demo.facts import Facts
from integrations.demo.shelf import Shelf
from integrations.replay import Replay

REOPENED_SHARE = 0.06
RETURNED_SHARE = 0.11


class Present(Exception):
    """The next step lies in the future: the case is open, as it stands."""


class Telling:
    """The course of one case. All chance comes from its own `rng`, so that no case changes another."""

    def __init__(
        self, replay: Replay, arrival: Arrival, facts: Facts, shelf: Shelf, rng: Random, now: datetime
    ) -> None:
        self.replay = replay
        self.arrival = arrival
        self.facts = facts
        self.shelf = shelf
        self.rng = rng
        self.now = now
        self.at = arrival.at
        self.spent = 0.0
        self.language = arrival.customer.language
        self.texts = arrival.scenario.texts[self.language]
        self.agent: User = arrival.agent
        self.slow = 0.0
        #: When the owner writes the update that was promised.
        self.update_at: datetime | None = None
        self.twin: Telling | None = None

    @property
    def ticket(self) -> Ticket:
        return self.replay.ticket

    # Words and chance.

    def text(self, key: str, **more: str) -> str:
        """Return one of the scenario's texts for `key`, filled in (with `more`) and free of card numbers."""
        value = self.texts[key]
        chosen = value if isinstance(value, str) else self.rng.choice(value)
        return redaction.clean(chosen.format_map({**self.facts, **more}))

    def dialogue(self, whom: str) -> tuple[str, str]:
        """Return a question to `whom` and the answer that belongs to it."""
        questions, answers = self.texts[f"ask_{whom}"], self.texts[f"from_{whom}"]
        place = self.rng.randrange(len(questions))
        question, answer = questions[place], answers[place % len(answers)]
        return redaction.clean(question.format_map(self.facts)), redaction.clean(answer.format_map(self.facts))

    def chance(self, share: float) -> bool:
        return self.rng.random() < share

    def factor(self, late: float) -> float:
        """Return how much of a target is used: log-normal, more than all in a share `late` of the cases."""
        drawn = self.rng.lognormvariate(-NormalDist().inv_cdf(1 - late), 1.0)
        return min(drawn, 1.0) * 0.3 if self.arrival.halt else drawn

    def reason(self, kind: str, *keys: str) -> Reason:
        return self.shelf.reasons[kind, self.rng.choice(keys)]

    # Time.

    def until(self, moment: datetime) -> None:
        """Go on to `moment`. Raises Present if it has not come yet."""
        moment = max(moment, self.at + timedelta(seconds=self.rng.randrange(20, 90)))
        talk.update_before(self, moment)
        if moment >= self.now:
            raise Present
        self.at = max(moment, self.at)

    def wait(self, hours: float) -> None:
        """Let real time pass, about so many hours, while somebody else has to act; some take days."""
        hours *= self.rng.lognormvariate(0, 0.8) * (7 if self.chance(0.1) else 1)
        self.until(self.at + timedelta(hours=hours))

    def work(self, seconds: float) -> None:
        """Let the team work for so long: in its hours, unless the clocks never stop for this case."""
        calendar = self._calendar()
        moment = calendars.hours(calendar).add(self.at, max(20.0, seconds))
        if calendar.calendar.name != ALWAYS:
            hours = calendars.hours(self.shelf.staff.hours[self.ticket.team.name])
            if not hours.is_open(moment):
                moment = hours.next_opening(moment) + timedelta(seconds=self.rng.randrange(60, 2400))
        self.until(moment)

    def work_until(self, spent: float) -> None:
        """Work until `spent` seconds have gone into the case, pauses aside."""
        self.work(spent - self.spent)
        self.spent = max(spent, self.spent)

    def target(self, metric: Metric) -> float:
        ledger = sla.latest(self.replay.ledgers, metric)
        return float(ledger.aim.seconds or 3600) if ledger else 3600.0

    def _calendar(self) -> CalendarVersion:
        ledger = sla.latest(self.replay.ledgers, Metric.RESOLUTION)
        calendar = ledger.aim.calendar if ledger else None
        return calendar or self.shelf.staff.hours[self.ticket.team.name]

    # The course of events.

    def tell(self) -> None:
        """Tell the case as far as the present."""
        try:
            self._tell()
        except Present:
            pass
        self.replay.pass_deadlines(self.now)

    def halt(self, step: str) -> None:
        if self.arrival.halt == step:
            raise Present

    def _tell(self) -> None:
        self.replay.create(self.at, by=self.agent)
        self.halt("created")
        if not self.arrival.halt and self.chance(0.015):
            self.wait(3)
            self.replay.cancel(self.at, by=self.agent, code=self.reason("cancel", "solved_itself", "by_mistake"))
            return
        if not self._triage():
            return
        self._investigate()
        self._resolve()
        if self.arrival.halt == "reopened" or self.chance(REOPENED_SHARE):
            self._reopen()
        self._close()

    def _triage(self) -> bool:
        """Return whether it was accepted in the end."""
        self.work_until(self.target(Metric.ACCEPT) * self.factor(0.07) * 0.9)
        owner = self._specialist()
        if self.arrival.halt == "returned" or (not self.arrival.halt and self.chance(RETURNED_SHARE)):
            self._return(owner)
            self.halt("returned")
            self.wait(7)
            if self.chance(0.1):
                reason = self.reason("cancel", "withdrawn", "no_answer")
                self.replay.cancel(self.at, by=self.agent, code=reason)
                return False
            self._resubmit()
            self.work(self.target(Metric.ACCEPT) * self.factor(0.07))
        self._accept(owner)
        self.halt("accepted")
        if self.twin is not None:
            self._absorb(self.twin, by=owner)
        self.work(60 + self.rng.random() * min(1500, self.target(Metric.FIRST_RESPONSE) * 0.15))
        self.replay.start(self.at, by=self.ticket.owner or self._specialist())
        self.halt("started")
        return True

    def _absorb(self, twin: "Telling", *, by: User) -> None:
        """The same case, escalated a second time by a colleague, is merged into this one."""
        self.until(max(self.at, twin.at) + timedelta(seconds=self.rng.randrange(60, 400)))
        twin.replay.change(
            self.at, "merged", by=by, state=State.MERGED, columns={"merged_into": self.ticket}, target=self.ticket
        )
        self.replay.touch(self.at)
        self.replay.record(self.at, "absorbed", by=by, source=twin.ticket)

    def _specialist(self) -> User:
        members = self.shelf.staff.members[self.ticket.team.name]
        if self.language == "es":
            speakers = [member for member in members if member.language == "es"]
            if speakers and self.chance(0.6):
                return self.rng.choice(speakers)
        return self.rng.choice(members)

    def _return(self, by: User) -> None:
        message = self.replay.say(self.at, MessageKind.TO_L1, self.text("missing"), by=by)
        review = {"is_complete": False, "right_category": True, "l1_could_solve": self.chance(0.15)}
        self._review(by, "return", review, self.text("incomplete"))
        reason = self.reason(
            "return", "missing_information", "missing_information", "not_verified", "steps_not_done"
        )
        self.replay.change(
            self.at, "returned", by=by, state=State.RETURNED, reason="returned",
            columns={"return_count": self.ticket.return_count + 1}, message=message, code=reason,
        )  # fmt: skip

    def _resubmit(self) -> None:
        addition = self.texts.get("from_l1", [""])[0]
        description = f"{self.ticket.description}\n\n{addition.format_map(self.facts)}".strip()
        self.replay.change(
            self.at, "resubmitted", by=self.agent, state=State.NEW, reason="resubmitted", rematch=True,
            columns={"owner": None, "description": redaction.clean(description)},
        )  # fmt: skip

    def _accept(self, by: User) -> None:
        corrections: dict[str, Any] = {}
        true_category = self.shelf.categories[self.arrival.scenario.category]
        comment = ""
        if true_category != self.ticket.category:
            corrections["category"] = true_category
            if true_category.team is not None and true_category.team != self.ticket.team:
                corrections["team"] = true_category.team
            comment = self.text("wrong_category")
        elif self.arrival.priority is None and self.chance(0.07):
            corrections["priority"] = min(4, max(1, self.ticket.priority + self.rng.choice((-1, 1, 1))))
            if corrections["priority"] == self.ticket.priority:
                corrections = {}
        solvable = self.chance(0.13)
        complete = self.chance(0.86)
        if not comment and self.chance(0.4):
            comment = self.text("solvable" if solvable else "complete" if complete else "incomplete")
        review = {
            "is_complete": complete,
            "right_category": "category" not in corrections,
            "l1_could_solve": solvable,
        }
        self._review(by, "accept", review, comment)
        self.replay.accept(self.at, by=by, **corrections)

    def _review(self, by: User, decision: str, review: dict[str, bool], comment: str) -> None:
        self.replay.pass_deadlines(self.at)
        self.replay.add(
            TriageReview(
                ticket=self.ticket, reviewer=by, reviewed_at=self.at, decision=decision, comment=comment, **review
            )
        )

    def _investigate(self) -> None:
        pace = self.shelf.staff.pace.get(self.ticket.owner_id or 0, 1.0)
        answer = self.target(Metric.FIRST_RESPONSE) * self.factor(0.07) * 0.95
        done = self.target(Metric.RESOLUTION) * self.factor(0.08) * pace * 0.85
        self.work_until(max(self.spent + 90, answer))
        self._answer_first()
        if self.chance(0.75):
            self._work_part(done, 0.3)
            findings.diagnose(self, confirmed=False)
        if self.chance(0.05):
            self._pass_on()
        if not self.arrival.halt and self.chance(0.12):
            self._work_part(done, 0.2)
            talk.ask_how_it_goes(self)
        if self.chance(0.35):
            self._work_part(done, 0.3)
            self._write(MessageKind.NOTE, "note", by=self.owner)
        if self.arrival.halt == "waiting_partner" or self.chance(0.17):
            self._work_part(done, 0.3)
            self._hand_over()
        if self.chance(0.32):
            self._work_part(done, 0.4)
            findings.link_article(self)
        findings.link_issue(self)
        self.work_until(max(self.spent + 300, done))
        if self.chance(0.8):
            findings.diagnose(self, confirmed=True)
            self.work(self.rng.randrange(60, 400))

    @property
    def owner(self) -> User:
        if self.ticket.owner is None:
            raise LookupError("only a case that somebody works on has steps of its owner")
        return self.ticket.owner

    def _work_part(self, done: float, share: float) -> None:
        self.work_until(self.spent + max(120.0, (done - self.spent) * share * self.rng.random()))

    def _write(self, kind: MessageKind, key: str, *, by: User) -> None:
        self.replay.message(self.at, kind, self.text(key), by=by)

    def _answer_first(self) -> None:
        planned = {"": self.rng.random(), "waiting_customer": 0.0, "waiting_l1": 0.4}
        draw = planned.get(self.arrival.halt, 1.0)
        if draw < 0.34:
            self._ask(MessageKind.TO_CUSTOMER, State.WAITING_CUSTOMER, 11)
        elif draw < 0.47:
            self._ask(MessageKind.TO_L1, State.WAITING_L1, 4)
        elif draw < 0.62:
            self._write(MessageKind.TO_L1, "to_l1", by=self.owner)
        else:
            talk.acknowledge(self)

    def _ask(self, kind: MessageKind, state: State, hours: float) -> None:
        """Ask customer or L1, and go on when they answer."""
        whom = "customer" if state == State.WAITING_CUSTOMER else "l1"
        self.slow += hours / 20
        self.replay.pass_deadlines(self.at)
        asked, answered = self.dialogue(whom)
        question = self.replay.say(self.at, kind, asked, by=self.owner)
        self.replay.wait(self.at, state, by=self.owner, message=question)
        self.halt(str(state))
        self.wait(hours)
        reply = MessageKind.FROM_CUSTOMER if whom == "customer" else MessageKind.FROM_L1
        by = self.shelf.system if whom == "customer" else self.agent
        self.replay.message(self.at, reply, answered, by=by, resumes=True)
        if whom == "customer":
            talk.thank(self)

    def _hand_over(self) -> None:
        partner = self.arrival.scenario.partner
        team, people = self.shelf.staff.teams[partner], self.shelf.staff.members[partner]
        question, answer = self.dialogue("partner")
        hand_over = HandOver(
            ticket=self.ticket,
            team=team,
            title=self.ticket.subject,
            question=question,
            asked_by=self.owner,
            asked_at=self.at,
            state_since=self.at,
        )
        self.replay.pass_deadlines(self.at)
        self.replay.add(hand_over)
        said = self.replay.say(self.at, MessageKind.PARTNER, question, by=self.owner, hand_over=hand_over)
        self.replay.wait(
            self.at,
            State.WAITING_PARTNER,
            by=self.owner,
            message=said,
            hand_over=hand_over,
            partner=hand_over.team_id,
        )
        self.halt("waiting_partner")
        self.wait(6)
        self.until(
            calendars.hours(self.shelf.partner_hours).next_opening(self.at)
            + timedelta(seconds=self.rng.randrange(2000))
        )
        self.replay.message(
            self.at, MessageKind.PARTNER, answer, by=self.rng.choice(people),
            hand_over=hand_over, resumes=True,
        )  # fmt: skip

    def _pass_on(self) -> None:
        """The owner leaves it to a colleague."""
        others = [member for member in self.shelf.staff.members[self.ticket.team.name] if member != self.owner]
        self.work(self.rng.randrange(60, 600))
        self._write(MessageKind.NOTE, "handed", by=self.owner)
        self.until(self.at + timedelta(seconds=self.rng.randrange(20, 200)))
        self.replay.assign(self.at, self.rng.choice(others), by=self.owner)

    def _resolve(self) -> None:
        scenario = self.arrival.scenario
        self.work(120)
        self._settle(self.text("answer_customer"), self.text("answer_l1"), scenario.cause, scenario.resolution)

    def _settle(self, to_customer: str, to_l1: str, cause: str, resolution: str) -> None:
        self.update_at = None  # the answer is the update
        self.replay.pass_deadlines(self.at)
        said: Message = self.replay.say(self.at, MessageKind.TO_CUSTOMER, to_customer, by=self.owner)
        self.replay.say(self.at, MessageKind.TO_L1, to_l1, by=self.owner)
        self.replay.resolve(
            self.at,
            by=self.owner,
            message=said,
            resolution=self.shelf.reasons["resolution", resolution],
            root_cause=self.shelf.causes[cause],
            answer_to_customer=to_customer,
            answer_to_l1=to_l1,
        )
        findings.ask_for_rating(self)

    def _reopen(self) -> None:
        self.slow += 1.5
        self.wait(9)
        reason = self.reason("reopen", "not_fixed", "came_back", "answer_incomplete", "customer_disagrees")
        self.replay.pass_deadlines(self.at)
        message = self.replay.say(self.at, MessageKind.FROM_L1, self.text("reopen"), by=self.agent)
        self.replay.reopen(self.at, by=self.agent, message=message, code=reason)
        self.halt("reopened")
        self.work(self.rng.randrange(600, 7200))
        self.replay.start(self.at, by=self.owner)
        self.work(self.target(Metric.RESOLUTION) * 0.25 * self.rng.random())
        scenario = self.arrival.scenario
        again = self.text("resolution_again")
        self._settle(self.text("answer_again"), again, scenario.cause, scenario.resolution)

    def _close(self) -> None:
        resolved = self.at
        rating = findings.rate(self, resolved)
        closing = resolved + self.shelf.close_after
        closing += timedelta(minutes=60 - closing.minute % 60)
        if rating is not None and rating < closing:
            self.at = max(self.at, rating)
        self.until(closing)
        self.replay.close(self.at, by=self.shelf.system)
