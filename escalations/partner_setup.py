"""Setting up partners: what was agreed with each, and what each wants to be told."""

from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import Team, TeamKind, User
from common import clock
from common.errors import Absent, NotAllowed, StaleVersion
from escalations import contract
from escalations.handing_over import current_form
from escalations.models import PartnerAgreement, PartnerForm
from events import recording

SUBJECT = "partner"
SETTINGS = ("high_minutes", "medium_minutes", "low_minutes", "business_time", "email", "language")


def may_change(user: User) -> bool:
    """Tell whether somebody sets up partners: leads and admins."""
    return not user.is_auditor and (user.is_lead or user.is_superuser)


def may_read(user: User) -> bool:
    return may_change(user) or user.reads_all


def agreement_of(team: Team) -> PartnerAgreement:
    """Return what was agreed with this partner, unsaved if nothing was yet."""
    return PartnerAgreement.objects.filter(team=team).first() or PartnerAgreement(team=team)


@transaction.atomic
def agree(team: Team, given: dict[str, Any], *, by: User, version: int) -> PartnerAgreement:
    """Keep what was agreed; hand-overs that are under way keep what they were asked with.

    Raises Absent, NotAllowed, StaleVersion.
    """
    _check(team, by)
    Team.objects.select_for_update(of=("self",), no_key=True).get(pk=team.pk)
    row = agreement_of(team)
    if row.version != version:
        raise StaleVersion(
            _("Somebody changed this partner while you were writing. Nothing was saved."), current=row
        )
    for name in SETTINGS:
        setattr(row, name, given[name])
    row.version += 1
    row.save()
    minutes = {name: getattr(row, name) for name in SETTINGS if name.endswith("_minutes")}
    recording.record(
        "partner.agreed", subject=(SUBJECT, team.pk), by=by,
        data={**minutes, "business_time": row.business_time, "by_mail": bool(row.email)},
    )  # fmt: skip
    return row


@transaction.atomic
def publish_form(team: Team, fields: list[dict[str, Any]], *, by: User, version: int) -> PartnerForm:
    """Store `fields` as what the partner asks from now on; what was asked before keeps its version.

    Raises Absent, NotAllowed, contract.Malformed, StaleVersion.
    """
    _check(team, by)
    contract.check_definition(fields)
    Team.objects.select_for_update(of=("self",), no_key=True).get(pk=team.pk)
    newest = current_form(team)
    current = newest.version if newest is not None else 0
    if version != current:
        raise StaleVersion(
            _("Somebody published this form while you had it open. Nothing was saved."), current=newest
        )
    fields = [contract.redacted(field) for field in fields]
    if newest is not None and newest.fields == fields:
        return newest
    form = PartnerForm.objects.create(team=team, version=current + 1, fields=fields, created_at=clock.now())
    data = {"version": form.version, "fields": len(fields)}
    recording.record("partner.form_published", subject=(SUBJECT, team.pk), by=by, data=data)
    return form


def _check(team: Team, by: User) -> None:
    if team.kind != TeamKind.PARTNER:
        raise Absent(_("There is no such partner."))
    if not may_change(by):
        raise NotAllowed(_("Only leads and admins set up partners."))
