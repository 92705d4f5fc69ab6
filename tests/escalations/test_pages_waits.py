"""Notes on several escalations, reminders, dependencies, what is shown of a hand-over: each done on its page."""

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from escalations import cross_posting, handing_over, waits
from escalations.models import Alert, AlertKind, CrossPost, Dependency, Message, Ticket
from tests.escalations.desk import Desk
from tests.matrix import Scenario

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(scenario: Scenario) -> Desk:
    return scenario.desk


@pytest.fixture
def l2(scenario: Scenario) -> Client:
    return scenario.clients["l2"]


def test_a_note_is_written_to_several_and_taken_back(desk: Desk, l2: Client) -> None:
    one, two = desk.started(), desk.started()
    url = reverse("cross_post", args=[one.reference])
    for others in ("", "ESC-999999"):
        assert l2.post(url, {"body": "Zanzibar is down.", "others": others}).status_code == 422
    assert not Message.objects.filter(body="Zanzibar is down.").exists()
    written = l2.post(url, {"body": "Zanzibar is down.", "others": two.reference}, follow=True)
    assert "The note stands on 2 escalations." in written.content.decode()
    page = l2.get(two.get_absolute_url()).content.decode()
    back = reverse("take_back_note", args=[CrossPost.objects.get().pk])
    assert "Zanzibar is down." in page and back in page
    assert l2.post(back, {"ticket": two.reference}).status_code == 302
    for ticket in (one, two):
        assert "Zanzibar" not in l2.get(ticket.get_absolute_url()).content.decode()


def test_only_its_writer_takes_a_note_back(scenario: Scenario, desk: Desk) -> None:
    one, two = desk.started(), desk.started()
    row = cross_posting.post([one, two], body="Zanzibar is down.", by=desk.l2)
    back = reverse("take_back_note", args=[row.pk])
    assert scenario.clients["lead"].post(back, {"ticket": one.reference}).status_code == 404
    assert Message.objects.filter(cross_post=row, taken_back_at=None).count() == 2


def test_a_reminder_goes_out_once_and_the_second_is_told_so_in_spanish(
    scenario: Scenario, desk: Desk, l2: Client
) -> None:
    row = handing_over.ask(desk.started(), by=desk.l2, partner=desk.engineering, question="Why?")
    sent = {"ticket": row.ticket.reference, "wait": f"hand_over:{row.pk}"}
    assert f'value="hand_over:{row.pk}"' in l2.get(reverse("waits")).content.decode()
    User.objects.filter(pk__in=[desk.l2.pk, desk.lead.pk]).update(language="es")
    done = l2.post(reverse("nudge"), sent, follow=True)
    assert "Se envió el recordatorio." in done.content.decode()
    refused = scenario.clients["lead"].post(reverse("nudge"), sent)
    assert refused.status_code == 422 and "ya envió hoy un recordatorio" in refused.content.decode()
    assert [alert.recipient for alert in Alert.objects.filter(kind=AlertKind.NUDGED)] == [desk.partner]
    assert l2.post(reverse("nudge"), {**sent, "wait": "hand_over:999999"}).status_code == 404


def test_an_escalation_waits_for_another_and_no_longer(desk: Desk, l2: Client) -> None:
    one, other = desk.started(), desk.started()
    url = reverse("depend", args=[one.reference])
    assert l2.post(url, {"on": "nothing"}).status_code == 422  # mistyped
    assert l2.post(url, {"on": one.reference}).status_code == 422
    assert l2.post(url, {"on": other.reference}).status_code == 302
    row = Dependency.objects.get(ticket=one, on=other, ended_at=None)
    assert l2.post(reverse("depend", args=[other.reference]), {"on": one.reference}).status_code == 422
    assert l2.post(reverse("end_dependency", args=[other.reference, row.pk])).status_code == 404
    assert l2.post(reverse("end_dependency", args=[one.reference, row.pk])).status_code == 302
    assert waits.of_ticket(one, desk.l2) == []


def test_what_is_shown_of_a_hand_over_is_changed_on_its_page(scenario: Scenario, desk: Desk, l2: Client) -> None:
    row = handing_over.ask(desk.started(), by=desk.l2, partner=desk.engineering, question="Why is it down?")
    url, page = reverse("share_hand_over", args=[row.pk]), row.ticket.get_absolute_url()
    partner, l1 = scenario.clients["partner"], scenario.clients["l1"]
    sent = {"version": row.version, "shares_ticket": "on", "shows_l1": "on"}
    assert partner.post(url, sent).status_code == 403
    assert partner.get(page).status_code == 404
    assert "Why is it down?" not in l1.get(page).content.decode()
    assert l2.post(url, sent).status_code == 302
    assert partner.get(page).status_code == 200
    assert "Why is it down?" in l1.get(page).content.decode()
    assert l2.post(url, {"version": row.version}).status_code == 409
    assert l2.post(url, {"version": row.version + 1}).status_code == 302
    assert partner.get(page).status_code == 404
    assert Ticket.objects.visible_to(desk.l2).filter(pk=row.ticket_id).exists()
