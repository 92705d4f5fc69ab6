"""A customer is guided through a runbook: we say which step is where, or they do, through a signed link."""

from datetime import timedelta

from django.conf import settings
from django.core import signing
from django.db import transaction
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from accounts import people
from accounts.models import User
from common import clock
from common.errors import NotAllowed, Refused
from escalations import composing
from escalations.access import works_on
from escalations.changes import record
from escalations.models import MessageDraft, MessageKind, Ticket
from events import recording
from investigations.health import runbooks
from investigations.models import Checklist, ChecklistStep, Integration, StepState

SUBJECT = "checklist"
STARTED = "checklist.started"
MARKED = "checklist.marked"
RENEWED = "checklist.renewed"
#: The customer says that a step does not work, or is through.
ANSWERED = "ticket.checklist_answered"
LINK_DAYS = 30

_signer = signing.Signer(salt="investigations.checklist")


class LinkRefused(Exception):
    """A link to a checklist that can't be used: forged, expired or over. Says which."""


@transaction.atomic
def start(integration: Integration, ticket: Ticket, *, by: User) -> Checklist:
    """Begin the runbook in force because of a ticket; begun twice, it is the same. Raises NotAllowed, Refused."""
    if not works_on(by, ticket):
        raise NotAllowed(_("You may not guide this customer."))
    if integration.customer_id != ticket.customer_id:
        raise Refused(_("This integration is another customer's."))
    if integration.retired_at:
        raise Refused(_("This integration is retired. Bring it back first."))
    runbook = runbooks.for_customer(integration.plugin, integration.customer.language)
    if runbook is None:
        raise Refused(
            _("There is no runbook for %s yet. A lead can write one.") % integration.get_plugin_display()
        )
    now = clock.now()
    checklist, is_new = Checklist.objects.get_or_create(
        integration=integration, ticket=ticket, runbook=runbook,
        defaults={"started_by": by, "started_at": now, "link_ends_at": now + timedelta(days=LINK_DAYS)},
    )  # fmt: skip
    if is_new:
        ChecklistStep.objects.bulk_create(
            ChecklistStep(checklist=checklist, place=place) for place in range(len(runbook.steps))
        )
        data = {"ticket": ticket.pk, "integration": integration.pk, "runbook": runbook.pk}
        recording.record(STARTED, subject=(SUBJECT, checklist.pk), by=by, data=data)
    return checklist


@transaction.atomic
def mark(checklist: Checklist, place: int, state: str, *, by: User) -> None:
    """Say how far a step has come. Raises NotAllowed, Refused."""
    if not works_on(by, checklist.ticket):
        raise NotAllowed(_("You may not guide this customer."))
    _mark(checklist, place, state, by=by)


def _mark(checklist: Checklist, place: int, state: str, *, by: User | None) -> bool:
    step = ChecklistStep.objects.select_for_update().filter(checklist=checklist, place=place).first()
    if step is None or state not in StepState.values:
        raise Refused(_("Choose one of the list."), field="state")
    if step.state == state:
        return False
    step.state, step.by, step.at = state, by, None if state == StepState.OPEN else clock.now()
    step.save(update_fields=["state", "by", "at"])
    data = {"ticket": checklist.ticket_id, "place": place, "state": state, "by_customer": by is None}
    recording.record(MARKED, subject=(SUBJECT, checklist.pk), by=by or people.system(), data=data)
    return True


def link(checklist: Checklist) -> str:
    """Return the address under which the customer ticks steps."""
    return settings.SITE_URL + reverse("customer_checklist", args=[_signer.sign(str(checklist.pk))])


def of_link(token: str) -> Checklist:
    """Return the checklist of a link. Raises LinkRefused."""
    try:
        number = int(_signer.unsign(token))
    except (signing.BadSignature, ValueError):
        raise LinkRefused(_("This link is not complete. Please open it from the mail again.")) from None
    checklist = (
        Checklist.objects.select_related("runbook", "integration__customer", "ticket").filter(pk=number).first()
    )
    if checklist is None:
        raise LinkRefused(_("This link is no longer known."))
    if checklist.has_expired or not checklist.ticket.is_open:
        raise LinkRefused(_("This link has expired."))
    return checklist


@transaction.atomic
def mark_by_customer(token: str, states: dict[int, str], former: dict[int, str]) -> Checklist:
    """Keep what the customer changed of the steps, of which they saw the `former` states.

    What they left as it was stays as it is now, though we may have marked it since; so does what does not apply.
    The ticket's owner hears of it (news) when a step does not work, or none is left open.
    Raises LinkRefused, Refused.
    """
    checklist = of_link(token)
    # The ticket first, as every change has it.
    ticket = Ticket.objects.select_for_update(no_key=True).get(pk=checklist.ticket_id)
    changed = []
    for step in checklist.steps.order_by("place"):
        state = states.get(step.place)
        if state is None or state == former.get(step.place) or step.state == StepState.SKIPPED:
            continue
        if state not in {StepState.OPEN, StepState.DONE, StepState.FAILED}:
            raise Refused(_("Choose one of the list."), field="state")
        if _mark(checklist, step.place, state, by=None):
            changed.append(state)
    failed = changed.count(StepState.FAILED)
    if failed or (changed and not checklist.steps.filter(state=StepState.OPEN).exists()):
        record(ticket, "checklist_answered", by=people.system(), checklist=checklist.pk, failed=failed)
    return checklist


@transaction.atomic
def renew(checklist: Checklist, *, by: User) -> None:
    """Let the customer's link go on for its full time from now. Raises NotAllowed, Refused."""
    if not works_on(by, checklist.ticket):
        raise NotAllowed(_("You may not guide this customer."))
    if not checklist.ticket.is_open:
        raise Refused(_("The escalation is over, and the customer's link with it."))
    checklist.link_ends_at = clock.now() + timedelta(days=LINK_DAYS)
    checklist.save(update_fields=["link_ends_at"])
    data = {"ticket": checklist.ticket_id}
    recording.record(RENEWED, subject=(SUBJECT, checklist.pk), by=by, data=data)


@transaction.atomic
def prepare_message(checklist: Checklist, *, by: User) -> MessageDraft | None:
    """Make the open steps a draft of an answer to the customer, below what the person has begun to write there.

    A link that has expired is renewed. Raises NotAllowed, Refused.
    """
    ticket = checklist.ticket
    if checklist.has_expired:
        renew(checklist, by=by)
    body = message(checklist)
    begun = MessageDraft.objects.written().filter(person=by, ticket=ticket, kind=MessageKind.TO_CUSTOMER).first()
    if begun and body in begun.body:
        return begun
    seen = begun.seen if begun else ticket.version
    text = f"{begun.body}\n\n{body}" if begun and begun.body.strip() else body
    return composing.keep(
        ticket, by=by, kind=MessageKind.TO_CUSTOMER, body=text,
        promise=begun.promised_for if begun else None, seen=seen,
    )  # fmt: skip


def message(checklist: Checklist) -> str:
    """Return the steps that are open or failed, in the runbook's language, with the customer's link."""
    runbook = checklist.runbook
    waiting = checklist.steps.filter(state__in=(StepState.OPEN, StepState.FAILED)).order_by("place")
    with translation.override(runbook.language):
        lines = [_("Please go through these steps, one after the other:"), ""]
        for number, step in enumerate(waiting, start=1):
            said = runbook.steps[step.place]
            lines.append(f"{number}. **{said['title']}**: {said['text']}")
        lines += ["", _("Tell us here how far you have come: %s") % link(checklist)]
    return "\n".join(lines)
