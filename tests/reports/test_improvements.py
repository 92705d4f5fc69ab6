"""Improvement proposals: from a known issue to what came of them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings
from django.core import mail
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from scipy.stats import binomtest

from accounts.models import Role, TeamKind
from common import clock
from common.errors import NotAllowed, Refused, StaleVersion
from escalations import alert_mail, alerts, hypotheses
from escalations.models import Alert, AlertKind, RootCause, Ticket
from events.models import Event
from reports import costs, days, demo, improvements, released
from reports.costs import Cost
from reports.improvements import Draft
from reports.models import Proposal, Trend
from reports.poisson import rate_ratio
from tests import seed
from tests.clients import client_of
from tests.escalations.desk import Desk
from tests.factories import KnownIssueFactory, TeamFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk() -> Desk:
    seed.catalogue()
    return Desk()


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
    with clock.replaying(now - timedelta(weeks=11)):
        desk.escalated()  # the records begin
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


def test_a_partner_reads_owns_and_decides_what_is_put_to_them(desk: Desk) -> None:
    product = TeamFactory(name="Product", kind=TeamKind.PARTNER)
    paula = desk.person("Paula Product", (product, Role.PARTNER))
    issue, hidden = KnownIssueFactory(title="Gateway down"), desk.started()
    draft = Draft("Two gateways", "It fails", "A second one", known_issue=issue, tickets=[hidden], partner=product)
    with pytest.raises(Refused) as refusal:
        improvements.propose(replace(draft, owner=desk.partner), by=desk.l2)
    assert refusal.value.field == "owner"
    proposal = improvements.propose(draft, by=desk.l2)
    address = proposal.get_absolute_url()
    other, client = client_of(desk.partner), client_of(paula)
    assert other.get(address).status_code == other.post(f"{address}take/", {"version": 1}).status_code == 404
    assert "Two gateways" not in other.get(reverse("improvements")).content.decode()
    assert "Two gateways" in client.get(reverse("improvements")).content.decode()
    shown = client.get(address).content.decode()
    assert "1 escalation counts that is not yours to see." in shown
    assert hidden.reference not in shown
    told = Alert.objects.visible_to(paula).get()
    assert (told.kind, alerts.sentence(told)) == (AlertKind.HANDED_OVER, "Sam Second asks your team something.")

    assert client.post(f"{address}accept/", {"version": 1}).status_code == 403
    assert client.get(reverse("edit_improvement", args=[proposal.pk])).status_code == 403
    client.post(f"{address}take/", {"version": 1})
    for version, verb in ((2, "accept"), (3, "start")):
        assert client.post(f"{address}{verb}/", {"version": version}).status_code == 302
    proposal.refresh_from_db()
    assert (proposal.owner, proposal.state) == (paula, "in_progress")
    assert "Taken over" in client.get(address).content.decode()


def test_whoever_becomes_owner_is_told(desk: Desk) -> None:
    product = TeamFactory(name="Product", kind=TeamKind.PARTNER)
    paula = desk.person("Paula Product", (product, Role.PARTNER))
    sent = {
        "version": 0, "title": "Two gateways", "problem": "It fails", "evidence": "", "suggestion": "A second one",
        "known_issue": "", "tickets": desk.started().reference, "partner": product.pk, "owner": paula.pk,
    }  # fmt: skip
    client = client_of(desk.l2)
    client.post(reverse("new_improvement"), sent)
    proposal = Proposal.objects.get()
    improvements.rewrite(proposal, Draft(
        "Two gateways", "It fails", "A second one", tickets=Ticket.objects.all(), partner=product, owner=desk.lead
    ), by=desk.l2, version=1)  # fmt: skip
    assert not Alert.objects.filter(recipient=desk.l2).exists()
    for person in (paula, desk.lead):
        (told,) = Alert.objects.filter(recipient=person)
        assert (told.kind, told.ticket) == (AlertKind.ASSIGNED, None)
        page = client_of(person).get(reverse("alerts")).content.decode()
        assert f'href="{proposal.get_absolute_url()}">Two gateways<' in page
        assert "Sam Second gave it to you." in page
        event = Event.objects.get(kind=alerts.RAISED, subject_id=told.pk)
        alert_mail.handle(event)
    mails = {one.to[0]: one for one in mail.outbox}
    assert mails[paula.email].subject == "Given to you: Two gateways"
    assert f"Two gateways\nSam Second gave it to you.\n\n{settings.SITE_URL}{proposal.get_absolute_url()}" in (
        mails[desk.lead.email].body
    )


def test_a_proposal_begins_with_what_its_escalations_have_proven(desk: Desk) -> None:
    issue = KnownIssueFactory(title="Gateway [down]")
    ticket = desk.started()
    hypotheses.suspect(ticket, "The *bank* is down", by=desk.l2)
    hypotheses.judge(ticket, "h1", status="confirmed", reason="Its page says so", by=desk.l2, version=1)
    hypotheses.suspect(ticket, "We are down", by=desk.l2)
    ticket.refresh_from_db()
    desk.resolved(ticket)
    secret = desk.started()
    Ticket.objects.update(known_issue=issue)
    Ticket.objects.filter(pk=secret.pk).update(restricted_as="fraud")
    client = client_of(desk.l2)
    button = f"{reverse('new_improvement')}?ticket={ticket.reference}"
    assert button in client.get(reverse("ticket_related", args=[ticket.reference])).content.decode()
    cause = RootCause.objects.filter(children=None).earliest("pk").path.replace(">", "\\>")
    begun = client.get(button).context["form"].initial
    board = reverse("diagnosis_board", args=[ticket.reference])
    link = f"[{ticket.reference}]({ticket.get_absolute_url()})"
    assert begun["evidence"] == (
        "**Confirmed hypotheses**\n\n"
        f"- [{ticket.reference}]({board}#h1): The \\*bank\\* is down (Its page says so)\n\n"
        f"**Root causes**\n\n- {cause}: 1 escalation ({link})\n\n"
        f"**Known issues**\n\n- [Gateway \\[down\\]]({issue.get_absolute_url()}): 1 escalation ({link})"
    )
    assert (begun["known_issue"], begun["tickets"]) == (issue.pk, ticket.reference)
    assert (
        client.get(f"{reverse('new_improvement')}?ticket={secret.reference}").context["form"].initial["tickets"]
        == ""
    )
    today = days.today()
    trend = Trend.objects.create(
        dimension="category", value=str(desk.category.pk), since=today, last_day=today, expected=1, threshold=4,
        seen=9, total_seen=9, total_expected=1, customers=9, p_value=0, q_value=0, first_flagged_at=clock.now(),
        updated_at=clock.now(), examples=[ticket.pk],
        chart={"days": [today.isoformat()], "seen": [9], "expected": [1], "threshold": [4]},
    )  # fmt: skip
    button = f"{reverse('new_improvement')}?trend={trend.pk}"
    assert button in client.get(reverse("trend", args=[trend.pk])).content.decode()
    assert client.get(button).context["form"].initial | {"title": ""} == begun | {"title": ""}


def test_a_wrong_release_is_corrected_and_measured_again(desk: Desk) -> None:
    now = clock.now()
    with clock.replaying(now - timedelta(weeks=8)):
        ticket = desk.started()
    proposal = improvements.propose(Draft("T", "P", "S", tickets=[ticket]), by=desk.l2)
    proposal = improvements.step(proposal, "accept", by=desk.lead, version=1)
    client, address, today = client_of(desk.l2), proposal.get_absolute_url(), days.today()

    def go(verb: str, version: int, weeks: int | None = None) -> str:
        day = (today - timedelta(weeks=weeks)).isoformat() if weeks is not None else ""
        answer = client.post(f"{address}{verb}/", {"version": version, "released_on": day}, follow=True)
        return answer.content.decode()

    assert "The outcome can&#x27;t be measured: the records begin" in go("release", 2, 7)
    assert "The outcome can be measured 2 weeks after the release." in go("correct", 3, 1)
    shown = go("correct", 4, 5)  # three weeks before it are recorded, five have passed
    assert "1 in 3 weeks" in shown
    assert "so no more weeks can be compared" in shown
    assert "Only escalations that are named here count" in shown
    go("measure", 5)
    proposal.refresh_from_db()
    assert (proposal.outcome or {})["is_cut"]
    go("remeasure", 6)
    proposal.refresh_from_db()
    assert (proposal.state, proposal.outcome) == ("released", None)
    go("measure", 7)
    shown = go("correct", 8, 4)
    assert "1 in 4 weeks" in shown
    assert "so no more weeks can be compared" not in shown
    assert "1 before, 0 after, in 3 weeks each" in shown
    assert "Release corrected" in shown
    assert "Outcome withdrawn" in shown


def test_the_demo_has_one_to_measure_and_one_to_decide(desk: Desk) -> None:
    for title in ("One", "Two"):
        with clock.replaying(clock.now() - timedelta(weeks=6)):
            ticket = desk.started()
        Ticket.objects.filter(pk=ticket.pk).update(known_issue=KnownIssueFactory(title=title, owner=desk.l2))
    done, proposed = demo.lay_out(clock.now())
    assert (done.state, proposed.state) == ("released", "proposed")
    assert released.outcome(done) is not None
    assert "Say it in the app" in client_of(desk.auditor).get(reverse("improvements")).content.decode()
