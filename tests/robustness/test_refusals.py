"""What the domain refuses and no view answers becomes an answer that its reader understands."""

import pytest
from django.test import Client

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.robustness.refusing_urls")]

CODES = {"absent": 404, "not-allowed": 403, "refused": 422, "stale": 409}
SENTENCES = {"not-allowed": "Only leads do this.", "refused": "It is closed.", "stale": "Somebody was first."}


@pytest.mark.parametrize("how", CODES)
def test_a_page_for_people(how: str):
    response = Client().post(f"/refuse/{how}/")
    assert response.status_code == CODES[how]
    assert SENTENCES.get(how, "There is nothing here") in response.content.decode()


@pytest.mark.parametrize("how", CODES)
def test_problem_details_for_programs(how: str):
    response = Client().post(f"/api/v1/refuse/{how}/")
    assert (response.status_code, response.headers["Content-Type"]) == (CODES[how], "application/problem+json")
    assert response.json()["detail"] == SENTENCES.get(how, "There is nothing here.")


@pytest.mark.parametrize("how", ["refused", "stale"])
def test_a_note_for_htmx(how: str):
    response = Client().post(f"/refuse/{how}/", headers={"HX-Request": "true"})
    assert (response.status_code, response.headers["HX-Retarget"]) == (CODES[how], "#messages")
    assert SENTENCES[how] in response.content.decode()
    assert "<html" not in response.content.decode()


def test_a_stale_version_leads_to_the_current_one():
    assert 'href="/tickets/ESC-7/"' in Client().post("/refuse/stale/").content.decode()


def test_what_is_absent_says_nothing_of_why():
    assert "no such thing" not in Client().post("/refuse/absent/").content.decode()
