"""The half-yearly review of access: begun, each person confirmed or withdrawn, signed off with its date.

A team's leads review its people: what they withdraw is the role in that team. Admins review everybody: what they
withdraw is the account. It takes effect at once. Nobody reviews their own access while somebody else can.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts import access, people
from accounts.models import AccessDecision, AccessReview, Decision, Membership, Role, Team, User
from common import clock
from common.errors import NotAllowed, Refused
from events.recording import record

SUBJECT = "access_review"
EVERY = timedelta(days=182)


@dataclass(frozen=True)
class Standing:
    """How the review of one team, or of everybody (`team` None), stands."""

    team: Team | None
    under_way: AccessReview | None
    last: AccessReview | None
    due_at: datetime | None  # None: never reviewed

    @property
    def is_overdue(self) -> bool:
        """Return whether the last one is over half a year old, or there was none."""
        return self.due_at is None or self.due_at < clock.now()


def may_review(user: User, team: Team | None) -> bool:
    """Return whether the person reviews this team, or everybody."""
    if team is None or user.is_superuser:
        return user.is_superuser
    return team.pk in user.teams_as(Role.LEAD)


def standings(user: User) -> list[Standing]:
    """Return how the reviews stand that the person sees, the one of everybody first."""
    teams: list[Team | None] = [None] if user.reads_all else []
    teams += access.teams_of(user).order_by("name")
    reviews = AccessReview.objects.select_related("signed_off_by", "team").order_by("begun_at")
    under_way: dict[int | None, AccessReview] = {}
    last: dict[int | None, AccessReview] = {}
    for review in reviews:
        (under_way if review.is_open else last)[review.team_id] = review
    return [
        Standing(
            team=team,
            under_way=under_way.get(team.pk if team else None),
            last=(signed := last.get(team.pk if team else None)),
            due_at=signed.signed_off_at + EVERY if signed and signed.signed_off_at else None,
        )
        for team in teams
    ]


@transaction.atomic
def begin(team: Team | None, *, by: User) -> AccessReview:
    """Begin a review, or return the one that is under way. Raises NotAllowed."""
    if not may_review(by, team):
        raise NotAllowed(_("Only admins review everybody, and leads their team."))
    try:
        with transaction.atomic():
            review = AccessReview.objects.create(team=team, begun_at=clock.now(), begun_by=by)
    except IntegrityError:
        return AccessReview.objects.get(team=team, signed_off_at=None)
    record("access_review.begun", subject=(SUBJECT, review.pk), by=by, data={"team": team and team.pk})
    return review


def reviewed(review: AccessReview) -> QuerySet[User]:
    """Return whose access the review is about, as things are now, by name."""
    found = User.objects.filter(is_active=True).order_by("name", "pk")
    return found if review.team is None else found.filter(memberships__team=review.team)


def decisions(review: AccessReview) -> dict[int, AccessDecision]:
    """Return what has been decided, by person."""
    found = review.decisions.select_related("person", "decided_by").order_by("person__name")
    return {one.person_id: one for one in found}


def undecided(review: AccessReview) -> list[User]:
    """Return who is still to be decided about: also whoever's access has changed since it was."""
    decided = decisions(review)
    return [
        person
        for person in reviewed(review).prefetch_related("memberships__team")
        if person.pk not in decided or decided[person.pk].access != access.described(person)
    ]


@transaction.atomic
def decide(review: AccessReview, person: User, decision: str, *, by: User) -> None:
    """Confirm or withdraw one person's access. Raises NotAllowed, Refused, or ValueError for no such decision."""
    decision = Decision(decision)
    review = _locked(review, by)
    if not reviewed(review).filter(pk=person.pk).exists():
        raise Refused(_("%s has no access here any more.") % person)
    person = User.objects.select_for_update(no_key=True).get(pk=person.pk)
    if person == by and (decision == Decision.WITHDRAWN or _others(review, by)):
        raise Refused(_("Somebody else must review your own access."))
    had = access.described(person)
    review.decisions.update_or_create(
        person=person,
        defaults={"decision": decision, "access": had, "decided_at": clock.now(), "decided_by": by},
    )
    data = {"person": person.pk, "decision": decision.value, **had}
    record("access_review.decided", subject=(SUBJECT, review.pk), by=by, data=data)
    if decision == Decision.WITHDRAWN:
        _withdraw(review, person, by=by)


def _withdraw(review: AccessReview, person: User, *, by: User) -> None:
    if review.team is None:
        people.deactivate(person, by=by, reason="access_review")
        return
    Membership.objects.filter(user=person, team=review.team).delete()
    people.note_roles(person, by=by)


@transaction.atomic
def sign_off(review: AccessReview, *, by: User) -> AccessReview:
    """Sign a review when everybody has been decided about. Raises NotAllowed or Refused."""
    review = _locked(review, by)
    left = len(undecided(review))
    if left:
        raise Refused(
            ngettext("%d person is still to be decided about.", "%d people are still to be decided about.", left)
            % left
        )
    review.signed_off_at, review.signed_off_by = clock.now(), by
    review.save(update_fields=["signed_off_at", "signed_off_by"])
    counts = {one.value: review.decisions.filter(decision=one).count() for one in Decision}
    record(
        "access_review.signed_off", subject=(SUBJECT, review.pk), by=by, data={"team": review.team_id, **counts}
    )
    return review


def _locked(review: AccessReview, by: User) -> AccessReview:
    locked = AccessReview.objects.select_for_update(of=("self",)).select_related("team").get(pk=review.pk)
    if not may_review(by, locked.team):
        raise NotAllowed(_("Only admins review everybody, and leads their team."))
    if not locked.is_open:
        raise Refused(_("This review is signed off. Begin another one."))
    return locked


def _others(review: AccessReview, by: User) -> bool:
    """Return whether somebody but `by` may review this too."""
    others = User.objects.filter(is_active=True, is_robot=False).exclude(pk=by.pk)
    if others.filter(is_superuser=True).exists():
        return True
    leads = Membership.objects.filter(team=review.team, role=Role.LEAD)
    return review.team is not None and others.filter(pk__in=leads.values("user")).exists()
