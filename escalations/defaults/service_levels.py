"""The calendars, the priority matrix and the policies a new desk starts with."""

from typing import Any, NamedTuple

from escalations.models import Metric, PolicyKind, Priority, Segment, State, StepAction

WORKDAYS = range(5)

MANILA_AFTERNOON = "Manila 15:00–24:00"
MANILA_EVENING = "Manila 16:00–01:00"
ALWAYS = "24×7"

#: Name to the calendar's columns. Friday's 16:00–01:00 ends on Saturday at 01:00.
CALENDARS: dict[str, dict[str, Any]] = {
    MANILA_AFTERNOON: {
        "zone": "Asia/Manila",
        "weekly": [{"day": day, "opens": "15:00", "closes": "24:00"} for day in WORKDAYS],
        "holiday_country": "PH",
    },
    MANILA_EVENING: {
        "zone": "Asia/Manila",
        "weekly": [{"day": day, "opens": "16:00", "closes": "01:00"} for day in WORKDAYS],
        "holiday_country": "PH",
    },
    ALWAYS: {
        "zone": "UTC",
        "weekly": [{"day": day, "opens": "00:00", "closes": "24:00"} for day in range(7)],
        "holiday_country": "",
    },
}

#: (impact, urgency) to priority, 1 is the highest of each.
PRIORITY_MATRIX = {
    (1, 1): Priority.P1, (1, 2): Priority.P2, (1, 3): Priority.P3,
    (2, 1): Priority.P2, (2, 2): Priority.P3, (2, 3): Priority.P4,
    (3, 1): Priority.P3, (3, 2): Priority.P4, (3, 3): Priority.P4,
}  # fmt: skip

PAUSES_IN = [State.RETURNED, State.WAITING_CUSTOMER, State.WAITING_L1]

#: A reopened ticket's clock goes on: all in all it may take this much longer than the first resolution.
_TOTAL = 1.5
#: Minutes that a team may have a ticket before it passes it on or resolves it, and a partner to answer.
_OWNERSHIP = {Priority.P1: 180, Priority.P2: 480, Priority.P3: 960, Priority.P4: 1920}
_HAND_OVER = {Priority.P1: 120, Priority.P2: 480, Priority.P3: 960, Priority.P4: 1440}

_DAY = 24 * 60


def _step(metric: Metric, minutes: int, does: StepAction) -> dict[str, Any]:
    return {"metric": metric, "minutes": minutes, "does": does}


#: What is done before and after the deadlines of service levels.
LADDER = [
    _step(Metric.ACCEPT, -10, StepAction.NOTIFY_TEAM),
    _step(Metric.ACCEPT, 0, StepAction.NOTIFY_LEAD),
    _step(Metric.FIRST_RESPONSE, -15, StepAction.NOTIFY_OWNER),
    _step(Metric.FIRST_RESPONSE, 0, StepAction.NOTIFY_LEAD),
    _step(Metric.NEXT_RESPONSE, 0, StepAction.NOTIFY_OWNER),
    _step(Metric.UPDATE, -30, StepAction.NOTIFY_OWNER),
    _step(Metric.UPDATE, 0, StepAction.NOTIFY_LEAD),
    _step(Metric.FIRST_RESOLUTION, -60, StepAction.NOTIFY_OWNER),
    _step(Metric.FIRST_RESOLUTION, -15, StepAction.NOTIFY_LEAD),
    _step(Metric.FIRST_RESOLUTION, 0, StepAction.CLIMB),
    _step(Metric.FIRST_RESOLUTION, 120, StepAction.RAISE_PRIORITY),
    _step(Metric.RESOLUTION, 0, StepAction.NOTIFY_LEAD),
    _step(Metric.HAND_OVER, -30, StepAction.NOTIFY_OWNER),
    _step(Metric.HAND_OVER, 0, StepAction.NOTIFY_OWNER),
]
#: The same for regulatory deadlines, which are days away.
REGULATORY_LADDER = [
    _step(Metric.REGULATORY, -3 * _DAY, StepAction.NOTIFY_OWNER),
    _step(Metric.REGULATORY, -2 * _DAY, StepAction.NOTIFY_LEAD),
    _step(Metric.REGULATORY, 0, StepAction.CLIMB),
]

RAISE_AFTER_REOPENS = 2


class PolicyDefault(NamedTuple):
    """A policy before it is stored; `minutes` are accept, response, first resolution, per priority.

    `regulatory_days` makes it one of regulatory deadlines: so many days, which nothing stops.
    """

    name: str
    calendar: str
    minutes: dict[Priority, tuple[int, int, int]]
    categories: tuple[str, ...] = ()
    priorities: tuple[Priority, ...] = ()
    segments: tuple[Segment, ...] = ()
    regulatory_days: int = 0
    forgotten_after_minutes: int | None = None

    @property
    def kind(self) -> PolicyKind:
        return PolicyKind.REGULATORY if self.regulatory_days else PolicyKind.SERVICE

    def ladder(self) -> list[dict[str, Any]]:
        """Return the ladder as a policy version keeps it."""
        return REGULATORY_LADDER if self.regulatory_days else LADDER

    def targets(self) -> list[dict[str, Any]]:
        """Return the targets as a policy version keeps them."""
        if self.regulatory_days:
            return [
                _target(Metric.REGULATORY, priority, self.regulatory_days * _DAY, business_time=False)
                for priority in Priority
            ]
        return [
            _target(metric, priority, minutes)
            for priority, (accept, response, resolution) in self.minutes.items()
            for metric, minutes in {
                Metric.ACCEPT: accept,
                Metric.FIRST_RESPONSE: response,
                Metric.NEXT_RESPONSE: response,
                Metric.FIRST_RESOLUTION: resolution,
                Metric.RESOLUTION: round(resolution * _TOTAL),
                Metric.OWNERSHIP: _OWNERSHIP[priority],
                Metric.HAND_OVER: _HAND_OVER[priority],
            }.items()
        ]


def _target(metric: Metric, priority: Priority, minutes: int, *, business_time: bool = True) -> dict[str, Any]:
    return {"metric": metric, "priority": priority, "minutes": minutes, "business_time": business_time}


#: In the order in which they are tried; the first that matches wins.
POLICIES = [
    PolicyDefault(
        "Security, around the clock",
        ALWAYS,
        {
            Priority.P1: (10, 20, 180),
            Priority.P2: (20, 45, 480),
            Priority.P3: (60, 180, 1440),
            Priority.P4: (240, 720, 4320),
        },
        categories=("security_alert",),
        forgotten_after_minutes=8 * 60,
    ),
    PolicyDefault(
        "P1, around the clock",
        ALWAYS,
        {Priority.P1: (15, 30, 240)},
        priorities=(Priority.P1,),
        forgotten_after_minutes=4 * 60,
    ),
    PolicyDefault(
        "Business customers",
        MANILA_EVENING,
        {
            Priority.P2: (30, 60, 480),
            Priority.P3: (60, 120, 810),
            Priority.P4: (120, 240, 1620),
        },
        segments=(Segment.BUSINESS, Segment.ENTERPRISE),
        forgotten_after_minutes=9 * 60,
    ),
    PolicyDefault(
        "Standard",
        MANILA_AFTERNOON,
        {
            Priority.P1: (15, 30, 240),
            Priority.P2: (30, 90, 540),
            Priority.P3: (90, 240, 1080),
            Priority.P4: (180, 540, 2160),
        },
        forgotten_after_minutes=18 * 60,
    ),
    PolicyDefault("Public complaints, 15 days", ALWAYS, {}, categories=("social_complaint",), regulatory_days=15),
    PolicyDefault("Chargebacks, 20 days", ALWAYS, {}, categories=("chargeback",), regulatory_days=20),
    PolicyDefault(
        "Requests about personal data, 30 days", ALWAYS, {}, categories=("data_request",), regulatory_days=30
    ),
]
