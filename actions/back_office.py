"""Asking the company's back office over HTTP: orders that it carries out once, and what it knows of an account.

docs/back_office.md says what it has to answer. Requests go by common/outgoing.py to the host of
BACK_OFFICE_URL alone, and end after a time and a size. Never call it within a transaction.

What it answers passes redaction before anybody sees it, and of a phone number only the last three digits stay.
"""

import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.utils.translation import gettext as _

import redaction
from common import outgoing

# Seconds for an answer. An order is sent by a job and may take its time; while we read, somebody waits for a page.
CARRY_OUT_WITHIN = 10.0
READ_WITHIN = 3.0
LARGEST_ANSWER = 1024 * 1024  # bytes
LONGEST_REASON = 500


@dataclass(frozen=True)
class Order:
    """What is asked of the back office. `key` is ours and never expires.

    (`order`, `action`, `sequence`) names the same by what it is done to, so that no second key repeats it.
    """

    key: str
    order: str
    action: str
    sequence: int
    payload: dict[str, object] = field(default_factory=dict)

    @property
    def natural_key(self) -> tuple[str, str, int]:
        return self.order, self.action, self.sequence


@dataclass(frozen=True)
class Done:
    """The order was carried out, under this reference of the back office's."""

    reference: str
    details: dict[str, Any]


class Rejected(Exception):  # the back office's answer, not a programmer's mistake
    """A definite no: the back office did nothing for this order. `reason` is its own sentence, redacted."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Unknown(Exception):
    """The order was sent and nobody knows what became of it. Ask; the same key may be sent again, no other."""


class Unavailable(Exception):
    """Nothing was done: no back office is connected, it can't be reached, or it does not let us in."""


def is_connected() -> bool:
    """Tell whether a back office is configured at all."""
    return bool(settings.BACK_OFFICE_URL)


def execute(order: Order) -> Done:
    """Have `order` carried out. The same key gets the same answer for ever.

    Raises Rejected, Unknown or Unavailable.
    """
    body = {
        "order": order.order,
        "action": order.action,
        "sequence": order.sequence,
        "payload": order.payload,
    }
    try:
        key = {"Idempotency-Key": order.key}
        status, answer = _request("POST", "/operations/", within=CARRY_OUT_WITHIN, body=body, headers=key)
    except outgoing.OutgoingError as error:
        if not error.was_sent:
            raise Unavailable(_("The back office can't be reached.")) from error
        raise Unknown(_("The back office did not answer in time, or the connection broke.")) from error
    except Unreadable as error:
        raise Unknown(str(error)) from error
    if status in {200, 201, 422} and _names(answer, order):
        return _outcome(answer)
    is_from_there = answer.get("key") == order.key  # a gateway's no may come after the order was passed on
    if status == 409 and is_from_there and isinstance(answer.get("first"), dict):
        first = str(answer["first"].get("reference", ""))
        raise Rejected(
            _("This was ordered before, under another key: %(first)s. Nothing was done now.") % {"first": first}
        )
    if status in {400, 422} and is_from_there:
        raise Rejected(_reason(answer))
    if status in {401, 403, 404, 405, 429}:
        raise Unavailable(_refusal(status))
    raise Unknown(_("The back office answered with the error %(status)s.") % {"status": status})


def ask(order: Order) -> Done | None:
    """Return what became of `order`, or None if it has not arrived.

    It may arrive still, if it is on its way: so an order is only ever sent again under its own key.
    Raises Rejected if the back office said no to it, Unavailable if it can't tell.
    """
    status, answer = _read(f"/operations/{quote(order.key, safe='')}")
    if status == 404 and answer.get("status") == "absent":
        return None
    if status == 200 and _names(answer, order):
        return _outcome(answer)
    raise Unavailable(_refusal(status))


def read(path: str) -> dict[str, Any] | None:
    """Return what the back office knows at `path`; None if there is no such thing. Raises Unavailable."""
    status, answer = _read(path)
    if status == 404 and answer.get("status") == "absent":
        return None
    if status != 200:
        raise Unavailable(_refusal(status))
    return answer


class Unreadable(Exception):
    """What came back is not what a back office answers."""


def _read(path: str) -> tuple[int, dict[str, Any]]:
    try:
        return _request("GET", path, within=READ_WITHIN)
    except outgoing.OutgoingError as error:
        raise Unavailable(_("The back office can't be reached.")) from error
    except Unreadable as error:
        raise Unavailable(str(error)) from error


def _request(
    method: str,
    path: str,
    *,
    within: float,
    body: dict[str, Any] | None = None,
    headers: dict[str, str] | None = None,
) -> tuple[int, dict[str, Any]]:
    """Return the status and the JSON object that came. Raises OutgoingError, Unreadable, Unavailable."""
    if not is_connected():
        raise Unavailable(_("No back office is connected."))
    url = settings.BACK_OFFICE_URL.rstrip("/") + path
    about = {"Authorization": f"Bearer {settings.BACK_OFFICE_TOKEN}", "Accept": "application/json"}
    if body is not None:
        about["Content-Type"] = "application/json"
    answer = outgoing.send(
        method,
        url,
        headers=about | (headers or {}),
        body=b"" if body is None else json.dumps(body).encode(),
        within=within,
        largest=LARGEST_ANSWER,
        allowed=[outgoing.entry_of(url)],
        inside=True,
    )
    if answer.is_cut:
        raise Unreadable(_("The back office's answer is too long."))
    return answer.status, _object(answer.body)


def _object(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body or b"{}")
    except ValueError as error:
        raise Unreadable(_("The back office's answer can't be read.")) from error
    if not isinstance(found, dict):
        raise Unreadable(_("The back office's answer can't be read."))
    return found


def _names(answer: dict[str, Any], order: Order) -> bool:
    """Tell whether the answer is about this very order."""
    named = (answer.get("order"), answer.get("action"), answer.get("sequence"))
    return answer.get("key") == order.key and named == order.natural_key


def _outcome(answer: dict[str, Any]) -> Done:
    if answer.get("status") == "rejected":
        raise Rejected(_reason(answer))
    details = answer.get("details")
    return Done(
        redaction.clean(str(answer.get("reference", "")))[:120],
        redaction.redact_json(details if isinstance(details, dict) else {}),
    )


def _reason(answer: dict[str, Any]) -> str:
    said = redaction.clean(str(answer.get("reason", "")))[:LONGEST_REASON]
    return said or _("The back office refused it without a reason.")


def _refusal(status: int) -> str:
    if status in {401, 403}:
        return _("The back office does not accept Secondline's token.")
    return _("The back office can't answer now (status %(status)s).") % {"status": status}
