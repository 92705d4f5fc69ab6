"""What a database says of a question that it refuses, without what its rows hold."""

from typing import Any

import pymysql
import pytest
from django.urls import reverse

from common import clock
from investigations.lookups import asking, databases, saying
from investigations.lookups.answer import NoAnswer
from investigations.models import Lookup, LookupRun, LookupSource, LookupVersion
from tests import seed
from tests.back_office import BackOffice
from tests.clients import client_of
from tests.escalations.desk import Desk
from tests.investigations.mariadb import MariaDB, mariadb  # noqa: F401  a fixture
from tests.investigations.test_lookup_pages import ask, work_off
from tests.investigations.test_lookup_sources import _maria, postgres, version  # noqa: F401  a fixture

PHONE = "+49 170 1234567"


def said(made: LookupVersion) -> str:
    with pytest.raises(NoAnswer) as error:
        asking.ask(made, {})
    return error.value.detail


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("statement", "kept"),
    [
        ("SELECT phone::bigint AS phone", 'invalid input syntax for type bigint: "•••"'),
        ("SELECT (phone || '\" x \"')::int AS phone", 'invalid input syntax for type integer: "•••"'),
        ("SELECT phone::date AS phone", 'time zone displacement out of range: "•••"'),
        ("SELECT replace(phone, ' ', '')::int2 AS phone", '"•••" is out of range for type smallint'),
        ("SELECT to_tsquery(phone) AS phone", '"•••"'),
        ("SELECT phone, nonsense", 'column "nonsense" does not exist'),
        ("SELECT phone, nonsense(phone)", "function nonsense(text) does not exist"),
    ],
)
def test_postgresql(statement: str, kept: str, postgres: LookupSource) -> None:  # noqa: F811
    detail = said(
        version(postgres, f"{statement} FROM (VALUES ('{PHONE}')) AS one (phone)", masks={"phone": "hidden"})
    )
    assert kept in detail
    assert "170" not in detail


def test_mariadb(mariadb: MariaDB, settings: Any) -> None:  # noqa: F811
    reader = _maria(mariadb, "reader", settings)
    for statement, kept in (
        (f"SELECT extractvalue(1, concat(0x7e, '{PHONE}')) AS phone", "XPATH syntax error: '•••"),
        (f"SELECT 9223372036854775807 + length('{PHONE}') AS phone", "out of range in '•••"),
        ("SELECT nonsense FROM payment", "nonsense"),
        ("SELECT * FROM payments", "shop.payments"),
    ):
        detail = said(version(reader, statement))
        assert kept in detail
        assert "170" not in detail


@pytest.mark.parametrize(
    ("code", "whole", "kept"),
    [
        (1292, f"Truncated incorrect INTEGER value: '{PHONE}'", "Truncated incorrect INTEGER value: '•••'"),
        (1062, f"Duplicate entry '{PHONE}' for key 'group_key'", "Duplicate entry '•••'"),
        (1366, f"Incorrect integer value: '{PHONE}", "Incorrect integer value: '•••"),
        (1366, f"Incorrect value: '{PHONE}' and '{PHONE * 30}", "Incorrect value: '•••"),
        (1054, "Unknown column 'x' in 'field list'", "Unknown column 'x' in 'field list'"),
        (
            1222,
            "The used SELECT statements have a different number",
            "The used SELECT statements have a different number",
        ),
    ],
)
def test_mysql(code: int, whole: str, kept: str) -> None:
    assert databases._of_mysql(pymysql.OperationalError(code, whole), over=False).detail == kept


@pytest.mark.parametrize("quotes", ['""', "»«", "«»", "„“", "「」"])
def test_a_server_may_speak_another_language(quotes: str) -> None:
    assert PHONE not in saying.of_postgresql("22P02", f"ungültige Eingabe: {quotes[0]}{PHONE}{quotes[1]}.")


@pytest.mark.django_db
def test_it_is_neither_kept_nor_shown(
    postgres: LookupSource,  # noqa: F811
    back_office: BackOffice,
    django_capture_on_commit_callbacks: Any,
) -> None:
    seed.catalogue()
    desk = Desk()
    back_office.pay("TX-9", account="C-1", counterparty=PHONE)
    postgres.save()
    LookupVersion.objects.create(
        lookup=Lookup.objects.create(name="Phones"), number=1, source=postgres, why="New", made_by=desk.lead,
        statement="SELECT counterparty::bigint AS phone FROM back_office_transaction WHERE reference = 'TX-9'",
        masks={"phone": "hidden"}, made_at=clock.now(),
    )  # fmt: skip
    ticket, client = desk.started(), client_of(desk.l2)
    ask(client, ticket, "Phones")
    work_off(django_capture_on_commit_callbacks)
    page = client.get(reverse("lookup_run", args=[ticket.reference, LookupRun.objects.get().pk])).content.decode()
    assert "invalid input syntax for type bigint" in page
    assert "170" not in str(LookupRun.objects.values()) + page.partition("<main")[2]
