"""Whom the steps of ladders, forgotten tickets and reopenings reach."""

from datetime import timedelta
from typing import Any

import time_machine
from django.core.mail import EmailMessage

from accounts import people
from accounts.models import Availability, Membership, Role, User
from escalations import (
    alert_mail,
    alerts,
    assignment,
    climbing,
    contacts,
    conversation,
    diagnosis,
    lifecycle,
    timeline,
)
from escalations.diagnosis import Findings
from escalations.models import (
    Alert,
    MessageKind,
    Metric,
    ReasonKind,
)
from events.models import Delivery, Event
from tests.escalations.desk import Desk
from tests.escalations.ladders import MONDAY, policy, rungs, step, told


def test_who_is_away_or_left_is_passed_over(desk: Desk) -> None:
    policy(step(Metric.ACCEPT, 0, "notify_team"), step(Metric.RESOLUTION, 0, "notify_owner"))
    with time_machine.travel(MONDAY, tick=False) as now:
        first, second = desk.started(impact=1, urgency=1), desk.escalated(impact=1, urgency=1)
        people.set_availability(desk.l2, Availability.AWAY, by=desk.l2)
        now.shift(timedelta(minutes=61))
        climbing.take_steps()
        assert told() == [("Otis Second", "missed"), ("Lea Lead", "missed")]
        now.shift(timedelta(hours=4))
        climbing.take_steps()
        owners = Alert.objects.filter(ticket=first, event__data__step__does="notify_owner")
        assert owners.get().recipient == desk.lead
        assert (
            Alert.objects.filter(ticket=second, event__data__step__does="notify_owner").get().recipient
            == desk.lead
        )


def test_climbing_goes_from_person_to_person_then_to_leads_then_to_admins(desk: Desk) -> None:
    policy(*(step(Metric.RESOLUTION, minutes, "climb") for minutes in (0, 10, 20, 30)))
    admin = desk.person("Ada Admin")
    admin.is_superuser = True
    admin.save()
    contacts.change(desk.payments, [desk.l2, desk.other_l2], by=desk.lead, seen=[])
    with time_machine.travel(MONDAY, tick=False) as now:
        desk.started(impact=1, urgency=1)
        now.shift(timedelta(hours=4, seconds=1))
        people.set_availability(desk.l2, Availability.AWAY, by=desk.l2)
        for _time in range(4):
            climbing.take_steps()
            now.shift(timedelta(minutes=10))
    assert [name for name, _kind in told()] == ["Otis Second", "Lea Lead", "Ada Admin", "Lea Lead"]


def test_reassigning_gives_it_to_the_least_busy_of_those_who_are_there(desk: Desk) -> None:
    policy(step(Metric.RESOLUTION, 0, "reassign"))
    third, busy = (desk.person(name, (desk.payments, Role.L2)) for name in ("Tina Third", "Bea Busy"))
    people.set_availability(busy, Availability.BUSY, by=busy)
    with time_machine.travel(MONDAY, tick=False) as now:
        ticket, other = desk.started(impact=1, urgency=1), desk.accepted(impact=3, urgency=3)
        assignment.assign(other, desk.other_l2, by=desk.lead)
        now.shift(timedelta(hours=5))
        climbing.take_steps()
        ticket.refresh_from_db()
        assert ticket.owner == third
        assert told() == [("Tina Third", "assigned")]
    line = next(entry.line for entry in timeline.of_ticket(ticket, desk.l2) if "gave it to" in entry.line)
    assert line == "gave it to Tina Third. Resolution: missed, it was due Mon 2 Mar, 12:00 UTC."


def test_where_nobody_can_take_it_the_lead_hears_of_it(desk: Desk) -> None:
    policy(step(Metric.RESOLUTION, 0, "reassign"))
    with time_machine.travel(MONDAY, tick=False) as now:
        desk.started(impact=1, urgency=1)
        people.set_availability(desk.other_l2, Availability.AWAY, by=desk.other_l2)
        now.shift(timedelta(hours=5))
        climbing.take_steps()
    assert told() == [("Lea Lead", "missed")]


def test_at_night_when_nobody_is_there_the_lead_hears_of_it_all_the_same(desk: Desk) -> None:
    policy(step(Metric.ACCEPT, 0, "notify_team"))
    with time_machine.travel(MONDAY, tick=False) as now:
        desk.escalated(impact=1, urgency=1)
        User.objects.update(availability=Availability.AWAY)
        now.shift(timedelta(hours=2))
        climbing.take_steps()
    assert told() == [("Lea Lead", "missed")]


def test_p1_cannot_be_raised_and_the_step_is_passed_over(desk: Desk) -> None:
    policy(step(Metric.RESOLUTION, 0, "raise_priority"))
    with time_machine.travel(MONDAY, tick=False) as now:
        ticket = desk.started(impact=1, urgency=1)
        now.shift(timedelta(hours=5))
        assert climbing.take_steps() == 0
    assert [state for state, _at in rungs(ticket).values()] == ["skipped"]
    assert not Event.objects.filter(kind="ticket.priority_changed").exists()


def test_nobody_hears_of_a_ticket_that_they_may_not_see(desk: Desk) -> None:
    policy(step(Metric.RESOLUTION, 0, "climb"))
    contacts.change(desk.payments, [desk.other_l2], by=desk.lead, seen=[])
    Membership.objects.filter(user=desk.other_l2).update(team=desk.accounts)
    with time_machine.travel(MONDAY, tick=False) as now:
        desk.started(impact=1, urgency=1)
        now.shift(timedelta(hours=5))
        climbing.take_steps()
    assert told() == [("Lea Lead", "missed")]


def test_a_forgotten_ticket_climbs_until_somebody_touches_it(desk: Desk) -> None:
    policy(forgotten_after_minutes=120)
    contacts.change(desk.payments, [desk.other_l2], by=desk.lead, seen=[])
    with time_machine.travel(MONDAY, tick=False) as now:
        ticket = desk.started(impact=1, urgency=1)
        now.shift(timedelta(hours=1))
        assignment.assign(ticket, desk.l2, by=desk.lead)
        conversation.write(ticket, by=desk.l2, kind=MessageKind.NOTE, body="Looking into it.")
        now.shift(timedelta(hours=2))
        conversation.write(ticket, by=desk.l1, kind=MessageKind.FROM_L1, body="Hello?")
        assert climbing.take_steps() == 0  # the second is not over
        now.shift(timedelta(seconds=1))
        assert climbing.take_steps() == 1
        assert climbing.take_steps() == 0
        assert told() == [("Sam Second", "forgotten"), ("Otis Second", "forgotten")]
        now.shift(timedelta(hours=2, seconds=1))
        assert climbing.take_steps() == 1
        assert told()[2:] == [("Sam Second", "forgotten"), ("Lea Lead", "forgotten")]
        diagnosis.write(ticket, Findings(symptoms="Slow"), by=desk.l2, version=0)
        now.shift(timedelta(hours=1, minutes=59))
        assert climbing.take_steps() == 0
        now.shift(timedelta(minutes=2))
        climbing.take_steps()
        assert told()[4:] == [("Sam Second", "forgotten"), ("Otis Second", "forgotten")]
        lifecycle.wait_for_customer(ticket, by=desk.l2, message="Are you there?")
        now.shift(timedelta(days=9))
        assert climbing.take_steps() == 0
    assert len(told()) == 6
    ticket.refresh_from_db()
    assert ticket.forgotten_at is None


def test_reopening_again_and_again_raises_the_priority_and_tells_the_lead(desk: Desk) -> None:
    policy(raise_after_reopens=2)
    ticket = desk.resolved(impact=2, urgency=2)
    why: dict[str, Any] = {"reason": desk.reason(ReasonKind.REOPEN), "explanation": "Still broken."}
    priorities = []
    for _time in range(4):
        ticket = lifecycle.reopen(ticket, by=desk.l2, **why)
        priorities.append(ticket.priority)
        ticket = desk.resolved(lifecycle.start(ticket, by=desk.l2))
    assert priorities == [3, 2, 1, 1]
    assert told() == [("Lea Lead", "reopened")] * 3
    said = [alerts.sentence(alert) for alert in Alert.objects.order_by("id").select_related("event__actor")]
    assert said == [f"Reopenings so far: {times}." for times in (2, 3, 4)]


def test_an_alert_is_mailed_in_the_language_and_zone_of_whom_it_is_for(
    desk: Desk, mailoutbox: list[EmailMessage]
) -> None:
    policy(step(Metric.RESOLUTION, 0, "notify_team"))
    people.change_preferences(desk.lead, by=desk.lead, language="es", time_zone="Asia/Manila")
    with time_machine.travel(MONDAY, tick=False) as now:
        ticket = desk.started(impact=1, urgency=1)
        now.shift(timedelta(hours=5))
        climbing.take_steps()
        owed = list(Delivery.objects.filter(consumer=alert_mail.CONSUMER).order_by("id"))
        assert len(owed) == 3
        alerts.read(None, by=desk.l2)  # who has read it needs no mail
        people.deactivate(desk.other_l2, by=desk.lead)
        for delivery in owed:
            alert_mail.handle(delivery.event)
    (sent,) = mailoutbox
    assert sent.to == [desk.lead.email]
    assert sent.extra_headers["Content-Language"] == "es"
    assert f"[{ticket.reference}]" in sent.subject
    assert "20:00 Manila" in sent.body
    assert ticket.get_absolute_url() in sent.body
    assert ticket.description not in sent.body and "ana@example.com" not in sent.body
