"""Escalations told through the replay that imports use: what is copied later, and what is open now.

Each has five events, and one more for every missed deadline.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random
from typing import Any

import redaction
from bench.workplace.cast import Cast
from bench.workplace.texts import Details
from escalations import contract
from escalations.models import Channel, MessageKind, State, Ticket
from escalations.priorities import usual_priority
from integrations.demo.facts import fill_in, gather
from integrations.demo.scenarios import all_scenarios
from integrations.replay import Replay

_CHANNELS, _CHANNEL_SHARES = list(Channel), [34, 25, 24, 8, 5, 4]
_MOST_DAYS_OPEN = 20


class Teller:
    """Tells escalations of one cast."""

    def __init__(self, cast: Cast, details: Details) -> None:
        self.cast, self.details = cast, details
        self.scenarios = [one for one in all_scenarios() if one.category in cast.forms]
        self.weights = [one.weight for one in self.scenarios]

    def ended(self, count: int, week: datetime) -> Iterator[Replay]:
        """Tell escalations that came in the week from `week` on and ended since."""
        for number in range(count):
            rng = Random(f"ended {number}")
            at = week + timedelta(seconds=rng.randrange(7 * 86_400))
            yield self._ended(self._begin(rng, number, at), rng, at)

    def open(self, count: int, now: datetime) -> Iterator[Replay]:
        """Tell escalations of the last weeks that are open, half of them nobody's."""
        for number in range(count):
            rng = Random(f"open {number}")
            age = timedelta(days=_MOST_DAYS_OPEN) * rng.betavariate(1, 3) + timedelta(minutes=50)
            replay = self._open(self._begin(rng, number, now - age), rng, now - age, age)
            replay.pass_deadlines(now)
            yield replay

    def _begin(self, rng: Random, number: int, at: datetime) -> Replay:
        cast = self.cast
        scenario = rng.choices(self.scenarios, self.weights)[0]
        customer = cast.customer(rng)
        language = customer.language
        texts = scenario.texts[language]
        facts = gather(rng, scenario, customer, language, at)
        form = cast.forms[scenario.category]
        answers = redaction.redact_json(fill_in(rng, form, scenario, facts, texts))
        impact, urgency, _share = rng.choices(scenario.levels, [level[2] for level in scenario.levels])[0]
        telling = rng.randrange(len(texts["subject"]))
        channel = rng.choices(_CHANNELS, _CHANNEL_SHARES)[0]
        l1_team = rng.choice(cast.first_line)
        ticket = Ticket(
            subject=redaction.clean(texts["subject"][telling].format_map(facts))[:200],
            description=redaction.clean(
                f"{texts['description'][telling % len(texts['description'])].format_map(facts)}\n\n"
                f"{self.details.of(number, language).text}"
            ),
            category=cast.categories[scenario.category],
            form=form,
            answers=answers,
            customer=customer,
            channel=channel,
            l1_reference=f"HD-{rng.randrange(100_000, 999_999)}",
            impact=impact,
            urgency=urgency,
            priority=usual_priority(impact, urgency),
            state=State.NEW,
            team=cast.second_line_team(rng),
            created_by=rng.choice(cast.members[l1_team.pk]),
            l1_team=l1_team,
            **contract.columns(form, answers),
        )
        replay = Replay(ticket, cast.rules)
        replay.create(at, by=ticket.created_by)
        self._scenario, self._facts = scenario, facts
        return replay

    def _says(self, rng: Random, what: str) -> str:
        texts = self._scenario.texts[self._language]
        return redaction.clean(rng.choice(texts[what]).format_map(self._facts))

    @property
    def _language(self) -> str:
        return "es" if self._facts["date"].count(" de ") else "en"

    def _ended(self, replay: Replay, rng: Random, at: datetime) -> Replay:
        agent = rng.choice(self.cast.members[replay.ticket.team_id])
        later = _Later(rng, at)
        replay.accept(later(6), by=agent)
        story = rng.random()
        if story < 0.55:
            replay.message(later(15), MessageKind.TO_CUSTOMER, self._says(rng, "ask_customer"), by=agent)
            self._resolve(replay, later(300), agent)
            replay.close(later.at + timedelta(days=5), by=self.cast.system)
        elif story < 0.8:
            replay.start(later(30), by=agent)
            self._resolve(replay, later(400), agent)
            replay.close(later.at + timedelta(days=5), by=self.cast.system)
        else:
            question = replay.say(later(25), MessageKind.TO_CUSTOMER, self._says(rng, "ask_customer"), by=agent)
            replay.wait(later.at, State.WAITING_CUSTOMER, by=agent, message=question)
            replay.message(
                later(600), MessageKind.FROM_CUSTOMER, self._says(rng, "from_customer"), by=agent, resumes=True
            )
            self._resolve(replay, later(200), agent)
        return replay

    def _resolve(self, replay: Replay, at: datetime, agent: Any) -> None:
        texts = self._scenario.texts[self._language]
        replay.resolve(
            at,
            by=agent,
            resolution=self.cast.resolutions[self._scenario.resolution],
            root_cause=self.cast.causes[self._scenario.cause],
            answer_to_l1=texts["answer_l1"].format_map(self._facts),
            answer_to_customer=texts["answer_customer"].format_map(self._facts),
        )

    def _open(self, replay: Replay, rng: Random, at: datetime, age: timedelta) -> Replay:
        ticket = replay.ticket
        agent = rng.choice(self.cast.members[ticket.team_id])
        steps = sorted(at + age * rng.random() for _ in range(4))
        if rng.random() < 0.5:
            replay.message(steps[0], MessageKind.FROM_L1, self._says(rng, "from_l1"), by=ticket.created_by)
            replay.set_priority(steps[1], max(1, min(4, ticket.priority + rng.choice((-1, 1)))), by=agent)
            replay.message(steps[2], MessageKind.NOTE, self._says(rng, "note"), by=agent)
            replay.message(steps[3], MessageKind.FROM_L1, self._says(rng, "from_l1"), by=ticket.created_by)
            return replay
        replay.accept(steps[0], by=agent)
        replay.start(steps[1], by=agent)
        replay.message(steps[2], MessageKind.NOTE, self._says(rng, "note"), by=agent)
        if rng.random() < 0.4:
            question = replay.say(steps[3], MessageKind.TO_CUSTOMER, self._says(rng, "ask_customer"), by=agent)
            replay.wait(steps[3], State.WAITING_CUSTOMER, by=agent, message=question)
        else:
            replay.message(steps[3], MessageKind.TO_CUSTOMER, self._says(rng, "ask_customer"), by=agent)
        return replay


class _Later:
    """The moment of the next step, so many minutes later more or less."""

    def __init__(self, rng: Random, at: datetime) -> None:
        self.rng, self.at = rng, at

    def __call__(self, minutes: float) -> datetime:
        self.at += timedelta(seconds=round(60 * minutes * self.rng.lognormvariate(0, 0.9)))
        return self.at
