"""Ten wrong passwords or codes lock a sign-in for half an hour, in the database (django-axes).

Counted by address typed, wherever it was typed: the sign-in page, the admin site, the API, a second factor, a
password asked for once more. An address that nobody has is locked like any other, so that nothing is given away.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from allauth.core.internal.httpkit import get_client_ip
from axes.handlers.database import AxesDatabaseHandler
from axes.handlers.proxy import AxesProxyHandler
from axes.models import AccessAttempt
from django.conf import settings
from django.contrib.auth.models import update_last_login
from django.contrib.auth.signals import user_login_failed
from django.db import transaction
from django.db.models import Max, Sum
from django.http import HttpRequest

import redaction
from accounts import people
from accounts.models import User
from common import clock
from events.recording import record

LOCKED_FOR: timedelta = settings.AXES_COOLOFF_TIME


class Handler(AxesDatabaseHandler):  # type: ignore[misc]  # axes ships no types
    """Keeps failures as axes does, without what was typed, and for half an hour after the last of them.

    By itself axes lets each browser's and each address's failures lapse one by one, so that ten guesses from ten
    machines would lock for as long as the first of them is remembered.
    """

    @transaction.atomic
    def user_login_failed(
        self, sender: Any, credentials: dict[str, Any], request: HttpRequest | None = None, **kwargs: Any
    ) -> None:
        """Note the failure; the tenth locks, and is recorded."""
        if request is None:
            return
        known: Any = request  # axes keeps its notes on it
        was_locked = known.axes_locked_out
        known.axes_user_agent = redaction.clean(known.axes_user_agent)[:255]
        known.axes_path_info, known.axes_http_accept = known.axes_path_info.partition("?")[0], ""
        super().user_login_failed(sender, credentials, request, **kwargs)
        if was_locked:
            return
        email = username(request, credentials)
        AccessAttempt.objects.filter(username=email).update(
            attempt_time=known.axes_attempt_time, get_data="", post_data=""
        )
        person = User.objects.filter(email=email).first() if known.axes_locked_out else None
        if person is not None:
            address = {"address": known.axes_ip_address}
            record("person.locked", subject=("person", person.pk), by=people.system(), data=address)


def username(request: HttpRequest, credentials: Mapping[str, Any] | None) -> str:  # noqa: ARG001  axes's signature
    """Return the address that was typed, as failures are counted under it (AXES_USERNAME_CALLABLE)."""
    given = credentials or {}
    typed = str(given.get("email") or given.get("username") or "")
    return redaction.clean(typed.replace("\x00", "").strip().lower())[:255]


def address(request: HttpRequest) -> str | None:
    """Return from where it was typed, as allauth reckons it behind proxies (AXES_CLIENT_IP_CALLABLE)."""
    found: str | None = get_client_ip(request)
    return found


def note_failure(request: HttpRequest, user: User) -> None:
    """Count a wrong code, or a wrong password of somebody who is signed in."""
    user_login_failed.send(sender=__name__, credentials={"username": user.email}, request=request)


def note_success(user: User) -> None:
    """Begin the count anew after a sign-in that makes no session, and note when it was."""
    AxesProxyHandler.reset_attempts(username=user.email)
    update_last_login(None, user)  # type: ignore[arg-type]  # Django ignores who sends it


def is_locked(request: HttpRequest, user: User) -> bool:
    """Return whether the person may not even try; the request is then answered with the page that says so."""
    credentials = {"username": user.email}
    locked: bool = AxesProxyHandler.is_locked(request, credentials)
    if locked:
        noted: Any = request
        noted.axes_locked_out, noted.axes_credentials = True, credentials
    return locked


def locked_until(emails: Iterable[str]) -> dict[str, datetime]:
    """Return until when each of the addresses is locked, if it is."""
    tried = (
        AccessAttempt.objects.filter(username__in=list(emails), attempt_time__gte=clock.now() - LOCKED_FOR)
        .values("username")
        .annotate(failures=Sum("failures_since_start"), last=Max("attempt_time"))
        .filter(failures__gte=settings.AXES_FAILURE_LIMIT)
    )
    return {found["username"]: found["last"] + LOCKED_FOR for found in tried}


@transaction.atomic
def unlock(user: User, *, by: User) -> None:
    """Let the person try again at once."""
    if AxesProxyHandler.reset_attempts(username=user.email):
        record("person.unlocked", subject=("person", user.pk), by=by)
