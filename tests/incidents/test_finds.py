"""What is found is noted without the number, in the change's transaction, and joins the incident of its place."""

import io
import json
import logging
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.mail import EmailMessage
from django.db import IntegrityError, connection, transaction

from audit import verifying
from audit.models import Verification
from common import clock
from common.errors import Refused
from config.logs import RedactingFormatter
from escalations import conversation
from escalations.models import Message, MessageKind
from events.models import Event
from incidents import alarm, doors, finds, handling
from incidents.finds import Place
from incidents.models import Cause, Find, Incident, State, Way
from tests.matrix import Scenario

pytestmark = pytest.mark.django_db

PAN = "4111 1111 1111 1111"
MASKED = "4111 11•• •••• 1111"


@pytest.fixture(autouse=True)
def _none_yet(scenario: Scenario) -> None:
    Incident.objects.all().delete()


def only() -> tuple[Incident, list[Find]]:
    incident = Incident.objects.get()
    return incident, list(incident.finds.order_by("pk"))


def write(scenario: Scenario, body: str, *files: Any, role: str = "l2", **headers: str) -> Any:
    address = f"/tickets/{scenario.ticket.reference}/messages/"
    sent = {"kind": "note", "body_note": body, "uploads": list(files)}
    return scenario.clients[role].post(address, sent, headers=headers)


def test_a_message_opens_one_incident_at_its_ticket_and_the_next_joins_it(scenario: Scenario):
    assert write(scenario, f"card {PAN} CVV 123").status_code == 302
    incident, (find,) = only()
    assert (incident.place_type, incident.place_id, incident.person) == (
        "ticket", scenario.ticket.pk, scenario.people["l2"],
    )  # fmt: skip
    assert incident.kinds == {"card": 1, "cvv": 1}
    assert (find.way, find.deed) == (Way.FORM, "ticket.message")
    assert find.removed_at and incident.removed_at
    address = f"/api/v1/tickets/{scenario.ticket.reference}/comments/"
    body = json.dumps({"kind": "from_l1", "body": f"once more {PAN}"})
    assert scenario.clients["l1"].post(address, body, content_type="application/json").status_code == 201
    incident, (_, second) = only()
    assert (second.way, second.person, incident.kinds["card"]) == (Way.API, scenario.people["l1"], 2)
    recorded = Event.objects.filter(subject_type="incident", subject_id=incident.pk).order_by("pk")
    assert [event.kind for event in recorded] == ["incident.opened", "incident.found"]
    assert "1111" not in json.dumps([event.data for event in recorded])


def test_nothing_found_costs_no_statement(scenario: Scenario, django_assert_num_queries: Any):
    with django_assert_num_queries(0), doors.opened(Way.FORM, Place("page")):
        doors.on_change([Event(kind="x", subject_type="x", subject_id=1)])
    write(scenario, "Nothing to see.")
    assert not Incident.objects.exists()


def test_files_and_their_names_are_told_apart_from_the_form(scenario: Scenario):
    log = SimpleUploadedFile(f"{PAN}.txt", f"paid by {PAN}".encode())
    assert write(scenario, "With a file.", log).status_code == 302
    incident, found = only()
    assert (incident.place_type, {find.way for find in found}) == ("ticket", {Way.FILE, Way.FILE_NAME})


def test_a_change_that_fails_is_noted_anyway(scenario: Scenario, monkeypatch: pytest.MonkeyPatch):
    before = Message.objects.count()

    def failing(*_args: Any, **_kwargs: Any) -> None:
        raise Refused("No.")

    monkeypatch.setattr(conversation, "commit", failing)
    write(scenario, f"card {PAN}")
    assert Message.objects.count() == before
    incident, (find,) = only()
    assert incident.place_type == "page.write_message" and find.person == scenario.people["l2"]


def test_what_was_noted_with_a_change_that_is_undone_is_noted_again(scenario: Scenario):
    with doors.opened(Way.FORM, Place("page.x")):
        try:
            with transaction.atomic():
                conversation.write(
                    scenario.ticket, by=scenario.people["l2"], kind=MessageKind.NOTE, body=f"card {PAN}"
                )
                assert Find.objects.count() == 1, "in the change's own transaction"
                raise Refused("Undone.")
        except Refused:
            pass
        assert not Find.objects.exists()
    incident, (find,) = only()
    assert (incident.place_type, find.is_stored, find.deed) == ("page.x", False, "ticket.message")


def test_a_draft_belongs_to_its_escalation(scenario: Scenario):
    address = f"/tickets/{scenario.ticket.reference}/messages/draft/"
    sent = {"kind": "note", "body_note": f"card {PAN}"}
    assert scenario.clients["l2"].post(address, sent, headers={"X-Autosave": "1"}).status_code < 300
    assert scenario.clients["l2_elsewhere"].post(address, sent).status_code == 404
    write(scenario, f"card {PAN}")
    incident, found = only()
    assert (incident.place_id, {find.way for find in found}) == (scenario.ticket.pk, {Way.DRAFT, Way.FORM})


def test_typing_on_is_one_find(scenario: Scenario):
    client = scenario.clients["l1"]
    for _ in range(3):
        typed = {"subject": "Card", "description": f"{PAN} and more"}
        assert client.post("/escalate/other/draft/", typed, headers={"X-Autosave": "1"}).status_code == 200
    _incident, (find,) = only()
    assert (find.way, find.times) == (Way.DRAFT, 3)


@pytest.mark.parametrize("role", ["lead", "anonymous"])
def test_a_search_is_led_to_the_address_without_the_number(scenario: Scenario, role: str):
    answer = scenario.clients[role].get("/search/", {"q": f"refund {PAN}", "page": "1"})
    assert answer.status_code == 302
    assert "1111%201111" not in answer.headers["Location"] and "1111+1111" not in answer.headers["Location"]
    assert answer.headers["Location"].startswith("/search/?q=refund+4111+11")
    incident, (find,) = only()
    assert (incident.place_type, find.way, incident.kinds) == ("page.search", Way.ADDRESS, {"card": 1})
    assert find.person == (None if role == "anonymous" else scenario.people["lead"])


def test_a_program_gets_its_answer_to_the_masked_search(scenario: Scenario):
    write(scenario, f"card {PAN}")
    answer = scenario.clients["l2"].get("/api/v1/search/", {"q": PAN})
    assert answer.status_code == 200
    assert PAN not in answer.content.decode()
    assert Incident.objects.filter(place_type="page.api-search").exists()


def test_a_script_gets_its_answer_and_the_address_without_the_number(scenario: Scenario):
    headers = {"HX-Request": "true", "HX-Current-URL": "http://testserver/search/?q=old"}
    answer = scenario.clients["l2"].get("/search/", {"q": PAN}, headers=headers)
    assert answer.status_code == 200
    assert answer.headers["HX-Push-Url"].startswith("/search/?q=4111+11%E2%80%A2")
    bar = scenario.clients["l2"].get("/search/bar/", {"q": PAN}, headers={"X-Requested-With": "fetch"})
    assert bar.status_code == 200 and "HX-Push-Url" not in bar.headers
    for given in (answer, bar):
        assert PAN not in given.content.decode()


def test_path_and_referer_are_looked_at(scenario: Scenario):
    scenario.clients["l2"].get(f"/tickets/{PAN.replace(' ', '')}/")
    scenario.clients["l2"].get("/queue/", headers={"Referer": f"https://elsewhere.example/?card={PAN}"})
    assert set(Incident.objects.values_list("place_type", flat=True)) == {"page.ticket", "page.queue"}


def test_signed_links_are_no_finds(scenario: Scenario):
    for client in (scenario.clients["anonymous"], scenario.clients["l2"]):
        client.get(f"/rate/{scenario.rating_token}/")
        client.get("/account/password/reset/key/zz-cbx8d1-0c6a2dd6b0f8e6a4/")
    assert not Incident.objects.exists()


def test_a_line_of_the_log_is_a_find_of_the_request_it_belongs_to():
    record = logging.LogRecord("x", logging.ERROR, "x.py", 1, "sent %s", (PAN,), None)
    with doors.opened(Way.FORM, Place("page.x")):
        assert MASKED in RedactingFormatter("%(message)s").format(record)
    _incident, (find,) = only()
    assert find.way == Way.LOG


def test_an_import_is_one_incident(scenario: Scenario, tmp_path: Any):
    from django.core.management import call_command

    from tests.robustness.test_no_card_is_stored import MAP

    table, columns = tmp_path / "old.csv", tmp_path / "map.toml"
    columns.write_text(MAP)
    rows = [f"A{n},2026-01-02,card {PAN} {n},Other,C{n},Agent" for n in range(300)]
    table.write_text("\n".join(["No,Opened,Title,Kind,Client,Agent", *rows]))
    call_command("import_tickets", table, map=columns, stdout=io.StringIO())
    incident, found = only()
    assert (incident.place_type, incident.way, incident.place) == ("import", Way.IMPORT, "old-desk")
    assert incident.kinds["card"] >= 300
    assert len(found) <= 4


def test_a_closed_one_stays_closed_and_what_comes_then_opens_another(scenario: Scenario):
    write(scenario, f"card {PAN}")
    first, lead = Incident.objects.get(), scenario.clients["lead"]
    assert lead.post(f"/incidents/{first.pk}/", {"note": " "}).status_code == 422
    assert scenario.clients["auditor"].post(f"/incidents/{first.pk}/", {"note": "x"}).status_code == 404
    assert lead.post(f"/incidents/{first.pk}/", {"note": f"Told them not to send {PAN}."}).status_code == 302
    first.refresh_from_db()
    assert (first.state, first.handled_by) == (State.HANDLED, scenario.people["lead"])
    assert MASKED in first.note
    with pytest.raises(Refused):
        handling.handle(first, "Again.", by=scenario.people["lead"])
    write(scenario, f"again {PAN}")
    assert Incident.objects.filter(state=State.OPEN, place_id=scenario.ticket.pk).count() == 1


def test_a_lead_sees_what_concerns_their_tickets_and_people(scenario: Scenario):
    people = scenario.people
    mine, theirs, absent = (
        finds.note({"card": 1}, place=place, way="form", by=by).incident
        for place, by in (
            (Place("ticket", scenario.ticket.pk), None),
            (Place("page.x"), people["l2_elsewhere"]),
            (Place("ticket", 10**9), people["l2"]),
        )
    )
    seen = {role: set(Incident.objects.visible_to(people[role])) for role in ("lead", "admin", "auditor", "l2")}
    assert seen == {"lead": {mine}, "admin": {mine, theirs}, "auditor": {mine, theirs}, "l2": set()}
    assert absent not in seen["admin"], "where the object is absent, so is the incident"


def test_a_trail_that_is_not_intact_opens_one(scenario: Scenario):
    outcome = verifying.Outcome(first=1, last=9, bad=verifying.Bad("changed", 7))
    for _ in range(2):
        verifying.keep(outcome, clock.now())
    verifying.keep(verifying.Outcome(first=1, last=9), clock.now())
    assert Verification.objects.count() == 3
    incident, found = only()
    assert (incident.cause, incident.way, len(found), found[0].rows) == (Cause.TRAIL, Way.CHECK, 2, ["7"])
    page = scenario.clients["auditor"].get(f"/incidents/{incident.pk}/").content.decode()
    assert "was changed" in page


def test_admins_are_mailed_when_one_opens_and_not_told_what(scenario: Scenario, mailoutbox: list[EmailMessage]):
    write(scenario, f"card {PAN}")
    write(scenario, f"again {PAN} {PAN}")
    for event in Event.objects.filter(deliveries__consumer=alarm.CONSUMER).order_by("pk"):
        if event.kind == finds.OPENED and event.subject_id == Incident.objects.get().pk:
            alarm.handle(event)
    (mail,) = mailoutbox
    assert mail.to == [scenario.people["admin"].email]
    assert f"/incidents/{Incident.objects.get().pk}/" in str(mail.body)
    assert "1111" not in f"{mail.subject}{mail.body}"


def test_filters_and_pages(scenario: Scenario, django_assert_max_num_queries: Any):
    for n in range(60):
        finds.note({"card" if n % 2 else "iban": 1}, place=Place("page.x", n), way="form", by=None)
    client = scenario.clients["admin"]
    with django_assert_max_num_queries(16):
        page = client.get("/incidents/?kind=iban&state=open")
    assert page.context["count"] == 30
    assert client.get("/incidents/?page=2").status_code == 200
    assert client.get("/incidents/?since=nonsense").status_code == 422
    assert client.get("/incidents/?way=sweep").context["count"] == 0


def test_the_database_keeps_one_open_incident_at_a_place():
    finds.note({"card": 1}, place=Place("page.x"), way="form", by=None)
    refused = pytest.raises(IntegrityError, match="incident_one_open_at_a_place")
    with refused, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO incidents_incident (cause, state, place_type, place_id, place, way, kinds, opened_at,"
            " last_at, note, version) SELECT cause, state, place_type, place_id, place, way, kinds, opened_at,"
            " last_at, note, version FROM incidents_incident"
        )
