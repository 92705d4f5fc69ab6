"""Whoever needs a second factor and has none is led to set one up, and can do nothing else meanwhile."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts import second_factor
from accounts.models import User
from common import problems

#: What one may do without: set it up, confirm who one is, change the language, leave.
OPEN = {"account_logout", "account_reauthenticate", "set_language", "healthz", "readyz"}


class SecondFactorMiddleware:
    """Stands between the sign-in and everything else. Costs a statement where a role needs one."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *_view: Any) -> HttpResponse | None:
        """Answer for the view, when the person may not see it yet."""
        user = request.user
        if not settings.MFA_REQUIRED_FOR or not isinstance(user, User):
            return None
        name = request.resolver_match.view_name if request.resolver_match else ""
        if name in OPEN or name.startswith("mfa_") or not second_factor.is_missing(user):
            return None
        if request.path.startswith("/api/"):
            sentence = _("Your role needs a second step. Sign in on the page and set it up first.")
            return problems.as_json(403, sentence)
        if request.headers.get("HX-Request") == "true":
            return HttpResponse(status=204, headers={"HX-Redirect": reverse("mfa_index")})
        return redirect("mfa_index")
