"""Setting lookups up: sources and versions, by admins. A version is never changed, only followed by another."""

from dataclasses import dataclass, field

from django.db import transaction
from django.utils.translation import gettext as _

import redaction
from accounts.models import Role, User
from common import clock, sealed
from common.errors import NotAllowed, Refused, StaleVersion
from events import recording
from investigations.lookups import parameters, place, statements
from investigations.lookups.parameters import Parameter
from investigations.models import Lookup, LookupKind, LookupSource, LookupVersion

SOURCE, SUBJECT = "lookup_source", "lookup"
SOURCE_SAVED, SOURCE_CHECKED = "lookup_source.saved", "lookup_source.checked"
SAVED, SWITCHED = "lookup.saved", "lookup.switched"
ROLES = (Role.L2, Role.LEAD)


def may_set_up(user: User) -> bool:
    """Tell whether `user` may say what can be asked."""
    return user.is_superuser


def may_read_set_up(user: User) -> bool:
    """Tell whether `user` may read what can be asked."""
    return user.is_superuser or user.is_auditor


def _demand(by: User) -> None:
    if not (may_set_up(by) or by.is_robot):
        raise NotAllowed(_("Only admins set lookups up."))


@transaction.atomic
def save_source(
    source: LookupSource | None,
    *,
    name: str,
    kind: str,
    url: str,
    is_back_office: bool,
    is_active: bool,
    secret: str,
    version: int,
    by: User,
    masked: list[str] | None = None,
) -> LookupSource:
    """Add a source, or change one; an empty secret keeps what is there as long as the address stays.

    `masked`: the names that are hidden in its answers; None leaves them as they are, the usual ones at first.

    Raises NotAllowed, StaleVersion, Refused (field `name`, `url`, `secret`).
    """
    _demand(by)
    if source is None:
        stored = LookupSource()
    else:
        stored = LookupSource.objects.select_for_update().get(pk=source.pk)
        if stored.version != version:
            raise StaleVersion(_("Somebody changed this source meanwhile. Nothing was changed."), current=stored)
        stored.version += 1
    if LookupSource.objects.exclude(pk=stored.pk).filter(name=name).exists():
        raise Refused(_("There is a source of that name."), field="name")
    if is_back_office:
        if kind == LookupKind.MYSQL:
            raise Refused(_("The settings name no such database."), field="kind")
        url, secret, kept = "", "", ""
    else:
        place.check(url, kind)
        # A secret goes to the machine it was given for, and to no other.
        kept = stored.secret if (stored.url, stored.kind) == (url, kind) else ""
        if stored.secret and not kept and not secret:
            raise Refused(_("The address is another one: enter its secret, too."), field="secret")
    stored.name, stored.kind, stored.url = name, kind, url
    stored.is_back_office, stored.is_active, stored.secret = is_back_office, is_active, kept
    if masked is not None:
        stored.masked = masked
    if not kept or secret:
        stored.checked_at = stored.answers = stored.can_write = None
    stored.save()
    if secret:
        stored.secret = sealed.seal(secret, place.bound_to(stored))
        stored.save(update_fields=["secret"])
    data = {"kind": kind, "url": url, "is_active": is_active, "new_secret": bool(secret), "masked": stored.masked}
    recording.record(SOURCE_SAVED, subject=(SOURCE, stored.pk), by=by, data=data)
    return stored


@transaction.atomic
def note_check(source: LookupSource, *, answers: bool, can_write: bool | None, by: User) -> LookupSource:
    """Keep what a test of the connection found. Raises NotAllowed."""
    _demand(by)
    stored = LookupSource.objects.select_for_update().get(pk=source.pk)
    stored.checked_at, stored.answers, stored.can_write = clock.now(), answers, can_write
    stored.save(update_fields=["checked_at", "answers", "can_write"])
    data = {"answers": answers, "can_write": can_write}
    recording.record(SOURCE_CHECKED, subject=(SOURCE, stored.pk), by=by, data=data)
    return stored


@dataclass(frozen=True)
class Draft:
    """What an admin says a lookup should ask."""

    source: LookupSource
    statement: str
    description: str = ""
    parameters: list[Parameter] = field(default_factory=list)
    masks: dict[str, str] = field(default_factory=dict)
    rows_path: str = ""
    within_seconds: int = 5
    most_rows: int = 100
    roles: list[str] = field(default_factory=list)
    teams: list[int] = field(default_factory=list)


@transaction.atomic
def save(lookup: Lookup | None, name: str, draft: Draft, *, why: str, by: User, number: int = 0) -> LookupVersion:
    """Add a lookup, or its next version; `number` is the version the admin began from.

    Raises NotAllowed, StaleVersion, Refused (field `name`, `statement`, `why`).
    """
    _demand(by)
    _judge(draft)
    reason = " ".join(redaction.clean(why).split())[:300]
    if lookup is not None and not reason:
        raise Refused(_("Say why this changes."), field="why")
    stored = Lookup.objects.select_for_update().get(pk=lookup.pk) if lookup else Lookup()
    if Lookup.objects.exclude(pk=stored.pk).filter(name=name).exists():
        raise Refused(_("There is a lookup of that name."), field="name")
    latest = latest_of(stored) if lookup else None
    if latest is not None and latest.number != number:
        raise StaleVersion(_("Somebody changed this lookup meanwhile. Nothing was changed."), current=latest)
    stored.name = name
    stored.save()
    made = LookupVersion.objects.create(
        lookup=stored, number=(latest.number if latest else 0) + 1, source=draft.source,
        statement=draft.statement.strip(), description=draft.description,
        parameters=parameters.to_store(draft.parameters), masks=draft.masks, rows_path=draft.rows_path,
        within_seconds=draft.within_seconds, most_rows=draft.most_rows, roles=draft.roles,
        teams=draft.teams, why=reason, made_by=by, made_at=clock.now(),
    )  # fmt: skip
    recording.record(
        SAVED, subject=(SUBJECT, stored.pk), by=by, data={"name": name, "version": made.number, "why": reason}
    )
    return made


@transaction.atomic
def switch(lookup: Lookup, *, is_active: bool, by: User) -> Lookup:
    """Take a lookup out of use, or back into it. Raises NotAllowed."""
    _demand(by)
    stored = Lookup.objects.select_for_update().get(pk=lookup.pk)
    if stored.is_active != is_active:
        stored.is_active = is_active
        stored.save(update_fields=["is_active"])
        recording.record(SWITCHED, subject=(SUBJECT, stored.pk), by=by, data={"is_active": is_active})
    return stored


def _judge(draft: Draft) -> None:
    if draft.source.kind == LookupKind.HTTP:
        used = statements.names_in_path(draft.statement.strip())
    else:
        used = statements.read(draft.statement, draft.source.kind).names
    known = {one.name for one in draft.parameters}
    if used - known:
        raise Refused(
            _("The question uses a parameter that is not among them: %s") % ", ".join(sorted(used - known)),
            field="statement",
        )
    if known - used:
        raise Refused(
            _("The question does not use this parameter: %s") % ", ".join(sorted(known - used)), field="statement"
        )


def latest_of(lookup: Lookup) -> LookupVersion:
    """Return the version that holds."""
    return lookup.versions.select_related("source", "made_by").order_by("-number")[:1].get()


def latest() -> list[LookupVersion]:
    """Return the version that holds of each lookup, by name."""
    found = (
        LookupVersion.objects.order_by("lookup_id", "-number")
        .distinct("lookup_id")
        .select_related("lookup", "source", "made_by")
    )
    return sorted(found, key=lambda version: version.lookup.name)
