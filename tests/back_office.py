"""The reference back office as a real server process of the tests, with a database of its own."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from django.conf import settings as django_settings
from django.db import connections
from psycopg2.extras import Json

from common import clock

BASE_DIR = Path(__file__).resolve().parents[1]
TOKEN = "the tests' token"
ACCOUNT = "C-100200300"


@dataclass(frozen=True)
class BackOffice:
    """A running back office, and a hand in its tables."""

    url: str
    database: str
    fault_file: Path

    def rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """Run one statement in the back office's database."""
        with _connected(self.database) as connection, connection.cursor() as cursor:
            cursor.execute(sql, values)
            return cursor.fetchall() if cursor.description else []

    def add(self, table: str, **values: Any) -> None:
        """Put one row into a table of the back office."""
        given = [Json(value) if isinstance(value, list | dict) else value for value in values.values()]
        places = ", ".join(["%s"] * len(given))
        columns = ", ".join(f'"{name}"' for name in values)
        self.rows(f"INSERT INTO back_office_{table} ({columns}) VALUES ({places})", *given)  # noqa: S608

    def open_account(self, reference: str = ACCOUNT, **values: Any) -> None:
        """Open an account that nothing speaks against, but for `values`."""
        account = {
            "reference": reference, "status": "active", "opened": clock.now() - timedelta(days=400),
            "kyc_level": 2, "phone": "+63 917 555 0142", "credit_limit": 500_000, "currency": "PHP",
            "sign_ins": [],
        }  # fmt: skip
        self.add("account", **(account | values))

    def pay(self, reference: str, state: str = "settled", account: str = ACCOUNT, **values: Any) -> None:
        row = {
            "reference": reference, "account_id": account, "at": clock.now() - timedelta(days=10),
            "kind": "payment", "state": state, "amount": 12_500, "currency": "PHP", "counterparty": "Shop",
        }  # fmt: skip
        self.add("transaction", **(row | values))

    def ban(self, reference: str, reason: str, *, account: str = ACCOUNT, days: int = 3, **values: Any) -> None:
        row = {"reference": reference, "account_id": account, "reason": reason, "note": "",
               "at": clock.now() - timedelta(days=days)}  # fmt: skip
        self.add("ban", **(row | values))

    @contextmanager
    def failing(self, how: str) -> Iterator[None]:
        """Let every request fail like this: see bench/back_office/faults.py."""
        self.fault_file.write_text(how)
        try:
            yield
        finally:
            self.fault_file.unlink()


@contextmanager
def _connected(database: str) -> Iterator[Any]:
    address = django_settings.DATABASES["default"]
    connection = psycopg2.connect(
        host=address["HOST"], port=address["PORT"] or 5432, user=address["USER"],
        password=address["PASSWORD"] or None, dbname=database,
    )  # fmt: skip
    connection.autocommit = True
    try:
        yield connection
    finally:
        connection.close()


@pytest.fixture(scope="session")
def back_office_process(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[BackOffice]:
    """Start the back office on a free port; each worker has its own."""
    database = f"{connections['default'].settings_dict['NAME']}_back_office"
    with _connected("postgres") as connection, connection.cursor() as cursor:
        cursor.execute(f'DROP DATABASE IF EXISTS "{database}" WITH (FORCE)')
        cursor.execute(f'CREATE DATABASE "{database}"')
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    folder = tmp_path_factory.mktemp("back_office")
    own = os.environ["DATABASE_URL"].rpartition("/")[0]
    log = (folder / "log").open("w")
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.back_office", "prepare", "serve", "--port", str(port)],
        cwd=BASE_DIR,
        env=os.environ | {
            "BACK_OFFICE_DATABASE_URL": f"{own}/{database}",
            "BACK_OFFICE_TOKEN": TOKEN,
            "FAULT_FILE": str(folder / "fault"),
        },
        stdout=subprocess.DEVNULL,
        stderr=log,
    )  # fmt: skip
    try:
        _wait_for(port, process, folder / "log")
        yield BackOffice(f"http://127.0.0.1:{port}", database, folder / "fault")
    finally:
        process.terminate()
        process.wait(timeout=10)
        log.close()


def _wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 60
    while True:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        if process.poll() is not None or time.monotonic() > deadline:
            pytest.fail(f"The back office did not start:\n{log.read_text()[-3000:]}")
        time.sleep(0.05)


@pytest.fixture
def back_office(back_office_process: BackOffice, settings: Any) -> BackOffice:
    """A connected back office that knows nobody yet."""
    back_office_process.rows("TRUNCATE back_office_account, back_office_operation CASCADE")
    settings.BACK_OFFICE_URL = back_office_process.url
    settings.BACK_OFFICE_TOKEN = TOKEN
    return back_office_process
