"""Dealing with an incident: who did what about it."""

from django.db import transaction
from django.utils.translation import gettext as _

import redaction
from accounts.models import User
from common import clock
from common.errors import Absent, NotAllowed, Refused
from events import recording
from incidents.finds import SUBJECT
from incidents.models import Incident, State

HANDLED = "incident.handled"
LONGEST_NOTE = 4000


def may_read(user: User) -> bool:
    """Return whether incidents exist for this person: leads, admins and auditors."""
    return user.is_lead or user.reads_all


def may_handle(user: User) -> bool:
    """Return whether the person closes incidents; auditors only read."""
    return user.is_lead or user.is_superuser


@transaction.atomic
def handle(incident: Incident, note: str, *, by: User) -> Incident:
    """Say what was done about an incident and close it. What is found there from now on opens another one.

    Raises Absent, NotAllowed, or Refused for one that is closed already or without a word of what was done.
    """
    found = Incident.objects.visible_to(by).filter(pk=incident.pk)
    locked = Incident.objects.select_for_update().filter(pk__in=found.values("pk")).first()
    if locked is None:
        raise Absent(_("There is no such incident."))
    if not may_handle(by):
        raise NotAllowed(_("Only leads and admins close incidents."))
    if not locked.is_open:
        raise Refused(_("%s has closed this incident meanwhile.") % locked.handled_by)
    said = redaction.clean(note.replace("\x00", "").strip())[:LONGEST_NOTE]
    if not said:
        raise Refused(_("Say what was done."), field="note")
    locked.state, locked.note = State.HANDLED, said
    locked.handled_at, locked.handled_by = clock.now(), by
    locked.version += 1
    locked.save(update_fields=["state", "note", "handled_at", "handled_by", "version"])
    recording.record(
        HANDLED, subject=(SUBJECT, locked.pk), by=by, data={"still_stands": locked.removed_at is None}
    )  # fmt: skip
    return locked
