"""The pages on which service levels are applied, and on which the check of the clocks is read."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from accounts.models import User
from common import clock
from escalations import by_hand, ledger_alarm
from escalations.models import Clock, LedgerCheck, Metric, Policy, Reapplication, Ticket
from events.models import Event
from tests.escalations import levels
from tests.escalations.desk import Desk
from tests.escalations.test_reapplying import deliver_all

MINUTES = {Metric.ACCEPT: 60, Metric.FIRST_RESPONSE: 120, Metric.RESOLUTION: 240}
REAPPLY = "/setup/service-levels/reapply/"
CHECK = "/setup/service-levels/check/"


@pytest.fixture
def flat(desk: Desk) -> Policy:
    return levels.policy("Flat", MINUTES)


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def words(response: Any) -> str:
    return " ".join(response.content.decode().split())


def test_a_lead_previews_a_selection_and_applies_it(desk: Desk, flat: Policy) -> None:
    ticket, low = desk.started(impact=1, urgency=1), desk.started(impact=3, urgency=3)
    former = flat.current
    levels.policy("Flat", {Metric.RESOLUTION: 180})
    client = signed_in(desk.lead)
    form = words(client.get(REAPPLY))
    assert "Flat v1" in form and "Nothing was applied yet" in form
    sent = client.post(REAPPLY, {"policy": former.pk, "priority": 1, "form_token": "a" * 20})
    run = Reapplication.objects.get()
    assert (sent.status_code, sent.headers["Location"]) == (302, run.get_absolute_url())
    waiting = words(client.get(run.get_absolute_url()))
    assert "0 of 1 escalations" in waiting and 'hx-trigger="every 1s"' in waiting
    deliver_all()
    page = words(client.get(run.get_absolute_url(), headers={"HX-Request": "true"}))
    assert "<html" not in page and "every 1s" not in page
    assert ticket.reference in page and "Due earlier" in page and "Flat v2" in page
    assert not Event.objects.filter(kind="ticket.levels_reapplied").exists()
    applied = client.post(f"{run.get_absolute_url()}apply/", {"form_token": "b" * 20})
    assert applied.headers["Location"] == run.get_absolute_url()
    deliver_all()
    done = words(client.get(run.get_absolute_url()))
    assert "Done. Escalations changed: 1, clocks: 1." in done
    assert ticket.subject in done
    assert Clock.objects.get(ticket=ticket, metric=Metric.RESOLUTION).policy != former
    assert Clock.objects.get(ticket=low, metric=Metric.RESOLUTION).policy == former
    assert client.post(f"{run.get_absolute_url()}apply/", {"form_token": "c" * 20}).status_code == 422
    assert "Applied" in words(client.get(REAPPLY))


def test_a_selection_that_chooses_nothing_is_refused(desk: Desk, flat: Policy) -> None:
    client = signed_in(desk.lead)
    response = client.post(REAPPLY, {"form_token": "a" * 20})
    assert response.status_code == 422
    assert "No open escalation within your reach" in words(response)
    desk.started()
    elsewhere = client.post(REAPPLY, {"team": desk.accounts.pk, "form_token": "b" * 20})
    assert elsewhere.status_code == 422  # no choice of a lead of another team
    assert not Reapplication.objects.exists()


def test_an_auditor_reads_and_applies_nothing(desk: Desk, flat: Policy) -> None:
    desk.started()
    signed_in(desk.lead).post(REAPPLY, {"form_token": "a" * 20})
    deliver_all()
    run = Reapplication.objects.get()
    client = signed_in(desk.auditor)
    assert '<form method="post"' not in words(client.get(REAPPLY)).partition("<main")[2]
    assert client.get(run.get_absolute_url()).status_code == 200
    assert client.post(REAPPLY).status_code == 403
    assert client.post(f"{run.get_absolute_url()}apply/").status_code == 403
    assert signed_in(desk.l2).post(REAPPLY).status_code == 404


def test_rows_of_tickets_that_one_may_not_see_are_left_out(desk: Desk, flat: Policy) -> None:
    from accounts.models import Role

    ticket = desk.started()
    levels.policy("Flat", {Metric.RESOLUTION: 180})
    signed_in(desk.lead).post(REAPPLY, {"form_token": "a" * 20})
    deliver_all()
    run = Reapplication.objects.get()
    other = signed_in(desk.person("Leo Lead", (desk.accounts, Role.LEAD)))
    assert ticket.reference in words(signed_in(desk.lead).get(run.get_absolute_url()))
    assert ticket.reference not in words(other.get(run.get_absolute_url()))


def test_one_ticket_is_previewed_on_its_own_page_and_applied(desk: Desk, flat: Policy) -> None:
    ticket = desk.started(impact=1, urgency=1)
    by_hand.set_deadline(
        Clock.objects.get(ticket=ticket, metric=Metric.RESOLUTION),
        clock.now() + timedelta(days=2),
        by=desk.lead,
        reason="Agreed by phone.",
    )
    levels.policy("Flat", {Metric.FIRST_RESPONSE: 90, Metric.RESOLUTION: 180})
    client = signed_in(desk.lead)
    address = f"/tickets/{ticket.reference}/reapply/"
    assert address in words(client.get(f"/tickets/{ticket.reference}/clocks/"))
    page = words(client.get(address))
    assert "Kept: set by hand" in page and "Due earlier" in page
    assert "Kept: set by hand" not in words(client.get(address, {"also_by_hand": "on"}))
    stale = client.post(address, {"version": 1, "form_token": "a" * 20})
    assert stale.status_code == 409 and "meanwhile" in words(stale)
    ticket.refresh_from_db()
    sent = client.post(address, {"version": ticket.version, "form_token": "b" * 20})
    assert sent.status_code == 302
    kept = Clock.objects.get(ticket=ticket, metric=Metric.RESOLUTION)
    assert kept.policy == flat.current and kept.fixed_due_at is not None
    assert Clock.objects.get(ticket=ticket, metric=Metric.FIRST_RESPONSE).policy != flat.current
    assert "applied the service levels in force" in words(client.get(ticket.get_absolute_url()))
    assert client.get(f"/tickets/{desk.resolved().reference}/reapply/").status_code == 200
    assert signed_in(desk.l2).get(address).status_code == 403
    assert signed_in(desk.outsider).get(address).status_code == 404


def test_the_pages_ask_no_more_for_more_rows(desk: Desk, flat: Policy, django_assert_max_num_queries: Any) -> None:
    for _number in range(12):
        desk.started()
    levels.policy("Flat", {Metric.FIRST_RESPONSE: 90, Metric.RESOLUTION: 180})
    client = signed_in(desk.lead)
    client.post(REAPPLY, {"form_token": "a" * 20})
    deliver_all()
    run = Reapplication.objects.get()
    with django_assert_max_num_queries(12):
        client.get(run.get_absolute_url())
    client.post(f"{run.get_absolute_url()}apply/", {"form_token": "b" * 20})
    deliver_all()
    with django_assert_max_num_queries(14):
        client.get(run.get_absolute_url())
    with django_assert_max_num_queries(20):
        client.get(REAPPLY)


def test_the_check_is_shown_and_repaired(desk: Desk, flat: Policy) -> None:
    ticket = desk.started(impact=1, urgency=1)
    client = signed_in(desk.lead)
    assert "No check has run yet" in words(client.get(CHECK))
    _check()
    assert "found no difference" in words(client.get(CHECK))
    Ticket.objects.filter(pk=ticket.pk).update(next_due_metric="accept")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE escalations_clock SET used_seconds = 9 WHERE ticket_id = %s", [ticket.pk])
    check = _check()
    page = words(client.get(CHECK))
    assert "next_due_metric" in page and "used_seconds" in page and "Repair from the ledger" in page
    assert "Repair from the ledger" not in words(signed_in(desk.auditor).get(CHECK))
    address = f"{CHECK}{check.pk}/repair/"
    assert signed_in(desk.auditor).post(address).status_code == 403
    assert client.post(address, {"form_token": "a" * 20}).status_code == 302
    page = words(client.get(CHECK))
    assert "The clocks of 1 escalation say again what their ledger says." in page
    assert "Repair from the ledger" not in page
    assert _check().differences == 0
    assert "repaired its clocks from their ledger" in words(client.get(ticket.get_absolute_url()))


def _check() -> LedgerCheck:
    check = ledger_alarm.begin()
    while ledger_alarm.take_step(check):
        pass
    return check
