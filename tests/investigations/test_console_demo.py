"""The demo's console stands and says what it should."""

import pytest

from common import clock
from escalations.models import Ticket
from investigations.console import demo
from investigations.models import Log, Run, RunState, WebhookDelivery
from tests import seed
from tests.escalations.desk import Desk

pytestmark = pytest.mark.django_db


def test_the_demo_has_requests_webhooks_and_a_write_that_waits(settings):
    seed.catalogue()
    settings.SITE_URL, settings.OUTGOING_HOSTS = "http://127.0.0.1:8000", ["127.0.0.1:8000"]
    desk = Desk()
    ticket = desk.started()
    Ticket.objects.filter(pk=ticket.pk).update(transaction_ref="TXN-8KQ2")
    demo.lay_out(clock.now())
    assert not Run.objects.exists()
    Log.objects.create(
        ticket=ticket, name="a.log", zone="UTC", added_by=desk.l2, added_at=clock.now(), size=0, lines=0
    )
    demo.lay_out(clock.now())
    states = list(Run.objects.order_by("pk").values_list("state", flat=True))
    assert states == [RunState.ANSWERED, RunState.ANSWERED, RunState.WAITING]
    assert "TXN-8KQ2" in Run.objects.latest("answer_size").answer_body
    verdicts = list(WebhookDelivery.objects.order_by("pk").values_list("verdict", flat=True))
    assert verdicts == ["valid", "body_changed", "old"]
