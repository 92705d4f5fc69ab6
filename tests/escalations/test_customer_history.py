"""A customer on one line of time: everything one may read, in its order, page by page, and nothing else."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import Role, TeamKind, User
from common import clock
from common.errors import Refused
from escalations import conversation, customer_history, lifecycle
from escalations.models import Customer, MessageKind
from tests.escalations.desk import Desk
from tests.escalations.test_pages import signed_in
from tests.factories import TeamFactory, UserFactory


@pytest.fixture
def known(desk: Desk) -> Customer:
    """Two tickets of one customer: one resolved with an answer and a promise, one at the partner's."""
    first = desk.started()
    promise = clock.now() + timedelta(hours=3)
    conversation.write(first, by=desk.l2, kind=MessageKind.TO_CUSTOMER, body="Said outside.", promise=promise)
    conversation.write(first, by=desk.l2, kind=MessageKind.NOTE, body="Said among us.")
    desk.resolved(first)
    second = desk.started()
    lifecycle.wait_for_partner(second, by=desk.l2, partner=desk.engineering, message="Asked of the partner.")
    return first.customer


def page(person: User, customer: Customer, **query: str) -> str:
    answer = signed_in(person).get(reverse("customer", args=[customer.pk], query=query))
    assert answer.status_code == 200
    return answer.content.decode()


def test_each_reads_of_it_what_they_read_on_the_tickets(desk: Desk, known: Customer) -> None:
    told = {
        person: {text for text in ("Said outside.", "Said among us.", "Asked of the partner.") if text in html}
        for person in (desk.l1, desk.l2, desk.lead, desk.partner, desk.auditor)
        for html in [page(person, known)]
    }
    everything = {"Said outside.", "Said among us.", "Asked of the partner."}
    assert told[desk.l2] == told[desk.lead] == told[desk.auditor] == everything
    assert told[desk.l1] == {"Said outside."}
    assert told[desk.partner] == {"Asked of the partner."}
    elsewhere = page(desk.outsider, known)  # the second line knows every customer, not everybody's tickets
    assert not any(text in elsewhere for text in everything)
    assert customer_history.figures(known, desk.outsider).total == 0
    stranger = UserFactory(member_of=[(TeamFactory(kind=TeamKind.PARTNER), Role.PARTNER)])
    assert signed_in(stranger).get(reverse("customer", args=[known.pk])).status_code == 404


def test_it_can_be_narrowed_and_adds_up(desk: Desk, known: Customer) -> None:
    figures = customer_history.figures(known, desk.l2)
    assert (figures.total, figures.open, figures.promises) == (2, 1, 1)
    assert figures.channels == ["Chat"] and figures.first_at is not None and figures.last_at is not None
    assert "Said outside." in page(desk.l2, known, show="promises")
    assert "Said among us." not in page(desk.l2, known, show="promises")
    assert "resolved it" in page(desk.l2, known, show="actions")
    assert "Said among us." not in page(desk.l2, known, show="actions")
    assert "Nothing of this kind" in page(desk.l2, known, show="ratings")
    assert len(re.findall(r'<tr id="row-', page(desk.l2, known, show="tickets"))) == 2


def test_what_there_is_not_is_refused(desk: Desk, known: Customer) -> None:
    for query in ({"show": "secrets"}, {"before": "yesterday"}, {"before": "2026-13-45T00:00:00+00:00_1"}):
        assert signed_in(desk.l2).get(reverse("customer", args=[known.pk], query=query)).status_code == 400
    with pytest.raises(Refused):
        customer_history.line(known, desk.l2, before="2026-01-01T00:00:00_1")


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(size=st.integers(1, 30))
def test_pages_together_are_the_whole_line(whole_line: tuple[Desk, Customer], size: int) -> None:
    desk, customer = whole_line
    whole = [moment.event.pk for moment in customer_history.line(customer, desk.l2, size=1000).moments]
    found, before = [], ""
    while True:
        part = customer_history.line(customer, desk.l2, size=size, before=before)
        found += [moment.event.pk for moment in part.moments]
        if not part.older:
            break
        before = part.older
    assert found == whole and len(whole) >= 8


@pytest.fixture
def whole_line(desk: Desk, known: Customer) -> tuple[Desk, Customer]:
    return desk, known


def test_it_costs_the_same_however_many_tickets(desk: Desk, known: Customer) -> None:
    client = signed_in(desk.l2)
    address = reverse("customer", args=[known.pk])
    asked = []
    for _ in range(2):
        client.get(address)
        with CaptureQueriesContext(connection) as few:
            client.get(address)
        asked.append(len(few))
        for _more in range(4):
            desk.resolved()
    assert asked[0] == asked[1] <= 11
