"""Handing over at a change of shift: what is on the list, that there is one, and who acknowledges it."""

from datetime import timedelta

import pytest
import time_machine

from accounts import attendance, people, rostering
from accounts.models import Role
from accounts.rostering import WeeklyShift
from common.business_hours import Interval
from common.errors import Absent, NotAllowed, Refused
from escalations import assignment, baton, lifecycle
from escalations.models import Baton, BatonItem, Clock, ReasonKind, Ticket
from events.models import Delivery, Event
from tests import seed
from tests.accounts.rosters import AFTERNOON, EVENING, MANILA, utc
from tests.escalations.desk import Desk
from tests.robustness.test_races import at_once, one_wins

MONDAY = utc("2026-06-01T00:00")
CHANGE = utc("2026-06-01T16:00")  # Sam goes off, Otis stays until 17:00


class Shifts(Desk):
    """The desk with Sam on afternoons and Otis on evenings."""

    def __post_init__(self) -> None:
        super().__post_init__()
        shifts = [WeeklyShift(self.l2, interval) for interval in AFTERNOON]
        shifts += [WeeklyShift(self.other_l2, interval) for interval in EVENING]
        draft = rostering.save_draft(self.payments, MANILA, shifts, by=self.lead, version=0)
        rostering.publish(self.payments, by=self.lead, version=draft.saved_count)

    def due(self, when: str | None, **changes) -> Ticket:
        """Escalate a ticket whose next deadline is then, or none."""
        ticket = self.escalated(**changes)
        Ticket.objects.filter(pk=ticket.pk).update(next_due_at=utc(when) if when else None)
        ticket.refresh_from_db()
        return ticket


@pytest.fixture
def desk(db: None) -> Shifts:
    with time_machine.travel(MONDAY, tick=False):
        seed.catalogue()
        people.system()
        return Shifts()


def pass_time(when: str) -> None:
    """Let the beat's job run then, and the relay deliver what it recorded."""
    with time_machine.travel(utc(when), tick=False):
        attendance.follow()
        for delivery in Delivery.objects.filter(consumer=baton.CONSUMER, delivered_at=None).select_related(
            "event"
        ):
            baton.handle(delivery.event)
            baton.handle(delivery.event)  # at least once
            Delivery.objects.filter(pk=delivery.pk).update(delivered_at=utc(when), attempts=1)


def at(when: str) -> time_machine.travel:
    return time_machine.travel(utc(when), tick=False)


def test_the_list_holds_what_falls_due_before_the_relief_goes_off(desk):
    with time_machine.travel(MONDAY, tick=False):
        overdue, due = desk.due("2026-06-01T09:00"), desk.due("2026-06-01T16:59:59")
        desk.due("2026-06-01T17:00")
        desk.due(None)
        between = desk.due("2026-06-01T16:30")
        elsewhere, ended = desk.due("2026-06-01T16:30"), desk.due("2026-06-01T16:30")
        Ticket.objects.filter(pk=elsewhere.pk).update(team=desk.accounts)
        lifecycle.cancel(ended, by=desk.l1, reason=desk.reason(ReasonKind.CANCEL))
        mine = assignment.take(desk.due("2026-06-01T16:45"), by=desk.l2)
        Ticket.objects.filter(pk=mine.pk).update(next_due_at=utc("2026-06-01T16:45"))
    pass_time("2026-06-01T16:00:30")
    made = Baton.objects.get()
    assert (made.team, made.at, made.until) == (desk.payments, CHANGE, utc("2026-06-01T17:00"))
    assert [*made.going_off.all()] == [desk.l2] and [*made.coming_on.all()] == [desk.other_l2]
    listed = [(item.ticket_id, item.owner, item.was_overdue) for item in made.items.all()]
    assert listed == [
        (overdue.pk, None, True), (between.pk, None, False), (mine.pk, desk.l2, False), (due.pk, None, False),
    ]  # fmt: skip


def test_what_is_breached_and_stands_still_with_somebody_who_goes_off_is_listed(desk):
    with time_machine.travel(MONDAY, tick=False):
        tickets = [assignment.take(desk.escalated(), by=who) for who in (desk.l2, desk.other_l2)]
        Clock.objects.filter(ticket__in=tickets).update(breached_at=MONDAY)
        Ticket.objects.update(next_due_at=None)
    pass_time("2026-06-01T16:01")
    item = BatonItem.objects.get()
    assert (item.ticket, item.owner, item.due_at, item.was_overdue) == (tickets[0], desk.l2, None, True)


def test_at_the_end_of_the_last_shift_it_is_for_who_comes_next(desk):
    pass_time("2026-06-05T17:00:30")  # Friday
    made = Baton.objects.get(at=utc("2026-06-05T17:00"))
    assert [*made.coming_on.all()] == [desk.l2]
    assert made.until == utc("2026-06-08T16:00")


def test_a_job_that_was_down_hands_over_only_for_the_last_change(desk):
    pass_time("2026-06-03T20:00")
    assert [made.at for made in Baton.objects.all()] == [utc("2026-06-03T17:00")]
    pass_time("2026-06-03T21:00")
    assert Baton.objects.count() == 1
    assert Event.objects.filter(kind="baton.passed").count() == 1


def test_nobody_to_hand_over_to(desk):
    with time_machine.travel(utc("2026-06-01T10:00"), tick=False):
        attendance.follow()
        people.deactivate(desk.other_l2, by=desk.lead)
        people.deactivate(desk.l2, by=desk.lead)
        attendance.replan([desk.other_l2.pk, desk.l2.pk])
    pass_time("2026-06-01T10:01")
    assert not Baton.objects.exists()


def test_people_who_leave_hand_over_when_they_do(desk):
    with time_machine.travel(utc("2026-06-01T10:00"), tick=False):
        attendance.follow()
        people.deactivate(desk.l2, by=desk.lead)
        attendance.handle(Event.objects.get(kind="person.deactivated"))
    pass_time("2026-06-01T10:01")
    made = Baton.objects.get()
    assert (made.at, made.until) == (utc("2026-06-01T10:00"), utc("2026-06-01T17:00"))
    assert [*made.going_off.all()] == [desk.l2]


# Acknowledging


@pytest.fixture
def item(desk) -> BatonItem:
    with time_machine.travel(MONDAY, tick=False):
        ticket = assignment.take(desk.due("2026-06-01T16:30"), by=desk.l2)
        Ticket.objects.filter(pk=ticket.pk).update(next_due_at=utc("2026-06-01T16:30"))
    pass_time("2026-06-01T16:01")
    return BatonItem.objects.get()


def test_who_is_on_duty_acknowledges_with_a_note_without_card_numbers(desk, item):
    with at("2026-06-01T16:05"):
        baton.acknowledge(item, by=desk.other_l2, note=" Card 4111 1111 1111 1111 again ")
    item.refresh_from_db()
    assert (item.acknowledged_by, item.acknowledged_at) == (desk.other_l2, utc("2026-06-01T16:05"))
    assert item.note.startswith("Card ") and "4111 1111" not in item.note
    assert item.ticket.owner == desk.l2 and not item.taken
    assert Event.objects.get(kind="baton.acknowledged").data == {"ticket": item.ticket_id, "taken": False}


def test_a_lead_acknowledges_at_any_time(desk, item):
    with at("2026-06-01T16:30"):
        assert baton.acknowledge(item, by=desk.lead).acknowledged_by == desk.lead


@pytest.mark.parametrize(("who", "error"), [
    ("l2", NotAllowed), ("outsider", Absent), ("l1", Absent), ("partner", Absent), ("auditor", NotAllowed),
])  # fmt: skip
def test_others_do_not(desk, item, who, error):
    with at("2026-06-01T16:05"), pytest.raises(error):
        baton.acknowledge(item, by=getattr(desk, who))
    item.refresh_from_db()
    assert item.acknowledged_at is None


def test_nobody_acknowledges_after_their_own_shift(desk, item):
    with at("2026-06-01T17:00"), pytest.raises(NotAllowed):
        baton.acknowledge(item, by=desk.other_l2)


def test_the_second_is_told_who_was_quicker(desk, item):
    with at("2026-06-01T16:05"):
        baton.acknowledge(item, by=desk.other_l2)
        with pytest.raises(Refused, match="Otis Second has acknowledged"):
            baton.acknowledge(item, by=desk.lead)


def test_taking_it_from_who_went_off(desk, item):
    with at("2026-06-01T16:05"):
        baton.acknowledge(item, by=desk.other_l2, take=True)
    item.refresh_from_db()
    assert item.taken and item.ticket.owner == desk.other_l2
    assert Event.objects.filter(kind="ticket.assigned", actor=desk.other_l2).count() == 1


def test_what_somebody_else_has_taken_meanwhile_is_not_taken_from_them(desk, item):
    third = desk.person("Tia Third", (desk.payments, Role.L2))
    with at("2026-06-01T16:05"):
        assignment.assign(item.ticket, third, by=desk.lead)
        with pytest.raises(Refused, match="Tia Third has taken it"):
            baton.acknowledge(item, by=desk.other_l2, take=True)
    item.refresh_from_db()
    assert item.acknowledged_at is None


def test_from_who_is_still_on_duty_it_is_not_taken(desk, item):
    with at("2026-06-01T16:02"):
        rostering.add_extra(
            desk.payments, desk.l2, utc("2026-06-02T00:00").date(), 0, 120, by=desk.lead
        )  # works on till two
    with at("2026-06-01T16:05"), pytest.raises(Refused, match="Sam Second has taken it"):
        baton.acknowledge(item, by=desk.other_l2, take=True)


def test_what_has_ended_meanwhile_needs_nobody(desk, item):
    with at("2026-06-01T16:05"):
        lifecycle.cancel(item.ticket, by=desk.l1, reason=desk.reason(ReasonKind.CANCEL))
        assert not BatonItem.objects.waiting().exists()
        with pytest.raises(Refused, match="has ended meanwhile"):
            baton.acknowledge(item, by=desk.other_l2)


def test_a_later_hand_over_takes_the_place_of_this_one(desk, item):
    pass_time("2026-06-01T17:00:30")
    with at("2026-06-01T17:05"), pytest.raises(Refused, match="later hand-over"):
        baton.acknowledge(item, by=desk.lead)


def test_a_ticket_that_went_to_another_team_is_seen_no_more(desk, item):
    with at("2026-06-01T16:05"):
        assignment.give_to_team(item.ticket, desk.accounts, by=desk.l2)
        assert not BatonItem.objects.visible_to(desk.other_l2).exists()
        with pytest.raises(Absent):
            baton.acknowledge(item, by=desk.other_l2)
    assert BatonItem.objects.visible_to(desk.auditor).exists()


def test_a_note_has_an_end(desk, item):
    with at("2026-06-01T16:05"), pytest.raises(Refused, match="at most"):
        baton.acknowledge(item, by=desk.other_l2, note="x" * 1001)


def test_touching_weeks_hand_over_where_the_person_changes(desk):
    with at("2026-06-01T00:00"):
        shifts = [WeeklyShift(desk.l2, Interval(0, 0, 1440)), WeeklyShift(desk.other_l2, Interval(1, 0, 1440))]
        draft = rostering.save_draft(desk.payments, "UTC", shifts, by=desk.lead, version=0)
        rostering.publish(desk.payments, by=desk.lead, version=draft.saved_count)
    pass_time("2026-06-02T00:00:10")
    made = Baton.objects.get()
    assert [*made.coming_on.all()] == [desk.other_l2]
    assert made.until - made.at == timedelta(days=1)


# Several at once


@pytest.mark.django_db(transaction=True)
def test_two_workers_make_one_list(desk):
    with time_machine.travel(MONDAY, tick=False):
        desk.due("2026-06-01T16:30")
        shifts = [WeeklyShift(person, interval) for person in (desk.l2, desk.other_l2) for interval in AFTERNOON]
        draft = rostering.save_draft(desk.payments, MANILA, shifts, by=desk.lead, version=0)
        rostering.publish(desk.payments, by=desk.lead, version=draft.saved_count)
    with at("2026-06-01T16:00:30"):
        attendance.follow()
        ended = list(Event.objects.filter(kind=attendance.ENDED))
        results = at_once(*(lambda event=event: baton.handle(event) for event in ended * 2))
    assert results == [None] * 4
    made = Baton.objects.get()
    assert made.items.count() == 1
    assert set(made.going_off.all()) == {desk.l2, desk.other_l2}
    assert Event.objects.filter(kind="baton.passed").count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("take", [False, True])
def test_two_acknowledge_at_once(desk, item, take):
    with at("2026-06-01T16:05"):
        results = at_once(
            *(lambda by=by: baton.acknowledge(item, by=by, take=take) for by in (desk.other_l2, desk.lead))
        )
    one_wins(results)
    item.refresh_from_db()
    assert item.acknowledged_by in {desk.other_l2, desk.lead}
    assert Event.objects.filter(kind="baton.acknowledged").count() == 1
    assert item.ticket.owner == (item.acknowledged_by if take else desk.l2)


# Pages


@pytest.fixture
def as_(client):
    def signed_in(person):
        client.force_login(person, backend="accounts.sign_in.Backend")
        return client

    return signed_in


def test_the_page_offers_to_acknowledge_to_who_is_on_duty_only(desk, item, as_):
    with at("2026-06-01T16:05"):
        offered = as_(desk.other_l2).get("/baton/").content.decode()
        read = as_(desk.l2).get("/baton/").content.decode()
        audited = as_(desk.auditor).get("/baton/").content.decode()
        elsewhere = as_(desk.outsider).get("/baton/").content.decode()
    assert f"/baton/items/{item.pk}/acknowledge/" in offered and "1 not acknowledged" in offered
    assert item.ticket.reference in read and item.ticket.reference in audited
    assert "/acknowledge/" not in read and "/acknowledge/" not in audited
    assert "No hand-over yet" in elsewhere


def test_acknowledging_on_the_page(desk, item, as_):
    with at("2026-06-01T16:05"):
        client = as_(desk.other_l2)
        answer = client.post(f"/baton/items/{item.pk}/acknowledge/", {"note": "Called the bank.", "take": "1"})
        assert answer.url == f"/baton/#item-{item.pk}"
        page = client.get("/baton/").content.decode()
        again = client.post(f"/baton/items/{item.pk}/acknowledge/", {"whole": "1"}, follow=True)
    assert "Otis Second took it" in page and "Called the bank." in page
    assert again.redirect_chain[0][0] == f"{item.baton.get_absolute_url()}#item-{item.pk}"
    assert "has acknowledged it already" in again.content.decode()


def test_what_may_not_be_acknowledged_over_http(desk, item, as_):
    address = f"/baton/items/{item.pk}/acknowledge/"
    with at("2026-06-01T16:05"):
        assert as_(desk.l2).post(address).status_code == 403
        assert as_(desk.outsider).post(address).status_code == 404
        assert as_(desk.l1).post(address).status_code == 404
        assert (
            "at most 1000" in as_(desk.other_l2).post(address, {"note": "x" * 1001}, follow=True).content.decode()
        )
        assert as_(desk.other_l2).post("/baton/items/999999/acknowledge/").status_code == 404
    item.refresh_from_db()
    assert item.acknowledged_at is None


def test_an_earlier_one_is_kept_and_says_what_nobody_acknowledged(desk, item, as_):
    pass_time("2026-06-01T17:00:30")
    with at("2026-06-01T17:05"):
        client = as_(desk.lead)
        assert "1 not acknowledged" in client.get("/baton/").content.decode()
        earlier = client.get(item.baton.get_absolute_url(), {"page": "no number"}).content.decode()
    assert "Not yet" in earlier and "/acknowledge/" not in earlier
    assert as_(desk.outsider).get(item.baton.get_absolute_url()).status_code == 404


def test_the_page_asks_as_often_for_many_items_as_for_few(desk, as_, django_assert_max_num_queries):
    with time_machine.travel(MONDAY, tick=False):
        for _number in range(60):
            desk.due("2026-06-01T16:30")
    pass_time("2026-06-01T16:01")
    with at("2026-06-01T16:05"):
        client = as_(desk.other_l2)
        with django_assert_max_num_queries(21):
            page = client.get("/baton/").content.decode()
        whole = client.get(Baton.objects.get().get_absolute_url(), {"page": "2"}).content.decode()
    assert page.count("/acknowledge/") == 50 and "Show all 60" in page
    assert whole.count("/acknowledge/") == 10
