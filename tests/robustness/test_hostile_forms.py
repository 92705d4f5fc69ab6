"""Every form of every page: hostile values get a 4xx and change nothing; a repeat is carried out once."""

import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import pytest
from django.apps import apps
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, transaction
from django.test import Client
from pytest_django import DjangoDbBlocker

from tests.matrix import Scenario, answer_of
from tests.matrix_rows import MATRIX
from tests.robustness import hostile
from tests.robustness.forms import Form, forms_of

pytestmark = pytest.mark.django_db

#: Where who works finds forms.
PAGES = {
    "l1": ["escalate_in", "resubmit", "ticket", "correct_customer", "preferences", "account_change_password"],
    "l2": ["queue", "ticket", "triage", "diagnosis", "article_new", "article_edit", "article", "known_issue_new",
           "known_issue_edit", "known_issue", "notification_settings"],
    "lead": ["ticket", "review_account", "trend", "roster_week", "edit_roster", "baton", "simulator",
             "service_levels", "own_calendar", "new_policy", "policy", "policy_publish", "calendar",
             "calendar_draft", "calendar_publish"],
    "partner": ["ticket"],
    "admin": ["edit_category_form"],
    "anonymous": ["rate", "account_login", "account_reset_password"],
}  # fmt: skip
Forms = Callable[[str], list[Form]]
VERBS = ("resolve", "resume", "cancel")
#: What any visit leaves: its session, and what the trail notes of a refusal.
VISITS = {"sessions.Session", "usersessions.UserSession", "audit.Entry"}
TABLES = [
    model._meta.db_table
    for model in apps.get_models()
    if model._meta.label not in VISITS and model._meta.managed and not model._meta.proxy
]
EVERYTHING = " UNION ALL ".join(
    f"SELECT '{table}', count(*), coalesce(sum(hashtext(row::text)), 0) FROM {table} AS row"  # noqa: S608
    for table in TABLES
)
#: How many rows this transaction has written so far, even those that were rolled back to a savepoint.
WRITTEN = """
SELECT sum(pg_stat_get_xact_tuples_inserted(oid) + pg_stat_get_xact_tuples_updated(oid)
           + pg_stat_get_xact_tuples_deleted(oid))
FROM unnest(%s::regclass[]) AS oid
"""


def written() -> int:
    with connection.cursor() as cursor:
        cursor.execute(WRITTEN, [TABLES])
        return int(cursor.fetchone()[0])


def state() -> list[tuple[Any, ...]]:
    """Return a digest of each table of the database."""
    with connection.cursor() as cursor:
        cursor.execute(EVERYTHING)
        return sorted(cursor.fetchall())  # the planner may read the tables in any order


def changed(before: list[tuple[Any, ...]]) -> set[str]:
    return {old[0] for old, new in zip(before, state(), strict=True) if old != new}


def addresses_of(role: str, scenario: Scenario) -> Iterator[str]:
    yield from (MATRIX[name].address(name, scenario) for name in PAGES[role])
    if role == "lead":
        ticket = MATRIX["ticket"].address("ticket", scenario)
        yield from (f"{ticket}do/{verb}/" for verb in VERBS)


@pytest.fixture(scope="module")
def all_forms(built: Scenario, django_db_blocker: DjangoDbBlocker) -> Forms:
    """Return the forms of a role's pages, which are read once."""

    @cache
    def forms(role: str) -> list[Form]:
        with django_db_blocker.unblock():
            return forms_on_pages(role, built)

    return forms


@pytest.fixture
def own_forms(all_forms: Forms) -> Forms:
    """Return a role's forms without those that the lead is offered just so, for what only asks the code."""

    def forms(role: str) -> list[Form]:
        of_lead = {(form.action, *form.open_fields) for form in all_forms("lead") if role != "lead"}
        return [form for form in all_forms(role) if (form.action, *form.open_fields) not in of_lead]

    return forms


def forms_on_pages(role: str, scenario: Scenario) -> list[Form]:
    """Return the forms that the role's pages offer, each action once."""
    found: dict[tuple[str, tuple[str, ...]], Form] = {}
    for address in addresses_of(role, scenario):
        response = scenario.clients[role].get(address)
        assert response.status_code == 200, address
        for form in forms_of(response.content.decode(), address):
            found.setdefault((form.action, tuple(form.open_fields)), form)
    return [form for form in found.values() if not form.action.endswith("/logout/")]


def send(client: Client, form: Form, before: list[Any] | None = None, **values: Any) -> int:
    """Send the form and undo what it did; return the status. A refusal must leave all as it was `before`."""
    so_far = written()
    with transaction.atomic():
        response = client.post(form.action, {**form.fields, **values})
        if before and response.status_code >= 400 and written() != so_far:
            shown = {name: str(value)[:40] for name, value in values.items()}
            assert not changed(before), f"{form.action} {shown}"
        transaction.set_rollback(True)
    return response.status_code


def once_per_column(names: list[str]) -> list[str]:
    """Return the fields without those that only repeat another one in a further row."""
    return list({re.sub(r"\d+", "#", name): name for name in names}.values())


@pytest.mark.parametrize("role", sorted(PAGES))
def test_hostile_values(scenario: Scenario, all_forms: Forms, role: str):
    client = scenario.clients[role]
    before = state()
    for form in all_forms(role):
        for value in hostile.TEXTS:
            status = send(client, form, before, **dict.fromkeys(form.open_fields, value))
            assert status < 500, f"{form.action} {value[:40]!r}"


@pytest.mark.parametrize("role", sorted(PAGES))
def test_each_field_alone_may_be_hostile(scenario: Scenario, own_forms: Forms, role: str):
    client = scenario.clients[role]
    before = state()
    for form in own_forms(role):
        for name in once_per_column(form.open_fields):
            for value in (hostile.HUGE, "1e-999999999"):
                assert send(client, form, before, **{name: value}) < 500, f"{form.action} {name}={value[:40]!r}"


@pytest.mark.parametrize("role", sorted(PAGES))
def test_a_file_where_text_belongs_and_text_where_a_file_belongs(scenario: Scenario, own_forms: Forms, role: str):
    client = scenario.clients[role]
    for form in own_forms(role):
        files: dict[str, Any] = {name: SimpleUploadedFile("x.txt", b"x") for name in form.open_fields[:3]}
        assert send(client, form, **files) < 500, form.action
        texts: dict[str, Any] = dict.fromkeys(form.files, "no file")
        assert send(client, form, **texts) < 500, form.action


@pytest.mark.parametrize("role", sorted(PAGES))
def test_other_shapes_of_body(scenario: Scenario, own_forms: Forms, role: str):
    client = scenario.clients[role]
    before = state()
    bodies = [
        ("application/json", b'{"a": 1}'),
        ("application/x-www-form-urlencoded", b"%ff%fe=%00&&&=&%"),
        ("application/x-www-form-urlencoded; charset=rot13", b"a=b"),
        ("multipart/form-data", b"no boundary"),
        ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n\x00\xff"),
        ("multipart/form-data; boundary=\xff", b"--x"),
        ("text/xml", b"<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><a>&x;</a>"),
    ]  # fmt: skip
    for action in sorted({form.action for form in own_forms(role)}):
        for content_type, body in bodies:
            so_far = written()
            with transaction.atomic():
                answer = answer_of(client.generic("POST", action, body, content_type=content_type))
                if isinstance(answer, int) and answer >= 400 and written() != so_far:
                    assert not changed(before), f"{action} {content_type}"
                transaction.set_rollback(True)
            assert isinstance(answer, str) or answer < 500, f"{action} {content_type}"


@pytest.mark.parametrize("role", ["l1", "l2", "lead"])
def test_the_same_form_sent_twice_is_carried_out_once(scenario: Scenario, all_forms: Forms, role: str):
    """Whatever a form does as it stands, the second time it does nothing more and leads to the same place."""
    client = scenario.clients[role]
    texts = ("body", "body_note", "body_from_l1", "message", "symptoms", "title", "name")
    carried_out = 0
    for form in all_forms(role):
        filled = {name: "A second thought." for name in texts if name in form.fields and not form.fields[name]}
        sent = {**form.fields, **filled}
        with transaction.atomic():
            first = client.post(form.action, sent)
            between = state()
            second = client.post(form.action, sent)
            if first.status_code == 302:
                carried_out += 1
                assert "form_token" in form.fields or not changed(between), f"{form.action} has no form_token"
                assert not changed(between), f"{form.action} was carried out twice: {changed(between)}"
                assert (second.status_code, second.headers["Location"]) == (302, first.headers["Location"])
            transaction.set_rollback(True)
    assert carried_out
