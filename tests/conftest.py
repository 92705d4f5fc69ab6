"""What every test stands on: real PostgreSQL, real Valkey, no other network."""

import os
import re
import shutil
import tempfile
import threading

WORKER = int(re.sub(r"\D", "", os.environ.get("PYTEST_XDIST_WORKER", "0")) or 0)


def _own_valkey_database(url: str, worker: int) -> str:
    """Return the address of this worker's own numbered database, since workers run side by side."""
    numbered = re.fullmatch(r"(unix://.*\?db=|rediss?://.*/)(\d+)", url)
    return f"{numbered[1]}{int(numbered[2]) + 8 * worker}" if numbered else url


# For the processes that tests start; pytest_configure tells this one, whose settings are read already.
os.environ["REDIS_URL"] = _own_valkey_database(os.environ.get("REDIS_URL", ""), WORKER)
# Playwright keeps an event loop in this thread, which makes Django think that it is called from async code.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"

from collections.abc import Iterator  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import TYPE_CHECKING  # noqa: E402

import hypothesis  # noqa: E402
import pytest  # noqa: E402
from django.conf import settings as django_settings  # noqa: E402
from django.core.cache import caches  # noqa: E402
from django.db import connections, transaction  # noqa: E402
from django.template import Context, Template  # noqa: E402
from django.test import override_settings  # noqa: E402
from django.utils import translation  # noqa: E402
from pytest_django import DjangoDbBlocker  # noqa: E402

from config import environment  # noqa: E402
from escalations import presence  # noqa: E402
from tests import databases, seed  # noqa: E402
from tests.back_office import back_office, back_office_process  # noqa: E402, F401

if TYPE_CHECKING:
    from tests.matrix import Scenario


# How long an example takes says more of the machine than of the program: speeds are measured in bench/.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")


def pytest_configure(config: pytest.Config) -> None:
    django_settings.REDIS_URL = os.environ["REDIS_URL"]
    django_settings.CACHES["default"]["LOCATION"] = os.environ["REDIS_URL"]
    django_settings.CELERY_BROKER_URL = environment.celery_broker(os.environ["REDIS_URL"])
    # For the same reason asgiref would give us other connections once a browser has started.
    connections._connections = threading.local()  # type: ignore[attr-defined]
    # whitenoise reads every collected file whenever a test client starts: give it none.
    django_settings.STATIC_ROOT = tempfile.mkdtemp(prefix="secondline-static-")
    config.add_cleanup(lambda: shutil.rmtree(django_settings.STATIC_ROOT, ignore_errors=True))
    # A slow password hash costs minutes over a whole suite and proves nothing here.
    django_settings.PASSWORD_HASHERS = [
        "django.contrib.auth.hashers.MD5PasswordHasher",
        *django_settings.PASSWORD_HASHERS,
    ]
    django_settings.MIDDLEWARE = ["tests.reading.GetMayNotWrite", *django_settings.MIDDLEWARE]
    # Hashed file names need collectstatic; only the browser tests, in a process of their own, go that far.
    django_settings.STORAGES = {
        **django_settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put first what takes a minute by itself: begun last, it would keep one process waiting for the other."""
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None, django_db_keepdb: bool, django_db_blocker: DjangoDbBlocker
) -> None:
    """Have the test database begin as a copy of a migrated one."""
    if not django_db_keepdb:
        with django_db_blocker.unblock():
            connections["default"].settings_dict["TEST"]["TEMPLATE"] = databases.migrated()


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Make the test database once, and remember what migrations put into it."""
    with django_db_blocker.unblock():
        seed.remember()
    yield
    with django_db_blocker.unblock():
        databases.disconnect_others()


@pytest.fixture(scope="session", autouse=True)
def _pages_are_told_not_their_parts(django_test_environment: None) -> None:
    """Tell the test client of a page's own template and context, as Django does, but of no part or widget in it.

    Copying every context of every field and icon is a fifth of what a page costs here.
    """
    told, is_within = Template._render, threading.local()  # type: ignore[attr-defined]

    def render(template: Template, context: Context) -> str:
        if getattr(is_within, "page", False):
            return template.nodelist.render(context)
        is_within.page = True
        try:
            return str(told(template, context))
        finally:
            is_within.page = False

    Template._render = render  # type: ignore[attr-defined]  # Django puts its own back in the end


@pytest.fixture(autouse=True)
def _nothing_left_over(tmp_path: Path, settings: object) -> Iterator[None]:
    """Every test starts with an empty Valkey, its own folder of files, and English."""
    settings.MEDIA_ROOT = tmp_path / "media"  # type: ignore[attr-defined]
    settings.AUDIT_CHECKPOINT_FILE = tmp_path / "checkpoints.jsonl"  # type: ignore[attr-defined]
    for one in caches.all():
        one.clear()
    with translation.override("en"):
        yield


@pytest.fixture
def redis_away(settings: object) -> Iterator[None]:
    """Nothing reaches Redis: neither the cache nor what asks it directly."""
    away = "unix:///nowhere/secret.sock?db=0"
    settings.REDIS_URL = away  # type: ignore[attr-defined]
    settings.CACHES = {  # type: ignore[attr-defined]
        "default": {**django_settings.CACHES["default"], "LOCATION": away}
    }
    presence._redis.cache_clear()
    yield
    presence._redis.cache_clear()
    caches["default"].clear()  # what this process remembered instead


@pytest.fixture(scope="module")
def built(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker, tmp_path_factory: pytest.TempPathFactory
) -> "Iterator[Scenario]":
    """Build a desk with a person of each role once for a module, whose tests are marked `django_db`."""
    from tests.matrix import Scenario

    media = tmp_path_factory.mktemp("media")
    with django_db_blocker.unblock(), transaction.atomic(), override_settings(MEDIA_ROOT=media):
        yield Scenario(media)
        transaction.set_rollback(True)


@pytest.fixture
def scenario(built: "Scenario", settings: object) -> "Scenario":
    """The module's desk; what a test does to it is rolled back."""
    settings.MEDIA_ROOT = built.media  # type: ignore[attr-defined]
    return built
