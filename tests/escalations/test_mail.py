"""What reaches the customer by mail."""

import re

from django.core.mail import EmailMessage
from django.test import Client

from escalations import lifecycle, mail
from escalations.customers import CustomerData
from escalations.models import Rating, Ticket
from events.models import Delivery, Event
from tests.escalations.desk import Desk

SPANISH = CustomerData(external_id="C-9", name="Luz", email="luz@example.com", language="es")


def send_owed(ticket: Ticket) -> None:
    for event in Event.objects.filter(subject_id=ticket.pk, deliveries__consumer=mail.CONSUMER).order_by("id"):
        mail.handle(event)


def test_a_question_goes_out_and_a_note_to_l1_does_not(desk: Desk, mailoutbox: list[EmailMessage]) -> None:
    ticket = desk.started()
    lifecycle.wait_for_customer(ticket, by=desk.l2, message="When did you pay?")
    send_owed(ticket)
    (sent,) = mailoutbox
    assert sent.to == ["ana@example.com"]
    assert "When did you pay?" in sent.body
    assert ticket.reference in sent.subject
    assert "rate/" not in sent.body


def test_the_resolution_carries_a_rating_link_that_works_once(desk: Desk, mailoutbox: list[EmailMessage]) -> None:
    ticket = desk.resolved(customer=SPANISH)
    send_owed(ticket)
    (sent,) = mailoutbox
    assert "wait an hour" not in sent.body  # that was for L1
    link = re.search(r"https?://[^/]+(/rate/[^?\s]+)", str(sent.body))
    assert link is not None
    visitor = Client()
    assert visitor.get(link[1] + "?score=5").status_code == 200
    assert not Rating.objects.exists()  # opening the link, as mail scanners do, rates nothing
    assert visitor.post(link[1], {"score": "4", "comment": "Gracias"}).status_code == 200
    assert Rating.objects.get().language == "es"
    assert visitor.post(link[1], {"score": "1"}).status_code == 410
    assert visitor.get(link[1][:-3] + "xx/").status_code == 410


def test_mail_is_owed_in_the_transaction_of_the_change(desk: Desk) -> None:
    ticket = desk.resolved()
    owed = Delivery.objects.filter(event__subject_id=ticket.pk, consumer=mail.CONSUMER)
    assert owed.get().event.kind == "ticket.resolved"


def test_no_address_no_mail(desk: Desk, mailoutbox: list[EmailMessage]) -> None:
    ticket = desk.resolved(customer=CustomerData(external_id="C-2", name="Nemo"))
    send_owed(ticket)
    assert mailoutbox == []
