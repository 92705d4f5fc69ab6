"""The bench's own PostgreSQL and Valkey, and the servers that are measured."""

import os
import re
import shlex
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
FOLDER = ROOT / ".run" / "bench"
PYTHON = Path(sys.executable)
SECRET = "of a bench, and of nothing else"  # noqa: S105

#: Besides those of bin/services: statements are counted.
_SETTINGS = {
    "shared_preload_libraries": "pg_stat_statements",
    "pg_stat_statements.track_planning": "on",
}


class Services:
    """PostgreSQL and Valkey under .run/bench. `quick` trades safety for speed, while filling."""

    def __init__(self) -> None:
        self.quick: bool | None = None

    def start(self, *, quick: bool) -> None:
        """Have them run with or without safety, as asked."""
        if self.quick is quick:
            return
        self.stop()
        _services("start", *(["--throwaway"] if quick else []))
        if self.psql("postgres", "SHOW shared_preload_libraries") != "pg_stat_statements":
            for name, value in _SETTINGS.items():
                self.psql("postgres", f"ALTER SYSTEM SET {name} = '{value}'")
            _services("stop")
            _services("start", *(["--throwaway"] if quick else []))
        self.quick = quick

    def stop(self) -> None:
        _services("stop")
        self.quick = None

    def environment(self, database: str) -> dict[str, str]:
        """Return what Secondline needs to work on one of the databases."""
        found = dict(os.environ)
        for line in _services("env").splitlines():
            name, _, value = shlex.split(line)[1].partition("=")
            found[name] = value
        found["DATABASE_URL"] = re.sub(r"[^/]+$", database, found["DATABASE_URL"])
        return found | {
            "SECRET_KEY": SECRET,
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "PYTHONPATH": str(ROOT),
            "STATIC_ROOT": str(FOLDER / "staticfiles"),
            "MEDIA_ROOT": str(FOLDER / "media"),
        }

    def psql(self, database: str, statement: str) -> str:
        """Return the one value that a statement gives, as text."""
        import psycopg2

        connection = psycopg2.connect(self.environment(database)["DATABASE_URL"])
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(statement)
                row = cursor.fetchone() if cursor.description else None
                return str(row[0]) if row else ""
        finally:
            connection.close()

    def database(self, name: str, *, fresh: bool = False) -> None:
        """Have a database of that name."""
        if fresh:
            self.psql("postgres", f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        if not self.psql("postgres", f"SELECT 1 FROM pg_database WHERE datname = '{name}'"):
            self.psql("postgres", f"CREATE DATABASE {name}")
        self.psql(name, "CREATE EXTENSION IF NOT EXISTS pg_stat_statements")


def _services(*action: str) -> str:
    command = [str(PYTHON), str(ROOT / "bin" / "services"), *action, "--folder", str(FOLDER)]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def run(*arguments: str | Path, env: Mapping[str, str], cwd: Path = ROOT) -> None:
    """Run a program to its end. Raises SystemExit when it fails."""
    if subprocess.run([str(one) for one in arguments], env=dict(env), cwd=cwd, check=False).returncode:
        raise SystemExit(f"failed: {shlex.join(str(one) for one in arguments)}")


def web_command(port: int, *, application: str = "", programs: Path = PYTHON.parent) -> list[str]:
    """Return the production server's command as the Procfile has it, for `application` (WSGI) if it is given."""
    (line,) = re.findall(r"^web: (.+)$", (ROOT / "Procfile").read_text(), re.MULTILINE)
    words = shlex.split(line.replace("$PORT", str(port)))
    if application:
        words = [application if re.fullmatch(r"[\w.]+:\w+", word) else word for word in words]
        words[words.index("--interface") + 1] = "wsgi"
    return [str(programs / words[0]), *words[1:]]


@contextmanager
def served(
    command: list[str], port: int, env: Mapping[str, str], *, path: str = "/", cwd: Path = ROOT
) -> Iterator[int]:
    """Run a server and give its process id once it answers; end it afterwards."""
    log = FOLDER / "log" / f"web-{port}.log"
    with log.open("w") as output:
        server = subprocess.Popen(
            command, env=dict(env), cwd=cwd, stdout=output, stderr=output, start_new_session=True
        )
    try:
        deadline = time.monotonic() + 90
        while not _answers(f"http://127.0.0.1:{port}{path}"):
            if server.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"{shlex.join(command)} does not answer:\n{log.read_text()[-3000:]}")
            time.sleep(0.2)
        yield server.pid
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        try:
            server.wait(15)
        except subprocess.TimeoutExpired:
            os.killpg(server.pid, signal.SIGKILL)


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=60):
            return True
    except urllib.error.HTTPError as error:
        return error.code < 500
    except OSError:
        return False


def memory_mb(pid: int) -> float:
    """Return the proportional memory of a process and its children, in MB."""
    total = 0
    for one in (pid, *_children(pid)):
        try:
            rollup = Path(f"/proc/{one}/smaps_rollup").read_text()
        except OSError:
            continue
        total += sum(int(kb) for kb in re.findall(r"^Pss:\s+(\d+)", rollup, re.MULTILINE))
    return total / 1024


def processor_seconds(pid: int) -> float:
    """Return the processor time that a process and its children have used: a busy machine does not stretch it.

    Of the scheduler, to the nanosecond; what /proc/PID/stat has counts hundredths of a second.
    """
    total = 0
    for one in (pid, *_children(pid)):
        for file in Path(f"/proc/{one}/task").glob("*/schedstat"):
            total += int(file.read_text().split()[0])
    return total / 1e9


def _children(pid: int) -> list[int]:
    found: list[int] = []
    for file in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in map(int, file.read_text().split()):
            found += [child, *_children(child)]
    return found
