"""What a partner with a mail address is asked, by mail, with an address to answer to that only this one has."""

from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.utils import translation

from accounts.models import Membership, Role
from escalations import contract, mail_texts, reply_address
from escalations.hand_over_states import Move
from escalations.models import HandOver, HandOverState, Message, MessageKind, PartnerAgreement
from events.models import Event

CONSUMER = "hand_over_mail"
#: What withdraws every hand-over that is still open: the event names them as `withdrawn`.
_WITHDRAWING = ("ticket.resumed", "ticket.resolved", "ticket.cancelled", "ticket.merged")
#: What reminds of the question: the button, and a merge that was taken back with what it had withdrawn.
_REMINDING = ("ticket.nudged", "ticket.unmerged")
_ASKING = ("ticket.waiting", "ticket.handed_over", *_REMINDING)
KINDS = (*_ASKING, "ticket.message", "ticket.deadline_set", "ticket.hand_over_moved", *_WITHDRAWING)
_ENDS = {Move.WITHDRAW, Move.CLOSE}


def handle(event: Event) -> None:
    """Mail the partner what the desk says in a hand-over, reminders, and that it is over; nothing of their own.

    A partner's mailbox is read by more people than a restricted ticket's list lets in: of one it is told only that
    something waits, and where.
    """
    named = event.get("withdrawn") or event.get("hand_overs") or [event.get("hand_over")]
    for row in HandOver.objects.select_related("team", "form", "ticket").filter(pk__in=named).order_by("pk"):
        agreement = PartnerAgreement.objects.filter(team=row.team_id).exclude(email="").first()
        if agreement is not None and (told := _told(event, row)) is not None:
            _send(event, row, agreement, told)


def _told(event: Event, row: HandOver) -> dict[str, Any] | None:
    """Return what the mail about this event is made of; None where there is none."""
    if event.get("withdrawn") or event.get("move") in _ENDS:
        return None if row.is_owed else {"ending": HandOverState(row.state), "body": "", "first": False}
    if event.kind in _ASKING and not row.is_owed:
        return None
    by_mail = event.get("move") is not None and event.actor.is_robot
    member = Membership.objects.filter(team=row.team_id, user=event.actor_id, role__in=[Role.PARTNER, Role.LEAD])
    if by_mail or member.exists():
        return None
    if event.kind in _REMINDING:
        return {"is_reminder": True, "body": row.question, "first": False}
    said = Message.objects.filter(pk=event.get("message"), kind=MessageKind.PARTNER, hand_over=row).first()
    if said is None:
        return None
    return {"body": said.body, "first": not row.messages.filter(pk__lt=said.pk).exists()}


def _send(event: Event, row: HandOver, agreement: PartnerAgreement, told: dict[str, Any]) -> None:
    is_restricted = bool(row.ticket.restricted_as)
    answer_to = "" if is_restricted or "ending" in told else reply_address.of(row.pk)
    with translation.override(agreement.language):
        context = told | {
            "row": row,
            "rows": contract.rows(row.form, row.answers),
            "is_restricted": is_restricted,
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
            "Message-ID": f"<event-{event.pk}-{row.pk}@{settings.SITE_URL.split('://')[1]}>",
            "Content-Language": agreement.language,
            "Auto-Submitted": "auto-generated",
        },
    ).send()
