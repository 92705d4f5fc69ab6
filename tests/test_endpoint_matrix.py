"""Every address × every role: what GET answers. A new address without a row in tests/matrix_rows.py fails here."""

import pytest

from tests.matrix import ANONYMOUS, LOGIN, ROLES, Scenario, addresses, answer_of
from tests.matrix_rows import MATRIX

# All tests share one scenario, and what a test writes is rolled back.
pytestmark = pytest.mark.django_db


def test_every_address_has_a_row_and_every_row_an_address():
    named = set(addresses())
    rows = {name for name in MATRIX if not name.startswith("admin:")}
    assert named - rows == set(), "add a row for each new address"
    assert rows - named == set(), "remove the rows of addresses that are gone"


@pytest.mark.parametrize("name", sorted(MATRIX))
def test_who_may_read(scenario: Scenario, name: str):
    row = MATRIX[name]
    address = row.address(name, scenario)
    got = {role: answer_of(scenario.clients[role].get(address)) for role in ROLES}
    wrong = {role: f"{got[role]}, not {row.expected[role]}" for role in ROLES if got[role] != row.expected[role]}
    assert not wrong, f"GET {address}"


@pytest.mark.parametrize("name", sorted(name for name, row in MATRIX.items() if not row.is_public))
def test_nobody_writes_without_signing_in(scenario: Scenario, name: str):
    response = scenario.clients[ANONYMOUS].post(MATRIX[name].address(name, scenario))
    assert answer_of(response) in {LOGIN, 302, 401, 403, 405}
