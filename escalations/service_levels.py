"""What setting up calendars and policies has in common: who may, versions of which one is a draft, and faults."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from django.db.models import Count
from django.utils.translation import gettext as _

import redaction
from accounts.models import User
from common.errors import NotAllowed, Refused, StaleVersion
from escalations.models import Calendar, CalendarVersion, Clock, Policy, PolicyVersion
from escalations.models.clock import UNFINISHED

LONGEST_NAME = 80


class Fault(NamedTuple):
    """What is wrong with a draft: the column it is about, and a sentence that says what to do."""

    field: str
    sentence: str


def may_set_up(user: User) -> bool:
    """Tell whether `user` may change service levels: leads, admins, and Secondline itself."""
    return not user.is_auditor and (user.is_lead or user.is_superuser or user.is_robot)


def may_read(user: User) -> bool:
    """Tell whether `user` may see how service levels are set up: who changes them, and auditors."""
    return may_set_up(user) or user.is_auditor


def demand(by: User) -> None:
    """Raise NotAllowed unless `by` may change service levels."""
    if not may_set_up(by):
        raise NotAllowed(_("Only team leads and admins change service levels."))


def contents(version: CalendarVersion | PolicyVersion, columns: Iterable[str]) -> dict[str, Any]:
    """Return what somebody set in a version, by column."""
    return {column: getattr(version, column) for column in columns}


def token(values: Mapping[str, Any]) -> str:
    """Return a fingerprint of a version's contents: whoever saves says with it what they had before them."""
    written = json.dumps(values, sort_keys=True, default=str)
    return hashlib.sha256(written.encode()).hexdigest()[:20]


def demand_fresh(current: CalendarVersion | PolicyVersion, found: str, read: str | None) -> None:
    """Raise StaleVersion unless `read` is what is `found` now; None is not compared."""
    if read is not None and read != found:
        raise StaleVersion(_("Somebody changed this while you had it open. Nothing was saved."), current=current)


def demand_faultless(faults: Iterable[Fault]) -> None:
    """Raise Refused with the first fault."""
    for fault in faults:
        raise Refused(fault.sentence, field=fault.field)


def free_name(model: type[Calendar | Policy], name: str, *, of: Calendar | Policy | None = None) -> str:
    """Return `name` as it is stored. Raises Refused when it is empty, too long, or another's of this kind."""
    name = redaction.clean(" ".join(name.split()))
    if not name:
        raise Refused(_("Give it a name."), field="name")
    if len(name) > LONGEST_NAME:
        raise Refused(_("A name has at most %d characters.") % LONGEST_NAME, field="name")
    others = model._default_manager.filter(name__iexact=name)
    if (others.exclude(pk=of.pk) if of else others).exists():
        raise Refused(_("There is one of this name already."), field="name")
    return name


def open_clocks(column: str) -> dict[int, int]:
    """Return how many open clocks run by each version; `column` is "policy" or "calendar"."""
    clocks = Clock.objects.filter(state__in=UNFINISHED, **{f"{column}__isnull": False})
    return dict(clocks.order_by().values_list(column).annotate(Count("pk")))
