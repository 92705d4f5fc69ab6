"""The embedded PostgreSQL and Valkey: started twice, killed, and given data they cannot read."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psycopg2
import pytest

from config import environment as env

BASE_DIR = Path(__file__).resolve().parents[2]


def _services(action: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "bin/services", action, "--folder", folder],
        cwd=BASE_DIR,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder of a short path, for sockets, whose services are stopped at the end."""
    folder = Path(tempfile.mkdtemp(prefix="sl")) / "run"
    yield folder
    _services("stop", folder)
    shutil.rmtree(folder.parent)


def _address(folder: Path) -> str:
    lines = _services("env", folder).stdout.splitlines()
    return next(line.partition("=")[2] for line in lines if line.startswith("export DATABASE_URL="))


def _query(folder: Path, sql: str) -> list[tuple[object, ...]]:
    address = env.postgres(_address(folder))
    connection = psycopg2.connect(host=address["HOST"], user=address["USER"], dbname=address["NAME"])
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchall() if cursor.description else []
    finally:
        connection.close()


def _kill_all(folder: Path) -> None:
    pids = [
        int(entry.parent.name)
        for entry in Path("/proc").glob("[0-9]*/cwd")
        if os.access(entry, os.R_OK) and os.path.realpath(entry) == str(folder / "postgres")
    ]
    assert pids
    for pid in [*pids, int((folder / "valkey.pid").read_text())]:
        with suppress(ProcessLookupError):  # one of the database's has ended since, by itself or with another
            os.kill(pid, signal.SIGKILL)


def test_they_start_once_survive_a_kill_and_stop_twice(folder):
    assert _services("status", folder).returncode == 3
    assert _services("start", folder).returncode == 0
    assert "PostgreSQL is already running" in _services("start", folder).stdout
    assert _query(folder, "SELECT lower('ÁÑ')") == [("áñ",)]

    _query(folder, "CREATE TABLE kept AS SELECT 1 AS one")
    _kill_all(folder)
    # Another program has got the number of the killed server since.
    lock = folder / "postgres" / "postmaster.pid"
    lock.write_text("\n".join([str(os.getpid()), *lock.read_text().splitlines()[1:], ""]))
    started = _services("start", folder)
    assert started.returncode == 0, started.stderr
    assert _query(folder, "SELECT one FROM kept") == [(1,)]

    assert "PostgreSQL stopped" in _services("stop", folder).stdout
    assert "PostgreSQL is not running" in _services("stop", folder).stdout


def test_data_of_another_version_is_refused_in_plain_words_and_left_alone(folder):
    data = folder / "postgres"
    data.mkdir(parents=True)
    (data / "PG_VERSION").write_text("15\n")
    refused = _services("start", folder)
    assert refused.returncode == 1
    assert "was written by PostgreSQL 15" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert [path.name for path in data.iterdir()] == ["PG_VERSION"]


def test_a_long_path_moves_the_sockets_to_a_short_one(folder):
    long = folder / ("long " * 30)
    assert len(_address(folder)) < len(str(long))
    address = env.postgres(_address(long).strip("'"))
    assert len(f"{address['HOST']}/.s.PGSQL.5432") <= 107
