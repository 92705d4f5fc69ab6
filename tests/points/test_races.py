"""Many at once: one key posts once, and a limit is a limit."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection

from common.errors import Refused
from points import ledger, verifying
from points.models import Allowance, Transfer
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db(transaction=True)


def _at_once(count, act):
    barrier = Barrier(count)

    def one(number):
        try:
            connection.ensure_connection()
            barrier.wait(30)
            return act(number)
        except Refused as refused:
            return refused
        finally:
            connection.close()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))


@pytest.fixture
def by():
    return UserFactory()


def _refund(by, key, points=100):
    return ledger.refund(account="C-1", points=points, original="PTS-1", key=key, by=by, about="action 7")


def test_fifty_threads_with_one_key_post_once_and_twenty_refunds_stop_at_the_limit(by):
    ledger.spend(account="C-1", points=600, key="PTS-1", by=by)
    answers = _at_once(50, lambda _number: _refund(by, "one key").pk)
    assert len(set(answers)) == 1 and Transfer.objects.filter(key="one key").count() == 1

    answers = _at_once(20, lambda number: _refund(by, f"k{number}"))
    assert sum(isinstance(answer, Transfer) for answer in answers) == 5
    assert sum(isinstance(answer, Refused) for answer in answers) == 15
    assert Allowance.objects.get().left == 0 and verifying.trial_balance().is_right


def test_a_key_is_spent_once_by_many(by):
    answers = _at_once(8, lambda _number: ledger.spend(account="C-1", points=5, key="PTS-1", by=by).pk)
    assert len(set(answers)) == 1 and Transfer.objects.count() == 1
