"""Writing the diagnosis, and reading its versions."""

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.views.once import once
from common.errors import Refused, StaleVersion
from escalations import contract, diagnosis
from escalations.access import reads_internal, works_on
from escalations.diagnosis import Findings
from escalations.forms.work import DiagnosisForm, HypothesisFormSet, diagnosis_initial
from escalations.models import Diagnosis
from escalations.views.parts import (
    Conflict,
    conflict_of,
    done,
    forbidding,
    person,
    ticket_url,
    visible_ticket,
)


@require_http_methods(["GET", "HEAD", "POST"])
@once
@forbidding
def edit_diagnosis(request: HttpRequest, reference: str) -> HttpResponse:
    """Write the diagnosis's next version."""
    ticket, user = visible_ticket(request, reference), person(request)
    if not reads_internal(user, ticket):
        raise Http404
    if not works_on(user, ticket):
        raise PermissionDenied
    current = Diagnosis.objects.filter(ticket=ticket).first()
    form = DiagnosisForm(request.POST or None, initial=diagnosis_initial(current))
    hypotheses = HypothesisFormSet(
        request.POST or None, initial=current.hypotheses if current else [], prefix="hypotheses"
    )
    conflict = None
    if request.method == "POST" and form.is_valid() and hypotheses.is_valid():
        try:
            diagnosis.write(ticket, form.findings(hypotheses), by=user, version=form.cleaned_data["version"])
        except StaleVersion as error:
            form, conflict = _again(request.POST, error, form.findings(hypotheses))
        except Refused as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, refusal.message)
        else:
            done(request, _("The diagnosis is kept."))
            return redirect(ticket_url(ticket))
    bad = form.errors or (hypotheses.is_bound and not hypotheses.is_valid())
    context = {
        "ticket": ticket,
        "form": form,
        "hypotheses": hypotheses,
        "diagnosis": current,
        "conflict": conflict,
        "answers": contract.rows(ticket.form, ticket.answers),
    }
    status = 409 if conflict else 422 if bad else 200
    return render(request, "escalations/diagnosis.html", context, status=status)


def _again(sent: QueryDict, error: StaleVersion, mine: Findings) -> tuple[DiagnosisForm, Conflict]:
    """Return the same form upon the version that is kept now, and both versions."""
    current = error.current
    if not isinstance(current, Diagnosis):
        raise Http404
    data = sent.copy()
    data["version"] = str(current.version)
    theirs, own = diagnosis.parts(current), diagnosis.parts(diagnosis.revision_of(mine))
    rows = [(label, text, own_text) for (label, text), (_label, own_text) in zip(theirs, own, strict=True)]
    by = current.updated_by if current.pk else None
    return DiagnosisForm(data), conflict_of(error, rows, by=by, at=current.updated_at)


@require_safe
def diagnosis_history(request: HttpRequest, reference: str) -> HttpResponse:
    """Show every version of the diagnosis, the newest first, with what each changed."""
    ticket, user = visible_ticket(request, reference), person(request)
    if not reads_internal(user, ticket):
        raise Http404
    current = Diagnosis.objects.filter(ticket=ticket).first()
    if current is None:
        raise Http404
    revisions = list(current.revisions.select_related("written_by", "root_cause").order_by("-version"))
    texts = [diagnosis.as_text(revision) for revision in revisions]
    pairs = list(zip(revisions, texts, [*texts[1:], ""], strict=True))
    return render(request, "escalations/diagnosis_history.html", {"ticket": ticket, "pairs": pairs})
