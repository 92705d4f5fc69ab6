"""Formats of the company's own numbers, set up by admins."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import User
from accounts.views.once import once
from accounts.views.preferences import person
from common.errors import Refused, StaleVersion
from incidents import own_numbers as numbers
from incidents.forms import OwnNumberForm, PlaceForm
from incidents.models import OwnNumbers

VERSIONS = 20


def _reader(request: HttpRequest) -> User:
    user = person(request)
    if not user.reads_all:
        raise Http404
    return user


def _admin(request: HttpRequest) -> User:
    user = person(request)
    if not user.is_superuser:
        raise Http404
    return user


@require_safe
def own_numbers(request: HttpRequest) -> HttpResponse:
    """List the formats in force, and the versions before."""
    user = _reader(request)
    now = numbers.current()
    context = {
        "now": now,
        "formats": list(enumerate(now.formats)),
        "versions": OwnNumbers.objects.select_related("made_by")[:VERSIONS],
        "may_change": user.is_superuser,
    }
    return render(request, "incidents/own_numbers.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@once
def edit(request: HttpRequest, place: int | None = None) -> HttpResponse:
    """Add a format, or change one; "Try" shows what would be masked, and keeps nothing."""
    user = _admin(request)
    now = numbers.current()
    if place is not None and place >= len(now.formats):
        raise Http404
    start: dict[str, Any] = {"version": now.number}
    if place is not None:
        start |= now.formats[place]
    form = OwnNumberForm(request.POST or None, initial=start)
    context: dict[str, Any] = {"form": form, "place": place}
    status = 200
    if form.is_bound:
        status = 422
        if form.is_valid():
            asked = form.cleaned_data
            try:
                if "try" in request.POST:
                    numbers.check(asked["format"].strip())
                    others = [one["format"] for at, one in enumerate(now.formats) if at != place]
                    context["tried"] = numbers.tried(asked["text"], [*others, asked["format"].strip()])
                    context["before"] = numbers.tried(asked["text"], [one["format"] for one in now.formats])
                    status = 200
                else:
                    _save(place, asked, by=user)
                    messages.success(request, _("Kept. It is in force everywhere within seconds."))
                    return redirect("own_numbers")
            except Refused as refusal:
                form.add_error(refusal.field if refusal.field in form.fields else None, refusal.message)
            except StaleVersion as stale:
                form.add_error(None, stale.message)
                status = 409
    return render(request, "incidents/edit_own_number.html", context, status=status)


def _save(place: int | None, asked: dict[str, Any], *, by: User) -> None:
    if place is None:
        numbers.add(asked["format"], asked["use"], by=by, version=asked["version"])
    else:
        numbers.change(place, asked["format"], asked["use"], by=by, version=asked["version"])


@require_POST
@once
def withdraw(request: HttpRequest, place: int) -> HttpResponse:
    """Exempt numbers of a format no more."""
    user = _admin(request)
    form = PlaceForm(request.POST)
    if not form.is_valid():
        raise Http404
    if form.number() == numbers.current().number and place >= len(numbers.current().formats):
        raise Http404
    numbers.withdraw(place, by=user, version=form.number())
    messages.success(request, _("Withdrawn. Numbers like that are masked from now on."))
    return redirect("own_numbers")
