"""Finding the customer an escalation is about, or adding them."""

import re
from typing import Any, TypedDict

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

import redaction
from accounts.models import User
from common import clock
from common.errors import Refused, StaleVersion
from escalations import search_index
from escalations.models import Customer, Segment
from events import recording

SUBJECT = "customer"


class CustomerData(TypedDict, total=False):
    """What is known of a customer; `external_id` and `name` are needed for a new one."""

    external_id: str
    name: str
    email: str
    phone: str
    segment: str
    language: str
    country: str


def find_or_add(data: CustomerData, *, by: User) -> Customer:
    """Return the customer of that id, added with `data` if the desk does not know them yet.

    An existing customer is left as it is: correcting one is `correct`. Raises Refused.
    """
    external_id = data.get("external_id", "").strip()
    if not external_id:
        raise Refused(_("The customer's id is needed."), field="external_id")
    existing = Customer.objects.filter(external_id=redaction.clean(external_id)).first()
    if existing is not None:
        return existing
    customer = Customer(created_at=clock.now(), **_cleaned(data))
    try:
        with transaction.atomic():
            customer.save()
            recording.record("customer.added", subject=(SUBJECT, customer.pk), by=by)
    except IntegrityError:  # somebody added them this very moment
        return Customer.objects.get(external_id=customer.external_id)
    return customer


@transaction.atomic
def correct(customer: Customer, data: CustomerData, *, by: User, version: int) -> Customer:
    """Change what is known of a customer. Raises Refused, or StaleVersion if it changed meanwhile."""
    locked = Customer.objects.select_for_update().get(pk=customer.pk)
    if locked.version != version:
        raise StaleVersion(
            _("Somebody changed this customer while you were writing. Nothing was saved."), current=locked
        )
    cleaned = _cleaned({**data, "external_id": locked.external_id})
    changed = sorted(name for name, value in cleaned.items() if getattr(locked, name) != value)
    for name, value in cleaned.items():
        setattr(locked, name, value)
    locked.version += 1
    locked.save()
    recording.record("customer.corrected", subject=(SUBJECT, locked.pk), by=by, data={"changed": changed})
    if {"name", "email"} & set(changed):
        search_index.refresh_customer(locked.pk)
    return locked


def _cleaned(data: CustomerData) -> dict[str, Any]:
    texts = {name: redaction.clean(str(value)).replace("\x00", "").strip() for name, value in data.items()}
    for name, longest in {"external_id": 80, "name": 160, "email": 254, "phone": 40}.items():
        if len(texts.get(name, "")) > longest:
            raise Refused(_("This may have at most %d characters.") % longest, field=name)
    if not texts.get("name"):
        raise Refused(_("The customer's name is needed."), field="name")
    if texts.get("email"):
        try:
            validate_email(texts["email"])
        except ValidationError:
            raise Refused(_("This is not an email address."), field="email") from None
    if texts.get("segment", Segment.CONSUMER) not in Segment.values:
        raise Refused(_("Choose one of the list."), field="segment")
    if texts.get("language", "en") not in dict(settings.LANGUAGES):
        raise Refused(_("Choose one of the list."), field="language")
    if texts.get("country"):
        texts["country"] = texts["country"].upper()
        if not re.fullmatch("[A-Z]{2}", texts["country"]):
            raise Refused(_("A country is its two-letter code, such as PH."), field="country")
    return texts
