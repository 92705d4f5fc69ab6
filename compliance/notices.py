"""Who is told of what happens to a review: members only, in the page and by a mail that names the case alone."""

from collections.abc import Iterable

from django.conf import settings
from django.db.models import QuerySet

from accounts import event_mail
from accounts.models import User
from common import clock
from compliance.deadlines import MISSED, NEAR
from compliance.members import members
from compliance.models import Case, Notice
from events.models import Event

CONSUMER = "compliance"
#: Whom each kind of event concerns: all members, the owner (all while there is none), who proposed, or who asked.
EVERYBODY, OWNER, PROPOSER, ASKER = "everybody", "owner", "proposer", "asker"
CONCERNS = {
    "compliance.opened": EVERYBODY,
    MISSED: EVERYBODY,
    "compliance.proposed": EVERYBODY,
    NEAR: OWNER,
    "compliance.assigned": OWNER,
    "compliance.reopened": OWNER,
    "compliance.pack_made": ASKER,
    "compliance.rejected": PROPOSER,
    "compliance.decided": PROPOSER,
    "compliance.voided": PROPOSER,
}
KINDS = tuple(CONCERNS)
MOST = 30


def handle(event: Event) -> None:
    """Tell everybody whom the event concerns but who did it, also by mail. Safe to repeat."""
    for notice in tell(event):
        told = {"reference": notice.case.reference, "url": settings.SITE_URL}
        event_mail.send(event, notice.recipient, "compliance/mail/notice", told)


def tell(event: Event) -> list[Notice]:
    """Tell them in the page, once, and return what they are told."""
    case = Case.objects.filter(pk=event.subject_id).first()
    if case is None:
        return []
    people = [person for person in _concerned(event, case) if person.pk != event.actor_id]
    told = [Notice(recipient=person, case=case, event=event, at=clock.now()) for person in people]
    Notice.objects.bulk_create(told, ignore_conflicts=True)
    return told


def _concerned(event: Event, case: Case) -> Iterable[User]:
    everybody = members()
    match CONCERNS[event.kind]:
        case "owner" if case.owner_id is not None:
            return everybody.filter(pk=case.owner_id)
        case "proposer":
            return everybody.filter(pk=event.data["proposer"])
        case "asker":
            return everybody.filter(pk=event.data["for"])
    return everybody


def unread(user: User) -> QuerySet[Notice]:
    """Return what the person has not read, the newest first; nothing for who doesn't review any more."""
    if not user.reviews_compliance:
        return Notice.objects.none()
    own = Notice.objects.filter(recipient=user, read_at=None)
    return own.select_related("case", "event__actor").order_by("-pk")[:MOST]


def read(*, by: User, case: Case | None = None) -> None:
    """Mark the person's notices as read: all, or those of a case."""
    own = Notice.objects.filter(recipient=by, read_at=None)
    (own if case is None else own.filter(case=case)).update(read_at=clock.now())
