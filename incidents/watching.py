"""What comes in by requests: each is a door, and its address is cleaned before anything reads it."""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect, QueryDict
from django.urls import Resolver404, resolve

import redaction
from accounts.models import User
from incidents import doors, own_numbers
from incidents.finds import Place
from incidents.models import Way

if TYPE_CHECKING:
    from collections.abc import Iterable

SAFE = {"GET", "HEAD", "OPTIONS"}
API = "/api/"
TICKET = re.compile(r"[A-Za-z]+-(\d{1,18})")
#: What nobody searches for; the rest of an address, such as a signed link, may look like a key and is none.
IN_ADDRESSES = {"card", "track", "cvv", "iban"}


class Doors:
    """Opens a door for each request, and takes numbers out of its address, which ends up in logs and referers.

    A browser is led to the address without the number; a script or program gets the answer to it.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.method not in SAFE:
            own_numbers.refresh()
        with doors.opened(_way(request), Place(_page(request)), person=lambda: _person(request)) as door:
            cleaned = _cleaned_query(request)
            if cleaned is not None:
                door.way = Way.ADDRESS
                return self._answer_without_the_number(request, cleaned)
            _look_at_the_rest(request, door)
            response = self.get_response(request)
            if (ticket := TICKET.fullmatch(_reference(request))) and response.status_code < 400:
                door.otherwise = Place("ticket", int(ticket[1]))
            return response

    def _answer_without_the_number(self, request: HttpRequest, cleaned: QueryDict) -> HttpResponseBase:
        address = f"{quote(request.path)}?{cleaned.urlencode()}"
        if _is_a_page(request):
            return HttpResponseRedirect(address)
        request.META["QUERY_STRING"] = cleaned.urlencode()
        request.GET = cleaned  # type: ignore[assignment]
        response = self.get_response(request)
        if urlsplit(request.headers.get("HX-Current-URL", "")).path == request.path:
            response.headers["HX-Push-Url"] = address  # htmx would keep the one with the number
        return response


def _is_a_page(request: HttpRequest) -> bool:
    """Tell whether a browser goes to the address; else a script or program waits for the answer."""
    asked_by_script = "HX-Request" in request.headers or "X-Requested-With" in request.headers
    return request.method in SAFE and not asked_by_script and not request.path.startswith(API)


def _way(request: HttpRequest) -> str:
    if request.method in SAFE:
        return Way.ADDRESS
    if request.path.startswith(API):
        return Way.API
    if "X-Autosave" in request.headers or request.path.endswith("/draft/"):
        return Way.DRAFT
    return Way.FORM


def _page(request: HttpRequest) -> str:
    try:
        return f"page.{resolve(request.path_info).view_name}"[:60]
    except Resolver404:
        return "page"


def _reference(request: HttpRequest) -> str:
    match = request.resolver_match
    return str(match.kwargs.get("reference", "")) if match else ""


def _person(request: HttpRequest) -> User | None:
    return request.user if request.user.is_authenticated else None


def _cleaned_query(request: HttpRequest) -> QueryDict | None:
    """Return the query without what was found in it; None where nothing was."""
    if not request.META.get("QUERY_STRING") or not (_is_found(request.GET) and _is_found_by_now(request)):
        return None
    cleaned = QueryDict(mutable=True)
    for name, values in request.GET.lists():
        cleaned.setlist(redaction.clean(name), [redaction.clean(value) for value in values])
    return cleaned


def _is_found_by_now(request: HttpRequest) -> bool:
    """Tell whether something is found by the formats of own numbers that are in force now."""
    return not own_numbers.refresh(at_once=True) or _is_found(request.GET)


def _is_found(query: QueryDict) -> bool:
    with redaction.unnoticed():
        return any(
            finding.kind in IN_ADDRESSES
            for name, values in query.lists()
            for text in (name, *values)
            for finding in redaction.redact(text).findings
        )


def _look_at_the_rest(request: HttpRequest, door: doors.Door) -> None:
    """Note what stands in the path, and in what the browser says of where it comes from."""
    said: Iterable[str] = (request.path, request.headers.get("Referer", ""))
    for text in said:
        with redaction.unnoticed():
            findings = redaction.redact(text).findings
        door.notice.add(Way.ADDRESS, text, tuple(one for one in findings if one.kind in IN_ADDRESSES))
