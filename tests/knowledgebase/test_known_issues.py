"""Known issues: opened, revised, and moved from status to status."""

from datetime import UTC, datetime

import pytest
import time_machine

from common.errors import NotAllowed, Refused, StaleVersion
from events.models import Event
from knowledgebase import known_issues
from knowledgebase.models import IssueStatus, KnownIssue

TEXT = {"title": "Points post late", "symptoms": "Points of the 3rd are missing.", "workaround": ""}


@pytest.mark.parametrize("who", ["l1", "partner", "auditor"])
def test_only_specialists_and_leads_open_one(who, request):
    with pytest.raises(NotAllowed):
        known_issues.open_issue(by=request.getfixturevalue(who), **TEXT)
    assert not KnownIssue.objects.exists()


def test_opening_is_recorded(l2):
    issue = known_issues.open_issue(by=l2, **TEXT)
    assert (issue.status, issue.owner, issue.version) == (IssueStatus.INVESTIGATING, l2, 1)
    fact = Event.objects.get()
    assert (fact.kind, fact.subject_type, fact.subject_id) == ("known_issue.opened", "known_issue", issue.pk)


def test_card_numbers_never_reach_storage(l2):
    issue = known_issues.open_issue(by=l2, **{**TEXT, "symptoms": "Fails for 4111 1111 1111 1111."})
    assert "1111 1111" not in issue.symptoms


def test_a_stale_revision_is_refused(l2, other_l2):
    issue = known_issues.open_issue(by=l2, **TEXT)
    known_issues.revise(issue, by=other_l2, version=1, **{**TEXT, "workaround": "Credit by hand."})
    with pytest.raises(StaleVersion) as stale:
        known_issues.revise(issue, by=l2, version=1, **{**TEXT, "workaround": "Wait."})
    issue.refresh_from_db()
    assert stale.value.current == issue
    assert issue.workaround == "Credit by hand."


def test_fixed_bears_its_time_and_loses_it_when_taken_back(l2):
    issue = known_issues.open_issue(by=l2, **TEXT)
    with time_machine.travel("2026-03-01T10:00:00Z", tick=False):
        issue = known_issues.set_status(issue, by=l2, version=1, status="fixed")
    assert issue.fixed_at == datetime(2026, 3, 1, 10, tzinfo=UTC)
    issue = known_issues.set_status(issue, by=l2, version=2, status="investigating")
    assert issue.fixed_at is None
    former = Event.objects.filter(kind="known_issue.status_changed").order_by("id")
    assert [fact.data["former"] for fact in former] == ["investigating", "fixed"]


def test_a_workaround_is_announced_only_when_it_is_written(l2):
    issue = known_issues.open_issue(by=l2, **TEXT)
    with pytest.raises(Refused) as refusal:
        known_issues.set_status(issue, by=l2, version=1, status="workaround")
    assert refusal.value.field == "status"
    issue = known_issues.revise(issue, by=l2, version=1, **{**TEXT, "workaround": "Credit by hand."})
    issue = known_issues.set_status(issue, by=l2, version=2, status="workaround")
    with pytest.raises(Refused) as refusal:
        known_issues.revise(issue, by=l2, version=3, **TEXT)
    assert refusal.value.field == "workaround"


def test_an_unknown_status_is_refused(l2):
    issue = known_issues.open_issue(by=l2, **TEXT)
    with pytest.raises(Refused):
        known_issues.set_status(issue, by=l2, version=1, status="gone")


def test_the_owner_or_a_lead_hands_it_on(l2, other_l2, lead):
    issue = known_issues.open_issue(by=l2, **TEXT)
    with pytest.raises(NotAllowed):
        known_issues.change_owner(issue, by=other_l2, owner=other_l2)
    assert known_issues.change_owner(issue, by=lead, owner=other_l2).owner == other_l2
