"""Who is asked when: never too many at once, nobody held up by another, and nothing for a ticket that is over."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction

from common import clock, outgoing
from common.errors import Refused
from escalations.customers import CustomerData
from escalations.models import Ticket
from events.models import Event
from investigations.health import integrations, rechecks
from investigations.health.integrations import Stated
from investigations.models import Integration, Recheck, RecheckResult, RecheckState
from tests import seed
from tests.escalations.desk import Desk
from tests.investigations.test_health import answering, started

HANGS = outgoing.TooSlow(10, was_sent=True)


@pytest.fixture
def desk(settings: Any) -> Desk:
    settings.OUTGOING_HOSTS = ["shop.example"]
    seed.catalogue()
    return Desk()


def integrated(desk: Desk, customer: str) -> tuple[Ticket, Integration]:
    ticket = desk.started(customer=CustomerData(external_id=customer, name=customer, segment="consumer"))
    return ticket, integrations.save(None, Stated("rest"), customer=ticket.customer, by=desk.l2)


@pytest.mark.django_db
def test_endpoints_of_one_customer_that_hang_hold_up_nobody_else(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    hanging, patient = integrated(desk, "C-1"), integrated(desk, "C-2")
    theirs = [started(desk, *hanging) for _number in range(rechecks.MOST_OF_TICKET)]
    longest_due = clock.now() - timedelta(minutes=9)
    Recheck.objects.filter(pk__in=[one.pk for one in theirs]).update(failures=2, next_at=longest_due)
    other = started(desk, *patient)
    with answering(monkeypatch, 200, HANGS, HANGS):
        assert rechecks.run_due() == 1 + rechecks.OF_CUSTOMER
    assert RecheckResult.objects.earliest("pk").recheck == other, "whoever answers is asked first"
    rechecks._claim()
    assert rechecks._claim() == [], "two of theirs are under way already"


@pytest.mark.django_db
def test_a_re_check_is_over_with_its_escalation(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    ticket, integration = integrated(desk, "C-1")
    before, meanwhile = started(desk, ticket, integration), started(desk, ticket, integration)
    (claimed, _other) = rechecks._claim()
    resolved = desk.resolved(ticket)
    with answering(monkeypatch, 503):
        assert rechecks.ask(claimed) is None, "it was resolved while the endpoint was asked"
        assert rechecks.run_due() == 0
    states = set(Recheck.objects.filter(pk__in=(before.pk, meanwhile.pk)).values_list("state", flat=True))
    assert states == {RecheckState.STOPPED}
    assert Event.objects.filter(kind=rechecks.STOPPED).count() == 2
    assert not RecheckResult.objects.exists()
    with pytest.raises(Refused):
        started(desk, resolved, integration)


@pytest.mark.django_db(transaction=True)
def test_two_who_claim_at_the_same_moment_stay_below_the_limit(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticket, integration = integrated(desk, "C-1")
    _first, second = started(desk, ticket, integration), started(desk, ticket, integration)
    monkeypatch.setattr(rechecks, "AT_ONCE", 1)
    claimed: list[Recheck] = []

    def claim_too() -> None:
        Recheck.objects.filter(pk=second.pk).update(next_at=clock.now() - timedelta(minutes=9))
        claimed.extend(rechecks._claim())
        connection.close()

    other = threading.Thread(target=claim_too)
    with transaction.atomic():
        claimed += rechecks._claim()
        other.start()
        other.join(timeout=0.3)  # it has claimed by then, unless it waits
    other.join()
    assert len(claimed) == 1
