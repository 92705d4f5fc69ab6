"""Telling admins that an incident was opened, and opening one when the audit trail is not intact."""

from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.urls import reverse

from accounts import event_mail
from accounts.models import User
from audit.models import Verification
from events.models import Event
from incidents import finds, sweeping
from incidents.finds import Place
from incidents.models import Cause, Incident, Way

CONSUMER = "incident_mail"
KINDS = (finds.OPENED, sweeping.FINISHED)


def open_for_the_trail(instance: Verification, *, created: bool, **_signal: Any) -> None:
    """Open an incident because a check found the trail not intact (hears of every check that is kept)."""
    if created and instance.problem:
        finds.note(
            {instance.problem: 1},
            place=Place("audit"),
            way=Way.CHECK,
            by=instance.by,
            stands=True,
            rows=[str(instance.bad_number)] if instance.bad_number is not None else (),
            cause=Cause.TRAIL,
        )


def handle(event: Event) -> None:
    """Mail every admin that an incident was opened; sent twice, it is the same mail. A sweep's come in one."""
    admins = User.objects.filter(is_superuser=True, is_active=True, is_robot=False).order_by("pk")
    if event.kind == sweeping.FINISHED:
        _tell_of_sweep(event, admins)
        return
    incident = Incident.objects.exclude(way=Way.SWEEP).filter(pk=event.subject_id).first()
    if incident is None:
        return
    for admin in admins:
        if Incident.objects.visible_to(admin).filter(pk=incident.pk).exists():
            url = settings.SITE_URL + reverse("incident", args=[incident.pk])
            event_mail.send(event, admin, "incidents/mail/opened", {"incident": incident, "url": url})


def _tell_of_sweep(event: Event, admins: QuerySet[User]) -> None:
    found = event.data["found"]
    if found:
        url = settings.SITE_URL + reverse("sweeps")
        context = {"found": found, "standing": found - event.data["removed"], "url": url}
        for admin in admins:
            event_mail.send(event, admin, "incidents/mail/swept", context)
