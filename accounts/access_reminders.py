"""Reminding those who owe an overdue access review: leads of their team's, admins of everybody's, once a week."""

from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Max, QuerySet
from django.urls import reverse

from accounts import event_mail, people
from accounts.access_review import EVERY
from accounts.models import AccessReview, Membership, Role, Team, User
from common import clock
from events.models import Event
from events.recording import record

SUBJECT = "access_review_of"  # a team, by its number; 0 is everybody
OVERDUE = "access_review.overdue"
CONSUMER = "access_reminders"
KINDS = (OVERDUE,)
AGAIN_AFTER = timedelta(days=7)


def overdue() -> list[int]:
    """Return the teams whose review is overdue; 0 where everybody's is."""
    signed = AccessReview.objects.exclude(signed_off_at=None).values("team").annotate(last=Max("signed_off_at"))
    last = {row["team"] or 0: row["last"] for row in signed}
    teams = Team.objects.filter(is_active=True).order_by("pk").values_list("pk", flat=True)
    before = clock.now() - EVERY
    return [number for number in (0, *teams) if number not in last or last[number] < before]


def owing(team: int) -> QuerySet[User]:
    """Return who owes the review of a team, or of everybody: its leads, and where it has none, the admins."""
    able = User.objects.filter(is_active=True, is_robot=False)
    leads = Membership.objects.filter(team=team, role=Role.LEAD, user__in=able)
    if team and leads.exists():
        return able.filter(pk__in=leads.values("user")).order_by("pk")
    return able.filter(is_superuser=True).order_by("pk")


def remind() -> int:
    """Owe a reminder for each overdue review of which none went out in the last week; return how many."""
    return sum(_remind(number) for number in overdue())


@transaction.atomic
def _remind(number: int) -> bool:
    system = User.objects.select_for_update().get(pk=people.system().pk)  # two at once remind once
    lately = Event.objects.filter(
        subject_type=SUBJECT, subject_id=number, kind=OVERDUE, at__gt=clock.now() - AGAIN_AFTER
    )
    if lately.exists():
        return False
    record(OVERDUE, subject=(SUBJECT, number), by=system)
    return True


def handle(event: Event) -> None:
    """Mail whoever owes the review (a consumer of events), unless it was signed off meanwhile."""
    number = event.subject_id
    if number not in overdue():
        return
    context = {"team": Team.objects.filter(pk=number).first(), "url": settings.SITE_URL + reverse("access")}
    for reader in owing(number):
        event_mail.send(event, reader, "accounts/mail/review_overdue", context)
