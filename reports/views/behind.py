"""The tickets behind a figure: each exactly as it was counted."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from escalations.models import Channel, Priority, Reason
from reports import behind, links
from reports.forms.figures import BehindFilter
from reports.models import Measure
from reports.views import wording
from reports.views.asking import asked, reader


@require_safe
def figure_tickets(request: HttpRequest) -> HttpResponse:
    """List what one figure was counted from, the latest first, or the longest for durations."""
    form = asked(request, BehindFilter)
    if not form.is_valid():
        return render(request, "reports/figure_tickets.html", {"form": form}, status=400)
    selection, chosen = form.selection(), form.cleaned_data
    measure, bucket = Measure(chosen["measure"]), chosen["bucket"]
    facts = selection.ticket_facts(reader(request), measure, bucket)
    try:
        page = behind.page(facts, measure, after=chosen["after"])
    except ValueError:
        raise Http404 from None
    names = (
        {team.pk: team.name for team in form.teams}.get(chosen["team"]),
        form.categories.get(chosen["category"]),
        dict(Channel.choices).get(chosen["channel"]),
        dict(Priority.choices).get(chosen["priority"]),
        form.agents.get(chosen["agent"]),
    )
    context = {
        "form": form,
        "selection": selection,
        "measure": measure,
        "bucket": _bucket_name(measure, bucket),
        "is_length": measure in behind.DURATIONS,
        "is_score": measure == Measure.RATED,
        "page": page,
        "counted": wording.whole(behind.counted(selection, measure, bucket)) if not chosen["after"] else "",
        "parts": [str(name) for name in names if name],
        "dashboard_url": links.dashboard(selection),
        "first_url": links.behind(selection, measure, bucket) if chosen["after"] else "",
        "next_url": links.behind(selection, measure, bucket, after=page.next) if page.next else "",
    }
    return render(request, "reports/figure_tickets.html", context)


def _bucket_name(measure: Measure, bucket: int | None) -> str:
    if bucket is None:
        return ""
    if measure == Measure.RATED:
        return "★" * min(bucket, 5)
    reason = Reason.objects.filter(pk=bucket).first()
    return str(reason) if reason else ""
