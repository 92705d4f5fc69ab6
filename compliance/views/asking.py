"""What the pages of reviews share: who may ask, which case is meant, and that nothing of them is kept anywhere."""

import functools
from collections.abc import Callable

from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse

from accounts.models import User
from accounts.views.preferences import person
from compliance.models import Case

View = Callable[..., HttpResponseBase]
SHOWN = ("customer", "owner", "opened_by", "procedure", "decision")


def for_members(view: View) -> View:
    """Show the page to who reviews, kept by no browser and no proxy; to everybody else it is not there (404)."""

    @functools.wraps(view)
    def wrapper(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        member(request)
        response = view(request, *args, **kwargs)
        response.headers["Cache-Control"] = "private, no-store"
        return response

    return wrapper


def member(request: HttpRequest) -> User:
    """Return the person. Raises Http404 for whoever doesn't review."""
    user = person(request)
    if not user.reviews_compliance:
        raise Http404
    return user


def asked_case(request: HttpRequest, number: int) -> Case:
    """Return the case of that number, with what its pages show. Raises Http404."""
    found: Case = get_object_or_404(Case.objects.visible_to(member(request)).select_related(*SHOWN), pk=number)
    return found


def case_url(case: Case, anchor: str = "") -> str:
    return reverse("compliance_case", args=[case.pk]) + (f"#{anchor}" if anchor else "")
