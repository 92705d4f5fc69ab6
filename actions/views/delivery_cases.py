"""What was sent to a ticket's customer, and whether it may be sent again."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from actions import account_review, delivery_review
from actions.delivery_cases import COURIER_CODES
from actions.models import Kind
from escalations.views.parts import person, visible_ticket

_TONES = {"delivered": "good", "signed": "good", "lost": "bad", "returned": "bad", "damaged": "bad"}
_ICONS = {
    "collected": "archive-box", "in_transit": "truck", "out_for_delivery": "truck", "attempted": "bell",
    "delivered": "check", "signed": "pencil", "lost": "question-mark-circle", "returned": "arrow-uturn-left",
    "damaged": "exclamation-triangle", "reset": "arrow-path",
}  # fmt: skip


@require_safe
def delivery_cases(request: HttpRequest, reference: str) -> HttpResponse:
    """List the customer's deliveries; of one, show the rules' answers and the courier's line of time."""
    ticket, user = visible_ticket(request, reference), person(request)
    if not account_review.may_read(user, ticket):
        raise Http404
    reading = delivery_review.read(ticket, by=user)
    chosen = reading.find(request.GET.get("delivery", ""))
    if chosen is None and request.GET.get("delivery") and not reading.silent:
        raise Http404
    events = chosen.delivery.events if chosen else None
    context = {
        "ticket": ticket,
        "reading": reading,
        "chosen": chosen,
        "result": str(chosen.result) if chosen else "",
        "events": None
        if events is None
        else [
            (
                event,
                COURIER_CODES.get(event.code, event.code),
                _TONES.get(event.code, ""),
                _ICONS.get(event.code, "cube"),
            )
            for event in reversed(events)
        ],
        "kind": Kind.DELIVERY_RESET.value,
        "may_propose": account_review.may_decide(user, ticket) and ticket.is_open,
    }
    return render(request, "actions/delivery_cases.html", context)
