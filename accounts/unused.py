"""Accounts that nobody has signed in to for 90 days are switched off, and whoever is in charge is told."""

from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Coalesce, Greatest
from django.urls import reverse

from accounts import event_mail, people
from accounts.models import Role, User
from common import clock
from events.models import Event

AFTER = timedelta(days=90)
REASON = "unused"
CONSUMER = "unused_accounts"
KINDS = ("person.deactivated",)


def find() -> QuerySet[User]:
    """Return who is switched on and has not signed in for too long, nor been switched on anew since."""
    before = clock.now() - AFTER
    again = Event.objects.filter(subject_type="person", kind="person.activated", at__gt=before)
    return (
        User.objects.filter(is_active=True, is_robot=False)
        .alias(last_here=Greatest(Coalesce("last_login", "date_joined"), "date_joined"))
        .filter(last_here__lt=before)
        .exclude(pk__in=again.values("subject_id"))
        .order_by("pk")
    )


def disable() -> int:
    """Switch them off and return how many. The admin who was here last stays: somebody must let the others in."""
    admins = User.objects.filter(is_active=True, is_superuser=True, is_robot=False)
    last = admins.order_by(Coalesce("last_login", "date_joined").desc()).values_list("pk", flat=True).first()
    disabled = 0
    for found in find().exclude(pk=last or 0):
        disabled += _disable(found.pk)
    return disabled


@transaction.atomic
def _disable(pk: int) -> bool:
    # Somebody may be signing in just now.
    user = User.objects.select_for_update(no_key=True).filter(pk__in=find().filter(pk=pk)).first()
    if user is not None:
        people.deactivate(user, by=people.system(), reason=REASON)
    return user is not None


def handle(event: Event) -> None:
    """Mail the leads of the person's teams, and the admins, that it was done (a consumer of events)."""
    if event.get("reason") != REASON:
        return
    person = User.objects.get(pk=event.subject_id)
    led = Q(memberships__role=Role.LEAD, memberships__team__in=person.teams.all())
    told = User.objects.filter(led | Q(is_superuser=True), is_active=True, is_robot=False).distinct()
    context = {"person": person, "days": AFTER.days, "url": settings.SITE_URL + reverse("access")}
    for reader in told.exclude(pk=person.pk).order_by("pk"):
        event_mail.send(event, reader, "accounts/mail/unused", context)
