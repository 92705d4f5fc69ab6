"""Whatever is asked of the ledger, in any order: postings sum to zero, nothing is refunded twice over."""

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from common.errors import Refused
from points import ledger, verifying
from points.models import Posting, Transfer
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db

ACCOUNTS = st.sampled_from(["C-1", "C-2"])
POINTS = st.integers(1, 60)
KEYS = st.sampled_from([f"k{number}" for number in range(9)])


class Machine(RuleBasedStateMachine):
    """A model beside the ledger: what was posted for each key."""

    @initialize()
    def begin(self):
        self.atomic = transaction.atomic()
        self.atomic.__enter__()
        self.by = UserFactory()
        self.posted = {}  # key: (kind, account, points, original or what was corrected)

    def _left(self, original):
        if any(kind == "correction" and about == original for kind, _, _, about in self.posted.values()):
            return 0
        gone = sum(
            points
            for key, (kind, _, points, about) in self.posted.items()
            if kind == "refund" and about == original and not self._is_undone(key)
        )
        return self.posted[original][2] - gone

    def _is_undone(self, key):
        return any(kind == "correction" and about == key for kind, _, _, about in self.posted.values())

    def _expect(self, key, wanted, may, act):
        known = self.posted.get(key)
        is_fine = known == wanted if known else may
        try:
            with transaction.atomic():
                act()
        except Refused:
            assert not is_fine, (key, wanted, self.posted)
        else:
            assert is_fine, (key, wanted, self.posted)
            self.posted[key] = wanted

    @rule(account=ACCOUNTS, points=POINTS, key=KEYS)
    def spend(self, account, points, key):
        act = lambda: ledger.spend(account=account, points=points, key=key, by=self.by)  # noqa: E731
        self._expect(key, ("spent", account, points, None), True, act)

    @rule(account=ACCOUNTS, points=POINTS, original=KEYS, key=KEYS)
    def refund(self, account, points, original, key):
        def act():
            ledger.refund(account=account, points=points, original=original, key=key, by=self.by, about="")

        spent = self.posted.get(original)
        owed = spent is not None and spent[:2] == ("spent", account)
        may = owed and points <= self._left(original)
        self._expect(key, ("refund", account, points, original), may, act)

    @rule(wrong=KEYS, key=KEYS)
    def correct(self, wrong, key):
        if wrong not in self.posted:
            return
        kind, account, points, _about = self.posted[wrong]
        stands = not self._is_undone(wrong) and kind != "correction"
        may = stands and (kind == "refund" or self._left(wrong) == points)
        if kind == "correction" and self.posted.get(key, (None,))[-1] == wrong:
            return
        transfer = Transfer.objects.get(key=wrong)
        act = lambda: ledger.correct(transfer, key=key, why="wrong", by=self.by)  # noqa: E731
        self._expect(key, ("correction", account, points, wrong), may, act)

    @invariant()
    def balances(self):
        if not hasattr(self, "posted"):
            return
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("SET CONSTRAINTS ALL DEFERRED")
        found = verifying.trial_balance()
        assert found.is_right and found.transfers == len(self.posted)
        for account in ("C-1", "C-2"):
            signs = {"spent": -1, "refund": 1}
            expected = 0
            for kind, owner, points, about in self.posted.values():
                sign = signs.get(kind) or -signs[self.posted[about][0]]
                expected += sign * points if owner == account else 0
            assert (
                sum(Posting.objects.filter(account__reference=account).values_list("points", flat=True))
                == expected
            )

    def teardown(self):
        if hasattr(self, "atomic"):
            transaction.set_rollback(True)
            self.atomic.__exit__(None, None, None)


def test_the_ledger_keeps_its_laws():
    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=5, stateful_step_count=12, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
