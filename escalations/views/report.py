"""The diagnosis as a report: a page that can be printed, and Markdown to take along."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from escalations import board, diagnosis_report
from escalations.evidence_words import origin, page
from escalations.views.board import internal_ticket


@require_safe
def diagnosis_report_page(request: HttpRequest, reference: str) -> HttpResponse:
    """Tell the diagnosis from symptoms to fix."""
    ticket = internal_ticket(request, reference)
    found = board.of_ticket(ticket)
    for one in found.standing:
        one.origin, one.page = origin(one), page(one)  # type: ignore[attr-defined]
    context = {"ticket": ticket, "board": found, "steps": diagnosis_report.steps(ticket, found)}
    return render(request, "escalations/diagnosis_report.html", context)


@require_safe
def diagnosis_markdown(request: HttpRequest, reference: str) -> HttpResponse:
    """Give the report as a file of Markdown."""
    ticket = internal_ticket(request, reference)
    text = diagnosis_report.markdown(ticket, board.of_ticket(ticket))
    name = f"{ticket.reference}-diagnosis.md"
    return HttpResponse(
        text,
        content_type="text/markdown; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
