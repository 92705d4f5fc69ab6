"""A ticket's address for webhooks: opened for some days, takes what anybody sends who knows it, runs nothing."""

import hashlib
import secrets
from collections.abc import Mapping
from datetime import timedelta

from django.db import transaction
from django.utils.translation import gettext as _

import redaction
from accounts import people
from accounts.models import User
from common import clock, sealed
from common.errors import NotAllowed, Refused
from escalations.access import works_on
from escalations.changes import lock
from escalations.models import Ticket
from events import recording
from investigations.console.composing import LARGEST_BODY, LONGEST_PATH
from investigations.console.runs import cleaned_headers, readable
from investigations.models import Scheme, Verdict, WebhookAddress, WebhookDelivery
from investigations.webhooks.signatures import Signing, check, judge

SUBJECT, DELIVERY = "webhook_address", "webhook_delivery"
OPENED, CHANGED, CLOSED, RECEIVED = (
    "webhook_address.opened",
    "webhook_address.changed",
    "webhook_address.closed",
    "webhook_delivery.received",
)
GOOD_FOR = timedelta(days=7)
MOST_A_MINUTE, MOST = 60, 500


class TooMany(Refused):
    """More arrives than is taken in."""


@transaction.atomic
def open_address(ticket: Ticket, *, by: User) -> WebhookAddress:
    """Give the ticket an address, or a new one in place of the one it has, for seven days. Raises NotAllowed."""
    locked = _workable(ticket, by)
    token = secrets.token_urlsafe(32)
    address, _made = WebhookAddress.objects.update_or_create(
        ticket=locked,
        defaults={
            "token": sealed.seal(token, _place(locked, "token")), "token_hash": _hash(token), "made_by": by,
            "made_at": clock.now(), "expires_at": clock.now() + GOOD_FOR,
        },
    )  # fmt: skip
    _record(OPENED, address, by=by)
    return address


@transaction.atomic
def set_signing(
    address: WebhookAddress, *, scheme: Scheme, header: str, secret: str, tolerance: int, by: User
) -> None:
    """Say how the sender signs; an empty secret leaves the one that is kept. Raises NotAllowed, Refused."""
    locked = _workable(address.ticket, by)
    kept = WebhookAddress.objects.select_for_update().get(pk=address.pk)
    judge(scheme, header, "header")
    if scheme != Scheme.NONE and not secret and not kept.secret:
        raise Refused(_("Enter the secret that the sender signs with."), field="secret")
    kept.scheme, kept.header, kept.tolerance = scheme, header, tolerance
    if scheme == Scheme.NONE:
        kept.secret = ""
    elif secret:
        kept.secret = sealed.seal(secret, _place(locked, "secret"))
    kept.save()
    _record(CHANGED, kept, by=by, scheme=scheme.value, header=kept.header, entered=bool(secret))


@transaction.atomic
def close(address: WebhookAddress, *, by: User) -> None:
    """Take nothing in any more; what arrived stays. Raises NotAllowed."""
    _workable(address.ticket, by)
    if not WebhookAddress.objects.filter(pk=address.pk, expires_at__gt=clock.now()).update(expires_at=clock.now()):
        return
    _record(CLOSED, address, by=by)


def token_of(address: WebhookAddress) -> str:
    """Return what stands in its address. Raises common.sealed.Unreadable."""
    return sealed.open_(address.token, _place(address.ticket, "token"))


def is_open(address: WebhookAddress) -> bool:
    """Tell whether it takes in what arrives."""
    return clock.now() < address.expires_at


def find(token: str) -> WebhookAddress | None:
    """Return the open address of that token."""
    found = WebhookAddress.objects.select_related("ticket").filter(token_hash=_hash(token)).first()
    return found if found and is_open(found) else None


def take(
    address: WebhookAddress, *, method: str, path: str, query: str, headers: Mapping[str, str], body: bytes
) -> None:
    """Keep what arrived, redacted, and what its signature is worth, which is checked on the bytes as they came.

    Raises TooMany, Refused where it is too large.
    """
    if len(body) > LARGEST_BODY:
        raise Refused(_("This is larger than %d KB.") % (LARGEST_BODY // 1024))
    _still_takes(address)  # before anything is worked out for it
    verdict = _verdict(address, headers, body)
    text = readable(body)
    delivery = WebhookDelivery(
        address=address, ticket_id=address.ticket_id, at=clock.now(), method=method,
        path=redaction.clean(path.replace("\x00", "�"))[:LONGEST_PATH],
        query=redaction.clean(query.replace("\x00", "�"))[:LONGEST_PATH],
        headers=cleaned_headers(headers.items()),
        body=redaction.clean(text) if text is not None else "", is_text=text is not None,
        size=len(body), sha256=hashlib.sha256(body).hexdigest(), scheme=address.scheme, verdict=verdict,
    )  # fmt: skip
    with transaction.atomic():
        _still_takes(WebhookAddress.objects.select_for_update().get(pk=address.pk))
        delivery.save()
        recording.record(
            RECEIVED, subject=(DELIVERY, delivery.pk), by=people.system(),
            data={"ticket": address.ticket_id, "sha256": delivery.sha256, "verdict": verdict.value},
        )  # fmt: skip


def _still_takes(address: WebhookAddress) -> None:
    """Raise TooMany where as much came as is taken in; earlier addresses of the ticket do not count."""
    kept = WebhookDelivery.objects.filter(address=address)
    a_minute_ago = clock.now() - timedelta(minutes=1)
    if (
        kept.filter(at__gt=a_minute_ago).count() >= MOST_A_MINUTE
        or kept.filter(at__gte=address.made_at).count() >= MOST
    ):
        raise TooMany(_("This address takes in no more for now."))


def _verdict(address: WebhookAddress, headers: Mapping[str, str], body: bytes) -> Verdict:
    if not address.secret:
        return Verdict.UNCHECKED
    try:
        secret = sealed.open_(address.secret, _place(address.ticket, "secret"))
    except sealed.Unreadable:
        return Verdict.UNCHECKED
    signing = Signing(Scheme(address.scheme), secret, address.header, address.tolerance)
    lowered = {name.lower(): value for name, value in headers.items()}
    return check(signing, lowered, body, clock.now().timestamp())


def _workable(ticket: Ticket, by: User) -> Ticket:
    locked = lock(ticket, by=by)
    if not works_on(by, locked):
        raise NotAllowed(_("You may not change what arrives for this escalation."))
    return locked


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _place(ticket: Ticket, what: str) -> str:
    return f"webhook:{ticket.pk}:{what}"


def _record(kind: str, address: WebhookAddress, *, by: User, **data: object) -> None:
    recording.record(kind, subject=(SUBJECT, address.pk), by=by, data={"ticket": address.ticket_id, **data})
