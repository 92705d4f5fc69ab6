"""The diagnosis board: hypotheses, evidence for and against, verdicts, and the report of it all."""

import hashlib
from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.core.files.base import ContentFile
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from common.errors import NotAllowed, Refused, StaleVersion
from escalations import attachments, conversation, diagnosis, evidence, hypotheses, lifecycle
from escalations.diagnosis import Findings, Hypothesis
from escalations.models import Diagnosis, Evidence, EvidenceKind, MessageKind, RootCause, Ticket
from events.models import Event
from tests import seed
from tests.clients import client_of
from tests.escalations.desk import Desk

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk() -> Desk:
    seed.catalogue()
    return Desk()


@pytest.fixture
def ticket(desk: Desk) -> Ticket:
    return desk.started()


def keep(ticket: Ticket, by: User, **changes: Any) -> Evidence:
    said = {"kind": EvidenceKind.LOOKUP, "title": "Ledger", "body": "No entry", "source": {}, **changes}
    return evidence.keep(ticket, by=by, **said)


def rows(ticket: Ticket) -> list[dict[str, str]]:
    found: list[dict[str, str]] = Diagnosis.objects.get(ticket=ticket).hypotheses
    return found


def post(client: Client, name: str, ticket: Ticket, *more: object, **data: object) -> Any:
    return client.post(reverse(name, args=[ticket.reference, *more]), data)


def shown(client: Client, ticket: Ticket, name: str = "diagnosis_board") -> str:
    return client.get(reverse(name, args=[ticket.reference])).content.decode()


def test_a_hypothesis_keeps_its_id_however_it_is_written(desk: Desk, ticket: Ticket) -> None:
    diagnosis.write(ticket, Findings(hypotheses=[Hypothesis("Bank"), Hypothesis("Queue")]), by=desk.l2, version=0)
    assert [row["id"] for row in rows(ticket)] == ["h1", "h2"]
    # Without ids, as who does not know of them writes it: the same text is the same hypothesis.
    again = Findings(hypotheses=[Hypothesis("Queue"), Hypothesis("Clock"), Hypothesis("Clock", id="h77")])
    diagnosis.write(ticket, again, by=desk.l2, version=1)
    assert [(row["text"], row["id"]) for row in rows(ticket)] == [
        ("Queue", "h2"),
        ("Clock", "h3"),
        ("Clock", "h4"),
    ]
    # With its id it may say something else; an id that was used is never given to another.
    reworded = Findings(hypotheses=[Hypothesis("The queue is full", id="h2"), Hypothesis("Bank", id="h1")])
    diagnosis.write(ticket, reworded, by=desk.l2, version=2)
    assert [row["id"] for row in rows(ticket)] == ["h2", "h1"]
    assert hypotheses.suspect(ticket, "New", by=desk.lead) == "h5"
    assert hypotheses.suspect(ticket, "New", by=desk.l2) == "h5"


def test_evidence_is_redacted_cut_and_held_against_what_there_is(desk: Desk, ticket: Ticket) -> None:
    kept = keep(
        ticket, desk.l2, title="Card 4111111111111111", body="4111111111111111 " + "x" * 30_000,
        source={"query": "ledger", "card": "4111111111111111"}, suspicion="Never booked", supports=False,
    )  # fmt: skip
    assert "4111111111111111" not in f"{kept.title} {kept.body} {kept.source}"
    assert kept.body.endswith("(cut here, it was longer)")
    assert len(kept.body) <= evidence.LONGEST_BODY
    assert (kept.hypothesis, kept.supports) == ("h1", False)
    event = Event.objects.get(kind=evidence.KEPT)
    assert (event.subject_type, event.subject_id, event.get("ticket")) == ("evidence", kept.pk, ticket.pk)
    for wrong in ({"hypothesis": "h9"}, {"title": " \x00 "}, {"source": {"url": "y" * 5000}}):
        with pytest.raises(Refused):
            keep(ticket, desk.l2, **wrong)
    with pytest.raises(NotAllowed):
        keep(ticket, desk.auditor)
    assert Evidence.objects.count() == 1


def test_from_suspicion_to_root_cause_on_the_board(desk: Desk, ticket: Ticket) -> None:
    client = client_of(desk.l2)
    assert "Nothing is suspected yet" in shown(client, ticket)
    post(client, "suspect", ticket, text="The acquirer times out")
    said = conversation.write(ticket, by=desk.l2, kind=MessageKind.NOTE, body="Since *noon* nothing works.")
    page = reverse("keep_evidence", args=[ticket.reference])
    assert f"{page}?message={said.pk}" in client.get(ticket.get_absolute_url()).content.decode()
    assert "Since *noon* nothing works." in client.get(f"{page}?message={said.pk}").content.decode()
    words = {"title": "A note", "body": "Since *noon*", "hypothesis": "", "supports": "for"}
    client.post(f"{page}?message={said.pk}", words)
    kept = Evidence.objects.get()
    assert (kept.kind, kept.hypothesis, kept.source["message"]) == (EvidenceKind.OTHER, "", said.pk)
    assert "Not held against any hypothesis yet" in shown(client, ticket)

    moved = post(client, "move_evidence", ticket, kept.pk, version=1, hypothesis="h1", supports="for")
    assert moved["Location"].endswith(f"#evidence-{kept.pk}")
    stale = post(client, "move_evidence", ticket, kept.pk, version=1, hypothesis="h1", supports="against")
    assert stale.status_code == 409
    assert "Somebody moved this evidence meanwhile" in stale.content.decode()
    kept.refresh_from_db()
    assert (kept.hypothesis, kept.supports, kept.version) == ("h1", True, 2)
    assert Event.objects.filter(kind=evidence.MOVED).count() == 1

    cause = RootCause.objects.filter(children=None).earliest("pk")
    verdict = {"status": "confirmed", "reason": "", "root_cause": cause.pk, "version": 1}
    refused = post(client, "judge_hypothesis", ticket, "h1", **verdict)
    assert refused.status_code == 422
    assert "Say what shows it." in refused.content.decode()
    hypotheses.suspect(ticket, "The shop's certificate ran out", by=desk.other_l2)
    conflict = post(client, "judge_hypothesis", ticket, "h1", **verdict | {"reason": "Their status page"})
    assert conflict.status_code == 409
    assert "Their status page" in conflict.content.decode()  # typed, and still there
    assert "ran out" in conflict.content.decode()
    post(client, "judge_hypothesis", ticket, "h1", **verdict | {"reason": "Their status page", "version": 2})
    post(client, "judge_hypothesis", ticket, "h2", status="ruled_out", reason="Valid", root_cause="", version=3)
    found = Diagnosis.objects.get(ticket=ticket)
    assert found.root_cause == cause
    assert [(row["status"], row["reason"]) for row in found.hypotheses] == [
        ("confirmed", "Their status page"),
        ("ruled_out", "Valid"),
    ]


def test_what_is_taken_off_the_board_can_be_put_back(desk: Desk, ticket: Ticket) -> None:
    client = client_of(desk.l2)
    kept = keep(ticket, desk.l2, title="Seen at noon", suspicion="The queue is full")
    gone = post(client, "drop_hypothesis", ticket, "h1", version=1)
    assert "Put back" in client.get(gone["Location"]).content.decode()
    assert "Not held against any hypothesis yet" in shown(client, ticket)
    post(client, "bring_back_hypothesis", ticket, "h1")
    assert [row["text"] for row in rows(ticket)] == ["The queue is full"]
    assert "Not held against any hypothesis yet" not in shown(client, ticket)

    gone = post(client, "remove_evidence", ticket, kept.pk, version=1)
    assert "“Seen at noon” is off the board." in client.get(gone["Location"]).content.decode()
    with pytest.raises(StaleVersion):
        evidence.move(kept, hypothesis="", supports=True, by=desk.l2, version=1)
    for _again in range(2):
        post(client, "restore_evidence", ticket, kept.pk)
    kept.refresh_from_db()
    assert (kept.removed_at, kept.removed_by, kept.hypothesis) == (None, None, "h1")
    assert Event.objects.filter(kind=evidence.RESTORED).count() == 1
    other = keep(desk.started(), desk.l2)
    assert post(client, "remove_evidence", ticket, other.pk, version=1).status_code == 404


def test_files_are_evidence_with_their_hash(desk: Desk, ticket: Ticket, tmp_path: object, settings: Any) -> None:
    settings.MEDIA_ROOT = tmp_path
    file = attachments.attach(ticket, ContentFile(b"a log", name="shop.txt"), by=desk.l2)
    page = reverse("keep_evidence", args=[ticket.reference])
    client = client_of(desk.l2)
    assert f"?file={file.pk}" in client.get(page).content.decode()
    client.post(f"{page}?file={file.pk}", {"title": "shop.txt", "hypothesis": "new", "text": "The shop"})
    kept = Evidence.objects.get()
    assert (kept.kind, kept.source["sha256"]) == (EvidenceKind.FILE, file.sha256)
    for wrong in ("?file=0", "?file=x", "?message=99999999"):
        assert client.get(page + wrong).status_code == 404


@pytest.mark.parametrize("source", ["message", "description"])
def test_the_customers_words_are_kept_as_they_stand_or_not_at_all(desk: Desk, ticket: Ticket, source: str) -> None:
    client = client_of(desk.l2)
    said = "It spins for a minute.\nThen it says declined."
    if source == "message":
        lifecycle.wait_for_customer(ticket, by=desk.l2, message="What do you see?")
        number = conversation.write(ticket, by=desk.l1, kind=MessageKind.FROM_CUSTOMER, body=said).pk
    else:
        Ticket.objects.filter(pk=ticket.pk).update(description=said)
        number = 1
    bare = reverse("keep_evidence", args=[ticket.reference])
    assert "?description=1" in client.get(bare).content.decode()
    page = f"{bare}?{source}={number}"
    words = {"title": "They see", "hypothesis": "", "supports": "for"}
    for invented in ("It never spins.", "It spins for a minute. I promise."):
        refused = client.post(page, {**words, "body": invented})
        assert refused.status_code == 422 and "This does not stand there" in refused.content.decode()
    assert not Evidence.objects.exists()
    client.post(page, {**words, "body": "minute.\r\nThen it says"})
    client.post(page, {**words, "body": ""})
    part, whole = Evidence.objects.order_by("pk")
    assert (part.body, whole.body) == ("minute.\nThen it says", said)
    for kept in (part, whole):
        assert kept.kind == EvidenceKind.CUSTOMER
        assert kept.source["sha256"] == hashlib.sha256(said.encode()).hexdigest()
    assert kept.source.get("message", number) == number


def test_the_report_tells_who_and_when_and_runs_no_markup(desk: Desk, ticket: Ticket) -> None:
    diagnosis.write(
        ticket, Findings(symptoms="<b>Slow</b>\n- and *red*", fix="Restart"), by=desk.lead, version=0
    )  # fmt: skip
    keep(ticket, desk.l2, title="# Head", body="```\n<script>x</script>\n````", suspicion="The queue | is full",
         source={"file": "a.log", "line": 7, "sha256": "ab" * 32, "page": "//evil.example"})  # fmt: skip
    hypotheses.judge(ticket, "h1", status="confirmed", reason="Seen", by=desk.other_l2, version=2)
    client = client_of(desk.auditor)
    page = shown(client, ticket, "diagnosis_report")
    for words in (
        "confirmed by",
        "Otis Second",
        "suspected by Sam Second",
        "a.log:7",
        "&lt;script&gt;",
        "wrote the fix",
    ):
        assert words in page
    answer = client.get(reverse("diagnosis_markdown", args=[ticket.reference]))
    text = answer.content.decode()
    assert answer["Content-Disposition"] == f'attachment; filename="{ticket.reference}-diagnosis.md"'
    assert "\\<b\\>Slow\\</b\\>" in text
    assert "\\- and \\*red\\*" in text
    assert "\n`````text\n```\n<script>" in text
    assert "SHA-256 " + "ab" * 32 in text
    assert "evil.example" not in shown(client_of(desk.l2), ticket)


def test_history_and_conflict_say_why_and_the_report_leads_to_where_evidence_comes_from(
    desk: Desk, ticket: Ticket
) -> None:
    log = f"/tickets/{ticket.reference}/"
    keep(ticket, desk.l2, suspicion="The bank is down", source={"page": log})
    hypotheses.judge(ticket, "h1", status="ruled_out", reason="Their status page is green", by=desk.l2, version=1)
    client = client_of(desk.lead)
    assert "Why: Their status page is green" in shown(client, ticket, "diagnosis_history")
    stale = {"version": 1, "symptoms": "Slow", "hypotheses-TOTAL_FORMS": 0, "hypotheses-INITIAL_FORMS": 0}
    conflict = post(client, "diagnosis", ticket, **stale)
    assert conflict.status_code == 409
    assert "Why: Their status page is green" in conflict.content.decode()
    assert f'<a href="{log}"><strong>Ledger</strong></a>' in shown(client, ticket, "diagnosis_report")


def test_the_board_asks_as_often_for_much_as_for_little(
    desk: Desk, ticket: Ticket, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(4):
        keep(ticket, desk.l2, title=f"No. {number}", suspicion=f"Reason {number}", supports=bool(number % 2))
    client = client_of(desk.l2)
    for name in ("diagnosis_board", "diagnosis_report"):
        with django_assert_max_num_queries(14):
            shown(client, ticket, name)


def test_hypotheses_from_before_there_were_ids_are_numbered_alike_in_all_versions(
    desk: Desk, ticket: Ticket
) -> None:
    both = [Hypothesis("Bank"), Hypothesis("Queue")]
    diagnosis.write(ticket, Findings(hypotheses=both), by=desk.l2, version=0)
    found = diagnosis.write(ticket, Findings(hypotheses=[both[1], both[1]]), by=desk.l2, version=1)
    for row in (found, *found.revisions.all()):
        row.hypotheses = [{name: one[name] for name in ("text", "status", "evidence")} for one in row.hypotheses]
        row.save()
    import_module("escalations.migrations.0031_hypothesis_ids").name_them(apps, None)
    named = [[row["id"] for row in one.hypotheses] for one in found.revisions.order_by("version")]
    assert named == [["h1", "h2"], ["h2", "h3"]]
    assert [row["id"] for row in rows(ticket)] == ["h2", "h3"]
    assert hypotheses.suspect(ticket, "New", by=desk.l2) == "h4"
