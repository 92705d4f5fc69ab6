"""The simulator over the demo company's six weeks."""

from datetime import UTC, datetime

import pytest
from django.db import transaction

from common import clock
from escalations.models import Metric, Ticket
from integrations import demo
from reports import trial
from reports.models import Outcome
from tests.factories import UserFactory
from tests.reports.replays import as_replayed, as_stored, draft_of, simulated, times

NOW = datetime(2026, 11, 18, 12, 34, 56, tzinfo=UTC)


@pytest.fixture(scope="module")
def loaded(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock(), transaction.atomic():
        demo.load(now=NOW, tickets=150)
        yield
        transaction.set_rollback(True)


@pytest.fixture
def company(loaded, db):
    """The demo company; what a test does to it is rolled back."""
    with clock.replaying(NOW):
        yield


@pytest.fixture
def admin(company):
    return UserFactory(is_superuser=True)


def test_a_replay_by_the_rules_in_force_comes_to_the_ledgers_that_are_stored(company):
    """The proof that it is the same engine: every entry and everything that follows from it."""
    tickets = Ticket.objects.all()
    stored = as_stored(tickets)
    assert len(stored) > 900 and len({metric for _ticket, metric, _cycle in stored}) == len(Metric)
    assert as_replayed(tickets, NOW) == stored


def test_a_draft_that_changes_nothing_changes_nothing(admin):
    found = simulated(trial.copied(policies=[draft_of("Standard")]), admin)
    assert found.changed == 0 and not found.clocks.exists()
    assert found.result["cells"]
    for *_cell, today, tried, real, changes in found.result["cells"]:
        assert today == tried and changes == [0, 0]
        # What the beat has not marked yet is missed all the same.
        assert sum(real) == sum(today) and real[1] <= today[1]


@pytest.mark.parametrize(("factor", "never"), [(2, "worse"), (0.5, "better")])
def test_looser_targets_miss_no_more_and_tighter_ones_no_less(admin, factor, never):
    drafts = [draft_of(name, times(factor)) for name in ("Standard", "Business customers")]
    found = simulated(trial.copied(policies=drafts), admin)
    assert found.changed > 10
    place = ["worse", "better"].index(never)
    for *_cell, today, tried, _real, changes in found.result["cells"]:
        assert changes[place] == 0
        assert (tried[1] - today[1]) * (1 if factor < 1 else -1) == sum(changes)
    assert found.clocks.count() == found.changed
    for row in found.clocks.all():
        assert (row.before == Outcome.MISSED) == (factor > 1)
        assert row.due_before and row.due_after
        assert row.due_before < row.due_after if factor > 1 else row.due_after < row.due_before
