"""The demo's integrations: a shop whose plugin is too old, guided through its runbook and re-checked."""

from dataclasses import replace
from datetime import datetime, timedelta

from django.db import transaction

from escalations.access import works_on
from escalations.models import Ticket
from escalations.models.ticket import OPEN
from investigations.health import checklists, integrations
from investigations.health.integrations import CATEGORY
from investigations.models import Integration, Outcome, Plugin, Recheck, RecheckResult, RecheckState, StepState
from knowledgebase.models import KnownIssue

ENDPOINT = "https://shop.example/wc-api/payments"
MOST = 4


@transaction.atomic
def lay_out(now: datetime) -> list[Integration]:
    """Give open escalations about integrations theirs; nothing where there are none."""
    newest = Ticket.objects.filter(state__in=OPEN, owner__isnull=False, category__key=CATEGORY)
    made: list[Integration] = []
    for ticket in newest.select_related("owner", "customer", "team").order_by("-pk")[:40]:
        owner = ticket.owner
        if owner is None or not works_on(owner, ticket) or ticket.restricted_as:
            continue
        if Integration.objects.filter(customer=ticket.customer).exists():
            continue
        stated = integrations.of_contract(ticket)
        cared_for = stated.plugin == Plugin.WOOCOMMERCE and not any(one.plugin == stated.plugin for one in made)
        if cared_for:
            stated = replace(stated, platform="WordPress 6.6, PHP 8.2", endpoints=[*stated.endpoints, ENDPOINT])
        integration = integrations.save(None, stated, customer=ticket.customer, by=owner)
        made.append(integration)
        if cared_for:
            _look_after(integration, ticket, now)
        if len(made) == MOST:
            break
    return made


def _look_after(integration: Integration, ticket: Ticket, now: datetime) -> None:
    owner = ticket.owner
    if owner is None:
        return
    issue = KnownIssue.objects.filter(title__icontains="plugin").order_by("pk").first()
    if issue is not None:
        integrations.add_fault(issue, Plugin.WOOCOMMERCE, ">=4.0,<4.2.1", "4.2.1", by=issue.owner)
    checklist = checklists.start(integration, ticket, by=owner)
    checklists.mark(checklist, 0, StepState.DONE, by=owner)
    checklists.mark(checklist, 1, StepState.FAILED, by=owner)
    # Its next check lies beyond the demo, which has no such shop.
    recheck = Recheck.objects.create(
        integration=integration, ticket=ticket, url=ENDPOINT, minutes=15, started_by=owner,
        started_at=now - timedelta(hours=5), ends_at=now + timedelta(days=3), next_at=now + timedelta(days=2),
        state=RecheckState.RUNNING, failures=9,
    )  # fmt: skip
    story = [Outcome.WORKS] * 3 + [Outcome.SLOW] * 2 + [Outcome.STATUS] * 6 + [Outcome.TIMEOUT] * 3
    RecheckResult.objects.bulk_create(
        RecheckResult(
            recheck=recheck, at=now - timedelta(minutes=20 * (len(story) - place)), outcome=outcome,
            status={Outcome.WORKS: 200, Outcome.SLOW: 200, Outcome.STATUS: 503}.get(outcome),
            milliseconds={Outcome.WORKS: 180, Outcome.SLOW: 4200, Outcome.STATUS: 95}.get(outcome, 10_000),
        )
        for place, outcome in enumerate(story)
    )  # fmt: skip
