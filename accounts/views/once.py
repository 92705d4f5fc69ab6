"""Pages whose forms may be sent twice: by a double click, the Back button, or a bad connection."""

import functools
import re
from collections.abc import Callable

from django.core.exceptions import BadRequest
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import resolve_url
from django.utils.translation import gettext as _

from accounts import safe_retry
from accounts.models import HandledRequest

TOKEN_FIELD = "form_token"  # noqa: S105  the name of a form's field
TOKEN = re.compile(r"[A-Za-z0-9_-]{16,64}")
NOT_PART_OF_THE_REQUEST = {TOKEN_FIELD, "csrfmiddlewaretoken"}
HTMX_LOCATIONS = ("HX-Redirect", "HX-Location")

View = Callable[..., HttpResponseBase]


def once(view: View) -> View:
    """Carry out a POST once for each form token and content; lead a repeat to where the first one went.

    The view runs in one transaction with the note of its outcome, which is
    kept only if it is a redirect or, for htmx, any 2xx. After any other answer
    the same form may be mended and sent again. The same token with another
    content is another request. A form without a token is carried out each time.
    Raises BadRequest (400) for a token that no form of ours can have made.
    """

    @functools.wraps(view)
    def wrapper(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        token = request.POST.get(TOKEN_FIELD, "") if request.method == "POST" else ""
        if not token or not request.user.is_authenticated:
            return view(request, *args, **kwargs)
        if not TOKEN.fullmatch(token):
            raise BadRequest(_("This form is damaged. Load the page again and repeat what you did."))
        with transaction.atomic():
            handled = safe_retry.begin(request.user, _key(request, token))
            if handled.is_done:
                return _same_way(request, handled)
            response = view(request, *args, **kwargs)
            if _succeeded(request, response):
                safe_retry.finish(handled, status=response.status_code, location=_location(response))
            else:
                safe_retry.forget(handled)
            return response

    return wrapper


def _key(request: HttpRequest, token: str) -> str:
    fields = sorted(item for item in request.POST.lists() if item[0] not in NOT_PART_OF_THE_REQUEST)
    files = sorted(
        (field, file.name or "", file.size or 0)
        for field, sent in request.FILES.lists()
        for file in sent
    )  # fmt: skip
    return f"form:{safe_retry.fingerprint(request.path, token, fields, files)}"


def _is_htmx(request: HttpRequest) -> bool:
    return request.headers.get("HX-Request") == "true"


def _succeeded(request: HttpRequest, response: HttpResponseBase) -> bool:
    if 300 <= response.status_code < 400:
        return True
    return _is_htmx(request) and 200 <= response.status_code < 300


def _location(response: HttpResponseBase) -> str:
    if isinstance(response, HttpResponseRedirect):
        return response.url
    return next((response.headers[name] for name in HTMX_LOCATIONS if name in response.headers), "")


def _same_way(request: HttpRequest, handled: HandledRequest) -> HttpResponse:
    """Return the answer to a repeat: where the first one went, or the page as it is now."""
    if not _is_htmx(request):
        return HttpResponseRedirect(handled.location or resolve_url("home"))
    if handled.location:
        return HttpResponse(status=204, headers={"HX-Redirect": handled.location})
    return HttpResponse(status=204, headers={"HX-Refresh": "true"})
