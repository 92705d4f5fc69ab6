"""The bench's desk: what is copied by the hundred thousand is what the product itself would have written."""

import pytest
from django.core.cache import cache
from django.core.management.color import no_style
from django.db import connection
from django.test import Client
from django.urls import reverse

from accounts.models import User
from bench.workplace import filling
from bench.workplace.copying import STRIDE
from bench.workplace.signs import DOMAIN, MEASURED_TEAM
from bench.workplace.texts import RARE
from escalations import ledger_check
from escalations.models import Clock, Message, Ticket
from events.models import Delivery, Event
from reports import ledger

TICKETS = 200


@pytest.fixture
def as_new(db: None) -> None:
    """Have ids follow those that are there, as in a new database: each worker's tests have used up thousands."""
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), list(STRIDE)):
            cursor.execute(statement)


@pytest.fixture
def filled(as_new: None) -> None:
    said: list[str] = []
    filling.fill(TICKETS, said.append)
    filling.fill(TICKETS, said.append)  # what is there already is left as it is
    assert len(said) == len({line.split(maxsplit=2)[2] for line in said})


@pytest.mark.usefixtures("filled")
def test_a_filled_desk_keeps_what_the_product_promises_and_shows_its_pages() -> None:
    assert Ticket.objects.count() == TICKETS
    assert not Delivery.objects.filter(delivered_at=None).exists()
    told = list(ledger_check.recompute())
    assert sum(one.clocks for one in told) == Clock.objects.count() > 4 * TICKETS
    assert [difference for one in told for difference in one.differences] == []
    assert ledger.rebuild() == 0
    events = Event.objects.filter(subject_type="ticket")
    assert events.exclude(kind="sla.breached").count() == 5 * TICKETS
    said = set(Message.objects.values_list("pk", "ticket_id"))
    told_of = {(event.data["message"], event.subject_id) for event in events.filter(data__has_key="message")}
    assert told_of and told_of <= said
    assert Ticket.objects.filter(description__contains=RARE).exists()

    cache.clear()
    page = Client()
    page.force_login(User.objects.get(email=f"l2-1-1@{DOMAIN}"), backend="accounts.sign_in.Backend")
    shown = page.get(reverse("queue"))
    own = Ticket.objects.open().filter(team__name=MEASURED_TEAM)
    assert shown.status_code == 200
    assert any(ticket.reference in shown.content.decode() for ticket in own)
    assert page.get(own.order_by("pk")[0].get_absolute_url()).status_code == 200
