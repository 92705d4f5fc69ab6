"""What is noted of requests themselves: where they come from, what was refused, what left the desk as data.

The one thing that a GET may write is its entry here. It is written before the answer goes out: what can't be
noted is not handed over.
"""

import re
import uuid
from collections.abc import Callable
from typing import Any

from allauth.core.internal import httpkit
from django.core.cache import cache
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponseBase

import redaction
from audit.models import Result
from audit.noting import note
from common.origin import Origin, coming_from

LONGEST_AGENT = 200
LONGEST_PATH = 300
LARGEST_ID = 2**63 - 1
RESULTS = {403: Result.REFUSED, 404: Result.ABSENT}
TICKET = re.compile(r"[A-Za-z]+-(\d{1,18})")
SAFE = {"GET", "HEAD", "OPTIONS"}


class Watch:
    """Gives each request its number, and notes what has to be."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        number = uuid.uuid4().hex
        with coming_from(Origin(_address(request), _agent(request), number)):
            response = self.get_response(request)
            if response.status_code in RESULTS:
                _note_refused(request, RESULTS[response.status_code])
            elif response.status_code == 401:
                _note_unknown_token(request)
            elif response.status_code == 200 and request.method in SAFE:
                _note_export(request, response)
        response.headers["X-Request-Id"] = number
        return response


def _note_refused(request: HttpRequest, result: str) -> None:
    """Note that somebody asked for what they may not have, or what is not there for them."""
    if request.user.is_authenticated and request.resolver_match is not None:
        note("access", by=request.user, about=_object(request), result=result, data=_asked(request))


def _note_unknown_token(request: HttpRequest) -> None:
    """Note that a token was none, once a minute for each address that tries."""
    address = _address(request)
    if "Authorization" in request.headers and cache.add(f"audit.token.{address}", 1, timeout=60):
        note("access", by=None, result=Result.FAILED, data=_asked(request))


def _note_export(request: HttpRequest, response: HttpResponseBase) -> None:
    """Note a file that was taken, and a list that a program was given."""
    if not request.user.is_authenticated or request.resolver_match is None:
        return
    if response.headers.get("Content-Disposition", "").startswith("attachment"):
        note("export", by=request.user, about=_object(request), data=_asked(request))
    elif getattr(request, "auth", None) is not None and not request.resolver_match.kwargs:
        note("export", by=request.user, about=_object(request), data=_asked(request) | {"by": "token"})


def _object(request: HttpRequest) -> tuple[str, int | None]:
    """Return what the address names: a ticket, else the kind of page and the number in it."""
    match = request.resolver_match
    if match is None:
        return "page", None
    kwargs: dict[str, Any] = match.kwargs
    if ticket := TICKET.fullmatch(str(kwargs.get("reference", ""))):
        return "ticket", int(ticket[1])
    number = next((value for value in kwargs.values() if isinstance(value, int)), None)
    if number is not None and number > LARGEST_ID:
        number = None  # nothing has it
    return f"page.{match.view_name}"[:60], number


def _asked(request: HttpRequest) -> dict[str, str]:
    return {"method": request.method or "", "path": redaction.clean(request.get_full_path())[:LONGEST_PATH]}


def _address(request: HttpRequest) -> str | None:
    """Return the client's address, said by as many proxies as are ours."""
    try:
        address: str | None = httpkit.get_client_ip(request)
    except ImproperlyConfigured:  # it came past the proxies
        return None
    return address


def _agent(request: HttpRequest) -> str:
    return redaction.clean(request.headers.get("User-Agent", "").replace("\x00", ""))[:LONGEST_AGENT]
