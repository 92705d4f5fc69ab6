"""What stands in the addresses of the matrix: which row of the scenario each names."""

from typing import Any

from escalations import notifications
from escalations.models import RootCause, TippingOffWords
from investigations.health import checklists
from tests.matrix import Scenario


def ticket(scenario: Scenario) -> dict[str, Any]:
    return {"reference": scenario.ticket.reference}


def new_ticket(scenario: Scenario) -> dict[str, Any]:
    return {"reference": scenario.new.reference}


def returned_ticket(scenario: Scenario) -> dict[str, Any]:
    return {"reference": scenario.returned.reference}


def stopping_link(scenario: Scenario) -> dict[str, Any]:
    return {"token": notifications.link(scenario.desk.l2, notifications.DIGEST).rsplit("/", 2)[1]}


def attachment(scenario: Scenario) -> dict[str, Any]:
    return {**ticket(scenario), "number": scenario.attachment.pk}


def log(scenario: Scenario) -> dict[str, Any]:
    return {**ticket(scenario), "number": scenario.log.pk}


def integration(scenario: Scenario) -> dict[str, Any]:
    return {"number": scenario.integration.pk}


def checklist(scenario: Scenario) -> dict[str, Any]:
    return {"number": scenario.checklist.pk}


def checklist_link(scenario: Scenario) -> dict[str, Any]:
    return {"token": checklists.link(scenario.checklist).rsplit("/", 2)[1]}


def recheck(scenario: Scenario) -> dict[str, Any]:
    return {"number": scenario.recheck.pk}


def fault(scenario: Scenario) -> dict[str, Any]:
    return {"number": scenario.fault.pk}


def log_source(scenario: Scenario) -> dict[str, Any]:
    return {"number": scenario.log_source.pk}


def runbook(scenario: Scenario) -> dict[str, Any]:
    return {"plugin": "rest", "language": "es"}


def hypothesis(scenario: Scenario) -> dict[str, Any]:
    return {**ticket(scenario), "hypothesis": scenario.evidence.hypothesis}


def evidence(scenario: Scenario) -> dict[str, Any]:
    return {**ticket(scenario), "number": scenario.evidence.pk}


def api_run(scenario: Scenario) -> dict[str, Any]:
    return {**ticket(scenario), "number": scenario.run.pk}


def webhook_delivery(scenario: Scenario) -> dict[str, Any]:
    return {**ticket(scenario), "number": scenario.delivery.pk}


def webhook_below(scenario: Scenario) -> dict[str, Any]:
    return {"token": scenario.webhook_token, "rest": "payments/callback"}


def webhook_token(scenario: Scenario) -> dict[str, Any]:
    return {"token": scenario.webhook_token}


def environment(scenario: Scenario) -> dict[str, Any]:
    return {"number": scenario.environment.pk}


def bug(scenario: Scenario) -> dict[str, Any]:
    return {"number": scenario.bug.pk}


def tracker(scenario: Scenario) -> dict[str, Any]:
    return {"number": scenario.tracker.pk}


def lookup_run(scenario: Scenario) -> dict[str, Any]:
    return {**ticket(scenario), "number": scenario.lookup_run.pk}


def asked_lookup(scenario: Scenario) -> dict[str, Any]:
    return {**ticket(scenario), "number": scenario.lookup.pk}


def lookup(scenario: Scenario) -> dict[str, Any]:
    return {"number": scenario.lookup.pk}


def lookup_source(scenario: Scenario) -> dict[str, Any]:
    return {"number": scenario.lookup_source.pk}


def resolution_clock(scenario: Scenario) -> dict[str, Any]:
    return {**ticket(scenario), "number": scenario.ticket.clocks.get(metric="resolution").pk}


def resolving(scenario: Scenario) -> dict[str, Any]:
    return {**ticket(scenario), "verb": "resolve"}


def reapplication(scenario: Scenario) -> dict[str, Any]:
    return {"number": scenario.reapplication.pk}


def bulk_action(scenario: Scenario) -> dict[str, Any]:
    return {"number": scenario.bulk_action.pk}


def api_bulk_action(scenario: Scenario) -> dict[str, Any]:
    return {"pk": scenario.bulk_action.pk}


def check(scenario: Scenario) -> dict[str, Any]:
    return {"number": scenario.check.pk}


def category(scenario: Scenario) -> dict[str, Any]:
    return {"key": "other"}


def customer(scenario: Scenario) -> dict[str, Any]:
    return {"number": scenario.ticket.customer_id}


def calendar(scenario: Scenario) -> dict[str, Any]:
    return {"pk": scenario.calendar.pk}


def policy(scenario: Scenario) -> dict[str, Any]:
    return {"pk": scenario.policy.pk}


def article(scenario: Scenario) -> dict[str, Any]:
    return {"pk": scenario.article.pk}


def known_issue(scenario: Scenario) -> dict[str, Any]:
    return {"pk": scenario.known_issue.pk}


def proposal(scenario: Scenario) -> dict[str, Any]:
    return {"pk": scenario.proposal.pk}


def proposal_step(scenario: Scenario) -> dict[str, Any]:
    return {**proposal(scenario), "verb": "accept"}


def root_cause(scenario: Scenario) -> dict[str, Any]:
    return {"cause": RootCause.objects.earliest("pk").pk}


def trend(scenario: Scenario) -> dict[str, Any]:
    return {"pk": scenario.trend.pk}


def roster_team(scenario: Scenario) -> dict[str, Any]:
    return {"number": scenario.desk.payments.pk}


def exception(scenario: Scenario) -> dict[str, Any]:
    return {**roster_team(scenario), "entry": scenario.exception.pk}


def saved_view(scenario: Scenario) -> dict[str, Any]:
    return {"number": scenario.saved_view.pk}


def team_access_review(scenario: Scenario) -> dict[str, Any]:
    return {"number": scenario.access_review.pk}


def incident(scenario: Scenario) -> dict[str, Any]:
    return {"number": scenario.incident.pk}


def tipping_off_words(scenario: Scenario) -> dict[str, Any]:
    return {"number": TippingOffWords.objects.earliest("pk").pk}


def baton(scenario: Scenario) -> dict[str, Any]:
    return {"number": scenario.baton.pk}


def baton_item(scenario: Scenario) -> dict[str, Any]:
    return {"number": scenario.baton.items.earliest("pk").pk}


def simulation(scenario: Scenario) -> dict[str, Any]:
    return {"pk": scenario.simulation.pk}


def action(scenario: Scenario) -> dict[str, Any]:
    return {"number": scenario.action.pk}


def api_action(scenario: Scenario) -> dict[str, Any]:
    return {"pk": scenario.action.pk}


def new_action(scenario: Scenario) -> dict[str, Any]:
    return {**ticket(scenario), "kind": "points_refund"}


def points_account(scenario: Scenario) -> dict[str, Any]:
    return {"reference": scenario.ticket.customer.external_id}


def points_transfer(scenario: Scenario) -> dict[str, Any]:
    return {"number": scenario.transfer.pk}


def action_policy(scenario: Scenario) -> dict[str, Any]:
    return {"kind": "points_refund"}


def review(scenario: Scenario) -> dict[str, Any]:
    return {"number": 1}


def hand_over(scenario: Scenario) -> dict[str, Any]:
    return {"number": scenario.ticket.hand_overs.earliest("pk").pk}


def hand_over_file(scenario: Scenario) -> dict[str, Any]:
    return {**hand_over(scenario), "file": scenario.attachment.pk}  # of a note, not of the thread


def hand_over_move(scenario: Scenario) -> dict[str, Any]:
    return {**hand_over(scenario), "move": "answer"}


def dependency(scenario: Scenario) -> dict[str, Any]:
    return {**ticket(scenario), "number": 1}


def partner_team(scenario: Scenario) -> dict[str, Any]:
    return {"number": scenario.desk.engineering.pk}
