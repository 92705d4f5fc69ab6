"""Settings come from the environment, are all described, and fail with a sentence that helps."""

import ast
import os
import re
import ssl
import subprocess
import sys
from pathlib import Path

import pytest
from kombu import Connection

from config import environment as env

BASE_DIR = Path(__file__).resolve().parents[2]


def _read_by_settings() -> set[str]:
    tree = ast.parse((BASE_DIR / "config" / "settings.py").read_text())
    return {
        ast.literal_eval(node.args[0])
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "env.read"
    }


def _described() -> set[str]:
    table = (BASE_DIR / "docs" / "configuration.md").read_text().partition("## Of the commands")[0]
    return set(re.findall(r"^\| `([A-Z_]+)` \|", table, re.MULTILINE))


def test_every_setting_is_described_and_nothing_else_is():
    assert _described() == _read_by_settings()


def _check(**changes: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=BASE_DIR,
        env={**os.environ, **changes},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("SECRET_KEY", "", "SECRET_KEY is not set: it must be a long random text, kept secret."),
        ("DATABASE_URL", "", "DATABASE_URL is not set: it must be an address such as postgres://"),
        (
            "DATABASE_URL",
            "sqlite:///db",
            "DATABASE_URL is malformed: it must be an address such as postgres://",
        ),
        (
            "REDIS_URL",
            "localhost",
            "REDIS_URL is malformed: it must be an address such as redis://host:6379/0.",
        ),
        ("DEBUG", "maybe", "DEBUG is malformed: it must be true or false."),
        ("CLOSE_AFTER_DAYS", "-1", "CLOSE_AFTER_DAYS is malformed: it must be a whole number of days."),
        (
            "BACK_OFFICE_LOOKUPS_URL",
            "postgres://r:p@db.example/back?sslmode=verify-full",
            "BACK_OFFICE_LOOKUPS_URL is malformed: it must be postgres:// or mysql:// role:password@host/database,"
            " behind it at most ?tls=verify-full, ?tls=require or ?tls=disable.",
        ),
        ("EMAIL_URL", "pigeon://", "EMAIL_URL is malformed: it must be an address such as smtp+tls://"),
    ],
)
def test_a_bad_setting_stops_the_start_with_one_sentence(name, value, sentence):
    done = _check(**{name: value})
    assert done.returncode == 1
    assert done.stderr.startswith(sentence)
    assert "Traceback" not in done.stderr


def test_a_malformed_value_is_not_repeated():
    """It may be a password."""
    assert "hunter2" not in _check(DATABASE_URL="mysql://me:hunter2@host/db").stderr


@pytest.mark.parametrize(
    ("address", "broker"),
    [
        ("redis://host:6379/3", "redis://host:6379/3"),
        ("unix:///run/valkey.sock?db=3", "redis+socket:///run/valkey.sock?virtual_host=3"),
        ("unix:///run/valkey.sock", "redis+socket:///run/valkey.sock?virtual_host=0"),
    ],
)
def test_celery_spells_a_socket_its_own_way(address, broker):
    assert env.celery_broker(address) == broker


@pytest.mark.parametrize(
    ("address", "more"),
    [
        ("rediss://:pw@host:6380/0", {}),
        ("rediss://host/1?ssl_ca_certs=/etc/ca.pem", {"ssl_ca_certs": "/etc/ca.pem"}),
    ],
)
def test_the_broker_has_to_show_a_certificate_over_tls(address, more):
    assert Connection(env.celery_broker(address)).ssl == {"ssl_cert_reqs": ssl.CERT_REQUIRED} | more


def test_a_sockets_folder_survives_the_database_address():
    assert env.postgres("postgres://me@%2Frun%2Fa%20b/desk")["HOST"] == "/run/a b"


@pytest.mark.parametrize("behind", ["", "?tls=verify-full", "?tls=require", "?tls=disable"])
def test_lookups_know_one_option_alone(behind):
    for address in (
        "postgres://r:p@db.example/back",
        "mysql://r@10.0.0.1:3307/back",
        "postgres://r@%2Frun%2Fpg/b",
    ):
        assert env.lookups_database(address + behind) == address + behind
        for unknown in (
            "?sslmode=disable",
            "?tls=disable&sslmode=verify-full",
            "?tls=",
            "?sslmode",
            "?tls=no",
            "#x",
        ):
            with pytest.raises(ValueError, match=re.escape(unknown)):
                env.lookups_database(address + unknown)
    with pytest.raises(ValueError, match="sqlite"):
        env.lookups_database("sqlite:///x")


@pytest.mark.parametrize(
    "address", ["http://back.example", "ftp://back.example", "ftp://localhost", "back.example", "http://10.0.0.1"]
)
def test_another_company_is_asked_over_https_alone(address):
    with pytest.raises(ValueError, match=re.escape(address)):
        env.https(address)
    assert env.https("https://back.example") == "https://back.example"
    assert env.https("http://127.0.0.1:8080") == "http://127.0.0.1:8080"
