"""Escalating: choosing the category, filling in its contract, completing a returned one."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.forms import BoundField
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.views.once import once
from common.errors import Refused, StaleVersion
from escalations import attachments, drafts, escalating, receipts, similar
from escalations.contract import Invalid
from escalations.forms.escalation import EscalationForm, initial_of
from escalations.models import Category, ContractForm, Customer, EscalationDraft, Level, Ticket
from escalations.priorities import priority_of
from escalations.transitions import Verb, open_to
from escalations.views.parts import conflict_of, done, forbidding, person, ticket_rows, ticket_url, visible_ticket
from knowledgebase.search import matching_articles, matching_known_issues


@require_safe
def choose_category(request: HttpRequest) -> HttpResponse:
    """Offer the categories, and the drafts this person has not sent yet."""
    user = person(request)
    if not escalating.may_escalate(user):
        raise PermissionDenied
    categories = Category.objects.filter(is_active=True, forms__isnull=False).distinct()
    own_drafts = EscalationDraft.objects.filter(user=user).order_by("-updated_at")
    by_key = {category.key: category for category in categories}
    context = {
        "categories": categories,
        "drafts": [(by_key[draft.category_key], draft) for draft in own_drafts if draft.category_key in by_key],
    }
    return render(request, "escalations/choose_category.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@once
@forbidding
def escalate(request: HttpRequest, key: str) -> HttpResponse:
    """Show the category's contract, and escalate it."""
    user = person(request)
    if not escalating.may_escalate(user):
        raise PermissionDenied
    categories = Category.objects.select_related("team", "restriction")
    category = get_object_or_404(categories, key=key, is_active=True)
    form_version = category.current_form
    if form_version is None:
        raise Http404
    draft = drafts.find(user, key)
    form = EscalationForm(
        request.POST or None,
        request.FILES or None,
        category=category,
        contract_form=form_version,
        initial=draft.data if draft else None,
    )
    if request.method == "POST" and form.is_valid():
        ticket = _escalated(request, form)
        if ticket is not None:
            drafts.discard(user, key)
            if receipts.is_all_that_is_left(ticket, user):
                done(request, _("%s is handed in.") % ticket.reference)
                return redirect("receipts")
            done(request, _("%s is in the queue.") % ticket.reference)
            return redirect(ticket_url(ticket))
    context = {
        "form": form,
        "category": category,
        "draft": draft,
        "preview": _preview(form["impact"], form["urgency"]),
    }
    return render(request, "escalations/escalate.html", context, status=422 if form.errors else 200)


def _escalated(request: HttpRequest, form: EscalationForm) -> Ticket | None:
    """Escalate with the form's files, or put on the form what has to be mended."""
    user = person(request)
    try:
        with transaction.atomic():
            ticket = escalating.escalate(form.stated(), by=user)
            for upload in form.cleaned_data["uploads"]:
                attachments.attach(ticket, upload, by=user)
    except Invalid as invalid:
        form.blame_answers(invalid.errors)
    except Refused as refusal:
        form.blame(refusal.field, refusal.message)
    else:
        return ticket
    return None


@require_http_methods(["GET", "HEAD", "POST"])
@once
@forbidding
def resubmit(request: HttpRequest, reference: str) -> HttpResponse:
    """Complete a returned escalation and send the same one again."""
    ticket, user = visible_ticket(request, reference), person(request)
    if Verb.RESUBMIT not in {transition.verb for transition in open_to(user, ticket)} or ticket.form is None:
        return redirect(ticket_url(ticket))
    form = EscalationForm(
        request.POST or None,
        request.FILES or None,
        category=ticket.category,
        contract_form=ticket.form,
        for_return=True,
        initial=initial_of(ticket),
    )
    version = request.POST.get("version", str(ticket.version))
    conflict = None
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic():
                changed = escalating.resubmit(
                    ticket, form.stated(), by=user, version=int(version) if version.isdecimal() else 0
                )
                for upload in form.cleaned_data["uploads"]:
                    attachments.attach(changed, upload, by=user)
        except StaleVersion as error:
            current = Ticket.objects.visible_to(user).get(pk=ticket.pk)
            conflict = conflict_of(error, ticket_rows(current, form.cleaned_data), at=current.updated_at)
            version = str(current.version)
        except Invalid as invalid:
            form.blame_answers(invalid.errors)
        except Refused as refusal:
            form.blame(refusal.field, refusal.message)
        else:
            done(request, _("%s is back in the queue.") % ticket.reference)
            return redirect(ticket_url(ticket))
    context = {
        "form": form,
        "category": ticket.category,
        "ticket": ticket,
        "version": version,
        "returned": ticket.reviews.select_related("reviewer").last(),
        "conflict": conflict,
        "preview": _preview(form["impact"], form["urgency"]),
        "missing": ticket.messages.filter(kind="to_l1").order_by("-created_at").first(),
    }
    status = 409 if conflict else 422 if form.errors else 200
    return render(request, "escalations/escalate.html", context, status=status)


def _preview(impact: BoundField, urgency: BoundField) -> str:
    """Return the priority that the chosen impact and urgency make, or "" while they make none."""
    return _priority(str(impact.value()), str(urgency.value()))


def _priority(impact: str, urgency: str) -> str:
    levels = {str(level): level for level in Level.values}
    if impact not in levels or urgency not in levels:
        return ""
    return str(priority_of(levels[impact], levels[urgency]).label)


@require_POST
def keep_draft(request: HttpRequest, key: str) -> HttpResponse:
    """Keep what is written so far; the page calls this while L1 types."""
    category = get_object_or_404(Category, key=key, is_active=True)
    data: dict[str, Any] = {
        name: value
        for name, value in request.POST.items()
        if name not in {"csrfmiddlewaretoken", "form_token"} and value
    }
    try:
        draft = drafts.keep(person(request), category.key, data)
    except Refused as refusal:
        return JsonResponse({"message": refusal.message}, status=422)
    return JsonResponse({"saved": date_format(localtime(draft.updated_at), "H:i")})


@require_POST
def discard_draft(request: HttpRequest, key: str) -> HttpResponse:
    """Throw a draft away."""
    drafts.discard(person(request), key)
    done(request, _("The draft is gone."))
    return redirect("escalate")


@require_POST
def hints(request: HttpRequest, key: str) -> HttpResponse:
    """Show what is known already while L1 types: doubles, similar tickets, known issues, articles.

    A POST, because what is being typed must not stand in an address; it writes nothing.
    """
    user = person(request)
    category = get_object_or_404(Category, key=key, is_active=True)
    form_version = category.current_form
    subject, description = request.POST.get("subject", ""), request.POST.get("description", "")
    text = f"{subject} {description}"[:4000]
    customer_id = request.POST.get("customer_id", "")[:80]
    filled = _filled(form_version, request.POST)
    references = [filled["transaction"]]
    context = {
        "customer": Customer.objects.visible_to(user).filter(external_id=customer_id.strip()).first()
        if customer_id.strip()
        else None,
        "doubles": similar.open_of_customer(user, customer_id),
        "same_transaction": similar.open_of_transaction(user, references),
        "elsewhere": similar.open_elsewhere(user, customer_id, references),
        "similar": similar.similar_to_draft(
            user,
            category=category,
            subject=subject,
            description=description,
            customer_id=customer_id,
            **filled,
        ),
        "known_issues": matching_known_issues(user, text, limit=3),
        "articles": matching_articles(user, text, limit=4),
        "preview": _priority(request.POST.get("impact", ""), request.POST.get("urgency", "")),
        "typed": bool(text.strip()),
    }
    return render(request, "escalations/parts/hints.html", context)


def _filled(form: ContractForm | None, posted: QueryDict) -> dict[str, str]:
    """Return what is typed into the fields by which tickets are compared."""
    filled = {"transaction": "", "error_code": "", "endpoint": ""}
    compared = {"transaction_ref": "transaction", "error_code": "error_code"}
    for definition in form.fields if form else []:
        name = "endpoint" if definition["key"] == "endpoint" else compared.get(definition.get("fills", ""))
        if name and not filled[name]:
            filled[name] = posted.get(f"answer_{definition['key']}", "")[:120]
    return filled
