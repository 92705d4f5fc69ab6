"""The API console, from setting an environment up to a write that another lead approves, through its pages."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from accounts.models import Role, User
from common import clock
from common.errors import Refused
from escalations import alerts, assignment, waits
from escalations.models import Alert, AlertKind, Evidence, EvidenceKind, Ticket
from events.models import Event
from investigations.console import approvals, environments, runs
from investigations.console.composing import Composed
from investigations.models import Environment, Run, RunState
from tests import seed
from tests.clients import client_of
from tests.common import hostile
from tests.escalations.desk import Desk

pytestmark = pytest.mark.django_db

PASSWORD = "a long enough password"
SECRET = "hush-4711-verysecretvalue"


@pytest.fixture(scope="module")
def server():
    with hostile.serving() as made:
        yield made


@pytest.fixture
def desk(settings: Any, server: Any) -> Desk:
    settings.OUTGOING_HOSTS = [server.entry]
    settings.BACK_OFFICE_URL = ""
    seed.catalogue()
    made = Desk()
    made.second_lead = made.person("Luz Lead", (made.payments, Role.LEAD))  # type: ignore[attr-defined]
    return made


def approving(desk: Desk) -> Client:
    """Return the client of another lead, who has a password."""
    lead = desk.second_lead  # type: ignore[attr-defined]
    lead.set_password(PASSWORD)
    lead.save()
    return client_of(lead)


@pytest.fixture
def ticket(desk: Desk) -> Ticket:
    return desk.started()


def environment(desk: Desk, server: Any, **changes: Any) -> Environment:
    fields = {
        "name": "Sandbox", "base_url": server.url, "headers": "Authorization: Bearer {{API_KEY}}",
        "secret_name": "API_KEY", "secret": SECRET, "allows_writes": "on", **changes,
    }  # fmt: skip
    answer = client_of(desk.lead).post(reverse("new_environment"), fields)
    assert answer.status_code == 302, answer.context["form"].errors
    return Environment.objects.get(name=fields["name"])


def send(user: User, ticket: Ticket, to: Environment, path: str, method: str = "GET", **fields: str) -> Any:
    data = {"environment": to.pk, "method": method, "path": path, "headers": "X-Trace: 1", **fields}
    return client_of(user).post(reverse("api_console", args=[ticket.reference]), data)


def newest() -> Run:
    return Run.objects.select_related("ticket", "environment").latest("pk")


def test_a_request_is_sent_with_its_secret_and_kept_without(desk, ticket, server):
    to = environment(desk, server)
    assert send(desk.l2, ticket, to, "/v1/charges?limit=5").status_code == 302
    run = newest()
    assert (run.state, run.status, run.answer_body) == (RunState.ANSWERED, 200, "ok")
    assert f"Authorization: Bearer {SECRET}".encode() in server.requests[-1]
    assert b"X-Trace: 1" in server.requests[-1]
    client = client_of(desk.l2)
    page = client.get(run.get_absolute_url()).content.decode()
    assert "{{API_KEY}}" in page
    for kept in (
        page,
        json.dumps(list(Run.objects.values()), default=str),
        str(list(Event.objects.values("data"))),
    ):
        assert SECRET not in kept
    assert SECRET not in json.dumps(to.secrets)
    assert SECRET not in client_of(desk.lead).get(to.get_absolute_url()).content.decode()


def test_an_answer_is_text_redacted_and_never_repeats_the_secret(desk, ticket, server):
    to = environment(desk, server)
    send(desk.l2, ticket, to, "/echo?card=1")
    run = newest()
    assert SECRET not in run.answer_body
    assert "{{API_KEY}}" in run.answer_body
    assert "4111111111111111" not in run.answer_body
    page = client_of(desk.l2).get(run.get_absolute_url()).content.decode()
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/redirect", "302"), ("/500", "500"), ("/never-ending", "cut: it was longer"),
        ("/nonsense", "can&#x27;t be read"), ("/gzip-bomb", "cut: it was longer"),
    ],
)  # fmt: skip
def test_whatever_comes_back_ends_in_a_page(path, said, desk, ticket, server, monkeypatch):
    monkeypatch.setattr(runs, "LARGEST", 50_000)
    to = environment(desk, server)
    assert send(desk.l2, ticket, to, path).status_code == 302
    page = client_of(desk.l2).get(newest().get_absolute_url())
    assert said in page.content.decode()


def test_one_that_hangs_is_given_up(desk, ticket, server, monkeypatch):
    monkeypatch.setattr(runs, "WITHIN", 0.2)
    to = environment(desk, server)
    send(desk.l2, ticket, to, "/hang")
    assert newest().state == RunState.FAILED
    assert "0.2 seconds" in newest().trouble


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"path": "//evil.test/"}, "path"), ({"path": "/a/../../b"}, "path"), ({"path": "/a/%2e%2e/b"}, "path"),
        ({"path": "/charges/{id}"}, "path"), ({"path": "/x?card=4111111111111111"}, "path"),
        ({"path": "/{{OTHER}}"}, "path"), ({"path": "/a\\b"}, "path"),
        ({"headers": "Authorization: Bearer sk_live_8f7d6a5b4c3d2e1f0a9b"}, "headers"),
        ({"headers": "Host: evil.test"}, "headers"), ({"headers": "no colon"}, "headers"),
        ({"method": "TRACE"}, "method"), ({"body": "x"}, "body"),
    ],
)  # fmt: skip
def test_what_must_not_be_sent_or_kept_is_refused(changes, field, desk, ticket, server):
    to = environment(desk, server)
    before = len(server.requests)
    fields = {"path": "/", **changes}
    answer = send(desk.l2, ticket, to, fields.pop("path"), **fields)
    assert answer.status_code == 422
    assert field in answer.context["form"].errors
    assert not Run.objects.exists()
    assert len(server.requests) == before


def test_only_who_works_on_the_ticket_sends_and_others_see_nothing(desk, ticket, server):
    to = environment(desk, server)
    for user, status in ((desk.auditor, 403), (desk.l1, 404), (desk.outsider, 404)):
        assert send(user, ticket, to, "/").status_code == status
    send(desk.l2, ticket, to, "/")
    for user, status in ((desk.auditor, 200), (desk.l1, 404), (desk.outsider, 404)):
        assert client_of(user).get(newest().get_absolute_url()).status_code == status


def test_an_environment_of_another_team_is_neither_offered_nor_used(desk, ticket, server):
    theirs = environment(desk, server, teams=[desk.accounts.pk])
    own = environment(desk, server, name="Own", headers="", secret_name="OWN_KEY", teams=[desk.payments.pk])
    page = client_of(desk.l2).get(reverse("api_console", args=[ticket.reference])).content.decode()
    assert "OWN_KEY" in page
    assert "{{API_KEY}}" not in page
    assert "environment" in send(desk.l2, ticket, theirs, "/").context["form"].errors
    with pytest.raises(Refused):
        runs.make(ticket, Composed(theirs, "GET", "/", []), by=desk.l2)
    assert send(desk.l2, ticket, own, "/").status_code == 302
    form = client_of(desk.lead).get(theirs.get_absolute_url()).context["form"]
    assert form["teams"].value() == [desk.accounts.pk]


def test_an_environment_reads_unless_writes_are_allowed(desk, ticket, server):
    to = environment(desk, server, allows_writes="")
    answer = send(desk.l2, ticket, to, "/", "DELETE", reason="Because")
    assert "method" in answer.context["form"].errors


def test_a_write_waits_for_another_lead_and_goes_out_once_with_a_key(desk, ticket, server):
    to, before = environment(desk, server), len(server.requests)
    assert "reason" in send(desk.lead, ticket, to, "/refunds", "POST", body="{}").context["form"].errors
    send(desk.lead, ticket, to, "/refunds", "POST", body='{"a": 1}', reason="The sandbox needs it")
    run = newest()
    assert (run.state, len(server.requests)) == (RunState.WAITING, before)
    approve = reverse("approve_run", args=[ticket.reference, run.pk])
    sent = {"digest": run.digest, "password": PASSWORD}
    for user in (desk.lead, desk.l2, desk.other_l2):  # who made it, and who leads nobody
        assert client_of(user).post(approve, sent).status_code == 422
    lead = approving(desk)
    assert lead.post(approve, {**sent, "password": "guessed"}).status_code == 422
    assert lead.post(approve, {**sent, "digest": "0" * 64}).status_code == 422
    assert (newest().state, len(server.requests)) == (RunState.WAITING, before)
    assert lead.post(approve, sent).status_code == 302
    assert lead.post(approve, sent).status_code == 422  # decided
    run = newest()
    assert (run.state, run.status, run.decided_by) == (RunState.ANSWERED, 200, desk.second_lead)
    assert len(server.requests) == before + 1
    assert f"Idempotency-Key: {run.key}".encode() in server.requests[-1]
    runs.send(run, by=desk.lead)
    assert len(server.requests) == before + 1


def test_an_approval_is_for_the_environment_as_it_was(desk, ticket, server):
    to = environment(desk, server)
    send(desk.l2, ticket, to, "/refunds", "POST", reason="Needed")
    run = newest()
    fields = {"name": to.name, "base_url": server.url + "/other", "headers": "", "version": to.version}
    client_of(desk.lead).post(to.get_absolute_url(), {**fields, "allows_writes": "on"})
    sent = {"digest": run.digest, "password": PASSWORD}
    answer = approving(desk).post(reverse("approve_run", args=[ticket.reference, run.pk]), sent)
    assert "made anew" in answer.content.decode()
    assert newest().state == RunState.WAITING


def test_a_write_is_not_approved_or_sent_for_a_team_that_its_environment_is_not_for(desk, ticket, server):
    to, before = environment(desk, server, teams=[desk.payments.pk]), len(server.requests)
    send(desk.l2, ticket, to, "/refunds", "POST", reason="Needed")
    run = newest()
    assignment.give_to_team(ticket, desk.accounts, by=desk.lead)
    desk.second_lead = theirs = desk.person("Abe Accounts", (desk.accounts, Role.LEAD))
    sent = {"digest": run.digest, "password": PASSWORD}
    answer = approving(desk).post(reverse("approve_run", args=[ticket.reference, run.pk]), sent)
    assert "not for escalations of this team" in answer.content.decode()
    assert newest().state == RunState.WAITING
    approved = {"decided_by": theirs, "decided_at": clock.now(), "decided_digest": run.digest}
    Run.objects.filter(pk=run.pk).update(state=RunState.SENDING, **approved)  # just before it changed teams
    runs.send(run, by=theirs)
    assert newest().state == RunState.FAILED
    assert "not for escalations of this team" in newest().trouble
    assert len(server.requests) == before


def test_a_write_without_an_answer_is_unknown_and_not_repeated(desk, ticket, server, monkeypatch):
    monkeypatch.setattr(runs, "WITHIN", 1.0)
    to = environment(desk, server)
    send(desk.l2, ticket, to, "/hang", "PUT", reason="Needed")
    run, before = newest(), len(server.requests)
    sent = {"digest": run.digest, "password": PASSWORD}
    approving(desk).post(reverse("approve_run", args=[ticket.reference, run.pk]), sent)
    assert (newest().state, len(server.requests)) == (RunState.UNKNOWN, before + 1)
    page = client_of(desk.l2).get(run.get_absolute_url()).content.decode()
    assert "may have been carried out" in page
    assert "Run again" not in page


def test_a_lead_says_no(desk, ticket, server):
    to = environment(desk, server)
    send(desk.l2, ticket, to, "/x", "DELETE", reason="Needed")
    lead = client_of(desk.second_lead)
    address = reverse("reject_run", args=[ticket.reference, newest().pk])
    assert lead.post(address, {"why": ""}).status_code == 422
    assert lead.post(address, {"why": "Not on my watch"}).status_code == 302
    assert (newest().state, newest().decided_why) == (RunState.REJECTED, "Not on my watch")


def test_a_waiting_write_stands_where_approvers_look_and_they_are_told(desk, ticket, server):
    approvers = client_of(desk.second_lead)
    before = approvers.get(reverse("actions_waiting")).context["count"]
    send(desk.lead, ticket, environment(desk, server), "/refunds", "POST", reason="Needed")
    run = newest()
    for event in Event.objects.filter(kind=runs.MADE):
        approvals.handle(event)
    alert = Alert.objects.get(kind=AlertKind.APPROVAL)
    assert (alert.recipient, alerts.address(alert)) == (desk.second_lead, run.get_absolute_url())
    assert alerts.sentence(alert) == "Lea Lead asks you to approve a request that writes."
    assert approvers.get(reverse("actions_waiting")).context["count"] == before + 1
    link = f'href="{run.get_absolute_url()}"'
    for user, listed in ((desk.second_lead, True), (desk.lead, False), (desk.l2, False), (desk.outsider, False)):
        found = client_of(user).get(reverse("actions"), {"show": "waiting"}).content.decode()
        assert (link in found) == listed, user
        assert ("Nothing waits for your approval" in found) != listed
    assert run.get_absolute_url() in client_of(desk.l2).get(reverse("waits"), {"on": "approval"}).content.decode()
    waits.nudge(ticket, f"api_run:{run.pk}", by=desk.l2)
    assert Alert.objects.get(kind=AlertKind.NUDGED).recipient == desk.second_lead

    reject = reverse("reject_run", args=[ticket.reference, run.pk])
    assert approvers.post(reject, {"why": "Not today"}).status_code == 302
    approvals.handle(Event.objects.get(kind=runs.REJECTED))
    told = Alert.objects.get(kind=AlertKind.DECIDED)
    assert (told.recipient, alerts.sentence(told)) == (desk.lead, "Luz Lead rejected a request that writes.")
    assert link not in approvers.get(reverse("actions"), {"show": "waiting"}).content.decode()


def test_its_maker_withdraws_a_write_and_time_ends_it(desk, ticket, server, monkeypatch):
    to, before = environment(desk, server), len(server.requests)
    for _time in range(2):
        send(desk.l2, ticket, to, "/refunds", "POST", reason="Needed")
    withdrawn, run = Run.objects.order_by("pk")
    assert run.expires_at == run.made_at + timedelta(hours=24)
    withdraw = reverse("withdraw_run", args=[ticket.reference, withdrawn.pk])
    assert client_of(desk.other_l2).post(withdraw).status_code == 403
    assert "Withdraw<" in client_of(desk.l2).get(withdrawn.get_absolute_url()).content.decode()
    assert client_of(desk.l2).post(withdraw).status_code == 302
    sent = {"digest": withdrawn.digest, "password": PASSWORD}
    lead = approving(desk)
    assert lead.post(reverse("approve_run", args=[ticket.reference, withdrawn.pk]), sent).status_code == 422
    assert "withdrew it" in lead.get(withdrawn.get_absolute_url()).content.decode()

    assert runs.expire_overdue() == 0
    later = clock.now() + timedelta(hours=24, seconds=1)
    monkeypatch.setattr(clock, "now", lambda: later)
    approve = reverse("approve_run", args=[ticket.reference, run.pk])
    with pytest.raises(Refused):  # before the job comes by
        runs.approve(run, by=desk.second_lead, digest=run.digest, proof_given=None)
    assert (runs.expire_overdue(), runs.expire_overdue()) == (1, 0)
    monkeypatch.undo()
    assert lead.post(approve, sent).status_code == 422
    assert "Nobody decided about it in time" in lead.get(run.get_absolute_url()).content.decode()
    assert set(Run.objects.values_list("state", flat=True)) == {RunState.WITHDRAWN, RunState.EXPIRED}
    assert len(server.requests) == before
    approvals.handle(Event.objects.get(kind=runs.EXPIRED))
    assert Alert.objects.get(kind=AlertKind.DECIDED).recipient == desk.l2


def test_the_database_wants_two_people_for_a_write(desk, ticket, server):
    send(desk.l2, ticket, environment(desk, server), "/x", "DELETE", reason="Needed")
    run = newest()
    mine = {"decided_by": desk.l2, "decided_at": run.made_at, "decided_digest": run.digest}
    for columns in ({}, mine, {**mine, "decided_by": desk.lead, "decided_digest": "0" * 64}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Run.objects.filter(pk=run.pk).update(state=RunState.SENDING, **columns)


def test_another_host_does_not_get_the_secrets(desk, server, settings):
    to = environment(desk, server)
    settings.OUTGOING_HOSTS = [server.entry, "api.example.com"]
    fields = {"name": to.name, "headers": "", "version": to.version}
    client_of(desk.lead).post(to.get_absolute_url(), {**fields, "base_url": server.url + "/v2"})
    to.refresh_from_db()
    assert list(to.secrets) == ["API_KEY"]
    client_of(desk.lead).post(
        to.get_absolute_url(), {**fields, "base_url": "https://api.example.com", "version": 2}
    )
    to.refresh_from_db()
    assert (to.secrets, to.version) == ({}, 3)
    stale = client_of(desk.lead).post(to.get_absolute_url(), {**fields, "base_url": server.url})
    assert stale.status_code == 409
    assert set(Event.objects.filter(subject_type="environment").values_list("kind", flat=True)) == {
        "environment.added", "environment.changed",
    }  # fmt: skip


@pytest.mark.parametrize("url", ["https://evil.test", "http://169.254.169.254", "https://user@api.example.com"])
def test_an_environment_leads_to_a_listed_host_alone(url, desk):
    answer = client_of(desk.lead).post(reverse("new_environment"), {"name": "X", "base_url": url})
    assert "base_url" in answer.context["form"].errors


def test_the_back_office_of_the_settings_is_ready_made_and_read_only(desk, ticket, server, settings):
    settings.BACK_OFFICE_URL, settings.BACK_OFFICE_TOKEN = server.url, SECRET
    settings.OUTGOING_HOSTS = []
    to = Environment.objects.get(is_back_office=True)
    send(desk.l2, ticket, to, "/accounts/1")
    assert newest().status == 200
    assert f"Authorization: Bearer {SECRET}".encode() in server.requests[-1]
    assert SECRET not in str(Run.objects.values())
    assert "method" in send(desk.l2, ticket, to, "/operations/", "POST", reason="x").context["form"].errors
    with pytest.raises(IntegrityError), transaction.atomic():
        Environment.objects.filter(pk=to.pk).update(allows_writes=True)
    settings.BACK_OFFICE_URL = ""
    assert to not in environments.usable(ticket)


def test_a_run_is_compared_shown_as_curl_and_kept_as_evidence(desk, ticket, server):
    to = environment(desk, server)
    for path in ("/first", "/500"):
        send(desk.l2, ticket, to, path)
    older, run = Run.objects.order_by("pk")
    client = client_of(desk.l2)
    page = client.get(run.get_absolute_url(), {"with": older.pk}).content.decode()
    assert "Compared with request" in page
    assert "sick" in page
    assert "--header &#x27;Authorization: Bearer {{API_KEY}}&#x27;" in page
    answer = client.post(
        reverse("run_evidence", args=[ticket.reference, run.pk]),
        {"hypothesis": "new", "text": "The API is down", "supports": "for"},
    )
    assert answer.status_code == 302
    kept = Evidence.objects.get()
    assert (kept.kind, kept.source["run"]) == (EvidenceKind.API_RUN, run.pk)
    assert "sick" in kept.body
    assert SECRET not in kept.body


def test_sent_twice_it_is_carried_out_once(desk, ticket, server):
    to, before = environment(desk, server), len(server.requests)
    client = client_of(desk.l2)
    data = {"environment": to.pk, "method": "GET", "path": "/", "form_token": "t" * 32}
    for _time in range(2):
        assert client.post(reverse("api_console", args=[ticket.reference]), data).status_code == 302
    assert (Run.objects.count(), len(server.requests)) == (1, before + 1)
