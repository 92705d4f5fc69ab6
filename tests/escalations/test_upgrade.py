"""An installation from before the ledger keeps its calendars, policies and clocks, to the second."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connections
from django.db.migrations.executor import MigrationExecutor
from pytest_django import DjangoDbBlocker

from common import clock
from escalations import calendars, ledger_check, lifecycle, policies, ticket_clocks
from escalations.clocks import Ledger, read
from escalations.models import Calendar, Clock, ClockEntry, Policy, Ticket

BEFORE = [("escalations", "0002_queue_order"), ("events", "0002_append_only"), ("accounts", "0003_email_in_use")]
MONDAY = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)  # 16:00 in Manila: an hour after opening
HOUR = timedelta(hours=1)


@pytest.fixture
def old_desk(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator["OldDesk"]:
    """A database of its own, as the version before left it."""
    with django_db_blocker.unblock():
        usual = connections["default"]
        name = f"{usual.settings_dict['NAME']}_old"
        with usual.cursor() as cursor:
            cursor.execute(f'DROP DATABASE IF EXISTS "{name}"')
            cursor.execute(f'CREATE DATABASE "{name}"')
        own = usual.copy()
        own.settings_dict = {**usual.settings_dict, "NAME": name}
        connections["default"] = own
        _forget_versions()
        try:
            executor = MigrationExecutor(own)
            executor.migrate(BEFORE)
            yield OldDesk(MigrationExecutor(own).loader.project_state(BEFORE).apps)
        finally:
            own.close()
            connections["default"] = usual
            _forget_versions()
            with usual.cursor() as cursor:
                cursor.execute(f'DROP DATABASE IF EXISTS "{name}"')


def _forget_versions() -> None:
    """The process remembers published versions by number, which another database has given to others."""
    policies.version.cache_clear()
    calendars.version.cache_clear()


class OldDesk:
    """Rows as the version before wrote them."""

    def __init__(self, apps: Any) -> None:
        self.model = apps.get_model
        user = self.new("accounts", "User", email="l2@example.com", name="L2", is_superuser=True)
        team = {"kind": "l2", "is_active": True}
        self.team = self.new("accounts", "Team", name="Old payments", **team)
        self.other_team = self.new("accounts", "Team", name="Old accounts", **team)
        self.category = self.new("escalations", "Category", key="old", name="Old", team=self.team)
        self.form = self.new(
            "escalations", "ContractForm", category=self.category, version=1, fields=[], created_at=MONDAY
        )
        self.customer = self.new("escalations", "Customer", external_id="C", name="C", created_at=MONDAY)
        self.by = user
        self.manila = self.new(
            "escalations", "Calendar", name="Manila", zone="Asia/Manila", holiday_country="PH",
            own_holidays=["2026-03-03"],
            weekly=[{"day": day, "opens": "15:00", "closes": "24:00"} for day in range(5)],
        )  # fmt: skip
        self.policy = self.new(
            "escalations", "Policy", name="Usual", position=3, calendar=self.manila, pauses_in=["waiting_customer"]
        )
        self.policy.categories.add(self.category)
        for priority in (1, 2, 3, 4):
            for metric, minutes, business_time in (
                ("accept", 30, True), ("first_response", 60, False), ("resolution", 240, True),
            ):  # fmt: skip
                self.new(
                    "escalations", "Target", policy=self.policy, metric=metric, priority=priority,
                    minutes=minutes * priority, business_time=business_time,
                )  # fmt: skip

    def new(self, app: str, model: str, **columns: Any) -> Any:
        return self.model(app, model).objects.create(**columns)

    def ticket(self, state: str, *told: tuple[float, str, str, int], **columns: Any) -> Any:
        """Store a ticket with its events: (hours after Monday, kind, state, priority)."""
        at = MONDAY + timedelta(microseconds=654_321)
        ticket = self.new(
            "escalations", "Ticket", state=state, category=self.category, form=self.form, customer=self.customer,
            team=columns.pop("team", self.team), created_by=self.by, subject="S", description="D", channel="chat",
            impact=1, urgency=1, priority=told[-1][3], created_at=at, updated_at=at, state_since=at, **columns,
        )  # fmt: skip
        for hours, kind, then, priority in told:
            team = self.other_team if kind == "team_changed" else self.team
            self.new(
                "events", "Event", kind=f"ticket.{kind}", subject_type="ticket", subject_id=ticket.pk,
                actor=self.by, at=at + hours * HOUR, recorded_at=at,
                data={"ticket": {
                    "state": then, "priority": priority, "category": self.category.pk, "team": team.pk,
                    "channel": "chat", "owner": None,
                }},
            )  # fmt: skip
        return ticket

    def clock(
        self, ticket: Any, metric: str, target: float, *segments: tuple[float, str], calendar: Any = None,
        breached: float | None = None, due: float | None = None, end: str = "stopped",
    ) -> Any:  # fmt: skip
        """Store a clock: segments are (hours after Monday, reason); a reason of waiting or stopping is a pause.

        The last "segment" is where it ended, unless it is still open.
        """
        is_open = end in {"running", "paused"}
        row = self.new(
            "escalations", "Clock", ticket=ticket, metric=metric, policy=self.policy, calendar=calendar,
            target_seconds=target * 3600, state=end, started_at=MONDAY + segments[0][0] * HOUR,
            due_at=MONDAY + due * HOUR if due is not None else None,
            stopped_at=None if is_open else MONDAY + segments[-1][0] * HOUR,
            breached_at=MONDAY + breached * HOUR if breached is not None else None,
        )  # fmt: skip
        ends = [hours for hours, _reason in segments[1:]]
        for (hours, reason), ended in zip(segments, [*ends, None], strict=True):
            if ended is None and not is_open:
                break
            running = not reason.startswith(("waiting", "stopped"))
            self.new(
                "escalations", "ClockSegment", clock=row, is_running=running, calendar=calendar, reason=reason,
                started_at=MONDAY + hours * HOUR, ended_at=None if ended is None else MONDAY + ended * HOUR,
                used_seconds=None if ended is None else int(running and (ended - hours) * 3600),
            )  # fmt: skip
        return row

    def upgrade(self) -> None:
        """Migrate to the present."""
        executor = MigrationExecutor(connections["default"])
        executor.migrate(executor.loader.graph.leaf_nodes())


def ledger(ticket: Any, metric: str) -> Ledger:
    [found] = ticket_clocks.ledgers_of(Clock.objects.filter(ticket=ticket.pk, metric=metric))
    return found


def story(ticket: Any, metric: str) -> list[tuple[float, str, str, str]]:
    """Return each entry: hours after Monday, what the clock does, why, and by which event."""
    entries = ClockEntry.objects.filter(clock__ticket=ticket.pk, clock__metric=metric).order_by("number")
    return [((row.at - MONDAY) / HOUR, row.does, row.reason, row.event.kind) for row in entries]


@pytest.mark.long
def test_an_existing_installation_keeps_its_service_levels(old_desk: OldDesk) -> None:
    desk = old_desk
    manila = desk.manila
    # Waited, resolved, taken up again, resolved.
    worked = desk.ticket(
        "resolved",
        (0, "created", "new", 2), (0.25, "accepted", "accepted", 2), (1, "waiting", "waiting_customer", 2),
        (3, "resumed", "in_progress", 2), (3, "message", "in_progress", 2), (4, "resolved", "resolved", 2),
        (30, "reopened", "reopened", 2), (30.5, "resolved", "resolved", 2),
        resolved_at=MONDAY + 30.5 * HOUR, accepted_at=MONDAY + HOUR / 4,
    )  # fmt: skip
    desk.clock(worked, "accept", 1, (0, "created"), (0.25, ""), calendar=manila)
    desk.clock(
        worked, "resolution", 8, (0, "created"), (1, "waiting_customer"), (3, "in_progress"), (4, "stopped"),
        (30, "reopened"), (30.5, ""), calendar=manila,
    )  # fmt: skip
    # Made more urgent when more than the new target was used: due at once, and missed.
    urgent = desk.ticket(
        "in_progress", (0, "created", "new", 3), (5, "priority_changed", "new", 1), (6, "team_changed", "new", 1),
        team=desk.other_team,
    )  # fmt: skip
    desk.clock(
        urgent, "resolution", 4, (0, "created"), (5, "priority"), calendar=manila, breached=5, due=5, end="running"
    )
    # Missed, and still running; no event but the first. Its accept clock was marked and stopped in one second.
    missed = desk.ticket(
        "accepted", (0, "created", "new", 1), (1, "accepted", "accepted", 1), accepted_at=MONDAY + HOUR
    )
    desk.clock(missed, "first_response", 1, (0, "created"), breached=1, due=1, end="running")
    desk.clock(missed, "accept", 1, (0, "created"), (1, ""), breached=1)
    # Cancelled while it waited; the mark is from other hours than the calendar has now.
    odd = desk.ticket(
        "cancelled",
        (0, "created", "new", 1),
        (9, "waiting", "waiting_customer", 1),
        (20, "cancelled", "cancelled", 1),
    )
    desk.clock(
        odd, "resolution", 2, (0, "created"), (9, "waiting_customer"), (20, ""), calendar=manila, breached=7,
        end="cancelled",
    )  # fmt: skip
    # Never missed, though by the hours of now it would be.
    lucky = desk.ticket("new", (0, "created", "new", 1), (7, "waiting", "waiting_customer", 1))
    desk.clock(lucky, "accept", 0.5, (0, "created"), (7, "waiting_customer"), calendar=manila, end="paused")
    desk.upgrade()

    for row in Clock.objects.all():
        [one] = ticket_clocks.ledgers_of([row])
        reading = read(one.entries)
        assert reading[:4] == (row.state, row.used_seconds, row.paused_seconds, row.due_at), row
        assert (reading.stopped_at, one.entries[-1].at) == (row.stopped_at, row.counted_to)
        assert row.breached_at == one.breached(clock.now())
        assert one.started_at == MONDAY  # the second in which the ticket began, by which it is found again
    assert all(
        entry.event.subject_id == entry.clock.ticket_id
        for entry in ClockEntry.objects.select_related("clock", "event")
    )

    assert not [found.differences for found in ledger_check.recompute() if found.differences]

    calendar = Calendar.objects.get(name="Manila")
    assert calendar.current is not None
    assert calendar.current.published_by is not None
    assert "2026-03-03" in calendar.current.holidays
    assert "2026-06-12" in calendar.current.holidays  # the Philippines' independence
    assert calendar.current.offsets[-1] == [*calendar.current.offsets[-1][:1], 8 * 3600]
    version = Policy.objects.get(name="Usual").current
    assert version is not None
    assert (version.categories, version.calendar, version.pauses_in) == (
        [desk.category.pk],
        calendar,
        ["waiting_customer"],
    )
    target = version.target("resolution", 2)
    assert target is not None
    assert (target.minutes, target.business_time) == (480, True)

    assert story(worked, "resolution") == [
        (0, "run", "created", "ticket.created"),
        (1, "pause", "waiting_customer", "ticket.waiting"),
        (3, "run", "in_progress", "ticket.resumed"),
        (4, "stop", "resolved", "ticket.resolved"),
        (30, "run", "reopened", "ticket.reopened"),
        (30.5, "stop", "resolved", "ticket.resolved"),
    ]
    assert story(worked, "accept")[-1] == (0.25, "stop", "accepted", "ticket.accepted")
    now = ledger(worked, "resolution").now
    assert now.used == 2 * 3600  # the reopening fell on the calendar's own holiday
    assert now.paused == 28 * 3600

    was, is_now = ledger(urgent, "resolution").entries
    assert (was.aim.seconds, is_now.aim.seconds) == (12 * 3600, 4 * 3600)
    assert ledger(urgent, "resolution").noticed == ledger(urgent, "resolution").now.due_at == MONDAY + 5 * HOUR
    assert ledger(missed, "first_response").noticed == MONDAY + HOUR
    assert ledger(missed, "accept").now.stopped_at == MONDAY + HOUR + timedelta(seconds=1)
    assert ledger(odd, "resolution").now.breached_at == MONDAY + 7 * HOUR
    assert ledger(lucky, "accept").now.breached_at is None

    tickets = Ticket.objects.in_bulk()
    assert tickets[urgent.pk].team_since == MONDAY + 6 * HOUR + timedelta(microseconds=654_321)
    assert tickets[worked.pk].team_since == tickets[worked.pk].created_at
    assert (tickets[missed.pk].next_due_at, tickets[missed.pk].next_due_metric) == (
        MONDAY + HOUR,
        "first_response",
    )
    assert (tickets[worked.pk].next_due_at, tickets[worked.pk].next_due_metric) == (None, "")

    # And they go on: nothing is marked twice, no clock begins again, the table is closed from now on.
    assert ticket_clocks.mark_breaches() == 0
    missed = tickets[missed.pk]
    lifecycle.start(missed, by=type(missed.created_by).objects.get(pk=desk.by.pk))
    assert set(missed.clocks.values_list("cycle", flat=True)) == {1}
    with pytest.raises(Exception, match="append-only"):
        ClockEntry.objects.all().delete()
