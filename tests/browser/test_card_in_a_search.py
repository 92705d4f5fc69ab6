"""A card's number that is searched for never stands in an address, neither while it is typed nor afterwards."""

import re

import pytest
from playwright.sync_api import Request, expect

from incidents.models import Incident
from tests.browser.test_main_job import DESKTOP, Enter, desk, enter  # noqa: F401
from tests.escalations.desk import Desk


@pytest.mark.parametrize("size", [DESKTOP], ids=["desktop"])
def test_it_waits_for_enter_and_is_masked_then(desk: Desk, enter: Enter) -> None:  # noqa: F811
    page = enter(desk.l2)
    asked: list[str] = []

    def note(request: Request) -> None:
        asked.append(request.url)

    page.goto("/search/")
    page.on("request", note)
    page.locator("#id_search").press_sequentially("4111 1111 1111 1111", delay=40)
    page.wait_for_timeout(600)
    page.locator("#id_search").press("Enter")
    expect(page).to_have_url(re.compile(r"\?q=4111\+11%E2%80%A2"))
    page.keyboard.press("Control+k")
    page.locator("#command-bar input").press_sequentially("5555555555554444", delay=40)
    page.wait_for_timeout(600)
    typed = [url for url in asked if re.search(r"(4111(\+|%20)?1111(\+|%20)?1111|555555555555)", url)]
    assert all(re.search(r"4111(\+|%20)1111(\+|%20)1111(\+|%20)1111", url) for url in typed), "none while typing"
    assert len(typed) <= 1
    assert Incident.objects.filter(place_type="page.search").count() == 1
