"""People for tests of accounts."""

from collections.abc import Callable

import pytest
from django.test import Client

from accounts.models import User
from tests.factories import UserFactory


@pytest.fixture
def admin() -> User:
    return UserFactory(email="admin@example.com", name="Ada Admin", is_staff=True, is_superuser=True)


@pytest.fixture
def client_of() -> Callable[[User], Client]:
    """Return a browser in which the person is signed in."""

    def client_of(user: User) -> Client:
        client = Client()
        client.force_login(user, backend="accounts.sign_in.Backend")
        return client

    return client_of
