"""django-helpdesk installed in a virtual environment of its own, and filled with the tickets that are there."""

from collections.abc import Mapping
from pathlib import Path

from bench.workplace import serving
from bench.workplace.serving import PYTHON, ROOT, Services, run, web_command
from bench.workplace.signs import PASSWORD

FOLDER = Path(__file__).parent / "helpdesk"
_VENV = serving.FOLDER / "helpdesk"


def ready(services: Services, database: str, env: Mapping[str, str]) -> None:
    """Install it once, and fill it once for each database."""
    done = _VENV / "installed"
    wanted = (FOLDER / "requirements.txt").read_text()
    if not done.exists() or done.read_text() != wanted:
        run(PYTHON, "-m", "venv", "--clear", _VENV, env=env)
        uv = ROOT / ".venv" / "bin" / "uv"
        run(
            uv,
            "pip",
            "install",
            "--quiet",
            "-r",
            FOLDER / "requirements.txt",
            env={**env, "VIRTUAL_ENV": str(_VENV)},
        )
        done.write_text(wanted)
    if services.psql(database, "SELECT to_regclass('helpdesk.filled')") == "None":
        services.psql(database, "DROP SCHEMA IF EXISTS helpdesk CASCADE")
        services.psql(database, "CREATE SCHEMA helpdesk")
        for step in ("migrate", "fill"):
            run(_VENV / "bin" / "python", "desk.py", step, env=_own(env), cwd=FOLDER)
        services.psql(database, "CREATE TABLE helpdesk.filled ()")


def command(port: int, env: Mapping[str, str]) -> tuple[list[str], int, dict[str, str]]:
    """Return what serves it: the command, the port and the environment."""
    return web_command(port, application="desk:application", programs=_VENV / "bin"), port, _own(env)


def _own(env: Mapping[str, str]) -> dict[str, str]:
    return {**env, "BENCH_PASSWORD": PASSWORD, "PYTHONPATH": str(FOLDER), "DJANGO_SETTINGS_MODULE": ""}
