"""The trail for auditors and admins. Whoever reads it is in it."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, cast

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from audit import canonical, export, state, trail, verifying
from audit.forms import TrailForm
from audit.models import Entry
from audit.noting import note
from common import clock, durations

if TYPE_CHECKING:
    from accounts.models import User

PLACES = {"before", "after"}


def reader(request: HttpRequest) -> "User":
    """Return the person, who may read the trail. Raises Http404 for everybody else."""
    user = cast("User", request.user)
    if not user.reads_all:
        raise Http404
    return user


@require_safe
def audit_trail(request: HttpRequest) -> HttpResponse:
    """List the entries that the filters leave, newest first, and say whether the trail is intact."""
    user = reader(request)
    form = TrailForm(request.GET, reader=user)
    found = None
    if form.is_valid():
        wanted = form.wanted()
        note("audit.read", by=user, about=("audit", None), data=wanted.in_words())
        before, after = (trail.Place.read(request.GET.get(name, "")) for name in ("before", "after"))
        found = trail.page(wanted, reader=user, before=before, after=after)
    kept = request.GET.copy()
    for name in PLACES:
        kept.pop(name, None)
    context = {
        "form": form,
        "found": found,
        "state": state.now(),
        "filters": kept.urlencode(),
        "zone_name": durations.zone_name(timezone.localtime()),
    }
    return render(request, "audit/trail.html", context, status=200 if found is not None else 422)


@require_safe
def audit_entry(request: HttpRequest, number: int) -> HttpResponse:
    """Show one entry with everything that is known of it."""
    user = reader(request)
    entry = get_object_or_404(trail.shown_to(user).select_related("seal"), pk=number)
    note("audit.read", by=user, about=("audit", entry.pk))
    seal = getattr(entry, "seal", None)
    context = {
        "entry": entry,
        "seal": seal,
        "hash": bytes(seal.hash).hex() if seal else "",
        "details": [(name, _readable(value)) for name, value in sorted(entry.data.items())],
    }
    return render(request, "audit/entry.html", context)


def _readable(value: object) -> str:
    return value if isinstance(value, str) else canonical.spelled(value).decode()


@require_safe
def audit_csv(request: HttpRequest) -> HttpResponseBase:
    """Give what the filters leave as a table."""
    return _file(export.as_csv(_asked(request)), "text/csv; charset=utf-8", "csv")


@require_safe
def audit_jsonl(request: HttpRequest) -> HttpResponseBase:
    """Give what the filters leave as JSON lines, as they were sealed."""
    return _file(export.as_json_lines(_asked(request)), "application/x-ndjson", "jsonl")


def _asked(request: HttpRequest) -> Iterator[Entry]:
    user = reader(request)
    form = TrailForm(request.GET, reader=user)
    if not form.is_valid():
        raise Http404
    return trail.whole(form.wanted(), reader=user)


def _file(lines: Iterable[str], media_type: str, ending: str) -> StreamingHttpResponse:
    response = StreamingHttpResponse(lines, content_type=media_type)
    name = f"audit-{clock.now():%Y-%m-%d}.{ending}"
    response["Content-Disposition"] = f'attachment; filename="{name}"'  # so it is noted, by audit.watching
    return response


@require_POST
def check_audit(request: HttpRequest) -> HttpResponse:
    """Have the whole trail checked now."""
    verifying.ask(by=reader(request))
    messages.success(request, _("The trail is being checked. What comes of it is shown here."))
    return redirect("audit_trail")
