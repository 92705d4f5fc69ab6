"""manage.py import_tickets: any table, by a map of its columns."""

import json
import lzma
import tomllib
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from openpyxl import Workbook

from accounts import people
from escalations import policies
from escalations.models import Category, Clock, Policy, PolicyVersion, Ticket
from events.models import Event
from integrations import column_maps, tables
from integrations.column_maps import BadMap
from integrations.importing import Account, no_progress
from tests.escalations import levels

pytestmark = pytest.mark.django_db

MAPS = Path(column_maps.__file__).parent / "maps"
MAP = """
origin = "old-desk"
zone = "Asia/Manila"
missing = ["-"]

[ticket]
reference = "No"
created_at = { column = "Opened", format = "%d.%m.%Y %H:%M" }
resolved_at = { column = "Solved", format = "%d.%m.%Y %H:%M" }
state = { column = "Status", values = { Done = "closed", Asked = "waiting_customer", Open = "in_progress" } }
subject = "Title"
description = { columns = ["Title", "Text"], join = "\\n" }
category = "Kind"
team = { column = "Group", default = "Old desk" }
customer = "Client"
customer_name = { columns = ["Client", "Kind"], join = " / " }
owner = "Agent"
priority = { column = "Prio", values = { high = 1, low = 4 }, default = 3 }
channel = { constant = "phone" }
resolution = "Code"

[facts]
stars = "Stars"
"""
COLUMNS = "No,Opened,Solved,Status,Title,Text,Kind,Group,Client,Agent,Prio,Code,Stars"
ROWS = [
    "A1,01.02.2024 09:00,02.02.2024 10:30,Done,No money,It is gone,Cards,Payments,C9,Ana,high,Refund,5",
    "A2,03.02.2024 00:00,,Asked,Locked out,,Log-in,-,C9,-,,,-",
    "A3,04.02.2024 12:00,,Done,Odd,Nobody knows when,Cards,,C8,,low,,",
]


@pytest.fixture
def files(tmp_path: Path) -> "Files":
    return Files(tmp_path)


class Files:
    """A table, a map and a report in one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.map(MAP)
        self.table(*ROWS)

    def map(self, text: str) -> None:
        (self.folder / "map.toml").write_text(text, "utf-8")

    def table(self, *rows: str, columns: str = COLUMNS) -> None:
        (self.folder / "table.csv").write_text("\n".join([columns, *rows]) + "\n", "utf-8")

    def run(self, name: str = "table.csv") -> dict[str, Any]:
        report = self.folder / "report.json"
        call_command(
            "import_tickets", str(self.folder / name), map=self.folder / "map.toml", report=report, verbosity=0
        )
        account: dict[str, Any] = json.loads(report.read_text("utf-8"))
        return account


def test_every_field_finds_its_place(files: Files) -> None:
    report = files.run()
    assert (report["tickets"], report["bad_rows"], report["resolved"]) == (3, 0, 1)
    first, second, third = Ticket.objects.filter(origin="old-desk").order_by("external_reference")
    assert (first.subject, first.description) == ("No money", "No money\nIt is gone")
    assert (first.category.name, first.category.is_active) == ("Cards", False)
    assert (first.team.name, str(first.owner), first.priority, first.channel) == ("Payments", "Ana", 1, "phone")
    assert (first.customer.external_id, first.customer.name) == ("old-desk:C9", "C9 / Cards")
    assert first.created_at.isoformat() == "2024-02-01T01:00:00+00:00"
    assert first.resolved_at is not None
    assert (first.state, first.resolved_at.isoformat()) == ("closed", "2024-02-02T02:30:00+00:00")
    assert (str(first.resolution), first.imported_facts) == ("Refund", {"stars": "5"})
    assert (second.state, second.team.name, second.owner, second.priority) == (
        "waiting_customer",
        "Old desk",
        None,
        3,
    )
    assert second.customer == first.customer
    assert second.imported_facts == {}
    # Nobody said when the third was solved: it is closed, and claims no resolution.
    assert (third.state, third.resolved_at) == ("closed", third.created_at)
    kinds = Event.objects.filter(subject_id=third.pk, subject_type="ticket").values_list("kind", flat=True)
    assert list(kinds.order_by("id")) == ["ticket.created", "ticket.closed"]
    assert not Clock.objects.exists()


def test_a_second_run_adds_only_what_is_new(files: Files) -> None:
    files.run()
    files.table(*ROWS, "A4,05.02.2024 12:00,,Open,New,,Cards,,C1,,,,")
    report = files.run()
    assert (report["tickets"], report["already_there"], report["stored"]["tickets"]) == (1, 3, 4)


@pytest.mark.parametrize("name", ["table.csv.xz", "table.xlsx"])
def test_the_same_table_in_another_format_is_the_same(files: Files, name: str) -> None:
    rows = [line.split(",") for line in [COLUMNS, *ROWS]]
    if name.endswith("xz"):
        (files.folder / name).write_bytes(lzma.compress((files.folder / "table.csv").read_bytes()))
    else:
        book = Workbook()
        for row in rows:
            book.active.append(row)
        book.save(files.folder / name)
    assert files.run(name)["tickets"] == 3
    assert files.run()["tickets"] == 0


def test_every_bad_row_is_reported_with_its_line(files: Files) -> None:
    good = "B{},01.02.2024 09:00,,Open,Title,,Cards,,C1,,,,"
    files.table(
        good.format(1),
        "B2,1/2/2024,,Open,Title,,Cards,,C1,,,,",
        "B3,01.02.2024 09:00,,Lost,Title,,Cards,,C1,,,,",
        ",01.02.2024 09:00,,Open,Title,,Cards,,C1,,,,",
        "B5,01.02.2024 09:00,,Open,-,,Cards,,C1,,,,",
        good.format(1),
        "B7,01.02.2024 09:00,31.01.2024 09:00,Done,Title,,Cards,,C1,,,,",
        "B8,,,Open,Title,,Cards,,C1,,,,",
        f"B9,01.02.2024 09:00,,Open,Title,{'x' * 20_001},Cards,,C1,,,,",
        f"B10,01.02.2024 09:00,,Open,Title,,{'x' * 121},,C1,,,,",
        "B11,01.02.9999 09:00,,Open,Title,,Cards,,C1,,,,",
        "B12,short",
        good.format(13),
    )
    report = files.run()
    assert {bad["line"]: bad["reason"] for bad in report["bad_row_list"]} == {
        3: "created_at: “1/2/2024” is not a date that can be right",
        4: "state: the map has no value for “Lost”",
        5: "reference is missing",
        6: "subject is missing",
        7: "the reference “B1” is that of line 2 already",
        8: "created_at, resolved_at and closed_at are not in this order",
        9: "created_at is missing",
        10: "description is longer than 20000 characters",
        11: "category is longer than 120 characters",
        12: "created_at: “01.02.9999 09:00” is not a date that can be right",
        13: "2 columns instead of 13",
    }
    assert (report["rows"], report["tickets"], report["bad_rows"]) == (13, 2, 11)


def test_what_is_stored_is_cleaned_and_bounded(files: Files) -> None:
    card = "4111111111111111"
    long = "word " * 60
    files.table(f"{card},01.02.2024 09:00,,Open,{long},Card {card},Cards,,{card},{card},,,{card}")
    assert files.run()["tickets"] == 1
    ticket = Ticket.objects.get()
    assert len(ticket.subject) == 200
    assert ticket.subject.endswith("…")
    told = [
        ticket.description, ticket.external_reference, ticket.l1_reference, str(ticket.owner),
        ticket.customer.name, ticket.customer.external_id, str(ticket.imported_facts),
        ticket.owner.email if ticket.owner else "",
    ]  # fmt: skip
    assert card not in " ".join(told)


def test_names_in_any_script_stay_apart(files: Files) -> None:
    row = "{0},01.02.2024 09:00,,Open,Title,,{1},,C1,{1},,,"
    files.table(row.format("C1", "支付"), row.format("C2", "退款"), row.format("C3", "Cards & more"))
    files.run()
    assert set(Ticket.objects.values_list("category__name", "owner__name")) == {
        ("支付", "支付"), ("退款", "退款"), ("Cards & more", "Cards & more"),
    }  # fmt: skip


def test_categories_may_have_to_exist(files: Files) -> None:
    key = Category.objects.create(key="lost-card", name="Lost card").key
    files.map(MAP.replace('category = "Kind"', 'category = { column = "Kind", existing = true }'))
    row = "{},01.02.2024 09:00,,Open,Title,,{},,C1,,,,"
    files.table(row.format("D1", key), row.format("D2", "no-such"))
    report = files.run()
    assert [bad["reason"] for bad in report["bad_row_list"]] == ["there is no category with the key “no-such”"]
    assert Ticket.objects.get().category.key == key


def test_clocks_run_by_the_policy_the_map_names(files: Files) -> None:
    hours = [{"day": 0, "opens": "08:00", "closes": "16:00"}]
    calendar = levels.calendar("Old hours", weekly=hours)
    target = {"metric": "resolution", "priority": 1, "minutes": 60, "business_time": False}
    old = Policy.objects.create(name="Old targets", is_active=False)
    draft = PolicyVersion(policy=old, number=1, calendar=calendar, targets=[target])
    policies.publish(draft, by=people.system())
    files.map(MAP.replace('zone = "Asia/Manila"', 'zone = "Asia/Manila"\nsla = "Old targets"'))
    files.run()
    clock = Clock.objects.get()
    assert clock.ticket.external_reference == "A1"
    assert clock.breached_at is not None
    assert clock.breached_at.isoformat() == "2024-02-01T02:00:00+00:00"


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"origin": None}, "“origin”: is needed"),
        ({"origin": 5}, "“origin”: must be a text"),
        ({"colour": "red"}, "“colour”: is unknown here"),
        ({"zone": "Mars"}, "“zone”: “Mars” is not a time zone"),
        ({"missing": "-"}, "“missing”: must be a list"),
        ({"delimiter": ";;"}, "“delimiter”: must be a text of 1 to 1"),
        ({"sla": "none at all"}, "“sla”: there is no policy “none at all”"),
        ({"facts": {"a": 1}}, "“facts.a”: must be a text"),
        ({"ticket": "No"}, "“ticket”: must be a table"),
        ({"ticket.subject": None}, "“ticket.subject”: is needed"),
        ({"ticket.subjet": "x"}, "“ticket.subjet”: is unknown here"),
        ({"ticket.subject": 5}, "“ticket.subject”: must be a column's name or a table"),
        ({"ticket.subject": {}}, "“ticket.subject”: needs exactly one of"),
        ({"ticket.subject": {"column": "Title", "constant": "x"}}, "“ticket.subject”: needs exactly one of"),
        ({"ticket.subject": {"column": "Title", "vlaues": {}}}, "“ticket.subject.vlaues”: is unknown here"),
        ({"ticket.subject": {"columns": []}}, "“ticket.subject.columns”: names no column"),
        ({"ticket.subject": {"columns": "Title"}}, "“ticket.subject.columns”: must be a list"),
        ({"ticket.subject": {"column": "Title", "format": "%Y"}}, "“ticket.subject.format”: only dates"),
        ({"ticket.created_at": {"column": "Opened", "format": "%H:%M"}}, "“ticket.created_at.format”: “%H:%M”"),
        ({"ticket.created_at": {"column": "Opened", "format": "%Q"}}, "“ticket.created_at.format”: “%Q”"),
        ({"ticket.state": {"constant": "merged"}}, "“ticket.state”: “merged” is none of accepted, closed"),
        ({"ticket.priority": {"column": "Prio", "values": {"high": 0}}}, "“ticket.priority”: “0” is none of"),
        ({"ticket.priority": {"column": "Prio", "values": {"a": 1.5}}}, "“ticket.priority.values.a”: must be"),
        ({"ticket.team": {"column": "Group", "existing": True}}, "“ticket.team.existing”: is true or false"),
    ],
)
def test_a_mistake_in_the_map_is_named(files: Files, change: dict[str, Any], sentence: str) -> None:
    raw = deepcopy(tomllib.loads(MAP))
    for key, value in change.items():
        *above, last = key.split(".")
        table = raw[above[0]] if above else raw
        table.pop(last, None)
        if value is not None:
            table[last] = value
    with pytest.raises(BadMap, match=sentence):
        tables.import_table(files.folder / "table.csv", column_maps.checked(raw), Account("x"), no_progress)
    assert not Ticket.objects.exists()


@pytest.mark.parametrize("text", ["origin = ", "\x00", "a = " + "[" * 5000])
def test_a_map_that_is_no_toml_says_so(files: Files, text: str) -> None:
    files.map(text)
    with pytest.raises(CommandError, match="The map's “map.toml”"):
        files.run()


def test_a_column_the_table_does_not_have_is_named(files: Files) -> None:
    files.table("1", columns="Nummer")
    with pytest.raises(CommandError, match=r"no column “No”, “Opened”.* Its columns are: Nummer"):
        files.run()


@pytest.mark.parametrize("path", sorted(MAPS.glob("*.toml")), ids=lambda path: path.stem)
def test_the_maps_that_come_along_are_sound(path: Path) -> None:
    assert column_maps.read(path).origin == path.stem.replace("_", "-")


def test_the_public_complaints_are_imported_whole(tmp_path: Path) -> None:
    data = Path(__file__).parents[3] / "shared" / "data" / "cfpb_boa" / "complaints_2017_2019.csv.xz"
    if not data.exists():
        pytest.skip(f"the public complaints are not here ({data.name})")
    lines = lzma.decompress(data.read_bytes()).decode().splitlines(keepends=True)
    (tmp_path / "slice.csv").write_text("".join(lines[:801]), "utf-8")
    report = tmp_path / "report.json"
    call_command(
        "import_tickets", str(tmp_path / "slice.csv"), map=MAPS / "cfpb_boa.toml", report=report, verbosity=0
    )
    account = json.loads(report.read_text())
    assert (account["tickets"], account["bad_rows"]) == (800, 0)
    years = {ticket.created_at.year for ticket in Ticket.objects.filter(origin="cfpb-boa")}
    assert years <= {2017, 2018, 2019, 2020}
