"""The page of a sign-in that is locked."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from accounts import lockout
from common import clock, problems


def locked(request: HttpRequest, _response: HttpResponse, credentials: dict[str, Any] | None) -> HttpResponse:
    """Say that the sign-in is locked and until when, to a browser or to the API (AXES_LOCKOUT_CALLABLE)."""
    email = lockout.username(request, credentials)
    now = clock.now()
    until = lockout.locked_until([email]).get(email, now + lockout.LOCKED_FOR)
    seconds = max(1, round((until - now).total_seconds()))
    minutes = -(-seconds // 60)
    answer: HttpResponse
    if request.path.startswith("/api/"):
        sentence = _("Too many wrong passwords: this sign-in is locked for another %d min.") % minutes
        answer = problems.as_json(429, sentence)
    else:
        answer = render(request, "account/locked.html", {"until": until, "minutes": minutes}, status=429)
    answer.headers["Retry-After"] = str(seconds)
    return answer
