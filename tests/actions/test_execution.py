"""Carrying out: once, whatever breaks, against the reference back office and our own ledger."""

import os
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest
from django.conf import settings as django_settings

from actions import execution, facts, lifecycle
from actions.models import Action, Kind, State
from common import clock
from events import relay
from events.models import Delivery, Event
from points import ledger
from points.models import Transfer
from tests import seed
from tests.actions.acting import Acting, proof, refund, spent
from tests.actions.test_checks import PAYLOADS, identity
from tests.back_office import TOKEN, BackOffice
from tests.escalations.desk import Desk

BASE_DIR = Path(__file__).resolve().parents[2]
WAITED = timedelta(hours=2)


@pytest.fixture
def changed(acting: Acting, back_office: BackOffice) -> Action:
    """A change of phone number that is approved and about to be sent."""
    return executing(acting, back_office)


def executing(acting: Acting, office: BackOffice) -> Action:
    return acting.executing(approved(acting, office))


def approved(acting: Acting, office: BackOffice) -> Action:
    """Approve a change of phone number; nothing begins it."""
    office.open_account("C-1", phone_changed_at=None)
    desk = acting.desk
    draft = lifecycle.draft(
        acting.ticket, Kind.PHONE_CHANGE, PAYLOADS[Kind.PHONE_CHANGE], identity(acting), by=desk.l2
    )
    known = facts.gather(draft, by=desk.l2)
    action = lifecycle.request(draft, known, by=desk.l2)
    return lifecycle.approve(action, known, by=desk.lead, digest=action.digest, proof_given=proof(desk.lead))


def carried_out(office: BackOffice) -> int:
    return int(office.rows("SELECT count(*) FROM back_office_phonechange")[0][0])


def state(action: Action) -> str:
    action.refresh_from_db()
    return action.state


@pytest.mark.django_db
def test_it_is_sent_once_and_read_back(changed: Action, back_office: BackOffice):
    execution.carry_out(changed.pk)
    assert state(changed) == State.DONE and changed.reference.startswith("OP-")
    execution.carry_out(changed.pk)
    assert carried_out(back_office) == 1
    with clock.replaying(clock.now() + WAITED):
        assert execution.reconcile() == 1
    assert state(changed) == State.VERIFIED and execution.reconcile() == 0


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("fault", "happened", "until"),
    [
        ("drop-after", 1, State.UNKNOWN),
        ("error-after", 1, State.EXECUTING),  # what is asked first fails, too: nothing was sent
        ("drop-before", 0, State.EXECUTING),
    ],
)
def test_what_nobody_knows_is_asked_for_and_not_repeated(
    changed: Action, back_office: BackOffice, monkeypatch, fault: str, happened: int, until: State
):
    if happened and until == State.UNKNOWN:
        monkeypatch.setattr("actions.back_office.ask", lambda order: None)  # it was not there yet
    with back_office.failing(fault):
        execution.carry_out(changed.pk)
    monkeypatch.undo()
    assert state(changed) == until and changed.outcome["said"]
    assert carried_out(back_office) == (until == State.UNKNOWN)
    assert execution.reconcile() == 0  # not before the back-off
    with clock.replaying(clock.now() + WAITED):
        execution.reconcile()
    assert state(changed) == State.DONE and carried_out(back_office) == 1


@pytest.mark.django_db
def test_without_a_back_office_it_waits(acting: Acting, back_office: BackOffice, settings):
    action = executing(acting, back_office)
    settings.BACK_OFFICE_URL = ""
    execution.carry_out(action.pk)
    assert state(action) == State.EXECUTING and "No back office" in action.outcome["said"]


@pytest.mark.django_db
def test_a_definite_no_fails_and_frees_the_place(changed: Action, back_office: BackOffice):
    back_office.rows("UPDATE back_office_account SET status = 'closed'")
    execution.carry_out(changed.pk)
    assert state(changed) == State.FAILED and "closed" in changed.why_ended
    assert carried_out(back_office) == 0


@pytest.mark.django_db
def test_points_are_posted_with_the_outcome(acting: Acting, django_capture_on_commit_callbacks):
    original = spent(500)
    action = acting.approved(payload=refund(200, original))
    delivery = Delivery.objects.get(consumer=execution.CONSUMER)
    with django_capture_on_commit_callbacks(execute=True):
        assert relay.deliver(delivery.pk)
    transfer = Transfer.objects.get(key=execution.points_key(action))
    assert state(action) == State.DONE and action.reference == transfer.reference
    assert (transfer.points, transfer.about) == (200, f"action {action.pk}")
    execution.handle(delivery.event)
    execution.carry_out(action.pk)
    assert Transfer.objects.filter(original__key=original).count() == 1
    with clock.replaying(clock.now() + WAITED):
        execution.reconcile()
    assert state(action) == State.VERIFIED


@pytest.mark.django_db
def test_what_the_ledger_refuses_fails(acting: Acting):
    original = spent(500)
    first = acting.executing(payload=refund(300, original))
    execution.carry_out(first.pk)
    second = acting.executing(payload=refund(200, original))
    assert second.sequence == 2
    ledger.refund(account="C-1", points=1, original=original, key="by hand", by=acting.desk.lead, about="")
    execution.carry_out(second.pk)
    assert state(second) == State.FAILED and "can still be refunded" in second.why_ended


@pytest.mark.django_db
def test_what_expired_or_was_voided_is_not_begun(acting: Acting):
    action, edited = acting.approved(), acting.approved()
    lifecycle.cancel(edited, by=acting.desk.l2, reason="No need.")
    assert not execution.begin(edited)
    with clock.replaying(clock.now() + timedelta(hours=25)):
        assert not execution.begin(action)


KILLED = """
import os, django
os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
django.setup()
import time
from actions import back_office, execution
from events import relay
def hang(order):
    print("called", flush=True)
    time.sleep(60)
back_office.ask = hang
relay.deliver({delivery})
"""


@pytest.mark.django_db(transaction=True)
def test_killed_between_the_commit_and_the_call(back_office: BackOffice):
    seed.catalogue()
    acting = Acting(Desk())
    action = approved(acting, back_office)
    delivery = Delivery.objects.get(consumer=execution.CONSUMER)
    name = quote(str(django_settings.DATABASES["default"]["NAME"]))
    database = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}").geturl()
    worker = subprocess.Popen(
        [sys.executable, "-c", KILLED.format(delivery=delivery.pk)],
        cwd=BASE_DIR,
        env=os.environ | {"DATABASE_URL": database, "BACK_OFFICE_URL": "", "BACK_OFFICE_TOKEN": TOKEN},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert worker.stdout is not None and worker.stdout.readline() == "called\n"
    os.kill(worker.pid, signal.SIGKILL)
    worker.wait(timeout=10)
    worker.stdout.close()
    assert state(action) == State.EXECUTING and carried_out(back_office) == 0
    assert Event.objects.filter(kind="action.executing").count() == 1
    relay.deliver(delivery.pk)  # comes again, and begins nothing
    execution.reconcile()  # its lease still holds
    assert carried_out(back_office) == 0
    with clock.replaying(clock.now() + execution.LEASE + timedelta(seconds=1)):
        execution.reconcile()
    assert state(action) == State.DONE and carried_out(back_office) == 1
