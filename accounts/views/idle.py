"""How a session ends when nobody does anything, and how one gets back to where one was."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.middleware.csrf import get_token
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods

from accounts.sessions import SessionStore

#: What only pages ask for, never people. What is asked for by either says which by the header X-Quiet.
QUIET = {"live", "unread_alerts", "open_incidents", "view_counts", "ticket_now", "who_is_here"}


class IdleMiddleware:
    """Lets a session last on when somebody did something, and not when a page asked by itself."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *_view: Any) -> None:
        """Note which of the two it is."""
        session = request.session
        if not isinstance(session, SessionStore) or not request.user.is_authenticated:
            return
        if is_quiet(request):
            session.is_quiet = True
        else:
            session.go_on()


def is_quiet(request: HttpRequest) -> bool:
    """Return whether a page asked by itself, as our scripts say (X-Quiet) or as the address does."""
    name = request.resolver_match.view_name if request.resolver_match else ""
    looks = name == "idle" and request.method == "GET"
    return looks or name in QUIET or "X-Quiet" in request.headers


class SignInMiddleware(LoginRequiredMiddleware):
    """Asks for the sign-in, which leads back to the page one was on, not to a part of it or a form's address."""

    def handle_no_permission(  # type: ignore[override]  # htmx is redirected by a header
        self, request: HttpRequest, view_func: Any
    ) -> HttpResponseBase:
        """Lead to the sign-in; a page that asked by itself is left alone, with what is written on it."""
        if request.headers.get("HX-Request") == "true":
            if is_quiet(request):
                return HttpResponse(status=204)
            asked = redirect_to_login(_page(request, request.headers.get("HX-Current-URL", "")))
            return HttpResponse(status=204, headers={"HX-Redirect": asked.url})
        if request.method == "POST":
            return redirect_to_login(_page(request, request.headers.get("Referer", "")))
        answer: HttpResponseBase = super().handle_no_permission(request, view_func)
        return answer


def _page(request: HttpRequest, address: str) -> str:
    """Return the path of the page that a browser says it is on, if it is one of ours."""
    if not url_has_allowed_host_and_scheme(address, {request.get_host()}, require_https=request.is_secure()):
        return "/"
    page = urlsplit(address)
    return f"{page.path}?{page.query}" if page.query else page.path or "/"


@login_not_required
@require_http_methods(["GET", "POST"])
def idle(request: HttpRequest) -> JsonResponse:
    """Tell the page how many seconds of the session are left; POST: somebody is there, it goes on.

    With the token that forms need after signing in anew elsewhere.
    """
    session = request.session
    is_in = request.user.is_authenticated and isinstance(session, SessionStore)
    left = session.seconds_left() if is_in and isinstance(session, SessionStore) else 0
    answer = JsonResponse({"left": left, "token": get_token(request)})
    answer.headers["Cache-Control"] = "no-store"
    return answer
