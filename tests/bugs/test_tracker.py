"""Reports on their way to a tracker and back, through PyGithub and a small GitHub of our own."""

import threading
from collections.abc import Iterator
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from bench.tracker.program import Tracker as Program
from bugs import fixes, hearing, sending, setup, standing
from bugs.models import BugReport, State, Tracker, TrackerKind
from common.errors import Refused
from common.outgoing import entry_of
from escalations.models import Alert, AlertKind, Message, MessageKind
from events.models import Event
from tests import seed
from tests.bugs.test_reports import written
from tests.clients import client_of
from tests.escalations.desk import Desk

pytestmark = pytest.mark.django_db
PROJECT = "acme/payments"


class Handler(WSGIRequestHandler):
    def log_message(self, *_arguments: Any) -> None:
        pass


@pytest.fixture(scope="module")
def served() -> Iterator[Program]:
    server = WSGIServer(("127.0.0.1", 0), Handler)
    program = Program(f"http://127.0.0.1:{server.server_port}", "t0ken-of-the-tracker", "hush")
    server.set_app(program)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    yield program
    server.shutdown()
    server.server_close()


@pytest.fixture
def github(served: Program, settings: Any) -> Program:
    settings.OUTGOING_HOSTS = [entry_of(served.url)]
    settings.TRACKER_URL = ""
    served.issues.clear()
    served.fault = ""
    return served


@pytest.fixture
def desk() -> Desk:
    seed.catalogue()
    return Desk()


@pytest.fixture
def tracker(desk: Desk, github: Program) -> Tracker:
    admin = desk.person("Ada Admin")
    admin.is_superuser = True
    admin.save()
    wanted = setup.Wanted("Payments", TrackerKind.GITHUB, github.url, PROJECT, github.token, github.secret)
    return setup.save(None, wanted, by=admin)


def sent(desk: Desk, tracker: Tracker) -> BugReport:
    bug = written(desk, desk.started())
    assert client_of(desk.l2).post(reverse("send_bug", args=[bug.pk]), {"tracker": tracker.pk}).status_code == 302
    sending.carry_out(bug.pk)
    bug.refresh_from_db()
    return bug


def hook(tracker: Tracker, webhook: tuple[bytes, dict[str, str]], **changes: str) -> int:
    body, headers = webhook
    headers = {**headers, **changes}
    answer = Client().post(
        reverse("tracker_hook", args=[tracker.pk]), body, content_type="application/json",
        headers={"X-Hub-Signature-256": headers["X-Hub-Signature-256"]},
    )  # fmt: skip
    return answer.status_code


def test_a_report_is_created_once_and_what_was_shown_is_what_arrives(
    desk: Desk, tracker: Tracker, github: Program
) -> None:
    bug = sent(desk, tracker)
    assert (bug.state, bug.remote_number, bug.trouble) == (State.OPEN, "1", "")
    assert github.issues[0]["body"] == bug.sent_text
    assert github.token not in tracker.token
    sending.carry_out(bug.pk)
    assert len(github.issues) == 1
    assert "#1" in client_of(desk.l2).get(bug.get_absolute_url()).content.decode()


def test_after_an_unsure_answer_the_issue_is_found_and_not_made_twice(
    desk: Desk, tracker: Tracker, github: Program
) -> None:
    github.fault = "drop-after"
    bug = sent(desk, tracker)
    assert bug.state == State.SENDING
    BugReport.objects.filter(pk=bug.pk).update(tried_at=bug.made_at - sending.LEASE * 2)
    sending.repeat()
    bug.refresh_from_db()
    assert (bug.state, bug.remote_number) == (State.OPEN, "1")
    assert len(github.issues) == 1


def test_a_refusal_of_the_tracker_is_shown(desk: Desk, tracker: Tracker, github: Program, settings: Any) -> None:
    github.token, right = "another", github.token
    bug = sent(desk, tracker)
    github.token = right
    assert bug.state == State.UNSENT
    assert "401" in client_of(desk.l2).get(bug.get_absolute_url()).content.decode()
    settings.OUTGOING_HOSTS = []
    client_of(desk.l2).post(reverse("send_bug", args=[bug.pk]), {"tracker": tracker.pk})
    sending.carry_out(bug.pk)
    bug.refresh_from_db()
    assert bug.state == State.UNSENT
    assert github.issues == []


def test_a_signed_fix_wakes_the_owners_and_each_customer_is_answered_once(
    desk: Desk, tracker: Tracker, github: Program
) -> None:
    bug = sent(desk, tracker)
    ticket = bug.ticket
    ticket.customer.language = "es"
    ticket.customer.save()
    github.close("1", "completed")
    webhook = github.webhook(github.issues[0])
    assert hook(tracker, webhook, **{"X-Hub-Signature-256": "sha256=" + "0" * 64}) == 403
    bug.refresh_from_db()
    assert bug.state == State.OPEN
    assert [hook(tracker, webhook) for _twice in range(2)] == [204, 204]
    bug.refresh_from_db()
    assert (bug.state, bug.remote_assignee) == (State.FIXED, "sam")
    fixes.handle(Event.objects.get(kind=standing.FIXED))
    assert Alert.objects.get(kind=AlertKind.FIXED).recipient == ticket.owner
    l2 = client_of(desk.l2)
    address = reverse("bug_answers", args=[bug.pk])
    assert 'lang="es"' in l2.get(address).content.decode()
    fields = {"ticket": [ticket.pk], f"text-{ticket.pk}": "Ya funciona."}
    for _twice in range(2):
        assert l2.post(address, fields).status_code == 302
    said = Message.objects.filter(ticket=ticket, kind=MessageKind.TO_CUSTOMER)
    assert [one.body for one in said] == ["Ya funciona."]


def test_an_old_webhook_can_not_be_sent_again_to_close_what_was_opened(
    desk: Desk, tracker: Tracker, github: Program
) -> None:
    bug = sent(desk, tracker)
    github.close("1", "not_planned")
    webhook = github.webhook(github.issues[0])
    hook(tracker, webhook)
    github.issues[0] |= {"state": "open", "state_reason": None}
    hearing.poll()
    bug.refresh_from_db()
    assert bug.state == State.OPEN
    hook(tracker, webhook)
    bug.refresh_from_db()
    assert bug.state == State.OPEN


def test_an_issue_that_is_there_is_linked_by_its_address_and_unlinked(
    desk: Desk, tracker: Tracker, github: Program
) -> None:
    github._create(PROJECT, {"title": "Known"})
    bug, l2 = written(desk, desk.started()), client_of(desk.l2)
    link = reverse("link_bug_issue", args=[bug.pk])
    assert l2.post(link, {"address": "https://elsewhere.example/acme/payments/issues/1"}).status_code == 422
    assert l2.post(link, {"address": f"{github.url}/{PROJECT}/issues/1"}).status_code == 302
    bug.refresh_from_db()
    assert (bug.state, bug.remote_number) == (State.OPEN, "1")
    l2.post(reverse("unlink_bug_issue", args=[bug.pk]))
    bug.refresh_from_db()
    assert (bug.state, bug.remote_number) == (State.DRAFT, "")


def test_another_host_does_not_get_the_token(desk: Desk, tracker: Tracker, settings: Any) -> None:
    settings.OUTGOING_HOSTS = ["api.github.com"]
    admin = User.objects.get(is_superuser=True, name="Ada Admin")
    wanted = setup.Wanted("Payments", TrackerKind.GITHUB, "https://api.github.com", PROJECT)
    changed = setup.save(tracker, wanted, by=admin, version=1)
    with pytest.raises(Refused, match="token"):
        setup.way(changed)
    assert client_of(admin).get(reverse("trackers")).status_code == 200
    assert client_of(admin).get(reverse("tracker", args=[tracker.pk])).status_code == 200
    assert client_of(desk.l2).get(reverse("trackers")).status_code == 404
