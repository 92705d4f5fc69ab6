"""Failing on demand, which only this program does: the header X-Fault, or the file that FAULT_FILE names.

    hang-before 5 | hang-after 5    wait so many seconds before or after the transaction
    drop-before   | drop-after      close the connection without an answer
    error-before  | error-after     answer 500

A file's fault holds until the file goes: `echo drop-after > .run/back_office.fault`.
"""

import os
import socket
import time
from collections.abc import Callable
from pathlib import Path

from django.http import HttpRequest, HttpResponse, JsonResponse


def wanted(request: HttpRequest) -> tuple[str, str, float]:
    """Return what is to happen, when, and for how many seconds."""
    said = request.headers.get("X-Fault", "")
    file = Path(os.environ.get("FAULT_FILE", "") or "/nonexistent")
    if not said and file.is_file():
        said = file.read_text().strip()
    name, _, seconds = said.partition(" ")
    what, _, when = name.partition("-")
    return what, when, float(seconds or 0)


class Faults:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        what, when, seconds = wanted(request)
        if when == "before" and (answer := _fail(request, what, seconds)):
            return answer
        response = self.get_response(request)
        if when == "after" and (answer := _fail(request, what, seconds)):
            return answer
        return response


def _fail(request: HttpRequest, what: str, seconds: float) -> HttpResponse | None:
    if what == "hang":
        time.sleep(seconds)
        return None
    if what == "drop":
        request.META["back_office.connection"].shutdown(socket.SHUT_RDWR)
    return JsonResponse({"reason": "Told to fail."}, status=500)
