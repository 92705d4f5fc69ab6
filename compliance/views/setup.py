"""Setting up procedures."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.views.once import once
from common.errors import Refused, StaleVersion
from compliance import checklists, procedures
from compliance.forms.procedures import PREFIX, DeadlinesForm, ItemRows, draft, initial
from compliance.models import Evidence, Kind
from compliance.views.asking import for_members, member


@require_safe
@for_members
def procedure_list(request: HttpRequest) -> HttpResponse:
    """Show the procedures in force."""
    found = [procedures.current(kind) for kind in Kind]
    rows = [(one, [(checklists.text_of(i), Evidence(i["evidence"])) for i in one.items]) for one in found]
    return render(request, "compliance/procedures.html", {"rows": rows})


@require_http_methods(["GET", "HEAD", "POST"])
@for_members
@once
def edit_procedure(request: HttpRequest, kind: str) -> HttpResponse:
    """Edit a procedure, and publish it as the next version."""
    if kind not in Kind.values:
        raise Http404
    current = procedures.current(kind)
    deadlines, items = initial(current)
    form = DeadlinesForm(request.POST or None, initial=deadlines)
    rows = ItemRows(request.POST or None, initial=items, prefix=PREFIX)
    if request.method == "POST" and form.is_valid() and rows.is_valid():
        try:
            made = procedures.publish(
                Kind(kind), draft(form, rows), by=member(request), version=form.cleaned_data["version"]
            )
        except Refused as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, refusal.message)
        except StaleVersion as error:
            back = reverse("compliance_procedure", args=[kind])
            stale: dict[str, Any] = {"message": error.message, "rows": [], "back_url": back}
            return render(request, "409.html", stale, status=409)
        else:
            messages.success(
                request, _("Version %d is published. Reviews that are under way go on by theirs.") % made.number
            )
            return redirect("compliance_procedures")
    context = {"procedure": current, "form": form, "rows": rows}
    return render(request, "compliance/procedure.html", context, status=422 if request.method == "POST" else 200)
