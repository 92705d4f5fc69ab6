"""What a partner with a mail address is asked, by mail, with an address to answer to that only this one has."""

from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.utils import translation

from accounts.models import Membership, Role
from escalations import contract, mail_texts, reply_address
from escalations.models import HandOver, Message, MessageKind, PartnerAgreement
from events.models import Event

CONSUMER = "hand_over_mail"
KINDS = ("ticket.waiting", "ticket.handed_over", "ticket.message", "ticket.nudged")


def handle(event: Event) -> None:
    """Mail the partner what the desk says in a hand-over, and reminders; nothing of what they wrote themselves."""
    row = HandOver.objects.select_related("team", "form", "ticket").filter(pk=event.get("hand_over")).first()
    if row is None or not row.is_owed:
        return
    agreement = PartnerAgreement.objects.filter(team=row.team_id).exclude(email="").first()
    by_mail = event.get("move") is not None and event.actor.is_robot
    member = Membership.objects.filter(team=row.team_id, user=event.actor_id, role=Role.PARTNER)
    if agreement is None or by_mail or member.exists():
        return
    is_reminder = event.kind == "ticket.nudged"
    said = Message.objects.filter(pk=event.get("message"), kind=MessageKind.PARTNER, hand_over=row).first()
    if said is None and not is_reminder:
        return
    answer_to = reply_address.of(row.pk)
    with translation.override(agreement.language):
        context = {
            "row": row,
            "body": row.question if is_reminder or said is None else said.body,
            "rows": contract.rows(row.form, row.answers),
            "first": not row.messages.filter(pk__lt=said.pk).exists() if said is not None else False,
            "is_reminder": is_reminder,
            "answer_to": answer_to,
            "mark": mail_texts.MARK,
            "url": settings.SITE_URL + row.get_absolute_url(),
        }
        subject = render_to_string("escalations/mail/hand_over_subject.txt", context).strip()
        text = render_to_string("escalations/mail/hand_over.txt", context)
    EmailMessage(
        subject=subject,
        body=text,
        to=[agreement.email],
        reply_to=[answer_to] if answer_to else [],
        headers={
            "Message-ID": f"<event-{event.pk}@{settings.SITE_URL.split('://')[1]}>",
            "Content-Language": agreement.language,
            "Auto-Submitted": "auto-generated",
        },
    ).send()
