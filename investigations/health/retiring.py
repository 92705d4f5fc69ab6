"""Taking an integration out of use, and bringing it back: it leaves the lists, its re-checks stop."""

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts.models import User
from common import clock
from common.errors import NotAllowed, Refused
from escalations.models import Customer
from events import recording
from investigations.health import rechecks
from investigations.health.integrations import SUBJECT, may_write
from investigations.models import Integration

RETIRED, BROUGHT_BACK = "integration.retired", "integration.brought_back"


@transaction.atomic
def retire(integration: Integration, *, by: User) -> None:
    """Take it out of the lists, and stop its re-checks. Safe to repeat. Raises NotAllowed."""
    locked = _locked(integration, by)
    if locked.retired_at is not None:
        return
    locked.retired_at = clock.now()
    _save(locked)
    rechecks.stop_all(locked, at=locked.retired_at, by=by)
    _record(RETIRED, locked, by)


@transaction.atomic
def bring_back(integration: Integration, *, by: User) -> int:
    """Undo that, with the re-checks that it stopped and that have time left. Safe to repeat.

    Returns how many of these stay stopped, since their escalation has as many as it may.
    Raises NotAllowed, Refused.
    """
    locked = _locked(integration, by)
    retired_at, locked.retired_at = locked.retired_at, None
    if retired_at is None:
        return 0
    try:
        with transaction.atomic():
            _save(locked)
    except IntegrityError as error:
        raise Refused(_("The customer has such an integration in this environment already.")) from error
    left = rechecks.go_on_with(locked, stopped_at=retired_at, by=by)
    _record(BROUGHT_BACK, locked, by)
    return left


def _locked(integration: Integration, by: User) -> Integration:
    visible = Customer.objects.visible_to(by).filter(pk=integration.customer_id).exists()
    if not may_write(by) or not visible:
        raise NotAllowed(_("You may not change this integration."))
    return Integration.objects.select_for_update(no_key=True).get(pk=integration.pk)


def _save(locked: Integration) -> None:
    locked.changed_at, locked.version = clock.now(), locked.version + 1
    locked.save(update_fields=["retired_at", "changed_at", "version"])


def _record(kind: str, integration: Integration, by: User) -> None:
    recording.record(kind, subject=(SUBJECT, integration.pk), by=by, data={"customer": integration.customer_id})
