"""The whole-project checks, as tests, so that one run and one summary says everything."""

import os
import subprocess
import sys
from base64 import b64encode
from pathlib import Path

import pytest
from django.core.management import call_command

BASE_DIR = Path(__file__).resolve().parents[2]
PROGRAMS = Path(sys.executable).parent
PRODUCTION = {
    "SITE_URL": "https://desk.example.com",
    "ALLOWED_HOSTS": "desk.example.com",
    "DEBUG": "false",
    "SECRET_KEY": "".join(chr(33 + number * 7 % 90) for number in range(80)),
    "AUDIT_KEYS": f"test:{b64encode(bytes(range(32))).decode()}",
    "AUDIT_SIGNING_KEYS": f"test:{b64encode(bytes(range(32, 64))).decode()}",
    "COMPLIANCE_KEYS": f"test:{b64encode(bytes(range(64, 96))).decode()}",
}
CHECKS: dict[str, tuple[list[str], dict[str, str]]] = {
    "mypy": (["mypy"], {}),
    "ruff-check": (["ruff", "check"], {}),
    "ruff-format": (["ruff", "format", "--check"], {}),
    "import-linter": (["lint-imports"], {}),
    "djlint-lint": (["djlint", "templates", "--lint", "--quiet"], {}),
    "deploy": (["python", "manage.py", "check", "--deploy", "--fail-level", "WARNING"], PRODUCTION),
    "messages": (["python", "bin/messages", "check"], {}),
}


@pytest.mark.check
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.long) if name == "mypy" else name for name in CHECKS]
)
def test_the_project_passes(name):
    (program, *arguments), environment = CHECKS[name]
    outside = {name: value for name, value in os.environ.items() if name != "DJANGO_ALLOW_ASYNC_UNSAFE"}
    done = subprocess.run(
        [PROGRAMS / program, *arguments],
        cwd=BASE_DIR,
        env={**outside, **environment, "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        pytest.fail(f"{program} {' '.join(arguments)}\n{done.stdout}{done.stderr}", pytrace=False)


@pytest.mark.check
@pytest.mark.django_db
def test_the_migrations_say_what_the_models_say():
    call_command("makemigrations", check=True, dry_run=True, verbosity=1)
