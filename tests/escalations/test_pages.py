"""The desk's pages, through the front door."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from escalations.models import MessageKind, State, Ticket
from tests.escalations.desk import Desk


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_l1_escalates_in_the_browser_and_finds_it_in_own_list(desk: Desk) -> None:
    page = signed_in(desk.l1)
    address = reverse("escalate_in", args=["other"])
    assert page.get(reverse("escalate")).status_code == 200
    assert page.get(address).status_code == 200
    stated = desk.contract()
    sent = {
        "customer_id": "C-77",
        "customer_name": "Juan",
        "customer_language": "es",
        "subject": stated.subject,
        "description": stated.description,
        "channel": "chat",
        "impact": "1",
        "urgency": "1",
        **{f"answer_{key}": "\n".join(v) if isinstance(v, list) else v for key, v in stated.answers.items()},
    }
    incomplete = page.post(address, {**sent, "answer_request": ""})
    assert incomplete.status_code == 422
    answer = page.post(address, sent)
    assert answer.status_code == 302, answer.content.decode()[:3000]
    ticket = Ticket.objects.get()
    assert (ticket.priority, ticket.customer.language, ticket.state) == (1, "es", State.NEW)
    listing = page.get(reverse("my_escalations")).content.decode()
    assert ticket.reference in listing
    assert page.get(ticket.get_absolute_url()).status_code == 200


def test_l2_works_a_ticket_in_the_browser(desk: Desk) -> None:
    ticket = desk.escalated()
    page = signed_in(desk.l2)
    assert ticket.reference in page.get(reverse("queue")).content.decode()
    taken = page.post(reverse("take_next"))
    assert taken["Location"] == reverse("triage", args=[ticket.reference])
    triage = page.get(taken["Location"]).content.decode()
    assert "Could L1 have solved it?" in triage
    review = {"is_complete": "yes", "right_category": "yes", "l1_could_solve": "no", "comment": ""}
    ticket.refresh_from_db()
    accepted = page.post(
        reverse("ticket_act", args=[ticket.reference, "accept"]),
        {
            **review,
            "version": ticket.version,
            "category": ticket.category_id,
            "priority": 2,
            "team": ticket.team_id,
        },
    )
    assert accepted.status_code == 302, accepted.content.decode()[:3000]
    ticket.refresh_from_db()
    assert (ticket.state, ticket.priority, ticket.owner) == (State.ACCEPTED, 2, desk.l2)
    act = lambda verb, **sent: page.post(  # noqa: E731
        reverse("ticket_act", args=[ticket.reference, verb]),
        {"version": Ticket.objects.get().version, **sent},
    )
    assert act("start").status_code == 302
    assert page.get(reverse("ticket_act", args=[ticket.reference, "resolve"])).status_code == 200
    assert act("resolve", answer_to_l1="x").status_code == 422
    message = reverse("write_message", args=[ticket.reference])
    assert (
        page.post(message, {"kind": MessageKind.NOTE, "body_note": "**Bold** <script>x</script>"}).status_code
        == 302
    )
    shown = page.get(ticket.get_absolute_url()).content.decode()
    assert "<strong>Bold</strong>" in shown
    assert "<script>x" not in shown
    diagnosis = reverse("diagnosis", args=[ticket.reference])
    form = page.get(diagnosis).content.decode()
    assert re.search(r'name="version" value="0"', form)
    kept = page.post(
        diagnosis,
        {
            "version": 0,
            "symptoms": "None",
            "hypotheses-TOTAL_FORMS": 1,
            "hypotheses-INITIAL_FORMS": 0,
            "hypotheses-0-text": "The bank",
            "hypotheses-0-status": "confirmed",
            "hypotheses-0-evidence": "Logs",
        },
    )
    assert kept.status_code == 302, kept.content.decode()[:2000]
    assert page.get(reverse("diagnosis_history", args=[ticket.reference])).status_code == 200
    assert act("resolve", **desk.resolution()).status_code == 302
    ticket.refresh_from_db()
    assert ticket.state == State.RESOLVED


@pytest.mark.parametrize("who", ["outsider", "partner"])
def test_what_may_not_be_seen_looks_absent(desk: Desk, who: str) -> None:
    ticket = desk.escalated()
    page = signed_in(getattr(desk, who))
    assert page.get(ticket.get_absolute_url()).status_code == 404
    assert page.get(reverse("ticket", args=["ESC-999999"])).status_code == 404
    assert ticket.reference not in page.get(reverse("queue")).content.decode()


def test_a_double_click_on_take_next_takes_one_ticket(desk: Desk) -> None:
    """From the sidebar too, where no script may have stopped the second click."""
    desk.escalated()
    desk.escalated()
    page = signed_in(desk.l2)
    shown = page.get(reverse("queue")).content.decode()
    forms = re.findall(r'action="/queue/take-next/".*?</form>', shown, re.DOTALL)
    assert forms
    for form in forms:
        (token,) = re.findall(r'name="form_token" value="([^"]+)"', form)
    locations = [page.post(reverse("take_next"), {"form_token": token})["Location"] for _click in range(2)]
    assert locations[0] == locations[1]
    assert Ticket.objects.filter(owner=desk.l2).count() == 1
