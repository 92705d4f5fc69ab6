"""A real browser against a real server process, on the test database of this worker."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from django.conf import settings as django_settings
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from playwright.sync_api import Browser, ConsoleMessage, Page, Response, expect

from tests.back_office import TOKEN, BackOffice

# A page of a loaded machine may come late: what a test waits for is that it comes.
expect.set_options(timeout=30_000)

BASE_DIR = Path(__file__).resolve().parents[2]
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)
            if CHROMIUM is None:
                item.add_marker(pytest.mark.skip(reason="no Chromium on this machine"))


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    """Use the system's Chromium, with what a container needs (pytest-playwright's hook)."""
    return {
        "executable_path": CHROMIUM,
        "args": ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"],
    }


def free_port() -> int:
    """Return a port on which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/healthz", timeout=2):
            return True
    except (urllib.error.URLError, OSError):
        return False


def _environment(folder: Path, address: str, back_office: BackOffice) -> dict[str, str]:
    """Return the server's environment: this worker's database and back office, folders of its own."""
    test_database = quote(str(django_settings.DATABASES["default"]["NAME"]))
    return {
        # Collected by bin/test; else by the fixture below.
        "STATIC_ROOT": str(folder / "static"),
        **os.environ,
        "DATABASE_URL": urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{test_database}").geturl(),
        "SITE_URL": address,
        "BACK_OFFICE_URL": back_office.url,
        "BACK_OFFICE_TOKEN": TOKEN,
        "MEDIA_ROOT": str(folder / "media"),
        "EMAIL_URL": f"filemail://{folder / 'mail'}",
    }


@pytest.fixture(scope="session")
def _server(
    django_db_setup: None, back_office_process: BackOffice, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("live")
    address = f"http://127.0.0.1:{free_port()}"
    env = _environment(folder, address, back_office_process)
    if "STATIC_ROOT" not in os.environ:
        collect = [sys.executable, "manage.py", "collectstatic", "--noinput", "--verbosity", "0"]
        subprocess.run(collect, cwd=BASE_DIR, env=env, check=True)
    log = folder / "server.log"
    command = [sys.executable, "-m", "granian", "--interface", "asgi", "config.asgi:application"]
    command += ["--host", "127.0.0.1", "--port", address.rpartition(":")[2]]
    command += ["--workers", "1", "--no-ws"]
    with log.open("w") as output:
        server = subprocess.Popen(command, cwd=BASE_DIR, env=env, stdout=output, stderr=output)
    try:
        deadline = time.monotonic() + 60
        while not _answers(address):
            if server.poll() is not None or time.monotonic() > deadline:
                pytest.fail(f"The server did not start:\n{log.read_text()[-3000:]}")
            time.sleep(0.1)
        yield address
    finally:
        server.terminate()
        server.wait(timeout=20)


@pytest.fixture
def live_desk(_server: str, transactional_db: None, settings: Any) -> str:
    """The address of a running desk that sees what the test commits, with nothing in it but the seed."""
    # People made by the test sign in at the server, which knows the real hashers only; its
    # hash is dear, so one round of it.
    settings.PASSWORD_HASHERS = ["tests.browser.conftest.QuickPBKDF2", *settings.PASSWORD_HASHERS]
    return _server


class QuickPBKDF2(PBKDF2PasswordHasher):
    """The real algorithm with one round, for people who live for one test."""

    iterations = 1


@pytest.fixture
def browser_page(live_desk: str, browser: Browser) -> Iterator[Page]:
    """A page of a fresh browser at the running desk: `page.goto("/queue/")`.

    Fails the test when a script raised, an answer was a 500, or the browser
    refused something by the content security policy.
    """
    troubles: list[str] = []

    def heard(message: ConsoleMessage) -> None:
        # A refused form answers 4xx, which Chromium reports as an error of its own.
        if message.type == "error" and "Failed to load resource" not in message.text:
            troubles.append(message.text)

    def broke(answer: Response) -> None:
        if answer.status >= 500:
            troubles.append(f"{answer.url} answered {answer.status}")

    context = browser.new_context(base_url=live_desk, locale="en-GB", timezone_id="UTC")
    page = context.new_page()
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("console", heard)
    page.on("response", broke)
    yield page
    context.close()
    assert not troubles, "The browser complained: " + "; ".join(troubles)
