"""What is written to the trail, by whom, from where."""

from typing import Any

import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse

from accounts import people
from audit.models import Entry, Result
from audit.noting import note
from events.models import Event
from tests.factories import PASSWORD, UserFactory
from tests.matrix import Scenario

pytestmark = pytest.mark.django_db


def last() -> Entry:
    return Entry.objects.latest("pk")


def test_an_event_is_an_entry_with_where_it_came_from(scenario: Scenario):
    client: Client = scenario.clients["l2"]
    answer = client.post(
        reverse("set_availability"), {"availability": "busy"}, REMOTE_ADDR="10.1.2.3", HTTP_USER_AGENT="A browser"
    )
    assert answer.status_code < 400
    entry, event = last(), Event.objects.latest("pk")
    assert (entry.action, entry.object_type, entry.object_id) == ("person.changed", "person", scenario.desk.l2.pk)
    assert (entry.person_id, entry.name) == (scenario.desk.l2.pk, scenario.desk.l2.name)
    assert (entry.event_id, entry.data, entry.result) == (event.pk, event.data, Result.DONE)
    assert (entry.address, entry.agent, entry.request) == ("10.1.2.3", "A browser", answer["X-Request-Id"])


def test_an_event_that_is_rolled_back_leaves_no_entry(scenario: Scenario):
    before = Entry.objects.count()
    with transaction.atomic():
        people.deactivate(scenario.desk.l1, by=scenario.desk.lead)
        transaction.set_rollback(True)
    assert Entry.objects.count() == before


def test_the_database_says_when(scenario: Scenario):
    entry = note("thing.read", by=None)
    Entry.objects.bulk_create([Entry(action="thing.forged", result="done", at="2001-01-01T00:00Z")])
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM audit_entry WHERE at < now() - interval '1 day' AND id >= %s", [entry.pk]
        )
        assert cursor.fetchone() == (0,)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_entry SET name = 'Nobody'",
        "DELETE FROM audit_entry",
        "TRUNCATE audit_entry",
        "INSERT INTO audit_deletion (first, last, last_hash, last_at, at, key, signature) "
        "VALUES (1, 1, '', now(), now(), 'k', '')",
    ],
)
def test_the_trail_refuses_changes(statement):
    note("thing.read", by=None)
    with connection.cursor() as cursor, transaction.atomic():
        cursor.execute("SET LOCAL session_replication_role = replica")  # not even to a replica's hand
        with pytest.raises(IntegrityError), transaction.atomic():
            cursor.execute(statement)


def test_signing_in_and_out_and_failing_to(client: Client):
    person = UserFactory(email="ann@example.com")
    client.post(reverse("account_login"), {"login": "4111111111111111@example.com", "password": "wrong"})
    failed = Entry.objects.filter(action="session.began").latest("pk")  # the card in it is a find besides
    assert (failed.action, failed.result, failed.person_id) == ("session.began", Result.FAILED, None)
    assert "4111111111111111" not in failed.name and failed.name.endswith("@example.com")
    client.post(reverse("account_login"), {"login": "ann@example.com", "password": PASSWORD})
    began = last()
    assert (began.action, began.result, began.person_id) == ("session.began", Result.DONE, person.pk)
    client.post(reverse("account_logout"))
    assert (last().action, last().person_id) == ("session.ended", person.pk)


def test_a_token_and_what_it_takes(client: Client):
    person = UserFactory(email="ann@example.com")

    def asked(password: str) -> Any:
        sent = {"email": "ann@example.com", "password": password}
        return client.post(reverse("api-tokens"), sent, content_type="application/json")

    asked("wrong")
    assert (last().action, last().result, last().name) == ("session.began", Result.FAILED, "ann@example.com")
    bearer = {"authorization": f"Bearer {asked(PASSWORD).json()['token']}"}
    assert (last().action, last().person_id) == ("token.made", person.pk)
    assert client.get(reverse("api-ticket-list") + "?q=4111111111111111", headers=bearer).status_code == 200
    taken = last()
    assert (taken.action, taken.person_id) == ("export", person.pk)
    assert "4111111111111111" not in taken.data["path"]
    client.delete(reverse("api-token-current"), headers=bearer)
    assert last().action == "token.ended"
    for _ in range(3):
        assert client.get(reverse("api-ticket-list"), headers=bearer).status_code == 401
    assert [entry.action for entry in Entry.objects.order_by("-pk")[:2]] == ["access", "token.ended"]


def test_what_is_refused_or_absent_is_noted_and_a_page_is_not(scenario: Scenario):
    before = Entry.objects.count()
    assert scenario.clients["l2"].get(reverse("queue")).status_code == 200
    assert scenario.clients["l2"].get("/no/such/address").status_code == 404
    assert Entry.objects.count() == before
    address = reverse("ticket", kwargs={"reference": scenario.ticket.reference})
    assert scenario.clients["l1_elsewhere"].get(address).status_code == 404
    entry = last()
    assert (entry.action, entry.result, entry.name) == ("access", Result.ABSENT, "Lou Elsewhere")
    assert (entry.object_type, entry.object_id) == ("ticket", scenario.ticket.pk)
    assert scenario.clients["l1"].get(reverse("new_bulk_action") + "?deed=assign").status_code == 403
    assert last().result == Result.REFUSED


def test_an_export_is_noted(scenario: Scenario):
    address = reverse("custody_csv", kwargs={"reference": scenario.ticket.reference})
    assert scenario.clients["l2"].get(address).status_code == 200
    assert (last().action, last().object_type, last().object_id) == ("export", "ticket", scenario.ticket.pk)


def test_what_the_admin_site_logs_is_an_entry(scenario: Scenario):
    admin = scenario.people["admin"]
    logged = LogEntry.objects.log_actions(admin.pk, [scenario.desk.payments], CHANGE, single_object=True)
    entry = last()
    assert (entry.action, entry.object_type, entry.object_id) == (
        "admin.changed", "accounts.team", scenario.desk.payments.pk,
    )  # fmt: skip
    assert (entry.person_id, entry.data["log"]) == (admin.pk, logged.pk)


def test_a_job_comes_from_nowhere(scenario: Scenario):
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('secondline.origin', '', true)")  # what an earlier test's request left
    people.deactivate(scenario.desk.l1, by=scenario.desk.lead)
    assert last().address is None and last().request == ""
