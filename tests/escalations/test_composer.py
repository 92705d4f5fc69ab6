"""Writing on a ticket: drafts, held answers, calling back, macros, mentions, quotes."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from common import clock
from common.errors import Absent, NotAllowed, Refused
from escalations import composing, conversation, lifecycle, macro_setup, macros, mentions, outbox
from escalations.models import (
    Alert,
    AlertKind,
    Attachment,
    DraftFile,
    Macro,
    Mention,
    Message,
    MessageDraft,
    MessageKind,
    ReasonKind,
    State,
    Ticket,
)
from events import relay
from events.models import Delivery
from tests.escalations.desk import Desk

pytestmark = pytest.mark.django_db

NOTE, CUSTOMER, L1 = MessageKind.NOTE, MessageKind.TO_CUSTOMER, MessageKind.TO_L1


@pytest.fixture
def ticket(desk: Desk) -> Ticket:
    return desk.started()


def page_of(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


def send(client: Client, ticket: Ticket, **sent: Any) -> Any:
    return client.post(reverse("write_message", args=[ticket.reference]), sent)


def deliver() -> None:
    for delivery in Delivery.objects.filter(
        consumer=outbox.CONSUMER, delivered_at=None, next_attempt_at__lte=clock.now()
    ):
        assert relay.deliver(delivery.pk)


def later(seconds: float) -> Any:
    return time_machine.travel(clock.now() + timedelta(seconds=seconds), tick=False)


def test_each_kind_has_a_draft_of_its_own_and_a_note_never_goes_out_by_switching(desk: Desk, ticket: Ticket):
    page = page_of(desk.l2)
    address = reverse("keep_message_draft", args=[ticket.reference])
    secret = "They are not telling the truth, 4111 1111 1111 1111."
    assert page.post(address, {"kind": NOTE, "body_note": secret}).status_code == 200
    assert page.post(address, {"kind": CUSTOMER, "body_to_customer": "Dear Ana"}).status_code == 200
    drafts = {draft.kind: draft.body for draft in composing.own(desk.l2, ticket)}
    assert drafts[CUSTOMER] == "Dear Ana"
    assert "4111 1111" not in drafts[NOTE]
    # The switch is turned to the customer, and all texts travel with the form.
    answer = send(page, ticket, kind=CUSTOMER, body_note=secret, body_to_customer="Dear Ana")
    assert answer.status_code == 302
    with later(11):
        deliver()
    said = Message.objects.get(ticket=ticket, kind=CUSTOMER)
    assert said.body == "Dear Ana"
    assert [draft.kind for draft in composing.own(desk.l2, ticket)] == [NOTE]
    # An empty one of the chosen kind doesn't borrow the other's text.
    assert send(page, ticket, kind=CUSTOMER, body_note=secret, body_to_customer=" ").status_code == 422


def test_drafts_are_the_persons_own_and_absent_with_the_ticket(desk: Desk, ticket: Ticket):
    composing.keep(ticket, by=desk.l2, kind=NOTE, body="Mine")
    assert "Mine" in page_of(desk.l2).get(reverse("drafts")).content.decode()
    assert "Mine" in page_of(desk.l2).get(ticket.get_absolute_url()).content.decode()
    for other in (desk.other_l2, desk.outsider):
        assert "Mine" not in page_of(other).get(reverse("drafts")).content.decode()
    with pytest.raises(NotAllowed):
        composing.keep(ticket, by=desk.l1, kind=NOTE, body="Not mine to write")
    desk.l2.memberships.all().delete()
    assert "Mine" not in page_of(desk.l2).get(reverse("drafts")).content.decode()
    with time_machine.travel(clock.now() + composing.KEPT_FOR + timedelta(minutes=1)):
        assert composing.forget_old() == 1


def test_throwing_a_draft_away_can_be_undone_beside_a_newer_one(desk: Desk, ticket: Ticket):
    page = page_of(desk.l2)
    draft = composing.keep(ticket, by=desk.l2, kind=NOTE, body="First")
    assert draft is not None
    where = page.post(reverse("discard_message_draft", args=[draft.pk])).headers["Location"]
    assert composing.own(desk.l2, ticket) == []
    assert reverse("fetch_back", args=[draft.pk]) in page.get(where.partition("#")[0]).content.decode()
    composing.keep(ticket, by=desk.l2, kind=NOTE, body="Second")
    for _click in range(2):
        page.post(reverse("fetch_back", args=[draft.pk]), {"ticket": ticket.reference})
        assert [one.body for one in composing.own(desk.l2, ticket)] == ["First\n\nSecond"]
    stranger = page_of(desk.other_l2)
    assert stranger.post(reverse("discard_message_draft", args=[draft.pk])).status_code == 404


def test_an_answer_to_a_timeline_that_has_moved_on_is_held_with_the_new_part(desk: Desk, ticket: Ticket):
    page = page_of(desk.l2)
    first = conversation.write(ticket, by=desk.l2, kind=NOTE, body="Known to both")
    newer = conversation.write(ticket, by=desk.l1, kind=MessageKind.FROM_L1, body="It works again!")
    sent = {"kind": L1, "body_to_l1": "Try this.", "seen": first.pk}
    file = SimpleUploadedFile("log.txt", b"lines")
    answer = send(page, ticket, **sent, uploads=[file])
    html = answer.content.decode()
    assert answer.status_code == 409
    assert html.index("new-part") < html.index("It works again!", html.index("new-part")) < html.index("Try this.")
    assert f'name="seen" value="{newer.pk}"' in html
    assert not MessageDraft.objects.filter(sends_at__isnull=False).exists()
    kept = DraftFile.objects.get()
    assert send(page, ticket, **sent | {"seen": newer.pk}, kept=kept.pk).status_code == 302
    with later(11):
        deliver()
    assert Attachment.objects.get(message__kind=L1).name == "log.txt"
    # What the writer may not read doesn't hold them.
    conversation.write(ticket, by=desk.l2, kind=NOTE, body="Among us")
    l1_seen = Message.objects.filter(kind=L1).latest("pk").pk
    assert send(page_of(desk.l1), ticket, kind="from_l1", body_from_l1="Thanks", seen=l1_seen).status_code == 302


def test_what_leaves_the_desk_waits_ten_seconds_and_can_be_called_back(desk: Desk, ticket: Ticket):
    page = page_of(desk.l2)
    file = SimpleUploadedFile("proof.txt", b"proof")
    assert send(page, ticket, kind=CUSTOMER, body_to_customer="Soon", uploads=[file]).status_code == 302
    draft = MessageDraft.objects.get()
    ticket.refresh_from_db()
    assert ticket.first_response_at is None
    with later(9):
        deliver()
    assert not Message.objects.filter(kind=CUSTOMER).exists()
    back = reverse("fetch_back", args=[draft.pk])
    assert back in page.get(ticket.get_absolute_url()).content.decode()
    assert page_of(desk.other_l2).post(back, {"ticket": ticket.reference}).status_code == 422
    for _click in range(2):
        assert page.post(back, {"ticket": ticket.reference}).status_code == 302
    assert [one.name for one in composing.own(desk.l2, ticket)[0].files.all()] == ["proof.txt"]
    with later(60):
        deliver()
    assert not Message.objects.filter(kind=CUSTOMER).exists()
    # Sent again, it goes out however late the worker is, once; undoing then says so.
    kept = DraftFile.objects.get().pk
    send(page, ticket, kind=CUSTOMER, body_to_customer="Now", kept=kept)
    with later(3600):
        deliver()
        ticket.refresh_from_db()
        assert ticket.first_response_at == clock.now()
        for delivery in Delivery.objects.filter(consumer=outbox.CONSUMER):
            outbox.handle(delivery.event)
    assert [one.body for one in Message.objects.filter(kind=CUSTOMER)] == ["Now"]
    assert "has gone out" in page.post(back, {"ticket": ticket.reference}).content.decode()


def test_a_note_is_said_at_once(desk: Desk, ticket: Ticket):
    send(page_of(desk.l2), ticket, kind=NOTE, body_note="At once")
    assert Message.objects.get(kind=NOTE).body == "At once"
    assert not MessageDraft.objects.exists()


def test_what_can_no_longer_be_said_comes_back_with_the_reason(desk: Desk, ticket: Ticket):
    page = page_of(desk.l2)
    send(page, ticket, kind=L1, body_to_l1="Too late")
    lifecycle.cancel(ticket, by=desk.lead, reason=desk.reason(ReasonKind.CANCEL))
    with later(11):
        deliver()
    draft = composing.own(desk.l2, ticket)[0]
    assert (draft.body, draft.sends_at) == ("Too late", None)
    assert "Cancelled" in draft.trouble
    assert Alert.objects.get(recipient=desk.l2).kind == AlertKind.UNSENT
    assert "was not sent" in page.get(reverse("alerts")).content.decode()


def test_what_looks_internal_is_asked_about_once_more(desk: Desk, ticket: Ticket):
    page = page_of(desk.l2)
    conversation.write(ticket, by=desk.l2, kind=NOTE, body="The bank blocked him for fraud")
    for body in ("This is internal.", "ask @Otis", "> The bank blocked him for fraud\n\nHello"):
        answer = send(page, ticket, kind=CUSTOMER, body_to_customer=body)
        assert answer.status_code == 422
        assert "ana@example.com" in answer.content.decode().partition('role="alert"')[2]
    assert not MessageDraft.objects.filter(sends_at__isnull=False).exists()
    assert send(page, ticket, kind=CUSTOMER, body_to_customer="This is internal.", sure="1").status_code == 302


def test_quotes_stay_among_those_who_may_read_them(desk: Desk, ticket: Ticket):
    page = page_of(desk.l2)
    note = conversation.write(ticket, by=desk.l2, kind=NOTE, body="One\nTwo")
    address = reverse("quote", args=[ticket.reference, note.pk])
    assert page.get(address, {"kind": NOTE}).json()["text"] == "> One\n> Two\n\n"
    assert page.get(address, {"kind": CUSTOMER}).status_code == 422
    assert page_of(desk.l1).get(address, {"kind": "from_l1"}).status_code == 404


def test_the_preview_is_what_will_be_stored(desk: Desk, ticket: Ticket):
    address = reverse("preview_message", args=[ticket.reference])
    sent = {"kind": NOTE, "body_note": "**Card** 4111 1111 1111 1111 <script>"}
    html = page_of(desk.l2).post(address, sent).content.decode()
    assert "<strong>Card</strong>" in html
    assert "4111 1111" not in html
    assert "<script>" not in html


def test_a_mention_tells_those_who_may_read_it_and_refuses_the_others(desk: Desk, ticket: Ticket):
    send(page_of(desk.l2), ticket, kind=NOTE, body_note=f"@Otis Second, and @{desk.lead.email}: look. x@y.test")
    assert {one.person for one in Mention.objects.all()} == {desk.other_l2, desk.lead}
    assert {one.recipient for one in Alert.objects.filter(kind=AlertKind.MENTIONED)} == {desk.other_l2, desk.lead}
    assert "Sam Second mentioned you" in page_of(desk.lead).get(reverse("alerts")).content.decode()
    for stranger in (desk.outsider, desk.l1):
        answer = send(page_of(desk.l2), ticket, kind=NOTE, body_note=f"See @{stranger.name}!")
        assert answer.status_code == 422
        assert "see this" in answer.content.decode()
    assert Message.objects.filter(kind=NOTE).count() == 1
    lifecycle.wait_for_partner(ticket, by=desk.l2, partner=desk.engineering, message="Why?")
    for kind in (NOTE, MessageKind.PARTNER):
        offered = set(mentions.readers(ticket, kind))
        everybody = [desk.l1, desk.l2, desk.other_l2, desk.lead, desk.partner, desk.outsider, desk.auditor]
        assert offered & set(everybody) == {one for one in everybody if mentions.may_read(one, ticket, kind)}
    address = reverse("mentionable", args=[ticket.reference])
    found = page_of(desk.l2).get(address, {"kind": NOTE, "q": "oti"}).json()["people"]
    assert [one["name"] for one in found] == ["Otis Second"]
    assert page_of(desk.l2).get(address, {"kind": CUSTOMER, "q": "oti"}).json()["people"] == []


@pytest.fixture
def macro(desk: Desk) -> Macro:
    draft = macro_setup.Draft(
        name="Ask for a receipt",
        kind=CUSTOMER,
        body_en="Dear {customer.name}, about {ticket.reference}: {agent.name}",
        body_es="Hola {customer.name}",
        actions={"priority": 1, "owner": "me", "verb": "wait_customer"},
        teams=(desk.payments,),
        states=(State.IN_PROGRESS,),
    )
    return macro_setup.save(None, draft, by=desk.lead)


def test_a_macro_is_applied_whole_or_not_at_all(desk: Desk, ticket: Ticket, macro: Macro):
    message = macros.apply(ticket, macro, by=desk.l2)
    ticket.refresh_from_db()
    assert message is not None
    assert message.body == f"Dear Ana Cruz, about {ticket.reference}: Sam Second"
    assert (ticket.state, ticket.priority, ticket.owner) == (State.WAITING_CUSTOMER, 1, desk.l2)
    assert getattr(macros.with_use(Macro.objects.all()).get(), "used", None) == 1
    with pytest.raises(NotAllowed):  # its state is another one now
        macros.apply(ticket, macro, by=desk.l2)
    other = desk.started()
    Macro.objects.update(body_en="Where is {answer.nowhere}?")
    macro.refresh_from_db()
    before = other.priority
    with pytest.raises(Refused, match=r"answer\.nowhere"):
        macros.apply(other, macro, by=desk.l2)
    Macro.objects.update(body_en="Fine", actions={"priority": 1, "verb": "wait_l1"})
    macro.refresh_from_db()
    with pytest.raises(Refused):
        macros.apply(other, macro, by=desk.l2)
    other.refresh_from_db()
    assert (other.priority, other.state) == (before, State.IN_PROGRESS)


def test_a_macro_comes_into_the_composer_and_its_actions_can_be_left_out(desk: Desk, ticket: Ticket, macro: Macro):
    page = page_of(desk.l2)
    assert "Ask for a receipt" in page.get(reverse("macro_menu", args=[ticket.reference])).content.decode()
    shown = page.get(reverse("macro_text", args=[ticket.reference, macro.pk])).content.decode()
    assert "Dear Ana Cruz" in shown
    assert "Dear Ana Cruz" in page.get(f"{ticket.get_absolute_url()}?macro={macro.pk}").content.decode()
    before = ticket.priority
    sent = {"kind": CUSTOMER, "body_to_customer": "Mine", "macro": macro.pk, "action": ["verb", "owner"]}
    assert send(page, ticket, **sent).status_code == 302
    with later(11):
        deliver()
    ticket.refresh_from_db()
    assert (ticket.state, ticket.priority) == (State.WAITING_CUSTOMER, before)
    ticket.customer.language = "es"
    assert macros.text_for(macro, ticket, by=desk.l2) == "Hola Ana Cruz"
    assert page_of(desk.l1).get(reverse("macro_text", args=[ticket.reference, macro.pk])).status_code == 404


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"body_en": "Dear {customer.nmae}"}, "body_en"),
        ({"body_es": "{answer.no_such_key_anywhere}"}, "body_es"),
        ({"kind": NOTE}, "verb"),
        ({"states": (State.NEW,)}, "states"),
        ({"actions": {"verb": "resolve"}}, "resolution"),
        ({"teams": ()}, "teams"),
        ({"actions": {"priority": 9}}, "priority"),
    ],
)
def test_what_a_macro_can_not_do_is_refused_when_it_is_saved(desk: Desk, changes: dict[str, Any], field: str):
    wanted: dict[str, Any] = {"name": "X", "kind": CUSTOMER, "body_en": "Hello"}
    wanted |= {"actions": {"verb": "wait_customer"}, "teams": (desk.payments,)} | changes
    with pytest.raises(Refused) as refusal:
        macro_setup.save(None, macro_setup.Draft(**wanted), by=desk.lead)
    assert refusal.value.field == field


def test_leads_set_up_their_own_macros_on_pages(desk: Desk, macro: Macro):
    page = page_of(desk.lead)
    assert "Ask for a receipt" in page.get(reverse("macro_setup")).content.decode()
    address = reverse("edit_macro", args=[macro.pk])
    assert "Dear {customer.name}" in page.get(address).content.decode()
    sent = {"version": 1, "name": "Ask", "kind": CUSTOMER, "body_en": "Hi", "teams": [desk.payments.pk]}
    assert page.post(address, sent).status_code == 302
    assert page.post(address, sent).status_code == 409
    assert page.post(address, sent | {"version": 2, "body_en": "{what}"}).status_code == 422
    macro.refresh_from_db()
    assert (macro.name, macro.body_en, macro.actions) == ("Ask", "Hi", {})
    assert page_of(desk.l2).get(reverse("macro_setup")).status_code == 404
    macro.teams.clear()
    assert page.get(address).status_code == 404


def test_files_of_drafts_are_not_swept_away(desk: Desk, ticket: Ticket):
    draft = composing.keep(ticket, by=desk.l2, kind=NOTE, body="With a file")
    assert draft is not None
    composing.add_files(draft, [ContentFile(b"kept", name="kept.txt")])
    from escalations import attachments

    assert attachments.sweep(older_than=timedelta(0)) == 0
    with pytest.raises(Refused):
        composing.add_files(draft, [ContentFile(b"", name="empty.txt")])
    with pytest.raises(Absent):
        composing.discard(draft, by=desk.other_l2)
