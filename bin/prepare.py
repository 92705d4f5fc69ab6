"""What bin/run and bin/test need before they start: packages, front end, services, secrets.

Runs on a bare Python, so it imports nothing that must be installed first.
"""

import fcntl
import hashlib
import os
import re
import secrets
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent.parent
RUN_DIR = BASE_DIR / ".run"
VENV = BASE_DIR / ".venv"
PROGRAMS = VENV / "bin"
PYTHON = PROGRAMS / "python"
LEAST_PYTHON = (3, 11)
LEAST_NODE = 18  # esbuild's


class Trouble(Exception):
    """A step failed; the message says what happened and what to do."""


def say(text: str) -> None:
    """Print one line about what happens now."""
    print(f"==> {text}", flush=True)


def run(
    *command: str | Path, env: dict[str, str] | None = None, quiet: bool = False, why: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run a program in the checkout. Raises Trouble, with its output if `quiet`, when it fails."""
    done = subprocess.run(
        command, cwd=BASE_DIR, env=env, text=True, check=False, capture_output=quiet, stdin=subprocess.DEVNULL
    )
    if done.returncode:
        said = f"\n{done.stdout}{done.stderr}" if quiet else ""
        shown = shlex.join(str(part) for part in command[:4])
        raise Trouble(f"{why or 'A step failed'}: `{shown} …` ended with {done.returncode}.{said}")
    return done


def digest(paths: Iterable[Path]) -> str:
    """Return a fingerprint of the files' names and contents."""
    total = hashlib.sha256(sys.version.encode())
    for path in sorted(paths):
        total.update(str(path.relative_to(BASE_DIR)).encode() + b"\0" + path.read_bytes() + b"\0")
    return total.hexdigest()


class Stamp:
    """Remembers, beside what was made, what it was made from."""

    def __init__(self, place: Path, sources: Iterable[Path]) -> None:
        self.file = place / ".secondline-stamp"
        self.value = digest(sources)

    def holds(self) -> bool:
        return self.file.exists() and self.file.read_text() == self.value

    def set(self) -> None:
        self.file.write_text(self.value)


def python_packages(*, dev: bool = False) -> None:
    """Make .venv and install exactly what the requirement files name, hashes checked."""
    _make_venv()
    files = [BASE_DIR / "requirements.txt"] + ([BASE_DIR / "requirements-dev.txt"] if dev else [])
    for file in files:
        folder = VENV / file.stem
        folder.mkdir(exist_ok=True)
        stamp = Stamp(folder, [file])
        if stamp.holds():
            continue
        since = time.monotonic()
        say(f"installing Python packages from {file.name} (a minute or so the first time)")
        installer = _installer()
        run(*installer, "install", "--quiet", "--require-hashes", "-r", file, env=_tools())
        stamp.set()
        say(f"packages installed ({time.monotonic() - since:.0f} s)")


def _make_venv() -> None:
    if PYTHON.exists() and _works(PYTHON, "-c", "import sys; sys.exit(sys.version_info < (3, 11))"):
        return
    if sys.version_info < LEAST_PYTHON:
        found = ".".join(map(str, sys.version_info[:2]))
        raise Trouble(f"Secondline needs Python 3.11 or later; this is {found}. Try: make run PYTHON=python3.12")
    say("making .venv")
    try:
        run(sys.executable, "-m", "venv", "--clear", VENV, quiet=True)
    except Trouble as trouble:
        raise Trouble(
            f"Python could not make .venv. On Debian or Ubuntu: apt install python3-venv\n{trouble}"
        ) from None


def _installer() -> tuple[str | Path, ...]:
    """Return the command of uv, itself installed by pip from its hashed pin; else pip's."""
    if not _works(PROGRAMS / "uv", "--version"):
        pins = (BASE_DIR / "requirements.txt").read_text()
        block = re.search(r"^uv==.*?(?=^\S)", pins + "\nend", re.MULTILINE | re.DOTALL)
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as wanted:
            wanted.write(block[0] if block else "uv")
            wanted.flush()
            pip = (
                PYTHON,
                "-m",
                "pip",
                "--disable-pip-version-check",
                "install",
                "--quiet",
                "-r",
                wanted.name,
            )
            if not _works(*pip):
                say("uv is not to be had here: pip installs instead, which takes a few minutes")
                return (PYTHON, "-m", "pip", "--disable-pip-version-check")
    return (PROGRAMS / "uv", "pip")


def _works(*command: str | Path) -> bool:
    try:
        return subprocess.run(command, capture_output=True, cwd=BASE_DIR, check=False).returncode == 0
    except OSError:
        return False


def _tools() -> dict[str, str]:
    """Return an environment in which .venv's programs come first, and keep what Python compiles in .run/."""
    outer = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {
        "UV_SYSTEM_CERTS": "true",  # a company's own certificate authority is known to the system only
        # Without its compiled modules, each of our many processes starts 3 s later.
        "PYTHONPYCACHEPREFIX": str(RUN_DIR / "bytecode"),
        **outer,
        "PATH": f"{PROGRAMS}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "VIRTUAL_ENV": str(VENV),
        "UV_PYTHON_DOWNLOADS": "never",
    }


def front_end() -> None:
    """Install the npm packages and bundle frontend/ into static/dist/."""
    manifests = [BASE_DIR / name for name in ("package.json", "package-lock.json", ".npmrc")]
    sources = [path for path in (BASE_DIR / "frontend").rglob("*") if path.is_file()]
    modules, bundle = BASE_DIR / "node_modules", BASE_DIR / "static" / "dist"
    installed = Stamp(modules, manifests)
    built = Stamp(bundle, manifests + sources)
    npm, env = _npm()
    if not installed.holds():
        say("installing the front end's packages with npm")
        run(*npm, "ci", "--no-audit", "--no-fund", "--loglevel=error", env=env)
        installed.set()
    if not built.holds():
        say("bundling the front end")
        shutil.rmtree(bundle, ignore_errors=True)
        run(*npm, "run", "--silent", "build", env=env)
        bundle.mkdir(parents=True, exist_ok=True)
        built.set()


def _npm() -> tuple[tuple[str | Path, ...], dict[str, str]]:
    """Return npm's command: the system's if its node is new enough, else the wheel's in .venv."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm:
        said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
        major = re.match(r"v(\d+)", said)
        if major and int(major[1]) >= LEAST_NODE:
            return (npm,), dict(os.environ)
    return (PROGRAMS / "npm",), _tools()


def static_files(env: dict[str, str], folder: Path) -> None:
    """Collect hashed and compressed static files into `folder` when anything of them changed."""
    env["STATIC_ROOT"] = str(folder)
    sources = [path for path in (BASE_DIR / "static").rglob("*") if path.is_file()]
    stamp = Stamp(folder, [*sources, BASE_DIR / "requirements.txt"])
    if not stamp.holds():
        say("collecting static files")
        run(PYTHON, "manage.py", "collectstatic", "--noinput", "--clear", "--verbosity", "0", env=env)
        stamp.set()


def environment(*, folder: Path = RUN_DIR, throwaway: bool = False) -> dict[str, str]:
    """Return Secondline's environment, with the services started unless both addresses are given.

    `stop_services` stops what was started here, now or by an earlier call that was killed.
    """
    env = _tools()
    env.setdefault("SECRET_KEY", secret_key(folder))
    given = [name for name in ("DATABASE_URL", "REDIS_URL") if env.get(name)]
    if len(given) == 2:
        return env
    if given:
        say(f"{given[0]} is set; the other service is started here")
    command = (PYTHON, BASE_DIR / "bin" / "services")
    place = ("--folder", folder)
    if not _works(*command, "status", *place):
        say("starting PostgreSQL and Valkey")
        _started_mark(folder).touch()
        run(*command, "start", *place, *(["--throwaway"] if throwaway else []))
    for line in run(*command, "env", *place, quiet=True).stdout.splitlines():
        name, _, value = shlex.split(line)[1].partition("=")
        is_anothers = name == "DATABASE_APP_URL" and "DATABASE_URL" in given
        if not env.get(name) and not is_anothers:
            env[name] = value
    return env


def stop_services(folder: Path = RUN_DIR, *, quiet: bool = False) -> None:
    """Stop what `environment` started; services that ran before it go on."""
    mark = _started_mark(folder)
    if mark.exists():
        run(PYTHON, BASE_DIR / "bin" / "services", "stop", "--folder", folder, quiet=quiet)
        mark.unlink()


def _started_mark(folder: Path) -> Path:
    return folder / "services-started-here"


def secret_key(folder: Path) -> str:
    """Return this checkout's own secret key, made on first use and readable by its owner only."""
    file = folder / "secret_key"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "secret_key.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not file.exists() or not file.read_text():
            file.touch(mode=0o600)
            file.write_text(secrets.token_urlsafe(64))
    return file.read_text()


def main() -> int:
    """Prepare everything and start nothing (`make setup`)."""
    try:
        python_packages(dev=True)
        front_end()
    except Trouble as trouble:
        print(trouble, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
