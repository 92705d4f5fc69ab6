"""The trail's pages: found by what one knows, exported, and noted themselves."""

import json

import pytest
from django.urls import reverse
from django.utils import timezone

from audit import trail, verifying
from audit.models import Entry, Result, Verification
from audit.noting import note
from common import clock
from events.models import Delivery
from tests.audit.test_chain import seal_uncommitted
from tests.matrix import Scenario

pytestmark = pytest.mark.django_db


@pytest.fixture
def page_of(scenario: Scenario):
    def page(role: str = "auditor", **query: str) -> str:
        answer = scenario.clients[role].get(reverse("audit_trail"), query)
        assert answer.status_code == (422 if "Mend what is marked" in answer.content.decode() else 200)
        return answer.content.decode()

    return page


def rows(page: str) -> int:
    return page.count('class="row-link truncate"')


def test_it_is_found_by_person_action_object_result_and_day(page_of, scenario: Scenario):
    note("thing.read", by=scenario.desk.l1, about=("thing", 77), result=Result.REFUSED)
    today = timezone.localdate().isoformat()
    for query in (
        {"object": "thing 77"}, {"object": "Thing"}, {"action": "thing.read"}, {"result": "refused"},
        {"person": scenario.desk.l1.email, "action": "thing.read"},
        {"since": today, "until": today, "object": "thing"},
    ):  # fmt: skip
        assert rows(page_of(**query)) == 1, query
    assert "Nothing like that" in page_of(object="thing 78")
    assert "Nothing like that" in page_of(object="thing", until="2001-01-01")
    assert f"ticket {scenario.ticket.pk}" in page_of(object=scenario.ticket.reference)
    assert "Mend what is marked" in page_of(object="?!")


def test_who_reads_it_is_in_it(page_of, scenario: Scenario):
    page_of(object="ESC-1")
    read = Entry.objects.latest("pk")
    assert (read.action, read.person_id, read.data) == (
        "audit.read", scenario.desk.auditor.pk, {"object_type": "ticket", "object_id": 1},
    )  # fmt: skip


def test_pages_go_on_from_where_one_is(page_of, scenario: Scenario, monkeypatch):
    monkeypatch.setattr(trail, "PAGE", 4)
    made = [note("thing.read", by=None).pk for _ in range(10)]
    wanted = trail.Wanted(action="thing.read")
    reader = scenario.people["auditor"]
    first = trail.page(wanted, reader=reader)
    second = trail.page(wanted, reader=reader, before=trail.Place.read(str(first.older)))
    third = trail.page(wanted, reader=reader, before=second.older)
    assert [entry.pk for page in (first, second, third) for entry in page.entries] == made[::-1]
    assert third.older is None and first.newer is None
    assert trail.page(wanted, reader=reader, after=second.newer) == trail.Page(first.entries, None, first.older)
    assert rows(page_of(action="thing.read", before=str(second.older))) == 2
    assert rows(page_of(action="thing.read", before="nonsense")) == 4


def test_an_export_holds_what_the_filters_leave_and_is_noted(scenario: Scenario):
    note("thing.read", by=None, name="=1+1", data={"a": 1})
    client = scenario.clients["auditor"]
    table = b"".join(client.get(reverse("audit_csv"), {"action": "thing.read"})).decode()
    assert table.count("\r\n") == 2 and "'=1+1" in table and '"{""a"":1}"' in table
    noted = Entry.objects.latest("pk")
    assert (noted.action, noted.object_type) == ("export", "page.audit_csv")
    assert noted.data["path"].endswith("?action=thing.read")


def test_json_lines_hold_what_was_sealed(scenario: Scenario, monkeypatch):
    entry = note("thing.read", by=None, name="Zoë")
    seal_uncommitted(entry, monkeypatch)
    lines = b"".join(scenario.clients["auditor"].get(reverse("audit_jsonl"), {"action": "thing.read"}))
    (line,) = map(json.loads, lines.decode().splitlines())
    assert line["record"]["name"] == "Zoë" and line["hash"] == bytes(entry.seal.hash).hex()
    shown = scenario.clients["auditor"].get(reverse("audit_entry", args=[entry.pk])).content.decode()
    assert line["hash"] in shown


def test_the_panel_says_what_came_of_the_check(page_of, scenario: Scenario):
    assert "not been checked yet" in page_of()
    scenario.clients["auditor"].post(reverse("check_audit"))
    asked = Delivery.objects.get(consumer="audit").event
    verifying.handle(asked)
    assert "Intact when it was last checked" in page_of()
    Verification.objects.create(
        started_at=clock.now(), finished_at=clock.now(), first=1, last=41, checkpoints=0,
        bad_number=42, problem="gap",
    )  # fmt: skip
    assert "Record 42:" in page_of() and "The record is missing" in page_of()
