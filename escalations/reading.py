"""Noting who reads a restricted ticket: each view of a page, file or export, and an open page now and then."""

from datetime import timedelta

from accounts.models import User
from audit.models import Entry
from audit.noting import note
from common import clock
from escalations.models import Ticket
from escalations.snapshot import SUBJECT

READ = "ticket.read"
#: A page that stays open asks for its parts again and again: that is one reading in so long a time.
GOES_ON = timedelta(minutes=15)


def note_reading(ticket: Ticket, *, by: User, what: str, again: bool = False) -> None:
    """Note that `by` is shown `what` of a restricted ticket; of any other nothing is noted.

    `again`: it may be part of a page that was noted when it was opened; then only after GOES_ON once more.
    """
    if not ticket.restricted_as:
        return
    if again:
        lately = Entry.objects.filter(object_type=SUBJECT, object_id=ticket.pk, at__gt=clock.now() - GOES_ON)
        if lately.filter(action=READ, person_id=by.pk).exists():
            return
    note(READ, by=by, about=(SUBJECT, ticket.pk), data={"shown": what})
