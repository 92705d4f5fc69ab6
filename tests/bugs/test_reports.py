"""Bug reports through their pages: written from an escalation, seen by whom, and what leaves the house."""

import io
import json
import zipfile
from hashlib import sha256

import pytest
from django.urls import reverse

from bugs.models import BugReport, Severity
from bugs.views.panel import panel
from escalations import evidence, hypotheses
from escalations.models import EvidenceKind, Ticket
from tests import seed
from tests.clients import client_of
from tests.escalations.desk import Desk

pytestmark = pytest.mark.django_db

CARD = "4242 4242 4242 4242"


@pytest.fixture
def desk() -> Desk:
    seed.catalogue()
    return Desk()


def written(desk: Desk, ticket: Ticket, **changes: object) -> BugReport:
    fields = {
        "title": "Payments fail",
        "severity": 2,
        "steps": "Pay.",
        "expected": "Paid",
        "actual": "91",
        **changes,
    }
    answer = client_of(desk.l2).post(reverse("new_bug", args=[ticket.reference]), fields)
    assert answer.status_code == 302, answer.content.decode()[:3000]
    return BugReport.objects.latest("pk")


def test_what_leaves_is_redacted_and_the_archive_says_what_it_holds(desk: Desk) -> None:
    ticket = desk.started()
    kept = evidence.keep(
        ticket, kind=EvidenceKind.LOG, title="Log", body="time-out ``` <b>", source={"file": "a.log"}, by=desk.l2
    )
    bug = written(desk, ticket, actual=f"Declined {CARD}", evidence=[kept.pk])
    page = client_of(desk.l2).get(bug.get_absolute_url())
    assert page.status_code == 200
    assert CARD not in page.content.decode()
    with zipfile.ZipFile(
        io.BytesIO(client_of(desk.l2).get(reverse("bug_archive", args=[bug.pk])).content)
    ) as packed:
        manifest = json.loads(packed.read("MANIFEST.json"))
        for file in manifest["files"]:
            assert sha256(packed.read(file["name"])).hexdigest() == file["sha256"]
        report = packed.read("report.md").decode()
    assert [file["name"] for file in manifest["files"]] == ["report.md", "evidence/01.txt"]
    assert CARD not in report
    assert "````\ntime-out ``` <b>\n````" in report
    assert "1 customer, 1 escalation" in report
    markdown = client_of(desk.l2).get(reverse("bug_markdown", args=[bug.pk])).content.decode()
    assert markdown == report


def test_one_report_concerns_many_escalations_and_only_the_second_line_sees_it(desk: Desk) -> None:
    ticket, other = desk.started(), desk.started()
    bug = written(desk, ticket)
    l2 = client_of(desk.l2)
    for _twice in range(2):
        assert l2.post(reverse("link_bug", args=[bug.pk]), {"reference": other.reference}).status_code == 302
    assert set(bug.concerned.values_list("ticket", flat=True)) == {ticket.pk, other.pk}
    assert bug.title in panel(other, desk.l2)
    assert panel(other, desk.l1) == ""
    l2.post(reverse("unlink_bug", args=[bug.pk]), {"reference": other.reference})
    assert bug.concerned.count() == 1
    assert l2.post(reverse("unlink_bug", args=[bug.pk]), {"reference": ticket.reference}).status_code == 422
    assert client_of(desk.l1).get(bug.get_absolute_url()).status_code == 404
    assert client_of(desk.l1).get(reverse("new_bug", args=[ticket.reference])).status_code == 404


def test_a_change_that_comes_too_late_is_shown_and_not_saved(desk: Desk) -> None:
    bug = written(desk, desk.started())
    fields = {"title": "Anew", "severity": Severity.MINOR, "version": 1}
    l2 = client_of(desk.l2)
    assert l2.post(reverse("edit_bug", args=[bug.pk]), fields).status_code == 302
    assert l2.post(reverse("edit_bug", args=[bug.pk]), fields | {"title": "Late"}).status_code == 409
    bug.refresh_from_db()
    assert (bug.title, bug.severity) == ("Anew", Severity.MINOR)


def test_a_report_begins_with_what_was_found_out_and_not_with_the_customer(desk: Desk) -> None:
    ticket, l2 = desk.started(), client_of(desk.l2)
    suspected = hypotheses.suspect(ticket, "The acquirer does not answer", by=desk.l2)
    kept = {
        kind: evidence.keep(
            ticket, kind=kind, title=str(kind.label), body="x", source={}, by=desk.l2, hypothesis=suspected
        )
        for kind in (EvidenceKind.LOG, EvidenceKind.LOOKUP, EvidenceKind.API_RUN, EvidenceKind.CUSTOMER)
    }
    address = reverse("new_bug", args=[ticket.reference])
    assert l2.get(address).context["form"].initial["title"] == ticket.subject
    hypotheses.judge(
        ticket, suspected, status="confirmed", reason="It is silent.", root_cause=None, by=desk.l2, version=1
    )
    initial = l2.get(address).context["form"].initial
    assert initial["title"] == "The acquirer does not answer"
    assert list(initial["evidence"]) == [kept[EvidenceKind.LOG]]
