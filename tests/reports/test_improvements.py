"""Improvement proposals: from a known issue to what came of them."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from scipy.stats import binomtest

from accounts.models import User
from common import clock
from common.errors import NotAllowed, Refused, StaleVersion
from escalations.models import Ticket
from events.models import Event
from reports import costs, days, demo, improvements
from reports.costs import Cost
from reports.improvements import Draft
from reports.models import Proposal
from reports.poisson import rate_ratio
from tests import seed
from tests.escalations.desk import Desk
from tests.factories import KnownIssueFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk() -> Desk:
    seed.catalogue()
    return Desk()


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.mark.parametrize(("before", "after"), [(9, 2), (0, 4), (5, 0), (0, 0)])
def test_the_interval_is_the_exact_one(before: int, after: int) -> None:
    found = rate_ratio(before, after)
    if before + after:
        exact = binomtest(after, before + after).proportion_ci(method="exact")
        assert found.low == pytest.approx(exact.low / (1 - exact.low))
        if exact.high < 1:
            assert found.high == pytest.approx(exact.high / (1 - exact.high))
    assert (found.high is None) == (before == 0)
    assert found.ratio == (after / before if before else None)


def test_from_a_known_issue_to_the_outcome(desk: Desk) -> None:
    issue = KnownIssueFactory(title="Gateway down")
    now = clock.now()
    for weeks, count in ((6, 2), (4, 3), (2, 1)):
        with clock.replaying(now - timedelta(weeks=weeks)):
            for _one in range(count):
                ticket = desk.started()
                Ticket.objects.filter(pk=ticket.pk).update(known_issue=issue)
    Ticket.objects.filter(pk=ticket.pk).update(restricted_as="fraud")  # counts for nobody
    client = client_of(desk.l2)
    assert f"?issue={issue.pk}" in client.get(issue.get_absolute_url()).content.decode()
    page = reverse("new_improvement")
    sent = {
        "version": 0, "title": "Two gateways", "problem": "No payments, card 4111111111111111", "evidence": "",
        "suggestion": "A second one", "known_issue": issue.pk, "tickets": "", "owner": desk.l2.pk,
    }  # fmt: skip
    assert "There is no such escalation" in client.post(page, {**sent, "tickets": "ESC-999999"}).content.decode()
    client.post(page, sent)
    proposal = Proposal.objects.get()
    assert "4111111111111111" not in proposal.problem
    found = costs.cost(proposal)
    assert (found.tickets, found.open) == (5, 5)

    with pytest.raises(NotAllowed):
        improvements.step(proposal, "accept", by=desk.l2, version=1)
    lead = client_of(desk.lead)
    address = proposal.get_absolute_url()
    assert "Accept" in lead.get(address).content.decode()
    lead.post(f"{address}accept/", {"version": 1})
    assert lead.post(f"{address}accept/", {"version": 1}).status_code == 409
    declined = lead.post(f"{address}decline/", {"version": 2, "reason": ""})
    assert "Say why it is declined." in declined.content.decode()
    day = days.today() - timedelta(weeks=5)
    client.post(f"{address}release/", {"version": 2, "released_on": day.isoformat()})
    shown = client.get(address).content.decode()
    assert "2 in 5 weeks" in shown
    assert "3 in 5 weeks" in shown
    client.post(f"{address}measure/", {"version": 3})
    proposal.refresh_from_db()
    outcome = proposal.outcome or {}
    assert (proposal.state, outcome["before"], outcome["after"]) == ("measured", 2, 3)
    Ticket.objects.update(known_issue=None)
    assert "3 in 5 weeks" in client.get(address).content.decode()  # what was measured stays
    kinds = [event.kind for event in Event.objects.filter(subject_type="proposal").order_by("id")]
    assert kinds == ["proposal.proposed", "proposal.accepted", "proposal.released", "proposal.measured"]


def test_hours_count_up_to_now_not_to_the_last_entry_of_a_clock(desk: Desk) -> None:
    begun = datetime(2026, 3, 4, 9, tzinfo=UTC)  # a Wednesday, in business hours
    with clock.replaying(begun):
        running, resolved = desk.started(), desk.started()
        draft = Draft("Title", "Problem", "Suggestion", tickets=[running, resolved])
        proposal = improvements.propose(draft, by=desk.l2)
    with clock.replaying(begun + timedelta(hours=1)):
        desk.resolved(resolved)
    with clock.replaying(begun + timedelta(hours=2.5)):
        assert costs.cost(proposal) == Cost(tickets=2, open=1, hours=3.5)
        assert "3.5" in client_of(desk.l2).get(proposal.get_absolute_url()).content.decode()


def test_the_list_asks_as_often_for_many_proposals_as_for_few(desk: Desk) -> None:
    client, page = client_of(desk.l2), reverse("improvements")
    ticket, counts = desk.started(), []
    for number in (1, 9):
        for _one in range(number):
            issue = KnownIssueFactory()
            draft = Draft("Title", "Problem", "Suggestion", known_issue=issue, tickets=[ticket])
            improvements.propose(draft, by=desk.l2)
        client.get(page)  # what is read once per process is read
        with CaptureQueriesContext(connection) as asked:
            assert client.get(page).status_code == 200
        counts.append(len(asked))
    assert counts[0] == counts[1]


def test_who_was_first_and_who_may(desk: Desk) -> None:
    draft = Draft("Title", "Problem", "Suggestion", tickets=[desk.started()])
    proposal = improvements.propose(draft, by=desk.l2)
    improvements.rewrite(proposal, draft, by=desk.lead, version=1)
    with pytest.raises(StaleVersion):
        improvements.rewrite(proposal, draft, by=desk.l2, version=1)
    for bad, field in ((Draft("T", "P", "S"), "tickets"), (Draft("", "P", "S", tickets=draft.tickets), "title")):
        with pytest.raises(Refused) as refusal:
            improvements.propose(bad, by=desk.l2)
        assert refusal.value.field == field
    with pytest.raises(NotAllowed):
        improvements.propose(draft, by=desk.auditor)
    with pytest.raises(Refused):
        improvements.step(
            improvements.step(proposal, "accept", by=desk.lead, version=2), "release", by=desk.l2, version=3
        )


def test_the_demo_has_one_to_measure_and_one_to_decide(desk: Desk) -> None:
    for title in ("One", "Two"):
        ticket = desk.started()
        Ticket.objects.filter(pk=ticket.pk).update(known_issue=KnownIssueFactory(title=title, owner=desk.l2))
    released, proposed = demo.lay_out(clock.now())
    assert (released.state, proposed.state) == ("released", "proposed")
    assert improvements.outcome(released) is not None
    assert "Say it in the app" in client_of(desk.auditor).get(reverse("improvements")).content.decode()
