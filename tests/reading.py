"""GET never writes: a middleware of the test suite that holds every test's requests to it."""

import re
from collections.abc import Callable
from typing import Any

from django.db import connection
from django.http import HttpRequest, HttpResponse

WRITE = re.compile(
    r'\b(?:INSERT\s+INTO|UPDATE|DELETE\s+FROM|TRUNCATE(?:\s+TABLE)?|MERGE\s+INTO)\s+(?:ONLY\s+)?"(\w+)"',
    re.IGNORECASE,
)
# A visit keeps its session alive, an expired token is cleared away when somebody shows it, and the trail notes who
# was refused, took an export, or read what is noted. A card's number in an address is a find, with its event.
EXCEPTIONS = {"django_session", "usersessions_usersession", "knox_authtoken", "audit_entry"}
FINDS = {"incidents_incident", "incidents_find", "events_event", "events_delivery", "accounts_user"}
# A single sign-on comes back by GET, and allauth notes that recovery codes were shown.
ALLOWED = ("/account/sso/", "/account/second-step/recovery-codes/")


class GetMayNotWrite:
    """Fails the test whose GET, HEAD or OPTIONS request changes a table."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method not in {"GET", "HEAD", "OPTIONS"} or request.path.startswith(ALLOWED):
            return self.get_response(request)
        writes: list[str] = []

        def watch(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
            # What was written is noted, not refused: an exception could be swallowed on its way up.
            writes.extend(table for table in WRITE.findall(str(sql)) if table not in EXCEPTIONS)
            return execute(sql, params, many, context)

        with connection.execute_wrapper(watch):
            response = self.get_response(request)
        if "incidents_find" in writes:
            writes = [table for table in writes if table not in FINDS]
        assert not writes, f"{request.method} {request.path} wrote to {', '.join(sorted(set(writes)))}"
        return response
