"""A customer's integrations: written down, changed, and what is known of their versions."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from urllib.parse import urlsplit

from django.db import IntegrityError, transaction
from django.db.models import Count
from django.utils.translation import gettext as _

import redaction
from accounts.models import User
from common import clock
from common.errors import NotAllowed, Refused, StaleVersion
from escalations.models import Customer, Ticket
from events import recording
from investigations.health import versions
from investigations.models import Integration, Plugin, VersionFault
from knowledgebase.access import may_write as may_write_issues
from knowledgebase.models import KnownIssue

SUBJECT = "integration"
SAVED = "integration.saved"
FAULT_ADDED = "integration.fault_added"
FAULT_REMOVED = "integration.fault_removed"
#: Escalations of this category are about integrations.
CATEGORY = "api_integration"
MOST_ENDPOINTS = 20
_LONGEST_ADDRESS = 300
_LONGEST_NOTES = 4000

#: What the contract of an escalation calls a plugin.
_OF_CONTRACT = {
    "WooCommerce plugin": Plugin.WOOCOMMERCE,
    "Shopify app": Plugin.SHOPIFY,
    "Magento extension": Plugin.MAGENTO,
    "PrestaShop module": Plugin.PRESTASHOP,
    "Webhooks": Plugin.WEBHOOKS,
    "Payments API": Plugin.REST,
    "Payouts API": Plugin.REST,
}


@dataclass(frozen=True)
class Stated:
    """What is said of an integration."""

    plugin: str
    plugin_version: str = ""
    platform: str = ""
    environment: str = "production"
    endpoints: Sequence[str] = ()
    notes: str = ""


def may_write(user: User) -> bool:
    """Tell whether the person may write down integrations: second line and leads, and admins."""
    return not user.is_auditor and (user.is_l2 or user.is_lead or user.is_superuser)


def may_read(user: User) -> bool:
    """Tell whether the person sees integrations at all: the second line, and who reads everything."""
    return user.is_l2 or user.is_lead or user.reads_all


def of_contract(ticket: Ticket) -> Stated:
    """Return what an escalation's contract says of the integration, to be looked through before it is kept."""
    answers = ticket.answers
    site = answers.get("site", "")
    return Stated(
        plugin=_OF_CONTRACT.get(str(answers.get("integration", "")), Plugin.REST),
        plugin_version=str(answers.get("version", "")),
        environment="test" if answers.get("environment") == "sandbox" else "production",
        endpoints=[site] if isinstance(site, str) and urlsplit(site).scheme in {"http", "https"} else [],
    )


@transaction.atomic
def save(
    integration: Integration | None, stated: Stated, *, customer: Customer, by: User, version: int = 0
) -> Integration:
    """Write down an integration, or change one. Raises NotAllowed, Refused, StaleVersion."""
    visible = Customer.objects.visible_to(by).filter(pk=customer.pk).exists()
    if not may_write(by) or not visible:
        raise NotAllowed(_("You may not change this integration."))
    now = clock.now()
    if integration is None:
        kept = Integration(customer=customer, added_by=by, added_at=now, version=0)
    else:
        kept = Integration.objects.select_for_update().select_related("customer").get(pk=integration.pk)
        if version != kept.version:
            raise StaleVersion(
                _("Somebody changed this integration while you had it open. Nothing was saved."), current=kept
            )
    _fill(kept, stated)
    kept.changed_at, kept.version = now, kept.version + 1
    try:
        with transaction.atomic():
            kept.save()
    except IntegrityError as error:
        raise Refused(
            _("The customer has such an integration in this environment already."), field="plugin"
        ) from error
    recording.record(
        SAVED, subject=(SUBJECT, kept.pk), by=by,
        data={"customer": customer.pk, "plugin": kept.plugin, "version": kept.plugin_version},
    )  # fmt: skip
    return kept


def _fill(kept: Integration, stated: Stated) -> None:
    if stated.plugin not in Plugin.values:
        raise Refused(_("Choose one of the list."), field="plugin")
    if stated.environment not in {"production", "test"}:
        raise Refused(_("Choose one of the list."), field="environment")
    endpoints = list(dict.fromkeys(one.strip() for one in stated.endpoints if one.strip()))
    if len(endpoints) > MOST_ENDPOINTS:
        raise Refused(_("At most %d endpoints.") % MOST_ENDPOINTS, field="endpoints")
    for one in endpoints:
        check_address(one, "endpoints")
    kept.plugin, kept.environment = stated.plugin, stated.environment
    kept.plugin_version = redaction.clean(stated.plugin_version).strip()[:40]
    kept.platform = redaction.clean(stated.platform).strip()[:120]
    kept.endpoints = [redaction.clean(one) for one in endpoints]
    kept.notes = redaction.clean(stated.notes).replace("\x00", "").strip()[:_LONGEST_NOTES]


def check_address(address: str, field: str) -> None:
    """Raise Refused for what is no address of a web server, or holds a password."""
    try:
        parts = urlsplit(address)
        is_fine = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_fine = False
    if not is_fine or len(address) > _LONGEST_ADDRESS or any(ord(sign) <= 32 for sign in address):
        raise Refused(_("“%s” is no address: it begins with https://.") % address[:80], field=field)
    if "@" in parts.netloc:
        raise Refused(_("An address must not hold a password."), field=field)


class Known(NamedTuple):
    """A fault of a version; `certain` is False where the integration's version can't be compared."""

    fault: VersionFault
    certain: bool


def faults_of(found: Sequence[Integration], user: User, *, removed: bool = False) -> dict[int, list[Known]]:
    """Return the known issues that the version of each integration has, or may have, by the integration's id.

    `removed`: those instead that were taken back.
    """
    faults = list(
        VersionFault.objects.filter(
            plugin__in={one.plugin for one in found},
            issue__in=KnownIssue.objects.visible_to(user),
            removed_at__isnull=not removed,
        )
        .select_related("issue")
        .defer("issue__search")
        .order_by("issue__title", "pk")
    )
    known: dict[int, list[Known]] = {}
    for one in found:
        judged = [
            (it, versions.matches(one.plugin_version, it.versions)) for it in faults if it.plugin == one.plugin
        ]
        known[one.pk] = [Known(fault, has is True) for fault, has in judged if has is not False]
    return known


@transaction.atomic
def add_fault(issue: KnownIssue, plugin: str, conditions: str, fixed_in: str = "", *, by: User) -> VersionFault:
    """Say which versions of a plugin have a known issue. Safe to repeat. Raises NotAllowed, Refused."""
    if not may_write_issues(by) or not KnownIssue.objects.visible_to(by).filter(pk=issue.pk).exists():
        raise NotAllowed(_("You may not change this known issue."))
    if plugin not in Plugin.values:
        raise Refused(_("Choose one of the list."), field="plugin")
    conditions = ",".join(part.strip() for part in conditions.split(","))
    if len(conditions) > 120 or not versions.are_readable(conditions):
        raise Refused(
            _("Write conditions with versions, as “>=8.0,<8.3.2”, or one version alone."), field="versions"
        )
    if fixed_in and versions.read(fixed_in) is None:
        raise Refused(_("This is no version."), field="fixed_in")
    fault, is_new = VersionFault.objects.get_or_create(
        issue=issue, plugin=plugin, versions=conditions,
        defaults={"fixed_in": fixed_in.strip(), "added_by": by, "added_at": clock.now()},
    )  # fmt: skip
    if is_new:
        _record_fault(FAULT_ADDED, fault, by)
    elif fault.removed_at:
        fault.fixed_in = fixed_in.strip()
        fault.save(update_fields=["fixed_in"])
        restore_fault(fault, by=by)
    return fault


@transaction.atomic
def remove_fault(fault: VersionFault, *, by: User) -> None:
    """Take back, for all customers, that versions have a known issue. Safe to repeat. Raises NotAllowed."""
    _change_fault(fault, FAULT_REMOVED, clock.now(), by)


@transaction.atomic
def restore_fault(fault: VersionFault, *, by: User) -> None:
    """Undo that. Safe to repeat. Raises NotAllowed."""
    _change_fault(fault, FAULT_ADDED, None, by)


def _change_fault(fault: VersionFault, kind: str, removed_at: datetime | None, by: User) -> None:
    if not may_write_issues(by) or not KnownIssue.objects.visible_to(by).filter(pk=fault.issue_id).exists():
        raise NotAllowed(_("You may not change this known issue."))
    others = VersionFault.objects.filter(pk=fault.pk, removed_at__isnull=removed_at is not None)
    if others.update(removed_at=removed_at):
        _record_fault(kind, fault, by)


class Affected(NamedTuple):
    """How many integrations have a fault for certain, and how many perhaps: their version can't be compared."""

    fault: VersionFault
    certain: int
    perhaps: int


def affected(issue: KnownIssue, user: User) -> list[Affected]:
    """Return the versions that have a known issue, with how many integrations that the person sees have them."""
    faults = list(VersionFault.objects.filter(issue=issue, removed_at=None).order_by("plugin", "pk"))
    in_use = Integration.objects.visible_to(user).in_use().filter(plugin__in={one.plugin for one in faults})
    counted = list(in_use.values_list("plugin", "plugin_version").annotate(n=Count("pk")))
    found = []
    for fault in faults:
        having = [
            (versions.matches(version, fault.versions), n)
            for plugin, version, n in counted
            if plugin == fault.plugin
        ]
        numbers = (sum(n for has, n in having if has is wanted) for wanted in (True, None))
        found.append(Affected(fault, *numbers))
    return found


def _record_fault(kind: str, fault: VersionFault, by: User) -> None:
    data = {"plugin": fault.plugin, "versions": fault.versions}
    recording.record(kind, subject=("known_issue", fault.issue_id), by=by, data=data)
