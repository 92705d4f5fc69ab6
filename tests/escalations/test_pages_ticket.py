"""The ticket page, its actions, triage and the escalation form: who sees what, what is refused, what it costs."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from accounts import people
from escalations import assignment, conversation, csat, diagnosis, lifecycle, timeline
from escalations.diagnosis import Findings, Hypothesis
from escalations.models import Diagnosis, EscalationDraft, MessageKind, RatingInvitation, ReasonKind, State, Ticket
from tests.escalations.desk import Desk
from tests.escalations.test_pages import signed_in
from tests.factories import ArticleFactory, KnownIssueFactory

REVIEW = {"is_complete": "yes", "right_category": "yes", "l1_could_solve": "no"}


def act(page: Client, ticket: Ticket, verb: str, **sent: Any) -> Any:
    version = Ticket.objects.get(pk=ticket.pk).version
    return page.post(reverse("ticket_act", args=[ticket.reference, verb]), {"version": version, **sent})


def triage(page: Client, ticket: Ticket, **sent: Any) -> Any:
    version = Ticket.objects.get(pk=ticket.pk).version
    return page.post(reverse("triage", args=[ticket.reference]), {"version": version, **sent})


def beside(ticket: Ticket, part: str) -> str:
    return reverse(f"ticket_{part}", args=[ticket.reference])


def test_buttons_are_what_the_transition_table_allows_this_person(desk: Desk) -> None:
    ticket = desk.started()
    for_l2 = signed_in(desk.l2).get(ticket.get_absolute_url()).content.decode()
    for_l1 = signed_in(desk.l1).get(ticket.get_absolute_url()).content.decode()
    for_auditor = signed_in(desk.auditor).get(ticket.get_absolute_url()).content.decode()
    resolve, cancel = (reverse("ticket_act", args=[ticket.reference, verb]) for verb in ("resolve", "cancel"))
    assert resolve in for_l2
    assert cancel not in for_l2
    assert cancel in for_l1
    assert resolve not in for_l1
    assert resolve not in for_auditor
    assert cancel not in for_auditor


def test_l1_and_partner_see_nothing_of_what_l2_keeps_to_itself(desk: Desk) -> None:
    ticket = desk.started()
    conversation.write(ticket, by=desk.l2, kind=MessageKind.NOTE, body="A secret suspicion")
    diagnosis.write(ticket, Findings(symptoms="Hidden symptoms"), by=desk.l2, version=0)
    ticket.refresh_from_db()
    lifecycle.wait_for_partner(ticket, by=desk.l2, partner=desk.engineering, message="Please read the logs")
    for user in (desk.l1, desk.partner):
        page = signed_in(user)
        addresses = [ticket.get_absolute_url(), *(beside(ticket, part) for part in ("work", "related"))]
        html = "".join(page.get(address).content.decode() for address in addresses)
        assert "A secret suspicion" not in html
        assert "Hidden symptoms" not in html
        assert "Pass on" not in html
    for_partner = signed_in(desk.partner).get(ticket.get_absolute_url()).content.decode()
    assert "Please read the logs" in for_partner
    assert "ana@example.com" not in for_partner
    assert "Please read the logs" not in signed_in(desk.l1).get(ticket.get_absolute_url()).content.decode()


def test_what_stands_beside_a_ticket_comes_after_its_page_or_by_a_link(desk: Desk) -> None:
    article = ArticleFactory(title="Payments that never arrive", status="published")
    other, ticket = desk.escalated(), desk.started()
    page = signed_in(desk.l2)
    html = page.get(ticket.get_absolute_url()).content.decode()
    for part, content in (("work", "Pass on"), ("related", article.title), ("related", other.reference)):
        address = beside(ticket, part)
        assert f'href="{address}"' in html and f'hx-get="{address}"' in html
        assert content not in html
        assert content in page.get(address).content.decode()
        alone = page.get(address, headers={"HX-Request": "true"}).content.decode()
        assert content in alone and "<html" not in alone
    assert signed_in(desk.outsider).get(beside(ticket, "related")).status_code == 404


@pytest.mark.parametrize(("part", "most"), [("", 10), ("work", 8), ("related", 17)])
def test_a_ticket_asks_the_database_a_few_times_however_much_happened(
    desk: Desk, django_assert_max_num_queries: DjangoAssertNumQueries, part: str, most: int
) -> None:
    ticket = desk.started()
    for number in range(3):
        conversation.write(ticket, by=desk.l2, kind=MessageKind.TO_CUSTOMER, body=f"Answer {number}")
    diagnosis.write(ticket, Findings(symptoms="The balance is wrong"), by=desk.l2, version=0)
    page = signed_in(desk.l2)
    address = beside(ticket, part) if part else ticket.get_absolute_url()
    with django_assert_max_num_queries(most):
        page.get(address, headers={"HX-Request": "true"} if part else {})


def test_an_action_that_may_not_be_done_is_forbidden_in_words(desk: Desk) -> None:
    ticket = desk.started()
    answer = act(signed_in(desk.l1), ticket, "start")
    assert answer.status_code == 403
    assert "You may not do this on this escalation." in answer.content.decode()


def test_an_action_works_in_a_dialog_and_as_a_page(desk: Desk) -> None:
    ticket = desk.started()
    page, address = signed_in(desk.l2), reverse("ticket_act", args=[ticket.reference, "resolve"])
    assert "<html" in page.get(address).content.decode()
    dialog = page.get(address, headers={"HX-Request": "true"}).content.decode()
    assert dialog.strip().startswith("<dialog")
    sent = {"version": ticket.version, **desk.resolution()}
    refused = page.post(address, {**sent, "answer_to_l1": ""}, headers={"HX-Request": "true"})
    assert refused.status_code == 422
    assert "Your payment has arrived" in refused.content.decode()
    done = page.post(address, sent, headers={"HX-Request": "true"})
    assert (done.status_code, done.headers["HX-Redirect"]) == (200, ticket.get_absolute_url())


def test_a_stale_action_shows_both_versions_and_can_be_sent_again(desk: Desk) -> None:
    ticket = desk.started()
    page, address = signed_in(desk.l2), reverse("ticket_act", args=[ticket.reference, "wait_l1"])
    stale = {"version": ticket.version, "message": "Which phone is it?"}
    conversation.write(ticket, by=desk.lead, kind=MessageKind.NOTE, body="Looking too.")
    answer = page.post(address, stale)
    html = answer.content.decode()
    assert answer.status_code == 409
    assert "Which phone is it?" in html
    assert Ticket.objects.get().state == State.IN_PROGRESS
    again = page.post(address, {**stale, "version": answer.context["form"].data["version"]})
    assert again.status_code == 302
    assert Ticket.objects.get().state == State.WAITING_L1


def test_triage_asks_again_on_its_own_screen_with_what_was_typed(desk: Desk) -> None:
    ticket = desk.escalated()
    page = signed_in(desk.l2)
    answer = triage(page, ticket, decision="return", missing="The time of day", comment="Nearly there")
    html = answer.content.decode()
    assert answer.status_code == 422
    assert "The time of day" in html
    assert "Nearly there" in html
    assert "What L1 states" in html
    assert Ticket.objects.get().state == State.NEW


def test_triage_accepts_as_a_case_of_a_known_issue(desk: Desk) -> None:
    ticket, issue = desk.escalated(), KnownIssueFactory()
    sent = {"category": ticket.category_id, "priority": "1", "team": desk.payments.pk, "known_issue": issue.pk}
    answer = triage(signed_in(desk.l2), ticket, decision="accept", **sent, **REVIEW)
    assert (answer.status_code, answer["Location"]) == (302, ticket.get_absolute_url())
    ticket.refresh_from_db()
    assert (ticket.state, ticket.priority, ticket.known_issue, ticket.owner) == (State.ACCEPTED, 1, issue, desk.l2)


def test_triage_returns_and_merges(desk: Desk) -> None:
    first, second = desk.escalated(), desk.escalated()
    page = signed_in(desk.l2)
    reason = desk.reason(ReasonKind.RETURN)
    assert triage(page, first, decision="return", reason=reason, missing="The id", **REVIEW).status_code == 302
    assert triage(page, second, decision="merge", target="ESC-999999").status_code == 422
    assert triage(page, second, decision="merge", target=first.reference).status_code == 302
    assert [ticket.state for ticket in Ticket.objects.order_by("pk")] == [State.RETURNED, State.MERGED]
    assert triage(page, desk.escalated(), decision="sell").status_code == 404


def test_a_stale_triage_keeps_the_decision_and_says_what_changed(desk: Desk) -> None:
    ticket = desk.escalated()
    sent = {
        "decision": "accept",
        "category": ticket.category_id,
        "priority": "2",
        "team": desk.payments.pk,
        **REVIEW,
    }
    page, address = signed_in(desk.l2), reverse("triage", args=[ticket.reference])
    conversation.write(ticket, by=desk.l1, kind=MessageKind.FROM_L1, body="One more thing.")
    answer = page.post(address, {**sent, "version": ticket.version})
    assert answer.status_code == 409
    again = page.post(address, {**sent, "version": answer.context["decision"].form.data["version"]})
    assert again.status_code == 302


def test_a_stale_diagnosis_shows_both_versions_and_can_be_saved_over(desk: Desk) -> None:
    ticket = desk.started()
    page, address = signed_in(desk.l2), reverse("diagnosis", args=[ticket.reference])
    mine = {
        "version": 0,
        "symptoms": "My symptoms",
        "hypotheses-TOTAL_FORMS": 1,
        "hypotheses-INITIAL_FORMS": 0,
        "hypotheses-0-text": "My theory",
        "hypotheses-0-status": "open",
    }
    theirs = Findings(symptoms="Their symptoms", hypotheses=[Hypothesis("Their theory")])
    diagnosis.write(ticket, theirs, by=desk.lead, version=0)
    answer = page.post(address, mine)
    html = answer.content.decode()
    assert answer.status_code == 409
    for text in ("My symptoms", "Their symptoms", "My theory", "Their theory"):
        assert text in html
    assert Diagnosis.objects.get().symptoms == "Their symptoms"
    assert page.post(address, {**mine, "version": 1}).status_code == 302
    assert (Diagnosis.objects.get().symptoms, Diagnosis.objects.get().version) == ("My symptoms", 2)


def test_the_escalation_form_names_everything_there_is_to_mend_at_once(desk: Desk) -> None:
    answer = signed_in(desk.l1).post(
        reverse("escalate_in", args=["transaction_failure"]), {"subject": "Kept words"}
    )
    assert answer.status_code == 422
    html = answer.content.decode()
    assert "Kept words" in html
    assert {"customer_id", "description", "answer_transaction_id"} <= set(answer.context["form"].errors)


def test_hints_know_the_customer_the_priority_and_the_double(desk: Desk) -> None:
    double = desk.escalated()
    address = reverse("escalation_hints", args=["other"])
    typed = {"customer_id": "C-1", "impact": "1", "urgency": "1", "subject": "payment does not arrive"}
    html = signed_in(desk.l1).post(address, typed).content.decode()
    assert "Ana Cruz" in html
    assert "P1" in html
    assert "This customer already has an open escalation" in html
    assert double.reference in html


def test_a_draft_waits_for_whoever_comes_back(desk: Desk) -> None:
    page, form = signed_in(desk.l1), reverse("escalate_in", args=["other"])
    kept = page.post(reverse("keep_draft", args=["other"]), {"subject": "Half a sentence"})
    assert kept.status_code == 200
    assert "Half a sentence" in page.get(form).content.decode()
    page.post(reverse("discard_draft", args=["other"]))
    assert not EscalationDraft.objects.exists()


def test_known_issues_and_articles_name_their_tickets_to_whoever_may_see_them(desk: Desk) -> None:
    ticket, issue = desk.accepted(), KnownIssueFactory()
    article = ArticleFactory(status="published", audience="l1")
    page = signed_in(desk.l2)
    page.post(reverse("link_issue", args=[ticket.reference]), {"issue": issue.pk})
    page.post(reverse("use_article", args=[ticket.reference]), {"article": article.pk, "solved": "yes"})
    for thing in (issue, article):
        assert ticket.subject in page.get(thing.get_absolute_url()).content.decode()
        assert ticket.subject not in signed_in(desk.outsider).get(thing.get_absolute_url()).content.decode()


def test_a_customer_rates_once_in_their_language(desk: Desk) -> None:
    desk.resolved(customer={**desk.contract().customer, "external_id": "C-es", "language": "es"})
    invitation = RatingInvitation.objects.first() or csat.invite(Ticket.objects.get())
    address = reverse("rate", args=[csat.token(invitation)])
    page = Client()
    assert '<html lang="es"' in page.get(address).content.decode()
    assert page.post(address, {"score": "9"}).status_code == 422
    assert page.post(address, {"score": "5", "reasons": ["fast"], "comment": "Gracias"}).status_code == 200
    assert page.post(address, {"score": "1"}).status_code == 410
    assert page.get(reverse("rate", args=["forged"])).status_code == 410


@pytest.mark.parametrize(("who", "most"), [("l2", 30), ("l1", 16), ("auditor", 20)])
def test_the_ticket_page_costs_the_same_however_much_was_said(
    desk: Desk, django_assert_max_num_queries: DjangoAssertNumQueries, who: str, most: int
) -> None:
    ticket = desk.started()
    for number in range(6):
        conversation.write(ticket, by=desk.l2, kind=MessageKind.TO_L1, body=f"Question {number}")
        desk.escalated()
    diagnosis.write(ticket, Findings(symptoms="Slow"), by=desk.l2, version=0)
    page = signed_in(getattr(desk, who))
    page.get(ticket.get_absolute_url())
    with django_assert_max_num_queries(most):
        assert page.get(ticket.get_absolute_url()).status_code == 200


def test_the_triage_screen_costs_little(desk: Desk, django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    ticket = desk.escalated()
    for _ in range(5):
        desk.escalated()
        KnownIssueFactory()
    page = signed_in(desk.l2)
    address = reverse("triage", args=[ticket.reference])
    page.get(address)
    with django_assert_max_num_queries(20):
        assert page.get(address).status_code == 200


@pytest.mark.parametrize(("address", "sent"), [("set_priority", {"priority": 1}), ("set_owner", {"owner": ""})])
def test_passing_on_what_somebody_has_just_changed_shows_both_versions(
    desk: Desk, address: str, sent: dict[str, object]
) -> None:
    ticket = desk.started()
    assignment.set_priority(ticket, 4, by=desk.lead)
    page = signed_in(desk.l2)
    answer = page.post(reverse(address, args=[ticket.reference]), {**sent, "version": ticket.version})
    assert answer.status_code == 409
    assert "P4" in answer.content.decode() or "Sam Second" in answer.content.decode()
    ticket.refresh_from_db()
    assert (ticket.priority, ticket.owner) == (4, desk.l2)


def test_the_customers_words_bear_the_customers_name(desk: Desk) -> None:
    ticket = desk.started()
    conversation.write(ticket, by=people.system(), kind=MessageKind.FROM_CUSTOMER, body="At nine.")
    entry = timeline.of_ticket(ticket, desk.l2)[-1]
    assert str(entry.actor) == "Ana Cruz"
