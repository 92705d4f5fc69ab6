"""No answer to a customer tells them of a review, whichever way it is written; nothing that was typed is lost."""

import json

import pytest
from django.core import mail as outbox_of_mail
from django.utils import translation

from accounts.models import User
from common.errors import NotAllowed, Refused
from escalations import bulk, conversation, lifecycle, macro_setup, mail, tipping_off
from escalations.macro_setup import Draft
from escalations.models import Message, MessageDraft, MessageKind, Ticket, TippingOffWords
from events.models import Event
from tests.matrix import Scenario

pytestmark = pytest.mark.django_db

TIPS = "Your account is under compliance\u200b review because of suspicious-activity."
STOPPED = "This can't go to a customer: “compliance\u200b review” and “suspicious-activity”"


@pytest.fixture
def compliance(scenario: Scenario) -> User:
    scenario.desk.engineering.reviews_compliance = True
    scenario.desk.engineering.save()
    return User.objects.get(pk=scenario.desk.partner.pk)


def said_to_customers() -> int:
    return Message.objects.filter(kind=MessageKind.TO_CUSTOMER).count()


def test_every_way_to_a_customer_is_stopped_and_keeps_the_text(scenario: Scenario):
    desk, client = scenario.desk, scenario.clients["l2"]
    before = said_to_customers()
    working = desk.started()
    root = f"/tickets/{working.reference}/"

    composer = client.post(root + "messages/", {"kind": "to_customer", "body_to_customer": TIPS, "seen": "0"})
    assert composer.status_code == 422 and "This can&#x27;t go to a customer" in composer.content.decode()
    kept = MessageDraft.objects.get(ticket=working, person=desk.l2, kind=MessageKind.TO_CUSTOMER)
    assert kept.body == TIPS and kept.sends_at is None

    resolve = {**desk.resolution(), "answer_to_customer": TIPS, "version": working.version}
    verb = client.post(root + "do/resolve/", resolve)
    assert verb.status_code == 422 and "because of suspicious-activity.</textarea>" in verb.content.decode()
    assert "answer_to_customer" in verb.context["form"].errors

    asked = client.post(root + "do/wait_customer/", {"message": TIPS, "version": working.version})
    assert asked.status_code == 422 and "message" in asked.context["form"].errors

    api = f"/api/v1/tickets/{working.reference}/"
    for part, sent in (
        ("comments/", {"kind": "to_customer", "body": TIPS}),
        ("transitions/", {"verb": "wait_customer", "message": TIPS}),
    ):
        answer = client.post(api + part, json.dumps(sent), content_type="application/json")
        assert answer.status_code == 422 and "Write instead" in answer.json()["detail"], part

    with pytest.raises(Refused, match="Such words are stopped in every escalation"):
        bulk.start("wait_customer", {"message": TIPS}, Ticket.objects.filter(pk=working.pk), by=desk.l2)
    macro = Draft(name="Tips", kind=MessageKind.TO_CUSTOMER, body_en=TIPS, teams=(desk.payments,))
    with pytest.raises(Refused) as refused:
        macro_setup.save(None, macro, by=desk.lead)
    assert refused.value.field == "body_en"
    assert said_to_customers() == before
    conversation.write(working, by=desk.l2, kind=MessageKind.NOTE, body=TIPS)  # inside it may be said


def test_it_is_the_same_for_all_tickets_and_roles_and_says_what_to_write(scenario: Scenario):
    sentences = set()
    for ticket, by in ((scenario.ticket, scenario.desk.l2), (scenario.desk.started(), scenario.desk.lead)):
        with pytest.raises(Refused) as refused:
            conversation.write(ticket, by=by, kind=MessageKind.TO_CUSTOMER, body=TIPS)
        sentences.add(str(refused.value.message))
    (sentence,) = sentences
    assert sentence.startswith(STOPPED) and "We are still working on your request." in sentence
    with translation.override("es"), pytest.raises(Refused, match="Seguimos trabajando"):
        tipping_off.check("Es una operación SOSPECHOSA")


def test_only_compliance_keeps_the_words_and_releases(scenario: Scenario, compliance: User):
    desk = scenario.desk
    group = TippingOffWords.objects.get(key="reviews")
    for person in (desk.l2, desk.lead, scenario.people["admin"], desk.auditor):
        with pytest.raises(NotAllowed):
            tipping_off.release(TIPS, by=person, reason="I know better.")
        with pytest.raises(NotAllowed):
            tipping_off.save(group, by=person, name="None", terms=["nothing"], instead="Nothing.")
    released = tipping_off.release(f"  {TIPS}\n", by=compliance, reason="The customer asked for this wording.")
    message = conversation.write(desk.started(), by=desk.l2, kind=MessageKind.TO_CUSTOMER, body=TIPS)
    assert message.body == TIPS
    tipping_off.withdraw(released, by=compliance)
    with pytest.raises(Refused):
        conversation.write(desk.started(), by=desk.l2, kind=MessageKind.TO_CUSTOMER, body=TIPS)
    kinds = Event.objects.filter(subject_type="tipping_off").values_list("kind", flat=True)
    assert list(kinds) == ["tipping_off.released", "tipping_off.withdrawn"]


def test_compliance_changes_words_after_trying_them(scenario: Scenario, compliance: User):
    client = scenario.clients["partner"]
    lifecycle.resolve(desk_ticket := scenario.desk.started(), by=scenario.desk.l2, **scenario.desk.resolution())
    page = client.get("/setup/tipping-off/").content.decode()
    assert "Money laundering" in page
    tried = client.post("/setup/tipping-off/try/", {"text": "He is a <b>mule</b>", "terms": "mules"})
    assert "<mark>mule</mark>" in tried.content.decode()
    sent = {
        "version": 0,
        "name": "Mules",
        "terms": "mule\nsorry for the delay",
        "instead": "Nothing.",
        "is_active": "on",
    }
    preview = client.post("/setup/tipping-off/new/", {**sent, "preview": "yes"})
    assert preview.status_code == 200 and preview.context["stopped"][0] >= 1
    assert not TippingOffWords.objects.filter(name="Mules").exists()
    assert client.post("/setup/tipping-off/new/", sent).status_code == 302
    with pytest.raises(Refused):
        tipping_off.check("Money mules")
    assert client.post("/setup/tipping-off/new/", {**sent, "terms": "x"}).status_code == 422
    assert desk_ticket.pk


def test_a_subject_written_inside_is_not_mailed(scenario: Scenario):
    desk = scenario.desk
    ticket = desk.started(subject="AML review of Ana")
    message = conversation.write(ticket, by=desk.l2, kind=MessageKind.TO_CUSTOMER, body="We are on it.")
    mail.handle(Event.objects.get(kind="ticket.message", data__message=message.pk))
    assert [one.subject for one in outbox_of_mail.outbox] == [f"[{ticket.reference}] Your request"]
