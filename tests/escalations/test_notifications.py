"""Notifications: who hears of what, once; how they chose to be told; quiet hours; digests; unsubscribing."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.core.mail import EmailMessage
from django.test import Client
from django.urls import reverse

from accounts import people
from accounts.models import Role, User
from common import clock
from common.errors import Refused
from escalations import (
    alert_mail,
    alerts,
    assignment,
    conversation,
    lifecycle,
    merging,
    news,
    notifications,
    quiet,
)
from escalations.alerts import RAISED
from escalations.models import (
    Alert,
    AlertKind,
    MessageKind,
    NotificationSettings,
    Priority,
    ReasonKind,
    Ticket,
    Urgent,
    Way,
)
from escalations.quiet import Presence
from events.models import Event
from events.recording import record
from tests.escalations.desk import Desk
from tests.matrix import Scenario

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(scenario: Scenario) -> Desk:
    return scenario.desk


def last_event() -> int:
    return Event.objects.latest("pk").pk


def told() -> list[tuple[str, str]]:
    return list(Alert.objects.order_by("pk").values_list("recipient__name", "kind"))


def hear(since: int) -> None:
    """Let the consumer hear of all that has happened, twice, in reverse: deliveries come in any order."""
    events = list(Event.objects.filter(kind__in=news.KINDS, pk__gt=since).order_by("-pk"))
    for event in [*events, *events]:
        news.handle(event)


def mail_owed() -> None:
    for event in Event.objects.filter(kind__in=alert_mail.KINDS).order_by("pk"):
        alert_mail.handle(event)


def latest(kind: str) -> Event:
    return Event.objects.filter(kind=kind).latest("pk")


Story = Callable[[Desk], Any]
MATRIX: dict[str, tuple[Story, list[tuple[str, str]]]] = {
    "given by the lead": (
        lambda desk: assignment.assign(desk.escalated(), desk.l2, by=desk.lead),
        [("Sam Second", "assigned")],
    ),
    "taken by oneself": (lambda desk: assignment.take(desk.escalated(), by=desk.l2), []),
    "the first line writes": (
        lambda desk: conversation.write(desk.started(), by=desk.l1, kind=MessageKind.FROM_L1, body="And?"),
        [("Sam Second", "message")],
    ),
    "the second line writes to the first": (
        lambda desk: conversation.write(desk.started(), by=desk.l2, kind=MessageKind.TO_L1, body="Soon."),
        [("Lina First", "message")],
    ),
    "an internal note": (
        lambda desk: conversation.write(desk.started(), by=desk.other_l2, kind=MessageKind.NOTE, body="Hm."),
        [],
    ),
    "a question to the first line": (
        lambda desk: lifecycle.wait_for_l1(desk.started(), by=desk.l2, message="Which?"),
        [("Lina First", "asked")],
    ),
    "a question to a partner": (
        lambda desk: lifecycle.wait_for_partner(
            desk.started(), by=desk.l2, partner=desk.engineering, message="Is it down?"
        ),
        [("Pat Partner", "handed_over")],
    ),
    "returned": (lambda desk: desk.returned(), [("Lina First", "returned")]),
    "resolved": (lambda desk: desk.resolved(), [("Lina First", "resolved")]),
    "reopened by the first line": (
        lambda desk: lifecycle.reopen(
            desk.resolved(), by=desk.l1, reason=desk.reason(ReasonKind.REOPEN), explanation="No."
        ),
        [("Lina First", "resolved"), ("Sam Second", "taken_up")],
    ),
    "merged": (
        lambda desk: merging.merge(desk.escalated(), by=desk.l2, target=desk.started()),
        [("Lina First", "merged")],
    ),
}


@pytest.mark.parametrize("story", MATRIX)
def test_everybody_concerned_hears_of_it_once_and_never_of_what_they_did(desk: Desk, story: str) -> None:
    tell, expected = MATRIX[story]
    before = last_event()
    tell(desk)
    hear(before)
    assert sorted(told()) == sorted(expected)


def test_several_kinds_for_one_fact_are_one_and_the_first_line_of_a_duplicate_hears_of_its_end(desk: Desk) -> None:
    before = last_event()
    ticket = desk.started()
    conversation.write(ticket, by=desk.l1, kind=MessageKind.FROM_L1, body="@Sam?")
    alerts.tell(ticket, [desk.l2], AlertKind.MENTIONED, event=latest("ticket.message"))
    hear(before)
    assert told() == [("Sam Second", "mentioned")]
    other = desk.person("Lou First", (desk.voice, Role.L1))
    duplicate = desk.escalated()
    Ticket.objects.filter(pk=duplicate.pk).update(created_by=other)
    merging.merge(duplicate, by=desk.l2, target=ticket)
    desk.resolved(ticket)
    news.handle(latest("ticket.resolved"))
    assert set(told()) == {("Sam Second", "mentioned"), ("Lina First", "resolved"), ("Lou First", "resolved")}
    assert Alert.objects.get(recipient=other).ticket == duplicate  # of theirs, which is the one they may see


def test_nobody_hears_of_what_they_may_not_see_or_after_they_left(desk: Desk) -> None:
    assignment.assign(desk.escalated(), desk.l2, by=desk.lead)
    event = latest("ticket.assigned")
    desk.l2.memberships.all().delete()
    news.handle(event)
    desk.resolved(desk.started())
    people.deactivate(desk.l1, by=desk.lead)
    news.handle(latest("ticket.resolved"))
    assert told() == []


@pytest.mark.parametrize("way", list(Way))
def test_each_way_does_what_it_says(desk: Desk, way: Way, mailoutbox: list[EmailMessage]) -> None:
    before = last_event()
    notifications.choose(desk.l1, {AlertKind.RESOLVED: way}, quiet=False, urgent=Urgent.LADDER, by=desk.l1)
    with time_machine.travel(datetime(2026, 3, 2, 9, tzinfo=UTC), tick=False) as now:
        desk.resolved()
        desk.resolved()
        hear(before)
        mail_owed()
        mail_owed()  # deliveries may come twice
        assert Alert.objects.count() == (0 if way == Way.OFF else 2)
        assert len(mailoutbox) == (2 if way == Way.MAIL else 0)
        now.shift(timedelta(hours=22, minutes=59))
        assert alert_mail.owe_digests() == 0  # 7:59
        now.shift(timedelta(days=1, minutes=1))  # a day late is late, not lost
        assert alert_mail.owe_digests() == (1 if way == Way.DIGEST else 0)
        assert alert_mail.owe_digests() == 0
        mail_owed()
    if way == Way.DIGEST:
        (sent,) = mailoutbox
        assert sent.subject == "2 notifications"
        assert sent.body.count("Sam Second resolved it.") == 2


def test_a_digest_with_nothing_left_unread_is_not_sent(desk: Desk, mailoutbox: list[EmailMessage]) -> None:
    before = last_event()
    digest = {AlertKind.RESOLVED: Way.DIGEST}
    notifications.choose(desk.l1, digest, quiet=True, urgent=Urgent.LADDER, by=desk.l1)
    desk.resolved()
    hear(before)
    mail_owed()
    alerts.read(None, by=desk.l1)
    with clock.replaying(clock.now() + timedelta(days=1)):
        alert_mail.owe_digests()
        mail_owed()
    assert mailoutbox == []


def test_what_falls_outside_the_shift_waits_for_it(
    desk: Desk, mailoutbox: list[EmailMessage], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = last_event()
    start = datetime(2026, 3, 2, 14, tzinfo=UTC)
    on_duty = {"now": False}
    monkeypatch.setattr(
        quiet, "presence", lambda person, at: Presence(True, on_duty["now"], start if at < start else None)
    )
    with time_machine.travel(start - timedelta(hours=5), tick=False) as now:
        ticket = assignment.assign(desk.escalated(impact=1, urgency=1), desk.l2, by=desk.lead)
        hear(before)
        mail_owed()
        assert mailoutbox == []
        event = record("ticket.alerted", subject=("ticket", ticket.pk), by=people.system(), data=_step())
        alerts.tell(ticket, [desk.l2], AlertKind.MISSED, event=event)
        mail_owed()
        assert len(mailoutbox) == 1  # a missed deadline breaks through, unless they chose otherwise
        now.move_to(start)
        on_duty["now"] = True
        assert alert_mail.owe_digests() == 1
        mail_owed()
    assert [message.subject for message in mailoutbox][1:] == ["1 notification"]


def _step() -> dict[str, Any]:
    return {"step": {"metric": "resolution", "due_at": None}, "how": "ladder"}


@pytest.mark.parametrize(
    ("kind", "priority", "urgent", "reaches"),
    [
        ("missed", Priority.P3, Urgent.LADDER, True),
        ("missed", Priority.P3, Urgent.P1, False),
        ("missed", Priority.P1, Urgent.P1, True),
        ("missed", Priority.P1, Urgent.NOTHING, False),
        ("message", Priority.P1, Urgent.LADDER, False),
    ],
)
def test_what_breaks_through_is_chosen(kind: str, priority: int, urgent: Urgent, reaches: bool) -> None:
    alert = Alert(kind=kind, ticket=Ticket(priority=priority), event=Event(data={}))
    chosen = NotificationSettings(quiet=True, urgent=urgent)
    assert quiet.waits(alert, chosen, Presence(rostered=True)) != reaches
    for present in (Presence(), Presence(rostered=True, on_duty=True)):
        assert not quiet.waits(alert, chosen, present)
    assert not quiet.waits(alert, NotificationSettings(quiet=False, urgent=urgent), Presence(rostered=True))


@pytest.mark.parametrize(
    ("zone", "at", "morning"),
    [
        ("UTC", "2026-03-02T07:59:59+00:00", "2026-03-02T08:00:00+00:00"),
        ("UTC", "2026-03-02T08:00:00+00:00", "2026-03-03T08:00:00+00:00"),
        ("Asia/Manila", "2026-03-02T09:00:00+00:00", "2026-03-03T00:00:00+00:00"),
        ("America/New_York", "2026-03-07T14:00:00+00:00", "2026-03-08T12:00:00+00:00"),  # the clocks go forward
        ("America/New_York", "2026-10-31T13:00:00+00:00", "2026-11-01T13:00:00+00:00"),  # and back
        ("Pacific/Auckland", "2026-04-04T20:30:00+00:00", "2026-04-05T20:00:00+00:00"),
    ],
)
def test_the_morning_is_that_of_the_persons_own_wall(zone: str, at: str, morning: str) -> None:
    person = User(time_zone=zone)
    assert quiet.next_digest(person, Presence(), datetime.fromisoformat(at)) == datetime.fromisoformat(morning)


def test_presence_follows_the_roster(desk: Desk) -> None:
    """The scenario has Sam on Monday from 9:00 to 17:00 in Manila, published today."""
    monday = clock.now().replace(hour=1, minute=0, second=0, microsecond=0) + timedelta(days=7)
    monday -= timedelta(days=monday.weekday())
    assert monday > clock.now()
    before, during = quiet.presence(desk.l2, monday - timedelta(seconds=1)), quiet.presence(desk.l2, monday)
    assert (before.rostered, before.on_duty, before.next_shift) == (True, False, monday)
    assert (during.on_duty, during.next_shift) == (True, monday + timedelta(days=7))
    assert quiet.presence(desk.lead, monday) == Presence()


def test_unsubscribing_takes_a_signed_link_and_a_post(desk: Desk, mailoutbox: list[EmailMessage]) -> None:
    notifications.choose(desk.l2, {}, quiet=False, urgent=Urgent.LADDER, by=desk.l2)
    before = last_event()
    assignment.assign(desk.escalated(), desk.l2, by=desk.lead)
    hear(before)
    mail_owed()
    (sent,) = mailoutbox
    link = sent.extra_headers["List-Unsubscribe"].strip("<>")
    assert sent.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert link in sent.body
    path, stranger = "/" + link.split("/", 3)[3], Client(enforce_csrf_checks=True)
    assert "Stop these mails?" in stranger.get(path).content.decode()
    assert notifications.ways_of(desk.l2)[AlertKind.ASSIGNED] == Way.MAIL
    for _time in range(2):
        answer = stranger.post(path, {"List-Unsubscribe": "One-Click"})
        assert (answer.status_code, "does not come by mail any more" in answer.content.decode()) == (200, True)
    ways = notifications.ways_of(desk.l2)
    assert {kind for kind, way in ways.items() if way != notifications.DEFAULTS[kind]} == {AlertKind.ASSIGNED}
    assert ways[AlertKind.ASSIGNED] == Way.PAGE
    other = notifications.link(desk.lead, "assigned").rsplit("/", 2)[1]
    for forged in (other.replace(str(desk.lead.pk), str(desk.l2.pk), 1), other[:-1], "x", other + "x"):
        assert stranger.post(reverse("unsubscribe", args=[forged])).status_code == 404
    assert notifications.linked(notifications.link(desk.l2, "nonsense").rsplit("/", 2)[1]) is None


def test_the_digest_is_unsubscribed_from_as_a_whole(desk: Desk) -> None:
    chosen = {AlertKind.RESOLVED: Way.DIGEST, AlertKind.MESSAGE: Way.DIGEST, AlertKind.ASKED: Way.MAIL}
    notifications.choose(desk.l1, chosen, quiet=True, urgent=Urgent.LADDER, by=desk.l1)
    notifications.unsubscribe(desk.l1, notifications.DIGEST)
    assert Way.DIGEST not in notifications.ways_of(desk.l1).values()
    assert notifications.ways_of(desk.l1)[AlertKind.ASKED] == Way.MAIL


def test_the_page_of_choices_keeps_them(desk: Desk, client: Client) -> None:
    client.force_login(desk.l2)
    page = client.get(reverse("notification_settings")).content.decode()
    assert "New message: In the daily digest" in page
    assert "Deadline missed: Not at all" not in page  # a policy decides whom that reaches
    ways = {str(kind): str(way) for kind, way in notifications.DEFAULTS.items()}
    sent = {**ways, "message": "off", "urgent": "p1"}
    assert client.post(reverse("notification_settings"), sent).status_code == 302
    assert notifications.ways_of(desk.l2)[AlertKind.MESSAGE] == Way.OFF
    chosen = notifications.settings_of(desk.l2)
    assert (chosen.quiet, chosen.urgent) == (False, "p1")
    assert client.post(reverse("notification_settings"), {**sent, "missed": "off"}).status_code == 422
    with pytest.raises(Refused):
        notifications.choose(desk.l2, {AlertKind.MISSED: Way.OFF}, quiet=True, urgent=Urgent.P1, by=desk.l2)


def test_the_list_has_the_unread_first_and_ends(desk: Desk) -> None:
    ticket = desk.started()
    for number in range(7):
        event = record("ticket.message", subject=("ticket", ticket.pk), by=desk.l1, data={"n": number})
        alerts.tell(ticket, [desk.l2], AlertKind.MESSAGE, event=event)
    numbers = list(Alert.objects.order_by("-pk").values_list("pk", flat=True))
    alerts.read(numbers[:3], by=desk.l2)
    seen, after = [], ""
    while True:
        page = alerts.page(desk.l2, after=after, size=2)
        seen += [alert.pk for alert in page.alerts]
        after = page.following
        if not after:
            break
    assert seen == numbers[3:] + numbers[:3]
    assert len(alerts.page(desk.l2, only_unread=True, size=50).alerts) == 4
    assert alerts.page(desk.l2, kind="resolved", size=50).alerts == []
    client = Client()
    client.force_login(desk.l2)
    assert client.get(reverse("alerts") + "?after=x").status_code == 404
    assert client.get(reverse("alerts") + "?kind=message").content.decode().count("Lina First wrote.") == 7
    assert Event.objects.filter(kind=RAISED).count() == 7
