"""Look-alikes and search in a real browser, both with what they go by."""

import pytest
from playwright.sync_api import expect

from escalations import lexicon
from escalations.customers import CustomerData
from tests.browser.test_main_job import DESKTOP, SMALL, Enter, desk, does_not_scroll_sideways, enter  # noqa: F401
from tests.escalations.desk import Desk

SIZES = pytest.mark.parametrize("size", [DESKTOP, SMALL], ids=["desktop", "small"])


@SIZES
def test_look_alikes_and_search_say_why(desk: Desk, enter: Enter) -> None:  # noqa: F811
    words = "The refund of an order fails with gateway timeout 504"
    older, newer, _other = (
        desk.started(subject=subject, description=subject, customer=CustomerData(external_id=number, name=number))
        for number, subject in (("C-1", words), ("C-2", f"{words} again"), ("C-3", "Card declined abroad"))
    )
    lexicon.count()
    page = enter(desk.l2)
    page.goto(newer.get_absolute_url())
    similar = page.locator("#beside-related")
    expect(similar).to_contain_text(older.reference)
    expect(similar).to_contain_text("words in common")
    page.goto("/search/?q=réfund+-state%3Aclosed")
    expect(page.locator("#found")).to_contain_text(older.reference)
    expect(page.locator("#found mark").first).to_be_visible()
    does_not_scroll_sideways(page)
    page.goto("/search/?q=owner%3Anobody")
    expect(page.locator("#found")).not_to_contain_text(older.reference)
