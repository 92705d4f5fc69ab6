"""Requests that are refused: what nobody can read, what is too large, what a rule forbids. Never with a 500.

`Readable` stands before everything that reads the request, `Refusals` before the views.
Pages get a page, htmx a note in the corner, the API problem details.
"""

import codecs
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.exceptions import (
    BadRequest,
    PermissionDenied,
    RequestDataTooBig,
    TooManyFieldsSent,
    TooManyFilesSent,
)
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import render
from django.utils import translation
from django.utils.translation import gettext as _

from common import problems
from common.errors import Absent, DomainError, NotAllowed, StaleVersion
from common.uploads import limits, limits_in_words

API = "/api/"
NUL = "\x00"
FORMS = {"application/x-www-form-urlencoded", "multipart/form-data"}
TEMPLATES = {403: "403.html", 404: "404.html", 409: "409.html", 413: "413.html"}

GetResponse = Callable[[HttpRequest], HttpResponseBase]


class Readable:
    """Refuses (400) a request whose address, cookies or character set can't be what a browser of ours sends.

    No text of Secondline holds a NUL: PostgreSQL could not store or compare it.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if _is_garbled(request):
            with translation.override(translation.get_language_from_request(request)):
                return answer(request, 400, _("The request could not be read. Go back and try again."))
        return self.get_response(request)


def _is_garbled(request: HttpRequest) -> bool:
    texts = [request.path, request.META.get("QUERY_STRING", "").replace("%00", NUL), *request.COOKIES.values()]
    return any(NUL in text for text in texts) or not _is_utf8(request)


def _is_utf8(request: HttpRequest) -> bool:
    named = (request.content_params or {}).get("charset", "utf-8")
    try:
        return codecs.lookup(named).name in {"utf-8", "ascii"}
    except (LookupError, ValueError):
        return False


class Refusals:
    """Refuses bodies that are too large before they are read, and answers the domain's refusals."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if "Transfer-Encoding" in request.headers and not request.headers.get("Content-Length"):
            return answer(request, 411, _("The length of the request must be said beforehand (Content-Length)."))
        if _announced(request) > _most_bytes(request):
            return answer(request, 413, limits_in_words(request))
        response = self.get_response(request)
        if response.status_code == 405 and not getattr(response, "content", b"-"):
            return _wrong_method(request, response)
        return response

    def process_view(self, request: HttpRequest, *_view: Any) -> None:
        """Raise BadRequest for a form with a NUL in it."""
        if request.method != "POST" or request.content_type not in FORMS or request.path.startswith(API):
            return
        for name, values in request.POST.lists():
            if any(NUL in text for text in (name, *values)):
                raise BadRequest(_("The form holds a character that is none (NUL). Take it out and try again."))

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Answer a domain error that no view has answered."""
        if not isinstance(error, DomainError):
            return None
        message = str(error)
        if isinstance(error, Absent):
            return answer(request, 404, "")
        if isinstance(error, NotAllowed):
            return answer(request, 403, message)
        if isinstance(error, StaleVersion):
            address = getattr(error.current, "get_absolute_url", None)
            return answer(request, 409, message, back_url=address() if address else "")
        return answer(request, 422, message)


def answer(request: HttpRequest, code: int, message: str, **context: Any) -> HttpResponse:
    """Return the refusal in the shape that the caller understands. An empty message is the code's usual one."""
    if request.path.startswith(API):
        return JsonResponse(problems.body(code, message), status=code, content_type=problems.MEDIA_TYPE)
    if message and request.headers.get("HX-Request") == "true" and code in {409, 422}:
        note = render(request, "components/toast.html", {"text": message, "tone": "error"}, status=code)
        note.headers["HX-Retarget"], note.headers["HX-Reswap"] = "#messages", "beforeend"
        return note
    template = TEMPLATES.get(code, "400.html")
    return render(request, template, {"message": message, "exception": message, **context}, status=code)


def _announced(request: HttpRequest) -> int:
    length = request.headers.get("Content-Length", "")
    return int(length[:20]) if length.isdecimal() else 0


def _most_bytes(request: HttpRequest) -> int:
    """Return how long the body may be: only people who are signed in send files, and only forms carry them."""
    if request.content_type == "multipart/form-data" and request.user.is_authenticated:
        return limits(request)[1]
    return settings.DATA_UPLOAD_MAX_MEMORY_SIZE or 0


def _wrong_method(request: HttpRequest, response: HttpResponseBase) -> HttpResponse:
    message = _("This address only takes what one of our forms sends. Open the page and use its buttons.")
    page = answer(request, 405, message)
    page.headers["Allow"] = response.headers.get("Allow", "")
    return page


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer what Django or a view could not read (handler400)."""
    if isinstance(exception, RequestDataTooBig):
        return answer(request, 413, limits_in_words(request))
    if isinstance(exception, TooManyFieldsSent | TooManyFilesSent):
        return answer(request, 400, _("That is more at once than a form of ours sends."))
    return answer(request, 400, str(exception) if isinstance(exception, BadRequest) else "")


def permission_denied(request: HttpRequest, exception: PermissionDenied) -> HttpResponse:
    """Answer what this person may not do (handler403)."""
    return answer(request, 403, str(exception))


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001  Django's signature
    """Answer what is absent, or looks so (handler404)."""
    return answer(request, 404, "")
