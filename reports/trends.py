"""The trends that were found: who sees them, and who says that one needs no more attention."""

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

import redaction
from accounts.models import User
from common import clock
from common.errors import NotAllowed, Refused
from events import recording
from reports import access
from reports.models import Trend, TrendStatus

SUBJECT = "trend"
DISMISSED = "trend.dismissed"


def shown_to(user: User) -> QuerySet[Trend]:
    """Return the trends this person may see: whoever reads figures sees all, others none."""
    if user.reads_all or access.teams_read(user):
        return Trend.objects.all()
    return Trend.objects.none()


@transaction.atomic
def dismiss(trend: Trend, *, by: User, because: str) -> Trend:
    """Say that a rise needs no more attention, and why. Raises NotAllowed, Refused."""
    if not access.may_dismiss(by):
        raise NotAllowed(_("Only a lead may dismiss a trend."))
    reason = redaction.clean(because).strip()
    if not reason:
        raise Refused(_("Say why it needs no attention."), field="reason")
    locked = Trend.objects.select_for_update().get(pk=trend.pk)
    if locked.status != TrendStatus.OPEN:
        raise Refused(_("This trend is not rising any more, or was dismissed already."))
    locked.status = TrendStatus.DISMISSED
    locked.dismissed_by, locked.dismissed_at, locked.dismissed_because = by, clock.now(), reason[:300]
    locked.save(update_fields=["status", "dismissed_by", "dismissed_at", "dismissed_because"])
    recording.record(DISMISSED, subject=(SUBJECT, locked.pk), by=by, data={"because": locked.dismissed_because})
    return locked
