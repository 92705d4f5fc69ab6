"""What redaction found in the demo company's weeks: cards read out by customers, searches, and a sweep's find."""

from datetime import datetime, timedelta

from accounts.models import User
from common import clock
from escalations.models import Ticket
from events.models import Delivery
from incidents import alarm, finds, handling, own_numbers
from incidents.finds import Place
from incidents.models import Incident, Way
from integrations.demo.people import DOMAIN, PAYMENTS, VOICE, Staff
from redaction.schemes import MASK

_MOST = 12
_HANDLED_AFTER = timedelta(hours=5)
_NOTE = "Told {person}, and the customer who had sent it. What is stored has the mask only."


def lay_out(tickets: list[Ticket], staff: Staff, now: datetime) -> None:
    """Open the incidents of the weeks, at their time, and close what is older than some days."""
    admin = User.objects.get(email=f"admin@{DOMAIN}")
    found = [ticket for ticket in tickets if MASK in ticket.description][-_MOST:]
    for ticket in found:
        with clock.replaying(ticket.created_at):
            place = Place("ticket", ticket.pk)
            finds.note({"card": 1}, place=place, way=Way.FORM, by=ticket.created_by, deed="ticket.created")
    searcher, writer = staff.members[PAYMENTS][0], staff.members[VOICE][0]
    with clock.replaying(now - timedelta(days=2, hours=3)):
        finds.note({"card": 1}, place=Place("page.search"), way=Way.ADDRESS, by=searcher)
    with clock.replaying(now - timedelta(hours=4)):
        finds.note({"card": 1, "cvv": 1}, place=Place("page.keep_draft"), way=Way.DRAFT, by=writer)
    with clock.replaying(now - timedelta(days=1)):
        column = Place("column", text="escalations_ticket.l1_reference")
        finds.note({"card": 2}, place=column, way=Way.SWEEP, by=admin, stands=True, rows=["118", "402"])
        own_numbers.add("NP-################", "Order numbers of the shop", by=admin, version=0)
    for incident in Incident.objects.filter(last_at__lt=now - timedelta(days=5)):
        with clock.replaying(incident.last_at + _HANDLED_AFTER):
            handling.handle(incident, _NOTE.format(person=incident.person), by=admin)
    Delivery.objects.filter(consumer=alarm.CONSUMER).delete()
