"""Problem details for HTTP APIs (RFC 9457): every refusal of the API has one shape.

{"type": "about:blank", "title": "…", "status": 422, "detail": "…", "errors": {"field": ["…"]}}
"""

from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.http import Http404, JsonResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework import status
from rest_framework.exceptions import APIException, ErrorDetail, ValidationError
from rest_framework.response import Response
from rest_framework.views import exception_handler

from common.errors import Absent, DomainError, NotAllowed, Refused, StaleVersion

MEDIA_TYPE = "application/problem+json"


def handle(error: Exception, context: dict[str, Any]) -> Response | None:
    """Turn an exception into problem details; None leaves it to be a server error."""
    if isinstance(error, DomainError):
        return _of_domain(error)
    if isinstance(error, RequestDataTooBig):
        return problem(status.HTTP_413_REQUEST_ENTITY_TOO_LARGE, _("The request is too large."))
    response = exception_handler(error, context)
    if response is None:
        return None
    errors = _flat(error.detail) if isinstance(error, ValidationError) else None
    answer = problem(response.status_code, _detail(error), errors=errors)
    for header, value in response.items():
        if header.lower() not in {"content-type", "allow", "vary"}:
            answer[header] = value
    return answer


def problem(code: int, detail: str, *, errors: dict[str, list[str]] | None = None) -> Response:
    """Return an answer of problem details. `errors` names each field and what to mend."""
    return Response(body(code, detail, errors=errors), status=code, content_type=MEDIA_TYPE)


def as_json(code: int, detail: str) -> JsonResponse:
    """Return problem details from outside the API's views, as a middleware does."""
    return JsonResponse(body(code, detail), status=code, content_type=MEDIA_TYPE)


def body(code: int, detail: str, *, errors: dict[str, list[str]] | None = None) -> dict[str, Any]:
    """Return the members of problem details; an empty `detail` is the code's usual sentence."""
    members: dict[str, Any] = {
        "type": "about:blank",
        "title": _TITLES.get(code, str(code)),
        "status": code,
        "detail": detail or _USUAL.get(code, _("The request was malformed.")),
    }
    if errors:
        members["errors"] = errors
    return members


_USUAL = {
    403: gettext_lazy("You may not do this."),
    404: gettext_lazy("There is nothing here."),
    413: gettext_lazy("The request is too large."),
}


_TITLES = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    406: "Not Acceptable",
    409: "Conflict",
    411: "Length Required",
    413: "Content Too Large",
    415: "Unsupported Media Type",
    422: "Unprocessable Content",
    429: "Too Many Requests",
}


def _of_domain(error: DomainError) -> Response:
    if isinstance(error, Absent):
        return problem(status.HTTP_404_NOT_FOUND, "")
    if isinstance(error, NotAllowed):
        return problem(status.HTTP_403_FORBIDDEN, str(error))
    if isinstance(error, StaleVersion):
        answer = problem(status.HTTP_409_CONFLICT, str(error))
        answer.data["current_version"] = getattr(error.current, "version", None)
        return answer
    field = error.field if isinstance(error, Refused) else None
    errors = {field: [str(error)]} if field else None
    return problem(status.HTTP_422_UNPROCESSABLE_ENTITY, str(error), errors=errors)


def _detail(error: Exception) -> str:
    if isinstance(error, ValidationError):
        return _("Some values have to be mended.")
    if isinstance(error, Http404):
        return _("There is nothing here.")
    if isinstance(error, PermissionDenied):
        return _("You may not do this.")
    return str(error.detail) if isinstance(error, APIException) else str(error)


def _flat(detail: Any, path: str = "") -> dict[str, list[str]]:
    """Return nested errors as {"customer.name": [sentences]}."""
    if isinstance(detail, dict):
        errors: dict[str, list[str]] = {}
        for name, inner in detail.items():
            errors |= _flat(inner, f"{path}.{name}" if path else str(name))
        return errors
    if isinstance(detail, list) and all(isinstance(one, ErrorDetail | str) for one in detail):
        return {path or "non_field_errors": [str(one) for one in detail]}
    if isinstance(detail, list):
        errors = {}
        for index, inner in enumerate(detail):
            errors |= _flat(inner, f"{path}.{index}" if path else str(index))
        return errors
    return {path or "non_field_errors": [str(detail)]}
