"""The last calls of an integration, as far as the desk has seen them.

Re-checks, requests of the API console, lookups over HTTP and webhooks that arrived, of the customer's escalations.
A request or a lookup belongs to the integration where it went to the host and port of one of its endpoints. A
webhook does where a header names the host of one (Origin, X-WC-Webhook-Source, X-Shopify-Shop-Domain), and always
where webhooks are what the integration is made of.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple
from urllib.parse import urlsplit

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import User
from common import outgoing
from escalations.access import reads_internal
from escalations.models import Ticket
from investigations.console import environments
from investigations.lookups import running
from investigations.models import (
    Environment,
    Integration,
    LookupKind,
    LookupRun,
    LookupSource,
    LookupState,
    Outcome,
    Plugin,
    RecheckResult,
    Run,
    Verdict,
    WebhookDelivery,
)

MOST = 20
#: A re-check asks every few minutes: more of them would crowd out the rest, and stand in its strip.
MOST_RECHECKS = 6
#: So many of the customer's newest escalations are looked at, and so many of what arrived there.
MOST_TICKETS, MOST_DELIVERIES = 200, 100


class Call(NamedTuple):
    """One call: `what` is the method with path or endpoint; `person` had it made, None for who sent a webhook.

    `url` leads to it. `status` and `milliseconds` are None where nobody knows them.
    """

    at: datetime
    kind: str
    what: str
    outcome: str
    url: str
    is_bad: bool = False
    status: int | None = None
    milliseconds: int | None = None
    person: User | None = None


def last(integration: Integration, user: User) -> list[Call]:
    """Return the newest calls, of escalations whose internal part the person reads, the newest first."""
    own = Ticket.objects.visible_to(user).filter(customer=integration.customer_id)
    columns = ("created_by", "l1_team", "team", "restricted_as")
    newest = own.only(*columns).order_by("-pk")[:MOST_TICKETS]
    tickets = {ticket.pk: ticket for ticket in newest if reads_internal(user, ticket)}
    places = {_place(one) for one in integration.endpoints} - {""}
    found = [*_rechecks(integration, tickets), *_deliveries(integration, tickets)]
    if places:
        found += [*_runs(tickets, places), *_lookups(tickets, places, user)]
    return sorted(found, key=lambda call: call.at, reverse=True)[:MOST]


def _place(url: str) -> str:
    """Return host and port, "" for what is no address."""
    try:
        return outgoing.entry_of(url)
    except outgoing.OutgoingError:
        return ""


def _rechecks(integration: Integration, tickets: Iterable[int]) -> Iterable[Call]:
    results = RecheckResult.objects.filter(recheck__integration=integration, recheck__ticket__in=tickets)
    for one in results.select_related("recheck__started_by").order_by("-pk")[:MOST_RECHECKS]:
        yield Call(
            one.at, _("Re-check"), f"GET {one.recheck.url}", one.get_outcome_display(),
            f"#recheck-{one.recheck_id}", is_bad=one.outcome != Outcome.WORKS, status=one.status,
            milliseconds=one.milliseconds, person=one.recheck.started_by,
        )  # fmt: skip


def _runs(tickets: dict[int, Ticket], places: set[str]) -> Iterable[Call]:
    there = [one.pk for one in Environment.objects.all() if _place(environments.base_url(one)) in places]
    sent = Run.objects.filter(ticket__in=tickets, environment__in=there, sent_at__isnull=False)
    for run in sent.select_related("made_by").defer("answer_body", "body").order_by("-sent_at")[:MOST]:
        run.ticket = tickets[run.ticket_id]
        yield Call(
            run.sent_at or run.made_at, _("API console"), str(run), run.trouble or str(run.outcome.label),
            run.get_absolute_url(), is_bad=run.status is None or run.status >= 400, status=run.status,
            milliseconds=None if run.seconds is None else run.milliseconds, person=run.made_by,
        )  # fmt: skip


def _lookups(tickets: dict[int, Ticket], places: set[str], user: User) -> Iterable[Call]:
    sources = LookupSource.objects.filter(kind=LookupKind.HTTP)
    there = [one.pk for one in sources if _place(_address(one)) in places]
    runs = LookupRun.objects.filter(ticket__in=tickets, version__source__in=there)
    for run in runs.select_related("version", "asked_by").defer("rows", "columns").order_by("-pk")[:MOST]:
        run.ticket = tickets[run.ticket_id]
        if not (user.reads_all or running.is_for(user, run.ticket, run.version)):
            continue
        has_failed = run.state == LookupState.FAILED
        yield Call(
            run.asked_at, _("Lookup"), f"GET {run.version.statement}",
            run.get_trouble_display() if has_failed else run.get_state_display(), run.get_absolute_url(),
            is_bad=has_failed, milliseconds=None if run.seconds is None else round(run.seconds * 1000),
            person=run.asked_by,
        )  # fmt: skip


def _address(source: LookupSource) -> str:
    return settings.BACK_OFFICE_URL if source.is_back_office else source.url


def _deliveries(integration: Integration, tickets: dict[int, Ticket]) -> Iterable[Call]:
    hosts = {_host(one) for one in integration.endpoints}
    arrived = WebhookDelivery.objects.filter(ticket__in=tickets).defer("body").order_by("-pk")[:MOST_DELIVERIES]
    for one in arrived:
        if integration.plugin == Plugin.WEBHOOKS or any(_host(value) in hosts for value in _senders(one)):
            yield Call(
                one.at, _("Webhook"), one.method, one.get_verdict_display(),
                reverse("webhook_delivery", args=[tickets[one.ticket_id].reference, one.pk]),
                is_bad=one.verdict not in {Verdict.VALID, Verdict.UNCHECKED},
            )  # fmt: skip


def _senders(delivery: WebhookDelivery) -> Iterable[str]:
    """Return what its headers say, but for that which names where it arrived."""
    return (value for name, value in delivery.headers if name.lower() != "host")


def _host(text: str) -> str:
    try:
        return urlsplit(text if "//" in text else f"//{text}").hostname or text
    except ValueError:
        return text
