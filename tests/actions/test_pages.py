"""The pages: what people see, and that approving asks who they are each time."""

import pytest
from django.core import mail
from django.urls import reverse

from accounts.models import Role
from actions import lifecycle, news, policies, terms
from actions.models import Action, ApproverRole, Kind, State
from audit import trail
from escalations import restricting
from escalations.models import Alert, AlertKind
from events.models import Event
from tests.actions.acting import OWED, Acting, known, proof, refund
from tests.clients import client_of
from tests.factories import PASSWORD

pytestmark = pytest.mark.django_db
UNANSWERED = {"accept-customer": "Known to me.", "accept-cooling_off": "Known to me."}


def decision(action: Action, **more: str) -> dict[str, str]:
    return {"digest": action.digest, "password": PASSWORD, **UNANSWERED, **more}


def test_from_the_ticket_to_an_approved_action(acting: Acting):
    l2, lead = client_of(acting.desk.l2), client_of(acting.desk.lead)
    new = reverse("new_action_of", args=[acting.ticket.reference, "points_refund"])
    related = l2.get(reverse("ticket_related", args=[acting.ticket.reference]))
    assert reverse("new_action", args=[acting.ticket.reference]) in related.content.decode()
    assert 'value="C-1"' in l2.get(new).content.decode()
    wrong = l2.post(new, {"payload_account": "C-1", "payload_points": "many"})
    assert wrong.status_code == 422 and "whole number" not in wrong.content.decode()
    filled = {f"payload_{key}": value for key, value in refund().items()}
    made = l2.post(new, filled | {"evidence_proof_text": "The shop cancelled it."})
    action = Action.objects.get()
    assert made.headers["Location"] == action.get_absolute_url()
    page = l2.get(action.get_absolute_url()).content.decode()
    assert "Somebody else can approve" in page and "Request approval" in page
    assert l2.post(reverse("request_action", args=[action.pk])).status_code == 302
    page = l2.get(action.get_absolute_url()).content.decode()
    assert "You are not of the group that approves this." in page and 'id="decide"' not in page
    action.refresh_from_db()
    page = lead.get(action.get_absolute_url()).content.decode()
    assert "Nobody knows whether" in page and 'name="password"' in page
    url = reverse("approve_action", args=[action.pk])
    assert "accept it with a reason" in lead.post(url, decision(action) | {"accept-customer": ""}).content.decode()
    assert lead.post(url, decision(action)).status_code == 302
    action.refresh_from_db()
    assert action.state == State.APPROVED


def test_a_wrong_password_is_counted_and_approves_nothing(acting: Acting):
    action, client = acting.requested(), client_of(acting.desk.lead)
    url = reverse("approve_action", args=[action.pk])
    body = {"digest": action.digest, "accepted": {"customer": "Known.", "cooling_off": "Known."}}
    api = reverse("api-action-approve", args=[action.pk])
    assert client.post(url, decision(action, password="")).status_code == 422
    for turn in range(5):
        wrong = decision(action, password="a wrong password", form_token=f"a-token-of-this-form-{turn}")
        assert client.post(url, wrong).status_code == 422
        answer = client.post(
            api,
            body | {"password": "a wrong password"},
            content_type="application/json",
            headers={"Idempotency-Key": f"key-{turn}"},
        )
        assert answer.status_code == (400 if turn < 4 else 429)
    assert client.post(url, decision(action)).status_code == 429
    assert Event.objects.filter(kind="person.locked").count() == 1
    action.refresh_from_db()
    assert action.state == State.REQUESTED and not action.decisions.exists()


def test_over_the_api_with_a_password_each_time(acting: Acting):
    l2, lead = client_of(acting.desk.l2), client_of(acting.desk.lead)

    def post(client, name, body, *args):
        return client.post(reverse(name, args=args), body, content_type="application/json")

    body = {"ticket": acting.ticket.reference, "kind": "points_refund", "payload": refund(), "evidence": OWED}
    assert post(l2, "api-action-list", body | {"payload": {}}).status_code == 400
    number = post(l2, "api-action-list", body).json()["id"]
    asked = post(l2, "api-action-ask", {}, number).json()
    assert asked["state"] == "requested" and len(asked["digest"]) == 64
    shown = lead.get(reverse("api-action-detail", args=[number])).json()
    assert {offer["verb"] for offer in shown["offers"]} == {"edit", "approve", "reject", "cancel"}
    accepted = {one["rule"]: "Known to me." for one in shown["checks_now"] if one["result"] == "unknown"}
    approval = {"digest": asked["digest"], "accepted": accepted}
    assert post(lead, "api-action-approve", approval, number).status_code == 400
    assert post(l2, "api-action-approve", approval | {"password": PASSWORD}, number).status_code == 403
    assert (
        post(lead, "api-action-approve", approval | {"password": PASSWORD}, number).json()["state"] == "approved"
    )
    assert post(lead, "api-action-cancel", {"reason": "No."}, number).json()["state"] == "cancelled"
    kinds = lead.get(reverse("api-action-kind-list")).json()
    assert {"points", "original"} <= set(kinds[3]["payload"]["required"])


def test_who_is_asked_is_told_and_finds_it_in_the_inbox(acting: Acting):
    action, lead = acting.requested(), acting.desk.lead
    news.handle(Event.objects.get(kind=lifecycle.REQUESTED))
    assert Alert.objects.get().recipient == lead and Alert.objects.get().kind == AlertKind.APPROVAL
    client = client_of(lead)
    page = client.get(reverse("alerts")).content.decode()
    assert "asks you to approve" in page and f'href="{action.get_absolute_url()}"' in page
    inbox = client.get(reverse("actions")).content.decode()
    assert action.order in inbox and "Waiting for me" in inbox
    assert "1" in client.get(reverse("actions_waiting")).content.decode()
    assert action.order not in client_of(acting.desk.l2).get("/actions/?show=waiting").content.decode()
    lifecycle.reject(action, by=lead, digest=action.digest, reason="Not owed.")
    news.handle(Event.objects.get(kind=lifecycle.REJECTED))
    assert Alert.objects.get(recipient=acting.desk.l2).kind == AlertKind.DECIDED
    assert not client.get(reverse("actions_waiting")).content.decode().strip()


def test_another_teams_group_sees_the_action_and_not_the_ticket(acting: Acting):
    desk = acting.desk
    risk = desk.person("Rita Risk", (desk.engineering, Role.PARTNER))
    version = policies.save_draft(
        "points_refund", terms.defaults(Kind.POINTS_REFUND), approver_team=desk.engineering,
        approver_role=ApproverRole.ANYBODY, why="They know.", by=desk.lead,
    )  # fmt: skip
    other = desk.person("Lola Lead", (desk.accounts, Role.LEAD))
    policies.approve(policies.propose(version, by=desk.lead), by=other, proof_given=proof(other))
    draft, action = acting.drafted(), acting.requested()
    client = client_of(risk)
    assert client.get(acting.ticket.get_absolute_url()).status_code == 404
    assert client.get(draft.get_absolute_url()).status_code == 404
    page = client.get(action.get_absolute_url()).content.decode()
    assert acting.ticket.subject in page and acting.ticket.get_absolute_url() not in page
    assert action.order in client.get(reverse("actions")).content.decode()
    news.handle(Event.objects.filter(kind=lifecycle.REQUESTED).latest("pk"))
    assert [one.to for one in mail.outbox if "approval" in one.subject] == [[desk.partner.email], [risk.email]]
    lifecycle.approve(action, known(), by=risk, digest=action.digest, proof_given=proof(risk))
    assert client_of(desk.outsider).get(action.get_absolute_url()).status_code == 404


def test_a_policy_changes_on_its_pages(acting: Acting):
    lead = client_of(acting.desk.lead)
    other_lead = acting.desk.person("Lola Lead", (acting.desk.accounts, Role.LEAD))
    form = {**terms.defaults(Kind.POINTS_REFUND), "one_most": "90", "approver_role": "lead", "why": "Too much."}
    form = {key: "" if value is None else value for key, value in form.items()}
    assert lead.post(reverse("action_policy_draft", args=["points_refund"]), form).status_code == 302
    version = policies.open_version("points_refund")
    assert version is not None

    def act(client, verb, **more):
        url = reverse("act_on_action_policy", args=["points_refund", verb])
        return client.post(url, {"version": version.pk, **more})

    assert act(lead, "propose").status_code == 302
    page = lead.get(reverse("action_policy", args=["points_refund"])).content.decode()
    assert "somebody else has to decide" in page and "90 points" in page
    assert act(lead, "approve", password=PASSWORD).status_code == 403
    assert act(client_of(other_lead), "approve", password="wrong").status_code == 422
    assert act(client_of(other_lead), "approve", password=PASSWORD).status_code == 302
    assert policies.in_force("points_refund").terms["one_most"] == 90


def test_a_list_costs_the_same_however_long(acting: Acting, django_assert_max_num_queries):
    for _ in range(3):
        acting.requested()
    client = client_of(acting.desk.lead)
    with django_assert_max_num_queries(14):
        client.get(reverse("actions"))
    with django_assert_max_num_queries(40):
        client.get(Action.objects.latest("pk").get_absolute_url())


def test_a_restricted_tickets_action_is_absent_from_the_trail_and_names_nobody_off_the_list(acting: Acting):
    desk, action = acting.desk, acting.requested()
    second = desk.person("Second Lead", (desk.payments, Role.LEAD))
    auditor = desk.person("Audra Audit")
    auditor.is_auditor = True
    auditor.save()
    assert trail.shown_to(auditor).filter(object_type="action", object_id=action.pk).exists()
    assert str(second) in client_of(desk.l2).get(action.get_absolute_url()).content.decode()
    restricting.restrict(acting.ticket, by=desk.lead, kind="fraud", reason="Inside.", persons=[desk.l2])
    assert not trail.shown_to(auditor).filter(object_type="action", object_id=action.pk).exists()
    page = client_of(desk.l2).get(action.get_absolute_url()).content.decode()
    assert str(second) not in page and str(desk.lead) in page
