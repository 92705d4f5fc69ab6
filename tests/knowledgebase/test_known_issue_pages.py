"""The pages of known issues, as each role meets them."""

import pytest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.models import User
from knowledgebase import known_issues, panels
from knowledgebase.models import IssueStatus, KnownIssue
from tests.factories import KnownIssueFactory, UserFactory
from tests.knowledgebase.pages import hidden

TEXT = {
    "title": "Points post late",
    "symptoms": "Points of the 3rd are missing.",
    "workaround": "Credit **by hand**.",
}


@pytest.fixture
def issue(l2):
    return known_issues.open_issue(by=l2, **TEXT)


def sent(version, **changes):
    return {**TEXT, "version": version, **changes}


@pytest.mark.parametrize("who", ["l1", "l2", "lead", "partner", "auditor"])
def test_everyone_at_the_desk_reads_them(client, request, who, issue):
    client.force_login(request.getfixturevalue(who))
    assert "Points post late" in client.get(reverse("known_issue_list")).content.decode()
    assert "<strong>by hand</strong>" in client.get(issue.get_absolute_url()).content.decode()


def test_somebody_of_no_team_sees_none(client, issue):
    outsider: User = UserFactory.create()
    client.force_login(outsider)
    assert "Points post late" not in client.get(reverse("known_issue_list")).content.decode()
    assert client.get(issue.get_absolute_url()).status_code == 404


@pytest.mark.parametrize("who", ["l1", "partner", "auditor"])
def test_readers_can_not_write(client, request, who, issue):
    client.force_login(request.getfixturevalue(who))
    assert client.get(reverse("known_issue_new")).status_code == 403
    assert client.post(reverse("known_issue_new"), sent(0)).status_code == 403
    assert client.post(reverse("known_issue_edit", args=[issue.pk]), sent(1, title="x")).status_code == 403
    url = reverse("known_issue_status", args=[issue.pk])
    assert client.post(url, {"version": 1, "status": "fixed"}).status_code == 403
    assert client.post(reverse("known_issue_owner", args=[issue.pk]), {"owner": issue.owner_id}).status_code == 403
    assert KnownIssue.objects.get().version == 1


def test_fixed_ones_are_left_out_until_asked_for(client, l1, issue, l2):
    known_issues.set_status(issue, by=l2, version=1, status="fixed")
    client.force_login(l1)
    url = reverse("known_issue_list")
    assert "Points post late" not in client.get(url).content.decode()
    assert "Points post late" in client.get(url, {"status": "fixed"}).content.decode()
    assert "Points post late" in client.get(url, {"status": "all", "q": "points"}).content.decode()
    assert client.get(url, {"status": "x"}).status_code == 400


def test_opening_one(client, l2):
    client.force_login(l2)
    response = client.post(reverse("known_issue_new"), sent(0))
    assert response.url == KnownIssue.objects.get().get_absolute_url()
    assert client.post(reverse("known_issue_new"), sent(0, symptoms=" ")).status_code == 422
    assert KnownIssue.objects.count() == 1


def test_a_stale_edit_is_refused_with_both_versions_and_can_be_saved_knowingly(client, l2, other_l2, issue):
    known_issues.revise(issue, by=other_l2, version=1, **{**TEXT, "workaround": "Wait a day."})
    client.force_login(l2)
    url = reverse("known_issue_edit", args=[issue.pk])
    response = client.post(url, sent(1, workaround="Call the bank."))
    page = response.content.decode()
    assert response.status_code == 409
    assert "Wait a day." in page
    assert "Call the bank." in page
    version = hidden(page, "version")
    assert client.post(url, sent(version, workaround="Call the bank.")).status_code == 302
    issue.refresh_from_db()
    assert (issue.workaround, issue.version) == ("Call the bank.", 3)


def test_the_status_moves_and_stale_or_impossible_moves_are_refused(client, l2, issue):
    client.force_login(l2)
    url = reverse("known_issue_status", args=[issue.pk])
    assert client.post(url, {"version": 1, "status": "identified"}).status_code == 302
    assert client.post(url, {"version": 1, "status": "fixed"}).status_code == 409
    assert client.post(url, {"version": 2, "status": "gone"}).status_code == 400
    client.post(reverse("known_issue_edit", args=[issue.pk]), sent(2, workaround=""))
    assert client.post(url, {"version": 3, "status": "workaround"}).status_code == 422
    issue.refresh_from_db()
    assert (issue.status, issue.version) == (IssueStatus.IDENTIFIED, 3)


def test_the_owner_hands_it_on(client, l2, other_l2, l1, issue):
    client.force_login(l2)
    url = reverse("known_issue_owner", args=[issue.pk])
    assert client.post(url, {"owner": l1.pk}).status_code == 422
    assert client.post(url, {"owner": other_l2.pk}).status_code == 302
    issue.refresh_from_db()
    assert issue.owner == other_l2


def test_apps_above_put_panels_on_the_page(client, l1, issue, monkeypatch):
    monkeypatch.setattr(panels, "_panels", {})
    panels.register("linked", lambda thing, user: format_html("<p>Linked to {}</p>", thing.title))
    panels.register("silent", lambda thing, user: SafeString())
    client.force_login(l1)
    assert "<p>Linked to Points post late</p>" in client.get(issue.get_absolute_url()).content.decode()


def test_the_list_asks_the_database_as_often_for_many_as_for_few(client, l1, issue, django_assert_num_queries):
    client.force_login(l1)
    KnownIssueFactory.create_batch(20)
    client.get(reverse("known_issue_list"))
    # session, person, unread alerts, count, issues
    with django_assert_num_queries(5):
        client.get(reverse("known_issue_list"))
    # session, person, unread alerts, the issue, tickets linked to it
    with django_assert_num_queries(5):
        client.get(issue.get_absolute_url())
