"""Macros, set up by leads for their teams and by admins for everyone."""

from typing import Any, cast

from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.views.once import once
from common.errors import Absent, Refused, StaleVersion
from escalations import macro_setup, macros
from escalations.forms.macro_setup import MacroForm, initial_of
from escalations.models import Macro
from escalations.views.parts import conflict_of, done, person


@require_safe
def macro_list(request: HttpRequest) -> HttpResponse:
    """Show the macros with how often each is used."""
    user = person(request)
    if not macro_setup.sets_up(user):
        raise Http404
    found = macros.with_use(macro_setup.shown_to(user)).prefetch_related("teams", "categories")
    context = {"macros": found, "may_add": not user.is_auditor}
    return render(request, "escalations/setup/macros.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@once
def edit_macro(request: HttpRequest, number: int | None = None) -> HttpResponse:
    """Write a new macro, or change one."""
    user = person(request)
    if not macro_setup.sets_up(user) or user.is_auditor:
        raise Http404
    macro = get_object_or_404(macro_setup.shown_to(user), pk=number) if number is not None else None
    if macro is not None and not macro_setup.may_change(user, macro):
        raise Http404
    form = MacroForm(request.POST or None, user=user, initial=initial_of(macro))
    context: dict[str, Any] = {"macro": macro}
    status = 422 if form.is_bound else 200
    if form.is_bound and form.is_valid():
        try:
            macro_setup.save(macro, form.draft(), by=user, version=form.cleaned_data["version"])
        except Refused as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, refusal.message)
        except StaleVersion as stale:
            context["conflict"] = conflict_of(stale, _both(stale, form))
            form = _once_more(form, stale)
            status = 409
        except Absent as absent:
            raise Http404 from absent
        else:
            done(request, _("The macro is kept."))
            return redirect("macro_setup")
    context |= {"form": form, "placeholders": macro_setup.names()}
    return render(request, "escalations/setup/edit_macro.html", context, status=status)


def _both(stale: StaleVersion, form: MacroForm) -> list[tuple[Any, Any, Any]]:
    current, said = stale.current, form.cleaned_data
    if not isinstance(current, Macro):
        return []
    names = ("name", "body_en", "body_es")
    return [(form.fields[name].label, getattr(current, name), said[name]) for name in names]


def _once_more(form: MacroForm, stale: StaleVersion) -> MacroForm:
    """Leave the form as it was sent, made from the version that is stored now."""
    if isinstance(stale.current, Macro):
        form.data = data = cast(QueryDict, form.data).copy()
        data["version"] = str(stale.current.version)
    return form
