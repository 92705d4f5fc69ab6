"""Restricted tickets: who sees one, who keeps its list, and what happens to its work meanwhile."""

from typing import Any

import pytest
from django.test import Client

from accounts import people
from accounts.models import Role, User
from audit.models import Entry
from common.errors import Absent, NotAllowed, Refused
from escalations import (
    access_list,
    assignment,
    audience,
    conversation,
    escalating,
    live,
    receipts,
    restricting,
    timeline,
)
from escalations.models import AccessEntry, CategoryRestriction, MessageKind, Ticket
from events.models import Event
from events.tail import Fact
from tests.matrix import SIGNED_IN, Scenario

pytestmark = pytest.mark.django_db


def sees(user: User, ticket: Ticket) -> bool:
    return Ticket.objects.visible_to(User.objects.get(pk=user.pk)).filter(pk=ticket.pk).exists()


@pytest.fixture
def ticket(scenario: Scenario) -> Ticket:
    """Restricted by the lead to herself and its owner."""
    desk = scenario.desk
    return restricting.restrict(
        scenario.ticket, by=desk.lead, kind="fraud", reason="A colleague may be involved.", persons=[desk.l2]
    )


def test_only_its_list_sees_it(scenario: Scenario, ticket: Ticket):
    seen = {role for role in SIGNED_IN if sees(scenario.people[role], ticket)}
    assert seen == {"l2", "lead"}
    restricting.unrestrict(ticket, by=scenario.desk.lead, reason="It was a mistake.")
    assert {role for role in SIGNED_IN if sees(scenario.people[role], ticket)} >= {"l1", "auditor", "admin"}
    ticket.refresh_from_db()
    told = {
        role: any("restrict" in entry.line for entry in timeline.of_ticket(ticket, scenario.people[role]))
        for role in ("l1", "l2", "auditor")
    }
    assert told == {"l1": False, "l2": False, "auditor": True}, "afterwards the desk does not read of it"


def test_a_team_lets_in_its_members_and_who_joins_later(scenario: Scenario, ticket: Ticket):
    desk = scenario.desk
    entry = restricting.add(ticket, by=desk.l2, team=desk.accounts, reason="They know the account.")
    late = desk.person("Late Comer", (desk.accounts, Role.L2))
    assert sees(desk.outsider, ticket) and sees(late, ticket)
    note = conversation.write(ticket, by=desk.outsider, kind=MessageKind.NOTE, body="Same device as ours.")
    assert note in conversation.readable(desk.outsider, ticket)
    with pytest.raises(NotAllowed):
        conversation.write(ticket, by=desk.outsider, kind=MessageKind.TO_CUSTOMER, body="Hello")
    restricting.remove(ticket, entry.pk, by=desk.l2)
    assert not sees(desk.outsider, ticket)


def test_who_may_restrict_and_keep(scenario: Scenario):
    desk, people_ = scenario.desk, scenario.people
    may = {role for role, user in people_.items() if access_list.may_restrict(user, scenario.ticket)}
    assert may == {"l2", "lead"}  # its owner and its team's lead
    desk.engineering.reviews_compliance = True
    desk.engineering.save()
    partner = User.objects.get(pk=desk.partner.pk)
    ticket = restricting.restrict(
        scenario.ticket, by=partner, kind="compliance", reason="A review.", persons=[desk.l2]
    )
    assert sees(partner, ticket) and not sees(desk.lead, ticket)
    assert set(access_list.keepers(ticket)) == {partner, desk.l2}
    with pytest.raises(Absent):
        restricting.unrestrict(ticket, by=desk.lead, reason="I want to see it.")


def test_the_last_keeper_cannot_be_taken_off_and_an_owner_off_the_list_loses_it(
    scenario: Scenario, ticket: Ticket
):
    desk = scenario.desk
    mine, owners = ticket.access_list.get(person=desk.lead), ticket.access_list.get(person=desk.l2)
    changed = restricting.remove(ticket, owners.pk, by=desk.lead)
    assert changed.owner is None
    with pytest.raises(Refused, match="Nobody would be left"):
        restricting.remove(ticket, mine.pk, by=desk.lead)
    assert sees(desk.lead, ticket)


def test_nobody_off_the_list_is_given_it(scenario: Scenario, ticket: Ticket):
    desk = scenario.desk
    with pytest.raises(Refused, match="Otis Second is not on the access list"):
        assignment.assign(ticket, desk.other_l2, by=desk.lead)
    with pytest.raises(Refused, match="Nobody of Accounts"):
        assignment.give_to_team(ticket, desk.accounts, by=desk.lead)
    assignment.assign(ticket, None, by=desk.lead)
    for other in Ticket.objects.exclude(pk=ticket.pk):
        Ticket.objects.filter(pk=other.pk).update(owner=desk.l2)
    Ticket.objects.filter(pk=ticket.pk).update(state="in_progress")
    assert assignment.take_next(by=desk.other_l2) is None
    taken = assignment.take_next(by=desk.l2)
    assert taken is not None and taken.pk == ticket.pk


def test_an_admin_names_a_custodian_only_where_nobody_keeps_the_list(scenario: Scenario, ticket: Ticket):
    desk, client = scenario.desk, scenario.clients["admin"]
    sent = {"person": desk.other_l2.pk, "reason": "Both have left."}

    def asked(reference: str) -> tuple[int, str, list[str]]:
        answer = client.post("/setup/custodian/", {**sent, "reference": reference})
        page = client.get("/setup/custodian/")
        return answer.status_code, answer["Location"], [str(one) for one in page.context["messages"]]

    kept, absent = asked(ticket.reference), asked("ESC-999999")
    assert kept == absent and not sees(desk.other_l2, ticket)
    for person in (desk.l2, desk.lead):
        people.deactivate(person, by=people.system())
    listed_only = desk.outsider
    AccessEntry.objects.create(
        ticket=ticket, person=listed_only, reason="Helps.", added_by=desk.lead, added_at=ticket.updated_at
    )
    assert asked(ticket.reference) == absent
    assert sees(desk.other_l2, ticket) and access_list.may_keep(desk.other_l2, ticket)
    assert Event.objects.filter(kind="ticket.custodian_named", subject_id=ticket.pk).count() == 1


def test_naming_oneself_is_refused(scenario: Scenario, ticket: Ticket):
    admin = scenario.people["admin"]
    with pytest.raises(Refused, match="Name somebody else"):
        restricting.name_custodian(ticket.pk, admin, by=admin, reason="I want to see it.")


def test_the_dialog_suggests_a_list_and_says_who_loses_sight(scenario: Scenario):
    client: Client = scenario.clients["lead"]
    page = client.get(f"/tickets/{scenario.ticket.reference}/restrict/").content.decode()
    for who in ("Lina First", "Voice", "Otis Second", "Engineering", "Aud Itor", "Ada Admin"):
        assert who in page
    sent = {"kind": "security", "reason": "Leaked keys.", "persons": [scenario.desk.l2.pk], "version": ""}
    answer = client.post(f"/tickets/{scenario.ticket.reference}/restrict/", sent)
    assert answer.status_code == 302
    shown = client.get(answer["Location"]).content.decode()
    assert "Restricted" in shown and "Security" in shown
    listed = client.get(f"/tickets/{scenario.ticket.reference}/access/").content.decode()
    assert "Sam Second" in listed and "Leaked keys." in listed
    assert scenario.clients["l1"].get(f"/tickets/{scenario.ticket.reference}/access/").status_code == 404


def test_the_list_over_the_api(scenario: Scenario):
    desk, client = scenario.desk, scenario.clients["lead"]
    root = f"/api/v1/tickets/{scenario.ticket.reference}/"

    def post(part: str, **sent: object) -> tuple[int, Any]:
        answer = client.post(f"{root}{part}/", sent, content_type="application/json")
        return answer.status_code, answer.json() if answer.content else None

    status, listed = post("restrict", kind="fraud", reason="Check it.", persons=[desk.l2.pk])
    assert status == 200 and {one["person"]["id"] for one in listed} == {desk.l2.pk, desk.lead.pk}
    status, entry = post("access", team=desk.accounts.name, reason="Same device.")
    assert status == 201 and entry["team"] == desk.accounts.name
    assert len(client.get(f"{root}access/").json()) == 3
    assert client.get(root).json()["restricted_as"] == "fraud"
    assert client.delete(f"{root}access/{entry['id']}/").status_code == 204
    for role in ("l1", "auditor", "admin", "l2_elsewhere"):
        assert scenario.clients[role].get(f"{root}access/").status_code == 404
    assert post("unrestrict", reason="Nothing was found.") == (204, None)


def test_a_repeat_with_the_same_key_is_not_replayed_to_whoever_lost_sight(scenario: Scenario):
    client, desk = scenario.clients["l2"], scenario.desk
    address = f"/api/v1/tickets/{scenario.ticket.reference}/comments/"
    sent = {"kind": "note", "body": "It is the gateway."}

    def comment() -> int:
        headers = {"Idempotency-Key": "the-same"}
        return client.post(address, sent, content_type="application/json", headers=headers).status_code

    assert comment() == comment() == 201
    restricting.restrict(scenario.ticket, by=desk.lead, kind="fraud", reason="It is about him.")
    assert comment() == 404


def test_a_category_restricted_from_the_start_leaves_a_receipt(scenario: Scenario):
    desk = scenario.desk
    CategoryRestriction.objects.create(category=desk.category, kind="security", team=desk.accounts)
    ticket = escalating.escalate(desk.contract(), by=desk.l1)
    assert {role for role in SIGNED_IN if sees(scenario.people[role], ticket)} == {"lead", "l2_elsewhere"}
    assert [one.reference for one in receipts.of(desk.l1)] == [ticket.reference]
    assert ticket.reference in scenario.clients["l1"].get("/escalations/receipts/").content.decode()
    form = scenario.clients["l1"].get("/escalate/other/").content.decode()
    assert "you keep a receipt" in form
    events = Event.objects.filter(subject_type="ticket", subject_id=ticket.pk)
    for keys in audience.of_events(events.values_list("pk", flat=True)).values():
        assert keys == audience.listed([desk.lead.pk], [desk.accounts.pk])


def test_reading_is_noted_once_a_page_and_not_at_each_poll(scenario: Scenario, ticket: Ticket):
    client, root = scenario.clients["lead"], f"/tickets/{ticket.reference}/"
    htmx = {"HX-Request": "true"}

    def noted() -> int:
        return Entry.objects.filter(action="ticket.read", object_id=ticket.pk).count()

    client.get(root)
    for part in ("now/", "work/", "related/"):
        client.get(root + part, headers=htmx)
    assert noted() == 1
    client.get(root)
    client.get(f"/api/v1{root}")
    client.get(f"{root}files/{scenario.attachment.pk}/").getvalue()
    assert noted() == 4
    scenario.clients["l2"].get(f"{root}now/", headers=htmx)  # without having opened the page
    assert noted() == 5


def test_whoever_watches_hears_no_more_of_who_looks(scenario: Scenario):
    desk = scenario.desk
    restricting.restrict(scenario.ticket, by=desk.lead, kind="fraud", reason="Check it.")
    event = Event.objects.latest("pk")
    fact = Fact(1, event.pk, event.kind, ("ticket", scenario.ticket.pk))
    (message,) = live.told([fact])
    assert message.kept == audience.listed([desk.lead.pk], [])
    assert audience.ears(desk.l2) & message.keys, "who loses sight hears it once"
    before = Event.objects.filter(subject_type="ticket", subject_id=scenario.ticket.pk, pk__lt=event.pk).latest(
        "pk"
    )
    (later,) = live.told([Fact(1, before.pk, before.kind, ("ticket", scenario.ticket.pk))])
    assert not audience.ears(desk.l2) & later.keys
