"""What the tests of reviews stand on."""

from collections.abc import Iterator

import pytest
from django.db import transaction
from pytest_django import DjangoDbBlocker

from tests.compliance.reviewing import Reviewing
from tests.matrix import Scenario


@pytest.fixture(scope="module")
def reviewing(built: Scenario, django_db_blocker: DjangoDbBlocker) -> Iterator[Reviewing]:
    """The module's desk with a team that reviews."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield Reviewing(built.desk)
