"""The demo company's escalation paths, and the alerts of its last hours.

An import alerts nobody of what lies before it. The demo shows a desk that has been at work, so those who
would have been alerted since a ticket last changed were alerted by the job's own functions; nothing is mailed.
"""

from datetime import datetime, timedelta

from django.db.models import F

from accounts.models import User
from common import clock
from escalations import alert_mail, alerts, climbing, contacts
from escalations.models import Alert, LadderRung, RungState, StepAction, Ticket
from events.models import Delivery
from integrations.demo.people import PAYMENTS, PLATFORM, Staff

#: What is taken: steps that tell somebody, and leave the past as it was.
_TELLING = [StepAction.NOTIFY_OWNER, StepAction.NOTIFY_TEAM, StepAction.NOTIFY_LEAD, StepAction.CLIMB]
#: How far back steps are taken, and how old an alert is that its reader has not read yet.
_SINCE = timedelta(hours=36)
_UNREAD = timedelta(hours=6)
#: Half of the job's pace: when a step is taken after its instant, on the average.
_JOB = timedelta(seconds=15)


def lay_out(staff: Staff) -> None:
    """Give two teams a path by way of a senior specialist; the others climb straight to their leads."""
    for name in (PAYMENTS, PLATFORM):
        lead = staff.leads[name]
        senior = staff.members[name][1]
        contacts.change(staff.teams[name], [senior, lead], by=lead, seen=[])


def take_steps(tickets: list[Ticket], now: datetime) -> None:
    """Take the steps of the last hours, each at its time."""
    passed = LadderRung.objects.filter(
        state=RungState.SKIPPED,
        does__in=_TELLING,
        at__gte=F("clock__ticket__updated_at"),
        at__range=(now - _SINCE, now - _JOB),
        clock__ticket__in=[ticket.pk for ticket in tickets if ticket.is_open],
    )
    moments = sorted({at for at in passed.values_list("at", flat=True) if at is not None})
    LadderRung.objects.filter(pk__in=[*passed.values_list("pk", flat=True)]).update(state=RungState.PLANNED)
    for moment in moments:
        with clock.replaying(moment + _JOB):
            climbing.take_steps()
    for person in User.objects.filter(pk__in=Alert.objects.values("recipient")):
        with clock.replaying(now):
            old = Alert.objects.filter(recipient=person, at__lt=now - _UNREAD)
            alerts.read([*old.values_list("pk", flat=True)], by=person)
    Delivery.objects.filter(consumer=alert_mail.CONSUMER).delete()
