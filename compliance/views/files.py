"""Documents and report packs on their way out: each is noted before, and kept by no browser."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_POST, require_safe

from accounts.views.once import once
from compliance import documents, packs
from compliance.models import Document, Pack, PackState
from compliance.views.asking import asked_case, case_url, for_members, member
from compliance.views.cases import pack_progress


@require_safe
@for_members
def document(request: HttpRequest, number: int, entry: int) -> HttpResponse:
    """Send a document: as a file, or shown when it is an image that was made anew and that is asked for."""
    user = member(request)
    found = get_object_or_404(
        Document.objects.visible_to(user).select_related("case", "content"), pk=entry, case=number
    )
    wants_it_shown = "show" in request.GET
    about, content = documents.read(found, by=user, shown=wants_it_shown)
    is_shown = wants_it_shown and about.is_image
    return _sent(content, about.name, about.content_type if is_shown else "application/octet-stream", is_shown)


@require_POST
@for_members
@once
def request_pack(request: HttpRequest, number: int) -> HttpResponse:
    """Have a report pack made."""
    case = asked_case(request, number)
    packs.request(case, by=member(request))
    return redirect(case_url(case, "packs"))


@require_safe
@for_members
def pack_state(request: HttpRequest, number: int) -> HttpResponse:
    """Return the part of the page that says how far the newest pack has come."""
    case = asked_case(request, number)
    made = list(case.packs.select_related("requested_by").order_by("-pk")[:5])
    context = {"case": case, "packs": made, "pack_progress": pack_progress(made[0]) if made else None}
    return render(request, "compliance/parts/packs.html", context)


@require_safe
@for_members
def pack(request: HttpRequest, number: int, entry: int) -> HttpResponse:
    """Send a report pack."""
    user = member(request)
    packs_of = Pack.objects.visible_to(user).select_related("case", "content")
    found = get_object_or_404(packs_of, pk=entry, case=number)
    if found.state != PackState.DONE:
        raise Http404
    return _sent(packs.take(found, by=user), f"{found.case.reference}-{found.pk}.zip", "application/zip", False)


def _sent(content: bytes, name: str, content_type: str, is_shown: bool) -> HttpResponse:
    response = HttpResponse(content, content_type=content_type)
    response["Content-Disposition"] = content_disposition_header(not is_shown, name) or "attachment"
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response
