"""How partners answer what is handed to them, as the page and its CSV tell it."""

import csv
import io
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import TeamKind
from common import clock
from escalations import handing_over
from escalations.hand_over_states import Move
from escalations.models import HandOver, PartnerAgreement, Ticket
from reports import days, partners
from reports.partners import Attainment
from reports.selection import Selection
from tests import seed
from tests.escalations.desk import Desk
from tests.factories import TeamFactory

pytestmark = pytest.mark.django_db


def test_each_partner_by_what_was_agreed() -> None:
    seed.catalogue()
    desk, now = Desk(), clock.now()
    PartnerAgreement.objects.create(
        team=desk.engineering, high_minutes=60, medium_minutes=60, low_minutes=60, business_time=False
    )
    begun = now - timedelta(days=3)

    def asked(ticket: Ticket) -> HandOver:
        return handing_over.ask(ticket, partner=desk.engineering, question="Why?", by=desk.l2)

    with clock.replaying(begun - timedelta(minutes=1)):
        tickets = [desk.started() for _number in range(6)]
    with clock.replaying(begun):
        rows = [asked(ticket) for ticket in tickets]
    answers = ((0, Move.ANSWER, 0.5), (1, Move.ANSWER, 1), (2, Move.ANSWER, 4), (3, Move.DECLINE, 0.5))
    for number, move, hours in answers:
        with clock.replaying(begun + timedelta(hours=hours)):
            handing_over.act(rows[number], move, by=desk.partner, text="So.")
    asked(desk.started())  # now: open, in time
    today = days.day_of(now)
    selection = Selection(today - timedelta(days=7), today)
    with timezone.override("Asia/Manila"):  # as somebody there reads it
        found = partners.attainment(selection, desk.lead)
    assert found == [
        Attainment("Engineering", in_time=2, late=1, unaimed=0, open=3, open_late=2, half=3600.0),
    ]  # fmt: skip
    Ticket.objects.filter(pk=rows[4].ticket_id).update(restricted_as="fraud")
    TeamFactory(name="Idle", kind=TeamKind.PARTNER)

    client = Client()
    client.force_login(desk.lead)
    page = client.get(reverse("partner_answers")).content.decode()
    assert "Idle" not in page
    assert "50.0 %" in page
    table = client.get(reverse("partner_answers_csv")).content.decode("utf-8-sig")
    assert list(csv.reader(io.StringIO(table)))[1] == ["Engineering", "2", "1", "0", "2", "1", "50.0", "3600"]
    client.force_login(desk.outsider)
    assert "Nothing was handed over in these days." in client.get(reverse("partner_answers")).content.decode()
