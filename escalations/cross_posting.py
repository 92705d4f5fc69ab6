"""One internal note on several escalations at once, and taking it back from all of them."""

from collections.abc import Sequence
from datetime import timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from common import clock
from common.errors import Absent, NotAllowed, Refused
from escalations import conversation, mentions, search_index
from escalations.changes import commit, lock, lock_in_order, record
from escalations.models import CrossPost, Message, MessageKind, Ticket

MOST = 50
#: How long the writer may take it back.
TAKEN_BACK_WITHIN = timedelta(hours=1)


@transaction.atomic
def post(tickets: Sequence[Ticket], *, body: str, by: User) -> CrossPost:
    """Write the same note to each of these escalations, or to none: each as if it were written there alone.

    Raises Absent, NotAllowed, Refused for the first where it may not be written. A restricted escalation gets its
    notes one by one, so that what is said of it stands nowhere else by mistake.
    """
    numbers = sorted({ticket.pk for ticket in tickets})
    if len(numbers) < 2:
        raise Refused(_("Name at least one other escalation."), field="others")
    if len(numbers) > MOST:
        raise Refused(_("At most %d escalations at once.") % MOST, field="others")
    found = {ticket.pk: ticket for ticket in tickets}
    lock_in_order(*numbers)
    row = CrossPost.objects.create(by=by, at=clock.now())
    for number in numbers:
        locked = lock(found[number], by=by)
        if locked.restricted_as:
            raise Refused(_("%s is restricted: write its notes there.") % locked.reference, field="others")
        try:
            conversation.check_may_write(locked, by=by, kind=MessageKind.NOTE)
        except (NotAllowed, Refused) as error:
            raise Refused(f"{locked.reference}: {error.message}", field="others") from error
        note = str(MessageKind.NOTE)
        said = conversation.add(locked, by=by, kind=MessageKind.NOTE, body=body, cross_post=row)
        event = commit(locked, "message", by=by, because=note, message=said.pk, kind=note, cross_post=row.pk)
        mentions.keep(said, event=event)
    return row


@transaction.atomic
def take_back(cross_post: CrossPost, *, by: User) -> int:
    """Take a note back everywhere; return on how many escalations it stood. Raises Absent, Refused."""
    row = CrossPost.objects.select_for_update().filter(pk=cross_post.pk, by=by).first()
    if row is None:
        raise Absent(_("There is no such note of yours."))
    if clock.now() - row.at > TAKEN_BACK_WITHIN:
        raise Refused(_("A note can be taken back within an hour."))
    notes = list(Message.objects.filter(cross_post=row, taken_back_at=None).select_related("ticket"))
    lock_in_order(*(note.ticket_id for note in notes))
    for note in notes:
        note.taken_back_at = clock.now()
        note.save(update_fields=["taken_back_at"])
        record(note.ticket, "note_taken_back", by=by, message=note.pk, cross_post=row.pk)
    if notes:
        search_index.refresh([note.ticket_id for note in notes])
    return len(notes)


def may_take_back(message: Message, user: User) -> bool:
    """Tell whether the note is this person's cross-posted one, and young enough."""
    return (
        message.cross_post_id is not None
        and message.author_id == user.pk
        and clock.now() - message.created_at <= TAKEN_BACK_WITHIN
    )
