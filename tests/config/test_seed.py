"""Tests that commit leave the database as they found it, append-only tables included."""

import pytest
from django.contrib.contenttypes.models import ContentType

from accounts.models import User
from common import clock
from events.models import Event


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("turn", ["first", "second"])
def test_what_was_committed_is_gone_and_what_was_seeded_is_back(turn):
    assert not User.objects.filter(email="committed@example.com").exists()
    assert ContentType.objects.filter(app_label="events", model="event").exists()
    now = clock.now()
    actor = User.objects.create(email="committed@example.com")
    Event.objects.create(
        kind="ticket.opened", subject_type="ticket", subject_id=1, actor=actor, at=now, recorded_at=now
    )
