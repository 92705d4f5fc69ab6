"""manage.py import_incidents, on logs small enough to know by heart."""

import json
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core import serializers
from django.core.management import CommandError, call_command
from django.utils.text import slugify

from accounts.models import Team, User
from escalations import policies, ticket_clocks
from escalations.models import Category, Clock, Customer, Message, Reason, Ticket
from events.models import Delivery, Event
from integrations import importing, incidents, storing
from integrations.directory import Directory
from integrations.sources import BadRow
from integrations.storing import IMPORTED
from tests.factories import UserFactory
from tests.integrations.incident_logs import life, row, write

pytestmark = pytest.mark.django_db


def run(path: Path, **options: Any) -> dict[str, Any]:
    report = path.parent / "report.json"
    call_command("import_incidents", str(path), report=report, verbosity=0, **options)
    account: dict[str, Any] = json.loads(report.read_text())
    return account


def events_of(ticket: Ticket) -> list[Event]:
    return list(Event.objects.filter(subject_type="ticket", subject_id=ticket.pk).order_by("id"))


def test_a_life_is_replayed_step_by_step_at_its_times(tmp_path: Path) -> None:
    run(write(tmp_path / "log.csv", life()))
    ticket = Ticket.objects.get(origin="incidents", external_reference="INC1")
    told = [
        (event.kind.removeprefix("ticket."), f"{event.at:%d %H:%M}", event.data["ticket"]["state"])
        for event in events_of(ticket)
        if event.kind != ticket_clocks.BREACHED
    ]
    assert told == [
        ("created", "01 08:00", "new"),
        ("assigned", "01 09:00", "new"),
        ("accepted", "01 09:00", "accepted"),
        ("started", "01 09:00", "in_progress"),
        ("team_changed", "01 10:00", "in_progress"),
        ("waiting", "01 11:00", "waiting_customer"),
        ("waiting", "01 15:00", "waiting_partner"),
        ("resolved", "02 08:00", "resolved"),
        ("reopened", "03 08:00", "reopened"),
        ("started", "03 08:00", "in_progress"),
        ("resolved", "04 08:00", "resolved"),
        ("closed", "09 08:00", "closed"),
    ]
    assert (ticket.state, ticket.reopen_count, ticket.reassignment_count) == ("closed", 1, 1)
    assert (ticket.team.name, str(ticket.owner), str(ticket.created_by)) == (
        "Group 2",
        "Resolver 1",
        "Opened by  8",
    )
    assert (ticket.channel, ticket.priority, ticket.product) == ("phone", 3, "Subcategory 7")
    assert str(ticket.resolution) == "code 6"
    assert ticket.imported_facts["made_sla"] is False


def test_what_is_added_stays_out_of_the_live_desk(tmp_path: Path) -> None:
    before = policies.rulebook()
    run(write(tmp_path / "log.csv", life()))
    assert not Team.objects.filter(name__startswith="Group", is_active=True).exists()
    assert not User.objects.filter(email__endswith="@imported.invalid", is_active=True).exists()
    assert not Category.objects.filter(key__startswith="imported-", is_active=True).exists()
    assert policies.rulebook().versions == before.versions
    announced = Event.objects.get(kind=IMPORTED)
    assert set(Delivery.objects.values_list("event", flat=True)) <= {announced.pk}
    assert not Message.objects.exists()


def test_the_clocks_and_the_breach_are_those_of_the_past(tmp_path: Path) -> None:
    report = run(write(tmp_path / "log.csv", life()))
    ticket = Ticket.objects.get(external_reference="INC1")
    used = {event.kind: event.data["used"] for event in events_of(ticket) if "used" in event.data}
    # 24 h to the first resolution, a day's stop, 24 h more; 96 h are allowed at P3 and do not pause.
    assert used["ticket.closed"]["resolution"] == 2 * 24 * 3600
    resolution = Clock.objects.get(ticket=ticket, metric="resolution")
    assert resolution.breached_at is None
    assert report["made_sla"]["log_missed_ours_met"] == 1
    late = [row(number="INC2"), row(number="INC2", incident_state="Closed", sys_updated_at="20/3/2016 08:00")]
    run(write(tmp_path / "late.csv", late))
    ticket = Ticket.objects.get(external_reference="INC2")
    breach = Event.objects.get(subject_id=ticket.pk, kind=ticket_clocks.BREACHED, data__metric="resolution")
    assert f"{breach.at:%d %H:%M}" == "05 08:00"
    assert breach.data["ticket"]["state"] == "new"


def test_a_second_run_adds_nothing(tmp_path: Path) -> None:
    path = write(tmp_path / "log.csv.xz", life("INC1") + life("INC2"))
    assert run(path)["tickets"] == 2
    before = Event.objects.count()
    again = run(path)
    assert (again["tickets"], again["already_there"], again["events"]) == (0, 2, 0)
    assert again["stored"]["tickets"] == 2
    assert Event.objects.count() == before
    assert Ticket.objects.count() == 2


def test_an_interrupted_run_goes_on_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "log.csv", [entry for number in range(7) for entry in life(f"INC{number}")])
    monkeypatch.setattr(importing.batches, "__defaults__", (2,))
    real, calls = storing.store, []

    def dies_in_the_third_batch(replays: Any) -> Any:
        calls.append(replays)
        tickets = real(replays)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return tickets

    monkeypatch.setattr(importing, "store", dies_in_the_third_batch)
    with pytest.raises(KeyboardInterrupt):
        run(path)
    assert Ticket.objects.count() == 4
    report = run(path)
    assert (report["tickets"], report["already_there"]) == (3, 4)
    assert report["stored"]["events_by_kind"]["ticket.created"] == 7
    assert Event.objects.filter(kind="ticket.reopened").count() == 7


def test_two_runs_at_once_store_each_ticket_once(tmp_path: Path) -> None:
    """The second run read what was known before the first had stored anything."""
    path = write(tmp_path / "log.csv", life())
    log = incidents.open_log(path, ZoneInfo("UTC"))
    late = importing.Account(incidents.ORIGIN)
    [incident] = [item for item in log.incidents() if not isinstance(item, BadRow)]
    run(path)
    rules, directory = policies.rulebook_of(incidents.policy_for_history()), Directory()
    incidents._prepare(directory, [incident])
    late.keep([incidents.replayed(incident, directory, rules)])
    assert (late.tickets, late.known) == (0, 1)
    assert Ticket.objects.count() == 1


def test_rows_need_not_lie_together_nor_in_order(tmp_path: Path) -> None:
    one, other = life("INC1"), life("INC2")
    mixed = [entry for pair in zip(reversed(one), other, strict=True) for entry in pair]
    report = run(write(tmp_path / "log.csv", mixed))
    first, second = (
        [(event.kind, event.at) for event in events_of(ticket)]
        for ticket in Ticket.objects.order_by("l1_reference")
    )
    assert report["tickets"] == 2
    assert first == second


def test_every_bad_row_is_reported_with_its_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = [
        row(),
        row(sys_updated_at="31/2/2016 08:00"),
        row(number="?"),
        row(incident_state="-100", assignment_group="Group 9", sys_updated_at="1/3/2016 09:00"),
        row(priority="Enormous"),
        row(sys_mod_count="-1"),
        row(urgency="\x1b[2J 4111 1111 1111 1111"),
        row(sys_updated_at="1/3/2999 08:00"),
        row(incident_state="Closed", sys_updated_at="2/3/2016 08:00"),
        row(number="INC2", opened_at="?"),
    ]
    path = write(tmp_path / "log.csv", log)
    with path.open("a") as file:
        file.write("INC3,New\n")
    report_file = tmp_path / "report.json"
    call_command("import_incidents", str(path), report=report_file)
    report = json.loads(report_file.read_text())
    assert {bad["line"]: bad["reason"] for bad in report["bad_row_list"]} == {
        3: "sys_updated_at “31/2/2016 08:00” is not a date",
        4: "no usable incident number",
        5: "unknown state “-100”: the former state is kept",
        6: "unknown priority “Enormous”",
        7: "sys_mod_count “-1” is not a number",
        8: "unknown urgency “�[2J 4111 11•• •••• 1111”",
        9: "sys_updated_at “1/3/2999 08:00” can't be right",
        11: "opened_at “?” is not a date",
        12: "2 columns instead of 36",
    }
    assert report["bad_rows"] == 9
    assert report["rows"] == 3
    assert "line 12: 2 columns instead of 36" in capsys.readouterr().err
    ticket = Ticket.objects.get()
    assert (ticket.state, ticket.reassignment_count) == ("closed", 2)  # to Group 9 and back


def test_closed_without_a_resolution_claims_none(tmp_path: Path) -> None:
    report = run(
        write(tmp_path / "log.csv", [row(), row(incident_state="Closed", sys_updated_at="2/3/2016 08:00")])
    )
    ticket = Ticket.objects.get()
    assert (report["resolved"], ticket.state) == (0, "closed")
    assert ticket.resolved_at == ticket.closed_at


def test_dates_are_those_of_the_stated_zone(tmp_path: Path) -> None:
    path = write(tmp_path / "log.csv", life())
    run(path, zone="America/Sao_Paulo")
    assert Ticket.objects.get().created_at.isoformat() == "2016-03-01T11:00:00+00:00"
    with pytest.raises(CommandError, match="“Mars/Olympus” is not a time zone"):
        run(path, zone="Mars/Olympus")


def test_a_lead_may_be_shown_what_was_imported(tmp_path: Path) -> None:
    lead = UserFactory(email="lead@example.com")
    path = write(tmp_path / "log.csv", life())
    run(path)
    assert not Ticket.objects.visible_to(lead).exists()
    run(path, lead=["LEAD@example.com"])
    lead = User.objects.get(pk=lead.pk)
    assert Ticket.objects.visible_to(lead).count() == 1
    assert {team.name for team in lead.teams.all()} == {"Group 1", "Group 2"}
    with pytest.raises(CommandError, match="nobody here has the address nobody@example.com"):
        run(path, lead=["nobody@example.com"])


def test_names_are_cleaned_of_card_numbers(tmp_path: Path) -> None:
    card = "4111 1111 1111 1111"
    columns = (
        "caller_id",
        "assignment_group",
        "assigned_to",
        "category",
        "subcategory",
        "closed_code",
        "location",
    )
    run(write(tmp_path / "log.csv", [row(**dict.fromkeys(columns, card))]))
    stored = [
        serializers.serialize("json", model.objects.all())
        for model in (Ticket, Event, Customer, Team, User, Category, Reason)
    ]
    assert "INC1" in stored[0]
    for text in stored:
        assert card not in text
        assert slugify(card) not in text


def test_a_team_of_another_kind_is_not_taken_over(tmp_path: Path) -> None:
    Team.objects.create(name="Group 1", kind="l1")
    with pytest.raises(CommandError, match="“Group 1” is something else on this desk already"):
        run(write(tmp_path / "log.csv", life()))
    assert not Ticket.objects.exists()


def test_a_report_that_cannot_be_written_is_refused_first(tmp_path: Path) -> None:
    path = write(tmp_path / "log.csv", life())
    with pytest.raises(CommandError, match="--report"):
        call_command("import_incidents", str(path), report=tmp_path / "no" / "report.json")
    assert not Ticket.objects.exists()
