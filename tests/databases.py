"""One migrated database that each process of a run copies: migrating takes half a minute, copying a second."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote, urlsplit

import psycopg2
from django.db import connection

BASE_DIR = Path(__file__).resolve().parents[1]
#: Any number that nothing else here locks.
LOCK = 7_283_611


def migrated() -> str:
    """Return the name of a database with all migrations in it, made by whichever process asks first.

    Its name says of which migrations and packages; it becomes a template when it is complete.
    """
    name = f"migrated_{_digest()}"
    settings = connection.settings_dict
    server = psycopg2.connect(
        dbname="postgres", host=settings["HOST"], port=settings["PORT"] or None, user=settings["USER"],
        password=settings["PASSWORD"],
    )  # fmt: skip
    server.autocommit = True
    try:
        with server.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [LOCK])
            cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s AND datistemplate", [name])
            if cursor.fetchone() is None:
                cursor.execute(f'DROP DATABASE IF EXISTS "{name}"')  # of a run that was ended in the middle
                cursor.execute(f'CREATE DATABASE "{name}"')
                _migrate(name)
                cursor.execute(f'ALTER DATABASE "{name}" IS_TEMPLATE true')
    finally:
        server.close()
    return name


def disconnect_others() -> None:
    """End every other connection to the test database: it can't be dropped while a test's thread still has one."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid() AND usename = current_user"
        )


def _digest() -> str:
    total = hashlib.sha256((BASE_DIR / "requirements.txt").read_bytes())
    for file in sorted(BASE_DIR.glob("*/migrations/*.py")):
        total.update(file.read_bytes())
    return total.hexdigest()[:16]


def _migrate(name: str) -> None:
    url = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{quote(name)}").geturl()
    command = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
    subprocess.run(command, cwd=BASE_DIR, env={**os.environ, "DATABASE_URL": url}, check=True)
