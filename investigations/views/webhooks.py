"""The webhook tester: a ticket's address, what arrived there; and the address that anybody may send to."""

from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.views.once import once
from common.errors import Refused
from escalations import evidence
from escalations.access import works_on
from escalations.forms.evidence import EvidenceForm
from escalations.models import EvidenceKind, Ticket
from escalations.views.parts import done, forbidding, person
from investigations.console import shown
from investigations.console.composing import LARGEST_BODY
from investigations.forms.console import SigningForm
from investigations.models import Scheme, Verdict, WebhookAddress, WebhookDelivery
from investigations.views.asking import internal_ticket
from investigations.webhooks import receiving

SHOWN = 100
TONES = {Verdict.VALID: "good", Verdict.UNCHECKED: "", Verdict.OLD: "warn"}


@require_safe
def webhooks(request: HttpRequest, reference: str) -> HttpResponse:
    """Show the ticket's address and what arrived; only the latter where the page asks again."""
    ticket = internal_ticket(request, reference)
    if request.headers.get("HX-Request") and not request.headers.get("HX-Boosted"):
        return render(request, "investigations/_deliveries.html", {"ticket": ticket, **_arrived(ticket)})
    return _page(request, ticket)


def _arrived(ticket: Ticket) -> dict[str, Any]:
    found = WebhookDelivery.objects.filter(ticket=ticket).defer("body").order_by("-pk")[:SHOWN]
    return {"deliveries": [(one, TONES.get(Verdict(one.verdict), "bad")) for one in found]}


def _page(request: HttpRequest, ticket: Ticket, form: SigningForm | None = None) -> HttpResponse:
    address = WebhookAddress.objects.filter(ticket=ticket).first()
    context: dict[str, Any] = {"ticket": ticket, "works": works_on(person(request), ticket), **_arrived(ticket)}
    if address:
        address.ticket = ticket
        initial = {"scheme": address.scheme, "header": address.header, "tolerance": address.tolerance}
        context |= {
            "address": address,
            "is_open": receiving.is_open(address),
            "signing_form": form or SigningForm(initial=initial),
        }
        if context["works"] and context["is_open"]:
            path = reverse("webhook_receiver", args=[receiving.token_of(address)])
            context["url"] = request.build_absolute_uri(path)
    return render(request, "investigations/webhooks.html", context, status=422 if form else 200)


def _address(ticket: Ticket) -> WebhookAddress:
    address = get_object_or_404(WebhookAddress, ticket=ticket)
    address.ticket = ticket
    return address


@require_POST
@once
@forbidding
def open_webhook(request: HttpRequest, reference: str) -> HttpResponse:
    """Give the ticket an address, or another one."""
    ticket = internal_ticket(request, reference)
    receiving.open_address(ticket, by=person(request))
    return redirect("webhooks", ticket.reference)


@require_POST
@once
@forbidding
def close_webhook(request: HttpRequest, reference: str) -> HttpResponse:
    """Take nothing in any more."""
    ticket = internal_ticket(request, reference)
    receiving.close(_address(ticket), by=person(request))
    return redirect("webhooks", ticket.reference)


@require_POST
@once
@forbidding
def set_signing(request: HttpRequest, reference: str) -> HttpResponse:
    """Say how the sender signs."""
    ticket, form = internal_ticket(request, reference), SigningForm(request.POST)
    address = _address(ticket)
    if form.is_valid():
        data = form.cleaned_data
        try:
            receiving.set_signing(
                address, scheme=Scheme(data["scheme"]), header=data["header"].strip(), secret=data["secret"],
                tolerance=data["tolerance"], by=person(request),
            )  # fmt: skip
        except Refused as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, refusal.message)
        else:
            done(request, _("Saved. What arrives from now on is checked so."))
            return redirect("webhooks", ticket.reference)
    return _page(request, ticket, form)


@require_safe
def webhook_delivery(request: HttpRequest, reference: str, number: int) -> HttpResponse:
    """Show one thing that arrived."""
    ticket = internal_ticket(request, reference)
    return _delivery_page(request, ticket, _delivery(ticket, number))


def _delivery(ticket: Ticket, number: int) -> WebhookDelivery:
    return get_object_or_404(WebhookDelivery, ticket=ticket, pk=number)


def _delivery_page(
    request: HttpRequest, ticket: Ticket, delivery: WebhookDelivery, form: EvidenceForm | None = None
) -> HttpResponse:
    context = {
        "ticket": ticket,
        "delivery": delivery,
        "tone": TONES.get(Verdict(delivery.verdict), "bad"),
        "headers": shown.headers_text(delivery.headers),
        "body": shown.pretty(delivery.body),
        "works": works_on(person(request), ticket),
        "evidence_form": form or EvidenceForm(ticket=ticket),
    }
    return render(request, "investigations/delivery.html", context, status=422 if form else 200)


@require_POST
@once
@forbidding
def delivery_evidence(request: HttpRequest, reference: str, number: int) -> HttpResponse:
    """Keep something that arrived as evidence of a hypothesis."""
    ticket, user = internal_ticket(request, reference), person(request)
    delivery, form = _delivery(ticket, number), EvidenceForm(request.POST, ticket=ticket)
    if form.is_valid():
        text = "\n\n".join(
            part
            for part in (
                delivery.get_verdict_display(),
                shown.headers_text(delivery.headers),
                shown.pretty(delivery.body),
            )
            if part
        )
        source = {"delivery": delivery.pk, "sha256": delivery.sha256, "at": delivery.at.isoformat()}
        try:
            evidence.keep(
                ticket, kind=EvidenceKind.WEBHOOK, title=_("Webhook of %s") % f"{delivery.at:%Y-%m-%d %H:%M:%S}",
                body=text, source=source, by=user, **form.place(),
            )  # fmt: skip
        except Refused as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, refusal.message)
        else:
            done(request, _("It is evidence in the diagnosis now."))
            return redirect("webhook_delivery", ticket.reference, delivery.pk)
    return _delivery_page(request, ticket, delivery, form)


@csrf_exempt
@login_not_required
@require_http_methods(["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"])
def receiver(request: HttpRequest, token: str, rest: str = "") -> HttpResponse:
    """Take a webhook in: 204, whatever it says. GET, HEAD and OPTIONS only tell that the address is there.

    `rest` is what a sender puts behind every address that it is given.
    """
    address = receiving.find(token)
    if address is None:
        raise Http404
    if request.method in {"GET", "HEAD", "OPTIONS"}:
        return HttpResponse(status=204, headers={"Allow": "POST, PUT, PATCH, DELETE, HEAD, OPTIONS"})
    announced = request.headers.get("Content-Length", "0")
    if not announced.isdecimal() or int(announced) > LARGEST_BODY:
        return HttpResponse(status=413)
    try:
        receiving.take(
            address, method=request.method or "", path=rest, query=request.META.get("QUERY_STRING", ""),
            headers=dict(request.headers), body=request.body,
        )  # fmt: skip
    except receiving.TooMany:
        return HttpResponse(status=429, headers={"Retry-After": "60"})
    except Refused:
        return HttpResponse(status=413)
    return HttpResponse(status=204)
