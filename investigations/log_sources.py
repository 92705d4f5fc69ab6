"""Log sources, set up by admins: their addresses, and their secrets, which are sealed before they are stored."""

from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts.models import User
from common import outgoing, sealed
from common.errors import NotAllowed, Refused, StaleVersion
from events import recording
from investigations.fetching import secret_of
from investigations.models import LogSource, SignIn, SourceKind

SUBJECT = "log_source"
SAVED = "log_source.saved"


def may_set_up(user: User) -> bool:
    """Tell whether the person may set up sources: admins."""
    return user.is_superuser and not user.is_auditor


@transaction.atomic
def save(
    source: LogSource | None, columns: Mapping[str, Any], *, secret: str = "", by: User, version: int = 0
) -> LogSource:
    """Add a source, or change one; without a `secret` the stored one stays, unless the address changes.

    A secret goes to no other host than it was entered for. Raises NotAllowed, Refused, StaleVersion.
    """
    if not may_set_up(by):
        raise NotAllowed(_("Only admins set up log sources."))
    if source is None:
        kept = LogSource(version=0)
    else:
        kept = LogSource.objects.select_for_update().get(pk=source.pk)
        if kept.version != version:
            raise StaleVersion(
                _("Somebody changed this source while you had it open. Nothing was saved."), current=kept
            )
    before = kept.url
    for name, value in columns.items():
        setattr(kept, name, value)
    kept.url = kept.url.strip().rstrip("/")
    _check(kept)
    if kept.token and not secret and _host(before) != _host(kept.url):
        raise Refused(_("The host is another one: enter its secret, too."), field="secret")
    kept.version += 1
    try:
        with transaction.atomic():
            kept.save()
    except IntegrityError as error:
        raise Refused(_("There is a source of this name already."), field="name") from error
    if secret or kept.sign_in == SignIn.NONE:
        kept.token = sealed.seal(secret, secret_of(kept)) if secret and kept.sign_in != SignIn.NONE else ""
        kept.save(update_fields=["token"])
    if kept.sign_in != SignIn.NONE and not kept.token:
        raise Refused(_("Enter the secret it signs in with."), field="secret")
    data = {"name": kept.name, "url": kept.url, "new_secret": bool(secret)}
    recording.record(SAVED, subject=(SUBJECT, kept.pk), by=by, data=data)
    return kept


def _check(source: LogSource) -> None:
    try:
        outgoing.check(source.url)
    except outgoing.OutgoingError as error:
        raise Refused(str(error.message), field="url") from error
    if "?" in source.url or "#" in source.url:
        raise Refused(_("Enter the beginning of the address only, without “?” and “#”."), field="url")
    selector = source.within.strip()
    if source.kind == SourceKind.LOKI and not (
        selector.startswith("{") and selector.endswith("}") and "=" in selector
    ):
        raise Refused(_('Loki needs a selector, as {app="payments"}.'), field="within")
    if source.kind != SourceKind.LOKI and any(sign in selector for sign in ' /?#"\\|{}'):
        raise Refused(_("This is no name of an index."), field="within")
    source.within = selector


def _host(url: str) -> str:
    try:
        return outgoing.entry_of(url)
    except outgoing.OutgoingError:
        return ""
