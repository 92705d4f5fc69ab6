"""Which policy a ticket goes by, and by whose calendar it is counted."""

from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Protocol

from django.db import transaction

from accounts.models import User
from common import clock
from escalations import calendars, steps
from escalations.clocks import Aim
from escalations.models import (
    Calendar,
    CalendarChoice,
    CalendarVersion,
    Customer,
    Metric,
    Policy,
    PolicyKind,
    PolicyVersion,
    Target,
)
from events import recording

SUBJECT = "policy"


class Described(Protocol):
    """What policies look at: a ticket, or what is known of one at some moment of its past."""

    category_id: int
    team_id: int
    priority: int
    channel: str
    customer_id: int
    customer: Customer


@lru_cache(maxsize=512)
def version(pk: int) -> PolicyVersion:
    """Return a published version, read once per process: it never changes. Raises PolicyVersion.DoesNotExist."""
    return PolicyVersion.objects.select_related("policy").get(pk=pk, published_at__isnull=False)


def matches(version: PolicyVersion, ticket: Described) -> bool:
    """Tell whether the ticket meets every condition of the version."""
    return (
        (not version.categories or ticket.category_id in version.categories)
        and (not version.teams or ticket.team_id in version.teams)
        and (not version.priorities or ticket.priority in version.priorities)
        and (not version.segments or ticket.customer.segment in version.segments)
        and (not version.channels or ticket.channel in version.channels)
    )


@dataclass
class Rulebook:
    """The policies in use, in order, the calendars' current versions, and who has a calendar of their own."""

    versions: list[tuple[str, PolicyVersion]]
    hours: dict[int, CalendarVersion]
    of_team: dict[int, int] = field(default_factory=dict)
    of_segment: dict[str, int] = field(default_factory=dict)
    of_customer: dict[int, int] = field(default_factory=dict)

    def policies_for(self, ticket: Described) -> dict[str, PolicyVersion]:
        """Return the first matching policy of each kind."""
        found: dict[str, PolicyVersion] = {}
        for kind, version in self.versions:
            if kind not in found and matches(version, ticket):
                found[kind] = version
        return found

    def matching_since(self, kind: str, ticket: Described) -> datetime | None:
        """Return since when the policy of this kind that matches is sure to have matched a ticket that stood so.

        It may have been another one before the newest version of it, and of those ahead of it, was published. None
        if none matches, or a draft is among them.
        """
        moments = []
        for of_kind, version in self.versions:
            if of_kind != kind:
                continue
            if version.published_at is None:
                return None
            moments.append(version.published_at)
            if matches(version, ticket):
                return max(moments)
        return None

    def aim(
        self,
        version: PolicyVersion,
        metric: str,
        ticket: Described,
        *,
        team: int | None = None,
        agreed: Target | None = None,
    ) -> Aim | None:
        """Return what a clock of `metric` runs towards under this policy, or None where it sets no target.

        `team` is whose work is measured, for clocks that measure a team's or a partner's; `agreed` a target that
        was agreed with a partner and goes before the policy's.
        """
        target = agreed or version.target(metric, ticket.priority)
        if target is None:
            return None
        return Aim(
            version, self._calendar(version, ticket, team) if target.business_time else None, target.seconds
        )

    def _calendar(self, version: PolicyVersion, ticket: Described, team: int | None) -> CalendarVersion:
        chosen = self.of_team.get(team) if team is not None else None
        if chosen is None and version.own_calendars:
            chosen = (
                self.of_customer.get(ticket.customer_id)
                or self.of_segment.get(ticket.customer.segment)
                or self.of_team.get(ticket.team_id)
            )
        return self.hours[chosen or version.calendar_id]


def rulebook() -> Rulebook:
    """Return the rules in force now."""
    in_use = (
        Policy.objects.filter(is_active=True, current__isnull=False)
        .order_by("position", "pk")
        .values_list("kind", "current_id")
    )
    published = CalendarChoice.objects.filter(calendar__current__isnull=False)
    choices = published.values_list("team_id", "segment", "customer_id", "calendar_id")
    of_team, of_segment, of_customer = {}, {}, {}
    for team, segment, customer, calendar in choices:
        if team:
            of_team[team] = calendar
        elif customer:
            of_customer[customer] = calendar
        else:
            of_segment[segment] = calendar
    return Rulebook(
        versions=[(kind, version(pk)) for kind, pk in in_use],
        hours=current_calendars(),
        of_team=of_team,
        of_segment=of_segment,
        of_customer=of_customer,
    )


def rulebook_of(policy: Policy) -> Rulebook:
    """Return rules in which this policy is the only one, whether it is in use on the live desk or not."""
    return Rulebook([(policy.kind, version(policy.current_id or 0))], current_calendars())


def current_calendars() -> dict[int, CalendarVersion]:
    """Return every calendar's current version, by the calendar's id."""
    current = Calendar.objects.filter(current__isnull=False).values_list("pk", "current_id")
    return {pk: calendars.version(version_pk) for pk, version_pk in current}


def kind_of(metric: str) -> str:
    """Return the kind of policy that sets targets for `metric`."""
    return PolicyKind.REGULATORY if metric == Metric.REGULATORY else PolicyKind.SERVICE


@transaction.atomic
def publish(draft: PolicyVersion, *, by: User) -> PolicyVersion:
    """Publish a draft and make it what tickets are matched with from now on. Clocks that run keep theirs.

    Raises ValidationError where its ladder can't be climbed.
    """
    steps.validate(draft.ladder)
    policy = Policy.objects.select_for_update().get(pk=draft.policy_id)
    draft.published_at, draft.published_by = clock.now(), by
    draft.save()
    policy.current = draft
    policy.save(update_fields=["current"])
    recording.record(
        "policy.published", subject=(SUBJECT, policy.pk), by=by, data={"version": draft.pk, "number": draft.number}
    )
    return draft
