"""Whatever is done to actions, in any order and by anybody: no own approval, and postings that sum to zero."""

import pytest
from django.db import transaction
from django.db.models import Sum
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from accounts.models import Role, User
from actions import execution, lifecycle
from actions.models import AFTER_APPROVAL, Action, State
from common.errors import DomainError
from points.models import Posting, Transfer, TransferKind
from tests.actions.acting import OWED, SILENT, Acting, known, proof, refund, spent

SPENT = 500


class Actions(RuleBasedStateMachine):
    """Four people and a job, two originals, and every verb tried by everybody at any time."""

    acting: Acting
    other_lead: User

    def __init__(self):
        super().__init__()
        self.outer = transaction.atomic()
        self.outer.__enter__()
        desk = self.acting.desk
        self.people = [desk.l2, desk.other_l2, desk.lead, self.other_lead]
        self.originals = [spent(SPENT), spent(SPENT)]

    def teardown(self):
        transaction.set_rollback(True)
        self.outer.__exit__(None, None, None)

    def some(self, number: int) -> Action | None:
        found = list(Action.objects.order_by("pk"))
        return found[number % len(found)] if found else None

    def tried(self, act):
        try:
            with transaction.atomic():
                act()
        except DomainError:
            pass

    @rule(by=st.integers(0, 3), points=st.integers(1, 400), original=st.integers(0, 1))
    def draft(self, by, points, original):
        payload = refund(points, self.originals[original])
        self.tried(lambda: lifecycle.draft(self.acting.ticket, "points_refund", payload, OWED, by=self.people[by]))

    @rule(which=st.integers(0, 9), by=st.integers(0, 3), points=st.integers(1, 400))
    def edit(self, which, by, points):
        if action := self.some(which):
            payload = refund(points, action.order)
            self.tried(lambda: lifecycle.edit(action, payload, OWED, by=self.people[by]))

    @rule(which=st.integers(0, 9), by=st.integers(0, 3))
    def request(self, which, by):
        if action := self.some(which):
            self.tried(lambda: lifecycle.request(action, known(), by=self.people[by]))

    @rule(which=st.integers(0, 9), by=st.integers(0, 3), silent=st.booleans())
    def approve(self, which, by, silent):
        if action := self.some(which):
            person = self.people[by]
            accepted = {"customer": "Known.", "cooling_off": "Known."}
            self.tried(
                lambda: lifecycle.approve(
                    action, SILENT if silent else known(), by=person, digest=action.digest,
                    proof_given=proof(person), accepted=accepted,
                )
            )  # fmt: skip

    @rule(which=st.integers(0, 9), by=st.integers(0, 3), verb=st.sampled_from(["reject", "cancel"]))
    def end(self, which, by, verb):
        if action := self.some(which):
            given = {"digest": action.digest} if verb == "reject" else {}
            self.tried(lambda: getattr(lifecycle, verb)(action, by=self.people[by], reason="No.", **given))

    @rule(which=st.integers(0, 9))
    def work(self, which):
        if action := self.some(which):
            execution.begin(action)
            execution.carry_out(action.pk)

    @rule(which=st.integers(0, 9))
    def verify(self, which):
        if action := self.some(which):
            execution.verify(action.pk)

    @invariant()
    def nobody_approved_their_own(self):
        for action in Action.objects.filter(state__in=AFTER_APPROVAL):
            assert action.approved_by_id not in action.makers
            assert action.approved_digest == action.digest
            decision = action.decisions.latest("pk")
            assert (decision.by_id, decision.digest) == (action.approved_by_id, action.digest)

    @invariant()
    def the_books_are_right(self):
        assert (Posting.objects.aggregate(sum=Sum("points"))["sum"] or 0) == 0
        refunds = Transfer.objects.filter(kind=TransferKind.REFUND)
        done = Action.objects.filter(state__in=[State.DONE, State.VERIFIED])
        assert set(refunds.values_list("key", flat=True)) == {execution.points_key(one) for one in done}
        for original in self.originals:
            total = refunds.filter(original__key=original).aggregate(sum=Sum("points"))["sum"] or 0
            assert total <= SPENT


@pytest.mark.django_db
def test_in_any_order(acting: Acting):
    Actions.acting = acting
    Actions.other_lead = acting.desk.person("Lola Lead", (acting.desk.payments, Role.LEAD))
    run_state_machine_as_test(
        Actions,
        settings=settings(
            max_examples=8,
            stateful_step_count=18,
            deadline=None,
            derandomize=True,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )
