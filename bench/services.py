"""PostgreSQL and Valkey of a bench's own, with Django set up on them."""

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


@contextmanager
def running(folder: Path) -> Iterator[None]:
    """Start services under `folder`, migrate their database, and throw all of it away in the end."""
    os.environ.setdefault("SECRET_KEY", "of a bench")
    try:
        _call(folder, "start")
        for line in _call(folder, "env").splitlines():
            name, _, value = shlex.split(line)[1].partition("=")
            os.environ[name] = value
        _start_django()
        yield
    finally:
        _call(folder, "stop")
        shutil.rmtree(folder, ignore_errors=True)


def _call(folder: Path, *action: str) -> str:
    command = [sys.executable, str(ROOT / "bin" / "services"), *action, "--folder", str(folder)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return done.stdout


def _start_django() -> None:
    import django
    from django.core.management import call_command

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    call_command("migrate", verbosity=0)
