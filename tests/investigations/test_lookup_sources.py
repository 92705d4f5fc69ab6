"""Asking sources: real databases, an interface over HTTP, and servers that misbehave."""

import json
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from common import sealed
from common.errors import Refused
from investigations.lookups import asking, databases, masking, over_http, parameters, place
from investigations.lookups.answer import NoAnswer, Table
from investigations.models import LookupKind, LookupSource, LookupTrouble, LookupVersion
from tests.back_office import BackOffice
from tests.investigations.mariadb import PASSWORD, MariaDB, mariadb  # noqa: F401  a fixture

EVIL = [
    "'; DROP TABLE back_office_account; --",
    "1) OR 1=1 --",
    "\\'; SELECT pg_sleep(9) --",
    "$$; COMMIT; $$",
    "%s %(x)s",
]


def version(source: LookupSource, statement: str, lines: str = "", **more: Any) -> LookupVersion:
    """Return a version as it would be saved, without saving it."""
    asked = parameters.to_store(parameters.parse(lines))
    return LookupVersion(source=source, statement=statement, parameters=asked, **({"within_seconds": 2} | more))


def trouble(made: LookupVersion, **given: str) -> LookupTrouble:
    with pytest.raises(NoAnswer) as error:
        asking.ask(made, given)
    return error.value.trouble


@pytest.fixture
def postgres(back_office: BackOffice, settings: Any) -> LookupSource:
    """The back office's database, by a role that could do everything."""
    settings.BACK_OFFICE_LOOKUPS_URL = (
        f"{os.environ['DATABASE_URL'].rpartition('/')[0]}/{back_office.database}?tls=disable"
    )
    back_office.open_account("C-1", currency="PHP")
    back_office.pay("TX-1", account="C-1")
    back_office.pay("TX-2", account="C-1", state="declined")
    return LookupSource(name="sql", kind=LookupKind.POSTGRESQL, is_back_office=True)


@pytest.mark.django_db
def test_values_are_bound_by_their_types(postgres: LookupSource, back_office: BackOffice) -> None:
    found, _masked = asking.ask(
        version(
            postgres,
            "SELECT reference, amount, :big::bigint + 1 AS big, :day::date AS day, '50%:x' AS odd -- :not\n"
            "FROM back_office_transaction WHERE account_id = :account AND at > :since AND amount > :least"
            " AND (:none::text IS NULL) ORDER BY reference;",
            "account: reference\nsince: time\nleast: money\nbig: integer\nday: date\nnone: text optional",
        ),
        {"account": "C-1", "since": "2020-01-01T00:00", "least": "12.50", "big": "41", "day": "2026-11-27"},
    )
    assert found.columns == ["reference", "amount", "big", "day", "odd"]
    assert found.rows[0] == ["TX-1", "12500", "42", "2026-11-27", "50%:x"]
    assert len(found.rows) == 2
    for evil in EVIL:
        echoed, _masked = asking.ask(version(postgres, "SELECT :it AS it", "it: text"), {"it": evil})
        assert echoed.rows == [[evil]]
        for kind in ("integer", "date", "time", "money", "reference"):
            with pytest.raises(Refused):
                asking.ask(version(postgres, "SELECT :it", f"it: {kind}"), {"it": evil})
    assert back_office.rows("SELECT count(*) FROM back_office_account") == [(1,)]


@pytest.mark.django_db
def test_nothing_is_written_even_by_a_role_that_could(postgres: LookupSource, back_office: BackOffice) -> None:
    back_office.rows("CREATE SEQUENCE IF NOT EXISTS counting")
    back_office.rows(
        "CREATE OR REPLACE FUNCTION wipe() RETURNS int LANGUAGE plpgsql AS"
        " $$ BEGIN DELETE FROM back_office_transaction; RETURN 1; END $$"
    )
    for statement in (
        "SELECT wipe()",
        "SELECT nextval('counting')",
        "SELECT setval('counting', 9)",
        "SELECT lo_create(0)",
        "WITH gone AS (DELETE FROM back_office_transaction RETURNING 1) SELECT * FROM gone",
        "SELECT * FROM back_office_transaction FOR UPDATE",
    ):
        assert trouble(version(postgres, statement)) in {LookupTrouble.WRITES, LookupTrouble.REJECTED}, statement
    assert back_office.rows("SELECT count(*) FROM back_office_transaction") == [(2,)]
    assert asking.check(postgres) is True


#: Each looks like one literal to somebody, and like a committed write to PostgreSQL.
SMUGGLED = [
    "SELECT $é$ ' $é$; COMMIT; BEGIN READ WRITE; DELETE FROM back_office_transaction; COMMIT; --'",
    "SELECT E'a'\n'\\''; COMMIT; BEGIN READ WRITE; DELETE FROM back_office_transaction; COMMIT; --'",
    "SELECT 1; COMMIT; BEGIN READ WRITE; DELETE FROM back_office_transaction; COMMIT",
    "SELECT 1) AS x; COMMIT; BEGIN READ WRITE; DELETE FROM back_office_transaction; COMMIT; SELECT (1",
]


@pytest.mark.django_db
@pytest.mark.parametrize("statement", SMUGGLED)
def test_no_second_statement_reaches_postgresql(
    statement: str, postgres: LookupSource, back_office: BackOffice
) -> None:
    with pytest.raises(Refused):
        asking.ask(version(postgres, statement), {})
    # Even one that nobody refused before: the server itself takes one query, and nothing behind it.
    with pytest.raises(NoAnswer) as error:
        databases.ask_postgresql(place.of(postgres), statement, {}, databases.Limits(2, 5))
    assert error.value.trouble in {LookupTrouble.WRITES, LookupTrouble.REJECTED}
    assert back_office.rows("SELECT count(*) FROM back_office_transaction") == [(2,)]


@pytest.mark.django_db
def test_a_role_that_only_reads_is_known(postgres: LookupSource, back_office: BackOffice, settings: Any) -> None:
    back_office.rows("DO $$ BEGIN CREATE ROLE lookup_reader LOGIN; EXCEPTION WHEN duplicate_object THEN END $$")
    back_office.rows("GRANT SELECT ON back_office_account TO lookup_reader")
    host = settings.BACK_OFFICE_LOOKUPS_URL.rpartition("@")[2]
    if host.startswith("%2F"):  # a socket, as the demo's: there is no TLS to speak of
        host = host.removesuffix("?tls=disable")
    settings.BACK_OFFICE_LOOKUPS_URL = f"postgres://lookup_reader@{host}"
    assert asking.check(postgres) is False
    assert asking.ask(version(postgres, "SELECT reference FROM back_office_account;"), {})[0].rows == [["C-1"]]
    assert trouble(version(postgres, "SELECT * FROM back_office_ban")) == LookupTrouble.REJECTED
    back_office.rows("GRANT UPDATE (note) ON back_office_ban TO lookup_reader")
    assert asking.check(postgres) is True
    back_office.rows("REVOKE ALL ON back_office_ban FROM lookup_reader")


@pytest.mark.django_db
def test_time_rows_and_size_have_limits(postgres: LookupSource) -> None:
    began = time.monotonic()
    assert trouble(version(postgres, "SELECT pg_sleep(20)", within_seconds=1)) == LookupTrouble.TOO_SLOW
    slow = "SELECT set_config('statement_timeout', '0', false) FROM generate_series(1, 5), pg_sleep(9)"
    assert trouble(version(postgres, slow, within_seconds=1)) == LookupTrouble.TOO_SLOW
    assert time.monotonic() - began < 5
    endless = version(
        postgres, "SELECT n, repeat('x', 100000000) AS big FROM generate_series(1, 3) n", most_rows=2
    )
    found, _masked = asking.ask(endless, {})
    assert (len(found.rows), found.is_cut, found.cut_cells) == (2, True, 2)
    assert len(found.rows[0][1] or "") == 2001
    large = "SELECT repeat('y', 2000) FROM generate_series(1, 500)"
    assert trouble(version(postgres, large, most_rows=500)) == LookupTrouble.TOO_LARGE


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40))
def test_no_value_leaves_its_place_in_a_path(value: str) -> None:
    if value in {".", ".."}:
        with pytest.raises(NoAnswer):
            over_http.filled("/a/{x}/b?c={x}", {"x": value})
        return
    path, _mark, query = over_http.filled("/a/{x}/b?c={x}", {"x": value}).partition("?")
    assert path.count("/") == 3
    assert not set(query.removeprefix("c=")) & set("&#=/? ")


def test_columns_are_masked_by_their_rule() -> None:
    table = Table(["iban", "Phone", "mail", "who", "note", "secret", "iban_2"])
    table.add(
        ["PH0012345678", "+63 917 555 0142", "ana@example.com", "C-1", "card 4111111111111111", "x", "ES99887766"]
    )
    masks = masking.parse("iban: last4\nphone: phone\nmail: email\nwho: hash\nsecret: hidden")
    masking.apply(table, masks)
    row = table.rows[0]
    assert row[:3] == ["•••5678", "•••142", "a•••@example.com"]
    assert (row[3] or "").startswith("#")
    assert "4111111111111111" not in (row[4] or "")
    assert row[5:] == ["•••", "•••7766"]
    with pytest.raises(NoAnswer):
        masking.apply(table, {"renamed": "hidden"})


def test_what_lies_within_a_cell_is_masked_by_its_path() -> None:
    events = [
        {"at": "08:00", "courier": {"Phone": "+63 917 555 0142", "name": "Al"}},
        {"courier": {"phone": None}},
    ]
    table = Table(["reference", "events"])
    for cell in (json.dumps(events), json.dumps(events)[:-30] + "…", "left at the door", None):
        table.add(["D-1", cell])
    masking.apply(table, masking.parse("events.courier.phone: phone"))
    whole, cut, text, none = (row[1] for row in table.rows)
    assert json.loads(whole or "") == [
        {"at": "08:00", "courier": {"Phone": "•••142", "name": "Al"}}, {"courier": {"phone": None}},
    ]  # fmt: skip
    assert (cut, text, none) == ("•••", "left at the door", None)
    with pytest.raises(NoAnswer):
        masking.apply(table, masking.parse("parcels.phone: phone"))


def test_a_source_hides_names_in_every_answer_unless_the_lookup_has_a_rule() -> None:
    always = LookupSource().masked
    assert {"password", "token", "secret", "pan", "iban", "phone"} <= set(always)
    table = Table(["apiKey", "customer_iban", "phone_2", "company", "spin", "raw", "deep", "cut"])
    raw = {"access_tokens": ["a", "b"], "ok": [{"PAN": 4, "city": "Cebu"}]}
    deep = '{"a":' * 200 + '{"secret": "x"}' + "}" * 200
    table.add(["k", "DE1", "0917", "Tokenia", "left", raw, deep, '{"password": "hunter…'])
    masking.apply(table, masking.parse("phone_2: last4"), always)
    row = table.rows[0]
    assert row[:5] == ["•••", "•••", "•••", "Tokenia", "left"]
    assert json.loads(row[5] or "") == {"access_tokens": "•••", "ok": [{"PAN": "•••", "city": "Cebu"}]}
    assert '"secret": "•••"' in (row[6] or "")
    assert row[7] == "•••"


@pytest.mark.django_db
def test_the_back_office_over_http(back_office: BackOffice) -> None:
    back_office.open_account("C-1")
    back_office.pay("TX-1", account="C-1")
    source = LookupSource(name="http", kind=LookupKind.HTTP, is_back_office=True)
    asked = version(source, "/accounts/{account}/transactions", "account: reference", rows_path="transactions")
    found, _masked = asking.ask(asked, {"account": "C-1"})
    assert found.columns[0] == "reference"
    assert found.rows[0][0] == "TX-1"
    assert asking.ask(asked, {"account": "C-404"})[0].rows == []
    asked.rows_path = "elsewhere"
    assert trouble(asked, account="C-1") == LookupTrouble.UNREADABLE
    for fault, said in (
        ("error-before", LookupTrouble.STATUS),
        ("drop-before", LookupTrouble.UNREACHABLE),
        ("hang-before 1.5", LookupTrouble.TOO_SLOW),
    ):
        with back_office.failing(fault):
            assert trouble(version(source, "/accounts/x", within_seconds=1)) == said


@contextmanager
def server(*sent: bytes, close: bool) -> Iterator[str]:
    """Serve what nobody understands: send that at once, then close, or say nothing more."""
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.1)

        def serve() -> None:
            lines = []
            while not over.is_set():
                try:
                    line, _address = listener.accept()
                except TimeoutError:
                    continue
                lines.append(line)
                for data in sent:
                    line.sendall(data)
                if close:
                    line.close()
            for line in lines:
                line.close()

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"127.0.0.1:{listener.getsockname()[1]}"
        finally:
            over.set()
            thread.join()


GREETING = (
    b"\x0a5.7.0\x00" + b"\x01\x00\x00\x00" + b"a" * 8 + b"\x00\xff\xf7\x08\x02\x00\x0f\x80\x15" + b"\x00" * 10
)
BAD = [
    ((), False, {LookupTrouble.TOO_SLOW}),
    ((), True, {LookupTrouble.UNREACHABLE}),
    ((b"HTTP/1.1 400 Bad Request\r\n\r\nwhat?" * 9,), False,
     {LookupTrouble.UNREACHABLE, LookupTrouble.UNREADABLE, LookupTrouble.TOO_SLOW}),
    ((len(GREETING).to_bytes(3, "little") + b"\x00" + GREETING,), True,
     {LookupTrouble.UNREACHABLE, LookupTrouble.UNREADABLE}),
]  # fmt: skip


@pytest.mark.parametrize(("sent", "close", "expected"), BAD)
@pytest.mark.parametrize("kind", [LookupKind.POSTGRESQL, LookupKind.MYSQL])
def test_a_server_that_misbehaves(kind: str, sent: Any, close: bool, expected: Any, settings: Any) -> None:
    with server(*sent, close=close) as entry:
        settings.OUTGOING_HOSTS = [entry]
        source = LookupSource(name="bad", kind=kind, url=f"{kind}://u@{entry}/d?tls=disable")
        began = time.monotonic()
        assert trouble(version(source, "SELECT 1", within_seconds=1)) in expected
        assert time.monotonic() - began < 5


def test_only_listed_machines_are_asked(settings: Any) -> None:
    source = LookupSource(name="x", kind=LookupKind.POSTGRESQL, url="postgresql://u@127.0.0.1:5432/d")
    assert trouble(version(source, "SELECT 1")) == LookupTrouble.NOT_ALLOWED
    for url in ("postgresql://u:p@db.example/d", "postgresql://u@db.example",
                "mysql://u@db.example/d", "postgresql://u@db.example/d?sslmode=x",
                "postgresql://u@%2Ftmp/d", "http://db.example/"):  # fmt: skip
        settings.OUTGOING_HOSTS = ["db.example:5432", "db.example:80"]
        with pytest.raises(Refused):
            place.check(url, LookupKind.POSTGRESQL)
    place.check("postgresql://u@db.example/d?tls=verify-full", LookupKind.POSTGRESQL)


def _maria(server: MariaDB, user: str, settings: Any) -> LookupSource:
    settings.OUTGOING_HOSTS = [server.entry]
    source = LookupSource(
        pk=7, name="m", kind=LookupKind.MYSQL, url=f"mysql://{user}@{server.entry}/shop?tls=disable"
    )
    source.secret = sealed.seal(PASSWORD, place.bound_to(source))
    return source


def test_mariadb_answers_and_is_not_written_to(mariadb: MariaDB, settings: Any) -> None:  # noqa: F811
    reader, writer = _maria(mariadb, "reader", settings), _maria(mariadb, "writer", settings)
    assert (asking.check(reader), asking.check(writer)) == (False, True)
    asked = version(
        reader, "SELECT ref, amount, at, :it AS it FROM payment WHERE amount > :least"
        " AND (at < :now OR at IS NULL) ORDER BY ref DESC", "it: text\nleast: money\nnow: time",
    )  # fmt: skip
    for evil in (*EVIL, "\\", '" OR 1=1 #', "'/*"):
        found, _masked = asking.ask(asked, {"it": evil, "least": "1", "now": "2026-11-28T00:00"})
        assert [row[0] for row in found.rows] == ["TX-2", "TX-1"]
        assert found.rows[1][1:] == ["12.50", "2026-11-27 09:00:00", evil]
    mariadb.run("CREATE OR REPLACE FUNCTION shop.wipe() RETURNS INT BEGIN DELETE FROM shop.payment; RETURN 1; END")
    assert trouble(version(writer, "SELECT shop.wipe()")) == LookupTrouble.WRITES
    assert trouble(version(reader, "SELECT * FROM mysql.user")) == LookupTrouble.REJECTED
    assert trouble(version(reader, "SELECT nonsense(")) == LookupTrouble.REJECTED
    began = time.monotonic()
    slow = "SELECT BENCHMARK(10000000000, SHA2('x', 512))"
    assert trouble(version(reader, slow, within_seconds=1)) == LookupTrouble.TOO_SLOW
    many = "SELECT 1 FROM information_schema.columns a, information_schema.columns b"
    found, _masked = asking.ask(version(reader, many, most_rows=3), {})
    assert (len(found.rows), found.is_cut) == (3, True)
    assert time.monotonic() - began < 6
    began = time.monotonic()
    found, _masked = asking.ask(
        version(reader, f"{many}, information_schema.columns c LIMIT 100000000", most_rows=3), {}
    )
    assert (len(found.rows), found.is_cut) == (3, True)
    assert time.monotonic() - began < 1.5
    wrong = _maria(mariadb, "reader", settings)
    wrong.secret = sealed.seal("another", place.bound_to(wrong))
    assert trouble(version(wrong, "SELECT 1")) == LookupTrouble.SIGN_IN
    assert mariadb.run("SELECT count(*) FROM shop.payment") == ((2,),)


def test_a_database_is_asked_by_what_was_judged(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    """A name that answers otherwise the next moment changes nothing: the driver gets the judged address."""
    settings.OUTGOING_HOSTS = ["db.example:5432"]
    asked: list[dict[str, Any]] = []
    answers = iter([[(2, 1, 6, "", ("93.184.216.34", 5432))], [(2, 1, 6, "", ("127.0.0.1", 5432))]])
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_a, **_k: next(answers))

    def connect(**given: Any) -> None:
        asked.append(given)
        raise psycopg2.OperationalError("no")

    monkeypatch.setattr(psycopg2, "connect", connect)
    source = LookupSource(name="x", kind=LookupKind.POSTGRESQL, url="postgresql://u@db.example/d")
    assert trouble(version(source, "SELECT 1")) == LookupTrouble.UNREACHABLE
    assert (asked[0]["hostaddr"], asked[0]["host"], asked[0]["sslmode"]) == (
        "93.184.216.34",
        "db.example",
        "verify-full",
    )
    assert trouble(version(source, "SELECT 1")) == LookupTrouble.NOT_ALLOWED
