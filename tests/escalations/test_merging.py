"""Merging and taking it back: state, clocks, hand-overs, what is written later, what the first line learns."""

from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.test import Client

from accounts.models import User
from common import clock
from common.errors import Absent, NotAllowed, Refused, StaleVersion
from escalations import conversation, lifecycle, merging, timeline
from escalations.customers import CustomerData
from escalations.models import ClockState, Message, MessageKind, State, Ticket
from tests.escalations.desk import Desk
from tests.matrix import Scenario

STRANGER = CustomerData(external_id="C-2", name="Ben Reyes", email="ben@example.com", segment="consumer")


pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(scenario: Scenario) -> Desk:
    return scenario.desk


@pytest.fixture
def elsewhere(scenario: Scenario) -> User:
    """The first line of another team."""
    return scenario.people["l1_elsewhere"]


@pytest.fixture
def pair(desk: Desk, elsewhere: User) -> tuple[Ticket, Ticket]:
    """A duplicate, and the one of another first line and about another customer that it is a duplicate of."""
    original = desk.started()
    duplicate = desk.escalated(customer=STRANGER)
    (team,) = elsewhere.roles
    Ticket.objects.filter(pk=original.pk).update(created_by=elsewhere, l1_team=team)
    original.refresh_from_db()
    return duplicate, original


def lines(ticket: Ticket, user: User) -> list[str]:
    return [entry.line for entry in timeline.of_ticket(ticket, user)]


def test_taking_a_merge_back_restores_state_hand_overs_and_clocks(desk: Desk) -> None:
    now = clock.now().replace(microsecond=0) - timedelta(days=2)
    with clock.replaying(now):
        original = desk.started()
        ticket = lifecycle.wait_for_partner(
            desk.started(), by=desk.l2, partner=desk.engineering, message="Is it down?"
        )
        before = {one.metric: (one.state, one.cycle) for one in ticket.clocks.all()}
    with clock.replaying(now + timedelta(hours=1)):
        merged = merging.merge(ticket, by=desk.l2, target=original)
        assert not merged.clocks.filter(state__in=[ClockState.RUNNING, ClockState.PAUSED]).exists()
        used = dict(merged.clocks.values_list("metric", "used_seconds"))
    with clock.replaying(now + timedelta(hours=20)):
        back = merging.unmerge(merged, by=desk.l2, explanation="Another bank.")
    assert (back.state, back.merged_into, back.owner) == (State.WAITING_PARTNER, None, desk.l2)
    assert {one.metric: (one.state, one.cycle) for one in back.clocks.all()} == before
    assert dict(back.clocks.values_list("metric", "used_seconds")) == used  # the time in between does not count
    assert back.hand_overs.get().ended_at is None
    assert back.messages.order_by("pk").last().body == "Another bank."
    assert f"took the merge into ESC-{original.pk} back" in lines(back, desk.l2)
    assert f"took ESC-{back.pk} out of this one again" in lines(original, desk.l2)
    with pytest.raises(Refused):
        merging.unmerge(back, by=desk.l2, explanation="Again.")


def test_merging_into_what_is_merged_means_its_survivor_and_nothing_closes_a_ring(desk: Desk) -> None:
    first, second, third, last = (desk.escalated() for _ in range(4))
    merging.merge(first, by=desk.l2, target=second)
    merging.merge(second, by=desk.l2, target=third)
    assert merging.merge(last, by=desk.l2, target=first).merged_into == third
    assert Ticket.objects.get(pk=first.pk).survivor() == third
    with pytest.raises(Refused):
        merging.merge(third, by=desk.l2, target=first)
    with pytest.raises(Refused):
        merging.unmerge(Ticket.objects.get(pk=first.pk), by=desk.l2, explanation=" ")
    merging.unmerge(Ticket.objects.get(pk=second.pk), by=desk.l2, explanation="No.")
    assert Ticket.objects.get(pk=first.pk).survivor() == second


def test_who_may_merge_and_take_back(desk: Desk, pair: tuple[Ticket, Ticket]) -> None:
    duplicate, original = pair
    with pytest.raises(Absent):
        merging.merge(duplicate, by=desk.l1, target=original)  # the first line does not see the other one
    with pytest.raises(StaleVersion):
        merging.merge(duplicate, by=desk.l2, target=original, version=duplicate.version + 1)
    merged = merging.merge(duplicate, by=desk.l2, target=original)
    for outsider in (desk.auditor, desk.outsider):
        with pytest.raises((NotAllowed, Absent)):
            merging.unmerge(merged, by=outsider, explanation="No.")
    back = merging.unmerge(merged, by=desk.l1, explanation="My customer uses another bank.")
    assert back.state == State.NEW
    assert back.messages.get().kind == MessageKind.FROM_L1


def test_what_is_written_to_a_duplicate_is_led_on(
    desk: Desk, pair: tuple[Ticket, Ticket], elsewhere: User
) -> None:
    duplicate, original = pair
    waiting = lifecycle.wait_for_l1(original, by=desk.l2, message="Which bank?")
    merged = merging.merge(duplicate, by=desk.l2, target=waiting)
    assert conversation.kinds_for(desk.l1, merged) == [MessageKind.FROM_L1, MessageKind.FROM_CUSTOMER]
    log = ContentFile(b"a log", name="log.txt")
    said = conversation.write(merged, by=desk.l1, kind=MessageKind.FROM_L1, body="Mine too.", uploads=[log])
    assert (said.ticket, said.written_to) == (original, merged)
    waiting.refresh_from_db()
    assert waiting.state == State.WAITING_L1  # another customer's first line was not asked
    assert said in conversation.readable(desk.l1, merged)  # whoever wrote it still reads it, with its file
    assert conversation.files(desk.l1, merged).get().name == "log.txt"
    assert said in conversation.readable(desk.l2, original)
    assert said not in conversation.readable(elsewhere, original)
    led = {entry.led for entry in timeline.of_ticket(original, desk.l2)}
    assert f"Written to {merged.reference}, which was merged into this one." in led
    with pytest.raises(Refused):
        conversation.write(merged, by=desk.l2, kind=MessageKind.TO_CUSTOMER, body="To whom?")
    merging.unmerge(merged, by=desk.l2, explanation="No.")
    assert Message.objects.get(pk=said.pk).ticket == original  # what was written meanwhile stays


def test_an_answer_for_the_same_customer_ends_the_wait_through_a_chain(desk: Desk) -> None:
    original = lifecycle.wait_for_customer(desk.started(), by=desk.l2, message="When?")
    middle, duplicate = desk.escalated(), desk.escalated()
    merged = merging.merge(duplicate, by=desk.l2, target=middle)
    merging.merge(middle, by=desk.l2, target=original)
    merged = Ticket.objects.get(pk=merged.pk)
    conversation.write(merged, by=desk.l1, kind=MessageKind.FROM_CUSTOMER, body="At noon.")
    original.refresh_from_db()
    assert original.state == State.IN_PROGRESS
    resolved = desk.resolved(original)
    with pytest.raises(Refused, match="take the merge back"):
        conversation.write(
            Ticket.objects.get(pk=merged.pk), by=desk.l1, kind=MessageKind.FROM_L1, body="Still broken."
        )
    assert merging.outcome(Ticket.objects.get(pk=merged.pk), desk.l1) == merging.Outcome(
        resolved, is_open_to_them=True, answer_to_l1=resolved.answer_to_l1
    )


def test_the_first_line_learns_how_it_goes_on_and_nothing_of_another_customer(
    desk: Desk, pair: tuple[Ticket, Ticket], client: Client
) -> None:
    duplicate, original = pair
    merged = merging.merge(duplicate, by=desk.l2, target=original)
    desk.resolved(original)
    client.force_login(desk.l1)
    page = client.get(merged.get_absolute_url()).content.decode()
    assert f"{original.reference} of another team goes on in its place" in page
    assert "Resolved" in page
    assert "The bank was down." not in page  # the answer is about somebody else
    assert f'href="{original.get_absolute_url()}"' not in page


def test_the_merge_page_shows_both_and_merges(desk: Desk, pair: tuple[Ticket, Ticket], client: Client) -> None:
    duplicate, original = pair
    client.force_login(desk.l2)
    address = f"{duplicate.get_absolute_url()}merge/"
    assert address in client.get(duplicate.get_absolute_url()).content.decode()
    page = client.get(address, {"into": original.reference}).content.decode()
    assert "Ben Reyes" in page
    assert "Ana Cruz" in page
    assert "They are about different customers." in page
    assert "can't be the one that goes on" in client.get(address, {"into": "ESC-999999"}).content.decode()
    sent = {"target": original.reference, "version": str(duplicate.version + 7)}
    assert client.post(address, sent).status_code == 409
    answer = client.post(address, {**sent, "version": str(duplicate.version)}, follow=True)
    assert "Its page takes that back." in answer.content.decode()
    duplicate.refresh_from_db()
    assert duplicate.survivor() == original
    taken_back = client.post(
        f"{duplicate.get_absolute_url()}do/unmerge/", {"explanation": "No.", "version": str(duplicate.version)}
    )
    assert taken_back.status_code == 302
    duplicate.refresh_from_db()
    assert duplicate.state == State.NEW


def test_the_api_leads_on_and_takes_back(desk: Desk, pair: tuple[Ticket, Ticket], client: Client) -> None:
    duplicate, original = pair
    merging.merge(duplicate, by=desk.l2, target=original)
    client.force_login(desk.l1)
    address = f"/api/v1/tickets/{duplicate.reference}/"
    said = client.post(f"{address}comments/", {"kind": "from_l1", "body": "Hm."}, content_type="application/json")
    assert (said.json()["ticket"], said.json()["written_to"]) == (original.reference, duplicate.reference)
    offered = client.get(f"{address}transitions/").json()
    assert [(one["verb"], one["target"]) for one in offered] == [("unmerge", None)]
    back = client.post(
        f"{address}transitions/", {"verb": "unmerge", "explanation": "No."}, content_type="application/json"
    )
    assert (back.status_code, back.json()["state"]) == (200, "new")
