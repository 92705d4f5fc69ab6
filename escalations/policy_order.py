"""Which policies are in use, and in which order they are tried."""

from typing import Literal

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from common.errors import Absent
from escalations import policies, service_levels
from escalations.models import Policy, PolicyVersion
from events.recording import record

_STEP = 10


@transaction.atomic
def set_in_use(policy: Policy, in_use: bool, *, by: User) -> Policy:
    """Put a policy in use, or take it out of use; doing it again does nothing. Clocks that run keep theirs."""
    service_levels.demand(by)
    found = Policy.objects.select_for_update().filter(pk=policy.pk).first()
    if found is None:
        raise Absent(_("There is no such policy."))
    if found.is_active != in_use:
        found.is_active = in_use
        found.save(update_fields=["is_active"])
        kind = "policy.put_in_use" if in_use else "policy.taken_out_of_use"
        record(kind, subject=(policies.SUBJECT, found.pk), by=by, data={"name": found.name})
    return found


@transaction.atomic
def move(policy: Policy, direction: Literal["up", "down"], *, by: User) -> Policy:
    """Try the policy one place earlier ("up") or later ("down") among those of its kind; at the end, nothing."""
    service_levels.demand(by)
    order = list(_in_order(policy.kind))
    place = next((n for n, one in enumerate(order) if one.pk == policy.pk), None)
    if place is None:
        raise Absent(_("There is no such policy."))
    to = place + (-1 if direction == "up" else 1)
    if not 0 <= to < len(order):
        return order[place]
    moved, passed = order[place], order[to]
    order.insert(to, order.pop(place))
    _number(order)
    data = {"direction": direction, "past": passed.pk}
    record("policy.moved", subject=(policies.SUBJECT, moved.pk), by=by, data=data)
    return moved


def place_for(kind: str) -> int:
    """Return the position of a new policy: last, but before the one that takes everything. Makes room for it."""
    order = list(_in_order(kind))
    place = len(order)
    while place and order[place - 1].current is not None and _takes_everything(order[place - 1].current):
        place -= 1
    _number([*order[:place], None, *order[place:]])
    return (place + 1) * _STEP


def _in_order(kind: str) -> list[Policy]:
    """Return the policies of a kind in order, locked in that of their ids: two who move wait for each other."""
    pks = Policy.objects.filter(kind=kind).order_by("pk").select_for_update().values_list("pk", flat=True)
    return list(Policy.objects.filter(pk__in=list(pks)).select_related("current"))


def _number(order: list[Policy] | list[Policy | None]) -> None:
    for place, policy in enumerate(order, 1):
        if policy is not None and policy.position != place * _STEP:
            policy.position = place * _STEP
            policy.save(update_fields=["position"])


def _takes_everything(version: PolicyVersion | None) -> bool:
    return version is not None and not (
        version.categories or version.teams or version.priorities or version.segments or version.channels
    )
