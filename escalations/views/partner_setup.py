"""Partners: what was agreed with each, how they are reached, and what they want to be told."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import Team, TeamKind
from accounts.views.once import once
from common.errors import StaleVersion
from escalations import handing_over, partner_setup
from escalations.forms.contract_editor import ContractEditor
from escalations.forms.partner_setup import AgreementForm
from escalations.models import PartnerAgreement, PartnerForm
from escalations.views.parts import Conflict, conflict_of, done, forbidding, person


def _partners() -> list[Team]:
    return list(Team.objects.filter(kind=TeamKind.PARTNER, is_active=True))


@require_safe
def partner_list(request: HttpRequest) -> HttpResponse:
    """Show each partner with what was agreed and which form it has."""
    if not partner_setup.may_read(person(request)):
        raise Http404
    agreed = {row.team_id: row for row in PartnerAgreement.objects.all()}
    newest = PartnerForm.objects.order_by("team_id", "-version").distinct("team_id").defer("fields")
    forms = {form.team_id: form for form in newest}
    rows = [(team, agreed.get(team.pk), forms.get(team.pk)) for team in _partners()]
    context = {"rows": rows, "may_change": partner_setup.may_change(person(request))}
    return render(request, "escalations/setup/partners.html", context)


def _partner(request: HttpRequest, number: int) -> Team:
    if not partner_setup.may_change(person(request)):
        raise Http404
    return get_object_or_404(Team, pk=number, kind=TeamKind.PARTNER, is_active=True)


@require_http_methods(["GET", "HEAD", "POST"])
@once
@forbidding
def edit_partner(request: HttpRequest, number: int) -> HttpResponse:
    """Change what was agreed with one partner."""
    team = _partner(request, number)
    form = AgreementForm(request.POST or None, instance=partner_setup.agreement_of(team))
    conflict, status = None, 422 if form.is_bound else 200
    if form.is_bound and form.is_valid():
        try:
            partner_setup.agree(team, form.cleaned_data, by=person(request), version=form.cleaned_data["version"])
        except StaleVersion as stale:
            conflict, status = _conflict(stale, form), 409
            sent = request.POST.copy()
            sent["version"] = str(partner_setup.agreement_of(team).version)
            form = AgreementForm(sent, instance=partner_setup.agreement_of(team))
        else:
            done(request, _("What was agreed is kept. It counts for what is asked from now on."))
            return redirect("partner_setup")
    context = {"team": team, "form": form, "conflict": conflict, "has_form": handing_over.current_form(team)}
    return render(request, "escalations/setup/edit_partner.html", context, status=status)


def _conflict(stale: StaleVersion, form: AgreementForm) -> Conflict:
    rows = [
        (form.fields[name].label, getattr(stale.current, name), form.cleaned_data[name])
        for name in partner_setup.SETTINGS
    ]
    return conflict_of(stale, rows)


@require_http_methods(["GET", "HEAD", "POST"])
@once
@forbidding
def edit_partner_form(request: HttpRequest, number: int) -> HttpResponse:
    """Show what a partner asks, and publish it as the next version."""
    team = _partner(request, number)
    versions = list(PartnerForm.objects.filter(team=team).order_by("-version"))
    data = request.POST if request.method == "POST" else None
    editor = ContractEditor(versions, data=data)
    version, status = request.POST.get("version", ""), 200
    if data is not None and not editor.arrange(request.POST):
        status = 422
        if editor.is_valid():
            seen = int(version) if version.isdecimal() and len(version) < 9 else -1
            try:
                form = partner_setup.publish_form(team, editor.definitions(), by=person(request), version=seen)
            except StaleVersion as stale:
                editor.errors.append(str(stale.message))
                version, status = str(editor.version), 409
            else:
                done(request, _("Version %d is published. It is asked from the next hand-over on.") % form.version)
                return redirect("edit_partner_form", number=team.pk)
    context = {
        "team": team,
        "editor": editor,
        "address": reverse("edit_partner_form", args=[team.pk]),
        "version": version or editor.version,
        "versions": versions,
        "focus": editor.focus,
        "focus_verb": next((verb for verb in ("up", "down", "remove") if verb in request.POST), ""),
    }
    if data is not None and request.htmx and status == 200:  # type: ignore[attr-defined]  # django-htmx adds it
        return render(request, "escalations/setup/parts/cards.html", context)
    return render(request, "escalations/setup/partner_form.html", context, status=status)
