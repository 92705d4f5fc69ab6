"""From a bug that is handed over to its fix: what it is worth, who is woken, and what becomes ready to be sent."""

import io
import json
import re
import zipfile
from hashlib import sha256
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.urls import reverse
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from bugs import fixes, impact, standing
from bugs.models import BugReport, State, Tracker, TrackerKind
from bugs.trackers.issue import Issue, without_mentions
from common import clock
from escalations import attachments, evidence, handing_over, knowledge, lifecycle
from escalations.models import Alert, AlertKind, EvidenceKind, HandOverState, Message, MessageKind, Ticket
from escalations.models import State as TicketState
from events.models import Event
from knowledgebase import known_issues
from tests import seed
from tests.bugs.test_reports import CARD, written
from tests.clients import client_of
from tests.escalations.desk import Desk

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk() -> Desk:
    seed.catalogue()
    return Desk()


def told(bug: BugReport, state: State) -> None:
    """Have the tracker say how the bug's issue stands, and the worker do what follows."""
    if bug.tracker is None:
        bug.tracker = Tracker.objects.create(
            name="Payments", kind=TrackerKind.GITHUB, base_url="https://api.github.com", project="acme/payments",
            changed_by=bug.made_by, changed_at=clock.now(),
        )  # fmt: skip
        bug.remote_number, bug.remote_url = "7", "https://github.com/acme/payments/issues/7"
        bug.state = State.OPEN
        bug.save()
    before = set(Event.objects.filter(kind=standing.FIXED).values_list("pk", flat=True))
    standing.apply(bug, Issue("7", bug.remote_url, state), asked=True)
    for event in Event.objects.filter(kind=standing.FIXED).exclude(pk__in=before):
        fixes.handle(event)


def test_a_fix_answers_the_hand_over_and_wakes_all_that_waits(desk: Desk) -> None:
    ticket, other, asked = desk.started(), desk.started(), desk.started()
    lifecycle.wait_for_customer(other, by=desk.l2, message="Does it still fail?")
    handing_over.ask(asked, by=desk.l2, partner=desk.engineering, question="Is the file lost?", title="A file")
    bug, l2 = written(desk, ticket), client_of(desk.l2)
    for one in (other, asked):
        l2.post(reverse("link_bug", args=[bug.pk]), {"reference": one.reference})
    address = reverse("hand_over_bug", args=[bug.pk])
    assert l2.post(address, {"partner": "", "question": "Please see to it."}).status_code == 422
    answer = l2.post(address, {"partner": desk.engineering.pk, "question": "Please see to it."})
    assert answer.status_code == 302
    hand_over = bug.hand_overs.get()
    ticket.refresh_from_db()
    assert (ticket.state, hand_over.title) == (TicketState.WAITING_PARTNER, bug.title)
    assert str(desk.engineering) in l2.get(bug.get_absolute_url()).content.decode()

    told(bug, State.FIXED)
    hand_over.refresh_from_db()
    assert hand_over.state == HandOverState.ANSWERED
    states = {one.pk: one.state for one in Ticket.objects.filter(bugs__bug=bug)}
    assert set(states.values()) == {TicketState.IN_PROGRESS}
    assert asked.hand_overs.get().state == HandOverState.ASKED  # it asks about something else
    notes = Message.objects.filter(kind=MessageKind.NOTE, body__contains="“Payments fail” is fixed (Payments #7)")
    assert set(notes.values_list("ticket", flat=True)) == set(states)
    assert Alert.objects.get(kind=AlertKind.FIXED).recipient == desk.l2  # told once, and led to the bug


def test_what_was_fixed_in_vain_is_answered_again(desk: Desk) -> None:
    ticket = desk.started()
    bug, l2 = written(desk, ticket), client_of(desk.l2)
    answers = reverse("bug_answers", args=[bug.pk])
    for number in (1, 2):
        told(bug, State.FIXED)
        l2.post(answers, {"ticket": [ticket.pk], f"text-{ticket.pk}": f"Try again, {number}"})
        assert "nobody left to answer" in l2.get(answers).content.decode()
        told(bug, State.OPEN)
        late = l2.post(answers, {"ticket": [ticket.pk], f"text-{ticket.pk}": "Too late"})
        assert late.status_code == 302
    said = Message.objects.filter(kind=MessageKind.TO_CUSTOMER).order_by("pk").values_list("body", flat=True)
    assert list(said) == ["Try again, 1", "Try again, 2"]


def test_the_impact_counts_a_transaction_once_and_adds_no_currencies(desk: Desk) -> None:
    tickets = [desk.started() for _each in range(4)]
    for ticket, transaction, money in zip(
        tickets, ("TX-1", "TX-1", "TX-2", ""), ((125_000, "PHP"), (125_000, "PHP"), (5, "PHP"), (1_250, "EUR")),
        strict=True,
    ):  # fmt: skip
        Ticket.objects.filter(pk=ticket.pk).update(
            transaction_ref=transaction,
            answers={"amount": {"amount": money[0], "currency": money[1]}, "text": "x"},
        )
    bug, l2 = written(desk, tickets[0]), client_of(desk.l2)
    for ticket in tickets[1:]:
        l2.post(reverse("link_bug", args=[bug.pk]), {"reference": ticket.reference})
    assert impact.of(bug).amounts == {"PHP": 125_005, "EUR": 1_250}
    page = l2.get(bug.get_absolute_url()).content.decode()
    assert "12.50 EUR, 1,250.05 PHP, since" in page


def test_a_file_leaves_in_the_archive_looked_through_once_more(
    desk: Desk, settings: Any, tmp_path: object
) -> None:
    settings.MEDIA_ROOT = tmp_path
    ticket = desk.started()
    file = attachments.attach(ticket, ContentFile(b"a log", name="shop log.txt"), by=desk.l2)
    kept = evidence.keep(
        ticket, kind=EvidenceKind.FILE, title="The shop's log", body="", by=desk.l2,
        source={"file": file.name, "sha256": file.sha256},
    )  # fmt: skip
    bug = written(desk, ticket, evidence=[kept.pk])
    # As though a rule had been learned after it was stored.
    with file.file.storage.open(str(file.file.name), "wb") as stored:
        stored.write(f"paid with {CARD}".encode())
    l2, address = client_of(desk.l2), reverse("bug_archive", args=[bug.pk])
    with zipfile.ZipFile(io.BytesIO(l2.get(address).content)) as packed:
        manifest = json.loads(packed.read("MANIFEST.json"))
        content = packed.read("evidence/01-shop_log.txt").decode()
    assert CARD not in content
    assert "paid with" in content
    assert {one["name"]: one["sha256"] for one in manifest["files"]}["evidence/01-shop_log.txt"] == (
        sha256(content.encode()).hexdigest()
    )
    with file.file.storage.open(str(file.file.name), "wb") as stored:
        stored.write(b"\x00\x01\x02" * 2000 + CARD.encode())
    refused = l2.get(address)
    assert refused.status_code == 422
    assert "can’t be looked through" in refused.content.decode().replace("&#x27;", "’")


def test_what_was_masked_is_marked(desk: Desk) -> None:
    bug, l2 = written(desk, desk.started(), actual=f"Declined {CARD}"), client_of(desk.l2)
    page = l2.get(bug.get_absolute_url()).content.decode()
    assert "<mark>•" in page
    assert CARD[:9] not in page
    plain = written(desk, desk.started())
    assert "<mark>" not in l2.get(plain.get_absolute_url()).content.decode()


def test_a_report_from_a_known_issue_concerns_all_its_open_escalations(desk: Desk) -> None:
    issue = known_issues.open_issue(by=desk.l2, title="Gateway down", symptoms="No payments since noon.")
    tickets = [desk.started() for _each in range(3)]
    for ticket in tickets:
        knowledge.link_known_issue(ticket, issue, by=desk.l2)
    desk.started()
    l2 = client_of(desk.l2)
    way = f"{reverse('new_bug', args=[tickets[-1].reference])}?issue={issue.pk}"
    assert way in l2.get(issue.get_absolute_url()).content.decode()
    form = l2.get(way).context["form"]
    assert form.initial["title"] == "Gateway down"
    fields = {"title": "Gateway", "severity": 2, "issues": [issue.pk], "links_others": "on"}
    assert l2.post(way, fields).status_code == 302
    bug = BugReport.objects.get()
    assert set(bug.concerned.values_list("ticket", flat=True)) == {one.pk for one in tickets}
    assert bug.get_absolute_url() in l2.get(issue.get_absolute_url()).content.decode()


@given(
    st.lists(
        st.sampled_from(
            ["@sam", "a@b.example", "![x](http://y)", "```", " ```", "````", "~~~", "> ```", "- ```", "    ```",
             "text", "# Steps", "<img src='http://y'>", "<!--", "-->", ""]
        )
    )
)  # fmt: skip
@example(["```", " ```", "@sam", "```"])
@example(["<!--", "```", "-->", "", "```", "@sam", "```"])
def test_nobody_is_mentioned_outside_of_a_fenced_block(words: list[str]) -> None:
    text = "\n".join(words)
    plain = without_mentions(text)
    assert plain.replace("\u200b", "") == text
    for token in MarkdownIt("commonmark").parse(plain):  # as the tracker reads it, HTML included
        assert token.type == "fence" or not re.search(r"@[sb]", token.content), plain
        parts = {part.type for part in token.children or []} | {token.type}
        assert not parts & {"image", "html_inline", "html_block"}, plain
    mark = f"<!-- secondline-bug:{'0f' * 16} -->"
    assert without_mentions(mark) == mark
    assert without_mentions("```\n@sam\n```\n@sam") == "```\n@sam\n```\n@\u200bsam"
