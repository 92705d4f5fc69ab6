"""Redis can vanish: every page still answers, sign-in works, and its limits still hold."""

import pytest
from django.test import Client

from tests.factories import UserFactory
from tests.matrix import Scenario, answer_of
from tests.matrix_rows import MATRIX

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("redis_away")]
PASSWORD = "correct horse battery staple"


@pytest.mark.parametrize("role", ["l1", "lead", "anonymous"])
def test_every_page_answers_as_before(scenario: Scenario, role: str):
    for name, row in MATRIX.items():
        address = row.address(name, scenario)
        assert answer_of(scenario.clients[role].get(address)) == row.expected[role], address


def test_people_sign_in(scenario: Scenario):
    user = UserFactory(password=PASSWORD)
    response = Client().post("/account/login/", {"login": user.email, "password": PASSWORD})
    assert (response.status_code, response.headers["Location"]) == (302, "/")


def test_programs_sign_in(scenario: Scenario):
    user = UserFactory(password=PASSWORD)
    sent = {"email": user.email, "password": PASSWORD}
    assert Client().post("/api/v1/tokens/", sent, content_type="application/json").status_code == 201


def test_guessing_passwords_is_still_limited(scenario: Scenario):
    user = UserFactory(password=PASSWORD)
    for _ in range(10):
        Client().post("/account/login/", {"login": user.email, "password": "a guess"})
    response = Client().post("/account/login/", {"login": user.email, "password": PASSWORD})
    assert response.status_code == 429
    assert "_auth_user_id" not in response.client.session


def test_readiness_says_that_redis_is_gone(scenario: Scenario):
    response = Client().get("/readyz")
    assert (response.status_code, response.json()["redis"]) == (503, {"ok": False})
