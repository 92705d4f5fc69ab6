"""Who is told of sensitive actions: whoever may approve one that is requested, and its makers how it goes on.

They are told in their notifications as of anything about the ticket. An approver who may not see the ticket is
told by mail instead, with nothing in it but the link.
"""

from django.conf import settings

from accounts import event_mail
from accounts.models import User
from actions import access, execution, lifecycle
from actions.models import Action, State
from escalations import alerts
from escalations.models import AlertKind, Ticket
from events.models import Event

CONSUMER = "action_news"
_LATER = (
    lifecycle.APPROVED, lifecycle.REJECTED, lifecycle.EXPIRED, execution.DONE, execution.FAILED, execution.LOST,
)  # fmt: skip
KINDS = (lifecycle.REQUESTED, *_LATER)


def handle(event: Event) -> None:
    """Tell everybody whom the event concerns, but not of what they did themselves."""
    action = Action.objects.select_related("ticket", "policy").filter(pk=event.subject_id).first()
    if action is None:
        return
    if event.kind == lifecycle.REQUESTED:
        if action.state == State.REQUESTED:
            _ask(action, event)
        return
    makers = User.objects.filter(pk__in=action.makers, is_active=True).exclude(pk=event.actor_id)
    inside, _outside = _parted(action, list(makers))
    alerts.tell(action.ticket, inside, AlertKind.DECIDED, event=event)


def _ask(action: Action, event: Event) -> None:
    inside, outside = _parted(action, access.approvers(action))
    alerts.tell(action.ticket, inside, AlertKind.APPROVAL, event=event)
    for person in outside:
        url = settings.SITE_URL + action.get_absolute_url()
        event_mail.send(event, person, "actions/mail/approval", {"url": url})


def _parted(action: Action, people: list[User]) -> tuple[list[User], list[User]]:
    """Part people into those who see the ticket and those who see the action alone; the others are left out."""
    tickets, actions = Ticket.objects.filter(pk=action.ticket_id), Action.objects.filter(pk=action.pk)
    inside = [person for person in people if tickets.visible_to(person).exists()]
    outside = [person for person in people if person not in inside and actions.visible_to(person).exists()]
    return inside, outside
