"""API requests that a client may repeat when it doesn't know whether they arrived."""

import functools
import json
import re
from collections.abc import Callable
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.exceptions import APIException, NotAuthenticated, ParseError
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import safe_retry
from accounts.models import User

HEADER = "Idempotency-Key"
KEY = re.compile(r"[\x21-\x7e]{1,200}")
PARAMETER = OpenApiParameter(
    HEADER,
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    description=(
        "Any text of up to 200 visible ASCII characters, new for each request. A repeat within a day"
        " gets the first answer again; the same key with another request gets 422."
    ),
)

Handler = Callable[..., Response]


class KeyReused(APIException):
    """The key came before, with another request (422)."""

    status_code = status.HTTP_422_UNPROCESSABLE_ENTITY
    default_detail = _("This Idempotency-Key was used before for another request. Send a new one.")
    default_code = "idempotency_key_reused"


def idempotent(handler: Handler) -> Handler:
    """Let an API view's method be repeated: with the same `Idempotency-Key`, it is carried out once.

    The stored answer is replayed with `Idempotent-Replayed: true`. Only a
    success (2xx) is stored, in the transaction that made it. Without the header
    nothing changes. A view's `check_replay` may refuse a repeat. It stands above `@action`. Raises ParseError
    (400) for a malformed key, KeyReused (422) for a key that came with another request.
    """

    @functools.wraps(handler)
    def wrapper(view: Any, request: Request, *args: Any, **kwargs: Any) -> Response:
        key = request.headers.get(HEADER)
        if key is None:
            return handler(view, request, *args, **kwargs)
        if not KEY.fullmatch(key):
            raise ParseError(_("Idempotency-Key must be 1 to 200 visible ASCII characters."))
        if not isinstance(request.user, User):
            raise NotAuthenticated
        sent = safe_retry.fingerprint(request.method, request.get_full_path(), request.data)
        with transaction.atomic():
            handled = safe_retry.begin(request.user, f"api:{safe_retry.fingerprint(key)}", fingerprint=sent)
            if handled.fingerprint != sent:
                raise KeyReused
            if handled.is_done:
                getattr(view, "check_replay", lambda: None)()
                return _replay(handled.status, handled.location, handled.body)
            response = handler(view, request, *args, **kwargs)
            if status.is_success(response.status_code):
                safe_retry.finish(
                    handled,
                    status=response.status_code,
                    location=response.headers.get("Location", ""),
                    body=json.loads(JSONRenderer().render(response.data) or b"null"),
                )
            else:
                safe_retry.forget(handled)
            return response

    documented: Handler = extend_schema(parameters=[PARAMETER])(wrapper)
    return documented


def _replay(status_code: int | None, location: str, body: Any) -> Response:
    headers = {"Idempotent-Replayed": "true"} | ({"Location": location} if location else {})
    return Response(body, status=status_code, headers=headers)
