"""The people of the desk, as knowledge needs them."""

import pytest

from accounts.models import Role, User
from tests.factories import MembershipFactory, TeamFactory, UserFactory


@pytest.fixture
def l2(db) -> User:
    return MembershipFactory.create(role=Role.L2).user


@pytest.fixture
def other_l2(db) -> User:
    return MembershipFactory.create(role=Role.L2).user


@pytest.fixture
def l1(db) -> User:
    return MembershipFactory.create(role=Role.L1).user


@pytest.fixture
def lead(db) -> User:
    return MembershipFactory.create(role=Role.LEAD).user


@pytest.fixture
def partner(db) -> User:
    return MembershipFactory.create(role=Role.PARTNER).user


@pytest.fixture
def auditor(db) -> User:
    """An auditor who is also in a second-line team: auditors change nothing all the same."""
    return UserFactory.create(is_auditor=True, member_of=[(TeamFactory.create(), Role.L2)])
