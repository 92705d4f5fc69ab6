"""When cases come in: six weeks of shifts, quiet weekends, and one problem that grows."""

from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import NamedTuple

from accounts.models import User
from escalations.models import Channel, Customer, Priority
from integrations.demo.facts import MANILA
from integrations.demo.people import CHAT, ENGINEERING, SPANISH, VOICE, Staff
from integrations.demo.scenarios import Scenario, all_scenarios

WEEKS = 6
TREND_DAYS = 5
#: How many more cases the planted problem brings on each of its days, the last one being today.
TREND_GROWTH = (5, 9, 14, 19, 24)

#: Share of a day's cases by weekday, Monday first.
_WEEKDAYS = (1.15, 1.05, 1.0, 1.0, 1.05, 0.3, 0.2)
#: First and last hour (Manila) of each first-line team's shifts; Voice is there around the clock, thinly at night.
_SHIFTS = {VOICE: (13, 25), CHAT: (14, 25), SPANISH: (15, 26)}
_NIGHT_SHARE = 0.04
_CHANNELS = {
    VOICE: [Channel.PHONE, Channel.OTHER],
    CHAT: [Channel.CHAT, Channel.EMAIL, Channel.SOCIAL, Channel.APP_REVIEW],
    SPANISH: [Channel.PHONE, Channel.CHAT, Channel.EMAIL, Channel.SOCIAL, Channel.APP_REVIEW],
}
_CHANNEL_SHARES: dict[str, list[float]] = {VOICE: [12, 1], CHAT: [7, 6, 1, 0.3], SPANISH: [5, 4, 3, 0.6, 0.2]}
_SPANISH_SHARE = 0.3
#: Cases of the last days that are left after a step, so that every state has some: step, priority, minutes ago.
_JUST_NOW = [
    ("created", 1, 6), ("created", 1, 140), ("created", 2, 14), ("created", 2, 320), ("created", 3, 35),
    ("created", 3, 75), ("created", 4, 55), ("created", 4, 190), ("accepted", 2, 90), ("accepted", 3, 400),
    ("accepted", 4, 5500), ("started", 1, 150), ("started", 2, 600), ("started", 4, 5900), ("reopened", 2, 6200),
    ("reopened", 3, 8300), ("returned", 2, 1300), ("returned", 3, 5400), ("returned", 4, 7000),
    ("waiting_customer", 3, 1500), ("waiting_customer", 2, 5600), ("waiting_l1", 3, 1200), ("waiting_l1", 2, 5300),
    ("waiting_partner", 2, 900), ("waiting_partner", 3, 5700), ("waiting_partner", 3, 6500),
]  # fmt: skip


class Arrival(NamedTuple):
    """A case as it reaches the first line. `halt` leaves it as it is after that step; `priority` is asked for."""

    at: datetime
    scenario: Scenario
    customer: Customer
    agent: User
    l1_team: str
    channel: Channel
    halt: str = ""
    priority: Priority | None = None


class Reception:
    """Draws arrivals from the customers and scenarios there are."""

    def __init__(self, rng: Random, staff: Staff, customers: list[Customer]) -> None:
        self.rng = rng
        self.staff = staff
        self.customers = customers
        self.scenarios = all_scenarios()
        self.planted = next(scenario for scenario in self.scenarios if scenario.planted)

    def six_weeks(self, count: int, now: datetime) -> list[Arrival]:
        """Return `count` ordinary arrivals, the planted trend and what is open just now, in order of time."""
        today = now.astimezone(MANILA).date()
        days = [today - timedelta(days=back) for back in range(WEEKS * 7)]
        weights = [_WEEKDAYS[day.weekday()] for day in days]
        ordinary = [self._ordinary(day) for day in self.rng.choices(days, weights, k=count)]
        arrivals = [*ordinary, *self._trend(today), *self._just_now(now)]
        return sorted((arrival for arrival in arrivals if arrival.at < now), key=lambda arrival: arrival.at)

    def _ordinary(self, day: date) -> Arrival:
        language = "es" if self.rng.random() < _SPANISH_SHARE else "en"
        scenario = self._scenario(language)
        return self._arrival(scenario, language, self._customer(scenario, language), day)

    def _trend(self, today: date) -> list[Arrival]:
        """Return the planted trend: every case another customer."""
        cases = []
        pool = [customer for customer in self.customers if customer.segment == "consumer"]
        self.rng.shuffle(pool)
        for back, growth in zip(range(TREND_DAYS - 1, -1, -1), TREND_GROWTH, strict=True):
            for _number in range(growth):
                customer = pool.pop()
                day = today - timedelta(days=back)
                cases.append(self._arrival(self.planted, customer.language, customer, day))
        return cases

    def _just_now(self, now: datetime) -> list[Arrival]:
        """Return cases of the last days that nobody has taken, or that stopped on the way."""
        arrivals = []
        for halt, priority, minutes in _JUST_NOW:
            language = "es" if self.rng.random() < _SPANISH_SHARE else "en"
            scenario = self._scenario(language, partner=ENGINEERING if halt == "waiting_partner" else "")
            at = now - timedelta(minutes=minutes, seconds=self.rng.randrange(50))
            arrival = self._arrival(scenario, language, self._customer(scenario, language), at)
            arrivals.append(arrival._replace(halt=halt, priority=Priority(priority)))
        return arrivals

    def _scenario(self, language: str, *, partner: str = "") -> Scenario:
        fitting = [
            scenario
            for scenario in self.scenarios
            if scenario.texts[language] and partner in ("", scenario.partner)
        ]
        return self.rng.choices(fitting, [scenario.weight for scenario in fitting])[0]

    def _customer(self, scenario: Scenario, language: str) -> Customer:
        """Return somebody who speaks `language`; some customers come back more often."""
        pool = [
            customer
            for customer in self.customers
            if customer.language == language and (not scenario.segments or customer.segment in scenario.segments)
        ]
        return pool[int(len(pool) * self.rng.random() ** 1.4)]

    def _arrival(
        self,
        scenario: Scenario,
        language: str,
        customer: Customer,
        when: date | datetime,
    ) -> Arrival:
        """Return an arrival at a moment, or at some time of a day's shifts."""
        team = SPANISH if language == "es" else self.rng.choices([VOICE, CHAT], [55, 45])[0]
        if scenario.channels and team == VOICE:
            team = CHAT
        channels, shares = _CHANNELS[team], _CHANNEL_SHARES[team]
        if scenario.channels:
            channels, shares = [Channel(name) for name in scenario.channels], [1.0] * len(scenario.channels)
        return Arrival(
            at=when if isinstance(when, datetime) else self._moment(when, team),
            scenario=scenario,
            customer=customer,
            agent=self.rng.choice(self.staff.members[team]),
            l1_team=team,
            channel=self.rng.choices(channels, shares)[0],
        )

    def _moment(self, day: date, team: str) -> datetime:
        begins, ends = _SHIFTS[team]
        if team == VOICE and self.rng.random() < _NIGHT_SHARE:
            begins, ends = 0, begins
        hours = begins + (ends - begins) * self.rng.betavariate(1.6, 2.0)
        midnight = datetime.combine(day, time(), MANILA)
        return (midnight + timedelta(hours=hours)).astimezone(UTC)
