"""What leaves the house by mail: questions and answers to the customer, with a rating link at the end."""

from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation

from escalations import csat, tipping_off
from escalations.models import Message, MessageKind, State, Ticket
from events.models import Event

CONSUMER = "mail"
KINDS = ("ticket.message", "ticket.waiting", "ticket.resolved")


def handle(event: Event) -> None:
    """Send the customer what the event says to them. Nothing is sent to a customer without an address.

    The Message-ID follows from the event, so that a mail handed over twice
    (the worker died in between) can be told to be the same one.
    """
    message = _to_customer(event)
    if message is None or not message.ticket.customer.email:
        return
    ticket = message.ticket
    resolved = event.kind == "ticket.resolved"
    with translation.override(ticket.customer.language):
        context = {
            "ticket": ticket,
            "subject": ticket.subject if tipping_off.is_harmless(ticket.subject) else "",
            "body": message.body,
            "customer": ticket.customer,
            "rating_url": rating_url(ticket) if resolved else "",
            "rating_days": settings.RATING_LINK_DAYS,
        }
        subject = render_to_string("escalations/mail/subject.txt", context).strip()
        text = render_to_string("escalations/mail/answer.txt", context)
    EmailMessage(
        subject=subject,
        body=text,
        to=[ticket.customer.email],
        headers={
            "Message-ID": f"<event-{event.pk}@{settings.SITE_URL.split('://')[1]}>",
            "Content-Language": ticket.customer.language,
            "Auto-Submitted": "auto-generated",
        },
    ).send()


def _to_customer(event: Event) -> Message | None:
    """Return the message that the event sends to the customer, if it does."""
    if event.kind == "ticket.waiting" and event.data["ticket"]["state"] != State.WAITING_CUSTOMER:
        return None
    return (
        Message.objects.filter(pk=event.get("message"), kind=MessageKind.TO_CUSTOMER)
        .select_related("ticket__customer")
        .first()
    )


def rating_url(ticket: Ticket) -> str:
    """Return the address at which the customer rates the answer."""
    return settings.SITE_URL + reverse("rate", args=[csat.token(csat.invite(ticket))])
