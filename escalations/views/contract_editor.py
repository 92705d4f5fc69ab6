"""What each category asks of L1, edited by admins."""

from typing import Any

from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_htmx.http import trigger_client_event

from accounts.views.once import once
from common.errors import StaleVersion
from escalations import contract
from escalations.forms.contract_editor import ContractEditor
from escalations.forms.contract_texts import as_texts
from escalations.forms.escalation import EscalationForm
from escalations.models import Category, ContractForm, Ticket
from escalations.models.ticket import OPEN
from escalations.views.parts import Conflict, conflict_of, done, forbidding, person
from events.models import Event

LANGUAGES = ("en", "es")


@require_safe
def category_list(request: HttpRequest) -> HttpResponse:
    """Show every category with the form it has now."""
    _demand_admin(request)
    newest = ContractForm.objects.order_by("category_id", "-version").distinct("category_id")
    forms = {form.category_id: form for form in newest}
    still_open = dict(
        Ticket.objects.visible_to(person(request))
        .filter(state__in=OPEN, form__isnull=False)
        .order_by()
        .values_list("form__category_id")
        .annotate(Count("pk"))
    )
    rows = [
        (category, forms.get(category.pk), still_open.get(category.pk, 0))
        for category in Category.objects.select_related("team")
    ]
    return render(request, "escalations/setup/categories.html", {"rows": rows})


@require_http_methods(["GET", "HEAD", "POST"])
@once
@forbidding
def edit_form(request: HttpRequest, key: str) -> HttpResponse:
    """Show the fields of a category's form, and publish them as its next version."""
    _demand_admin(request)
    category = get_object_or_404(Category, key=key)
    if request.method != "POST":
        return _page(request, category, _editor(category))
    editor = _editor(category, request.POST)
    version = request.POST.get("version", "")
    if editor.arrange(request.POST):
        return _page(request, category, editor, version=version)
    if not editor.is_valid():
        return _page(request, category, editor, version=version, status=422)
    fields = editor.definitions()
    try:
        form = contract.publish(category, fields, by=person(request), version=_number(version))
    except StaleVersion as stale:
        return _page(request, category, editor, conflict=_conflict(stale, category, fields), status=409)
    if form.version == editor.version:
        done(request, _("Nothing was changed: version %d stays.") % form.version)
    else:
        done(request, _("Version %d is published. It is asked from the next escalation on.") % form.version)
    return redirect("edit_category_form", key=category.key)


@require_POST
def preview(request: HttpRequest, key: str) -> HttpResponse:
    """Show the form as L1 will see it, out of what has been typed; nothing is stored."""
    _demand_admin(request)
    category = get_object_or_404(Category, key=key)
    editor = _editor(category, request.POST)
    context = {"editor": editor, "category": category} | _preview_of(category, editor, request.POST)
    return render(request, "escalations/setup/parts/preview.html", context)


def _editor(category: Category, data: QueryDict | None = None) -> ContractEditor:
    return ContractEditor(list(category.forms.order_by("-version")), data=data, fills=True)


def _demand_admin(request: HttpRequest) -> None:
    """Let the pages look absent to whoever may not change forms."""
    if not contract.may_edit_forms(person(request)):
        raise Http404


def _page(
    request: HttpRequest,
    category: Category,
    editor: ContractEditor,
    *,
    version: str | None = None,
    conflict: Conflict | None = None,
    status: int = 200,
) -> HttpResponse:
    context: dict[str, Any] = {
        "editor": editor,
        "category": category,
        "address": reverse("edit_category_form", args=[category.key]),
        "version": editor.version if version is None or conflict else version,
        "conflict": conflict,
        "focus": editor.focus,
        "focus_verb": next((verb for verb in ("up", "down", "remove") if verb in request.POST), ""),
    }
    if request.method == "POST" and request.htmx and status == 200:  # type: ignore[attr-defined]
        answer = render(request, "escalations/setup/parts/cards.html", context)
        return trigger_client_event(answer, "cards-arranged", after="settle")
    context["history"] = _history(category, person(request))
    context |= _preview_of(category, editor, request.POST)
    return render(request, "escalations/setup/edit_form.html", context, status=status)


def _preview_of(category: Category, editor: ContractEditor, sent: QueryDict) -> dict[str, Any]:
    """Return the HTML of the form as far as it is finished, in the language asked for."""
    language = sent.get("preview_language", "")
    if language not in LANGUAGES:
        language = (translation.get_language() or "en")[:2]
    fields, unfinished = editor.finished() if sent else (editor.current.fields if editor.current else [], 0)
    with translation.override(language):
        form = EscalationForm(
            category=category,
            contract_form=ContractForm(category=category, version=0, fields=fields),
            auto_id="preview_%s",
        )
        shown = {"preview_fields": form.answer_fields, "unfinished": unfinished}
        html = render_to_string("escalations/setup/parts/preview_form.html", shown)
    return {"preview": html, "preview_language": language}


def _history(category: Category, user: Any) -> list[dict[str, Any]]:
    """Return the versions, the newest first, each with what it changed and the tickets that keep it."""
    versions = list(category.forms.order_by("-version"))
    texts = ["\n\n".join(as_texts(form.fields).values()) for form in versions]
    publishers = _publishers(category)
    tickets = dict(
        Ticket.objects.visible_to(user)
        .filter(form__in=versions)
        .order_by()
        .values_list("form_id")
        .annotate(Count("pk"))
    )
    return [
        {
            "form": form,
            "text": text,
            "former": former,
            "by": publishers.get(form.version),
            "tickets": tickets.get(form.pk, 0),
        }
        for form, text, former in zip(versions, texts, [*texts, ""][1:], strict=True)
    ]


def _publishers(category: Category) -> dict[int, Any]:
    events = Event.objects.filter(
        subject_type="category", subject_id=category.pk, kind="category.form_published"
    ).select_related("actor")
    return {int(event.data["version"]): event.actor for event in events}


def _conflict(stale: StaleVersion, category: Category, fields: list[dict[str, Any]]) -> Conflict:
    """Return both versions of every field in which they differ."""
    current = stale.current
    kept = current.fields if isinstance(current, ContractForm) else []
    theirs, mine = as_texts(kept), as_texts(fields)
    labels = {field["key"]: contract.label(field) for field in [*fields, *kept]}
    rows = [
        (labels[key], theirs.get(key, ""), mine.get(key, ""))
        for key in {**theirs, **mine}
        if theirs.get(key) != mine.get(key)
    ]
    if not rows:
        rows = [(_("Order"), "\n".join(labels[key] for key in theirs), "\n".join(labels[key] for key in mine))]
    version, at = (current.version, current.created_at) if isinstance(current, ContractForm) else (0, None)
    return conflict_of(stale, rows, by=_publishers(category).get(version), at=at)


def _number(text: str) -> int:
    """Return a version as sent; what is no number is no version that was ever read."""
    return int(text) if text.isdecimal() and len(text) < 9 else -1
