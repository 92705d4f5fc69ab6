"""A customer's line of time in a real browser."""

import re
from datetime import timedelta

import pytest
from playwright.sync_api import expect

from common import clock
from escalations import conversation
from escalations.models import MessageKind
from tests.browser.test_main_job import DESKTOP, SMALL, Enter, desk, does_not_scroll_sideways, enter  # noqa: F401
from tests.escalations.desk import Desk

SIZES = pytest.mark.parametrize("size", [DESKTOP, SMALL], ids=["desktop", "small"])


@SIZES
def test_a_customer_on_one_line_of_time(desk: Desk, enter: Enter) -> None:  # noqa: F811
    first = desk.started()
    promise = clock.now() + timedelta(hours=3)
    conversation.write(first, by=desk.l2, kind=MessageKind.TO_CUSTOMER, body="We look into it.", promise=promise)
    desk.resolved(first)
    desk.escalated(subject="A second one")
    page = enter(desk.l2)
    page.goto(first.get_absolute_url())
    page.get_by_role("link", name="Ana Cruz").first.click()
    line = page.locator(".timeline")
    expect(line).to_contain_text("We look into it.")
    expect(line).to_contain_text("Update promised for")
    does_not_scroll_sideways(page)
    page.get_by_role("link", name="Promises", exact=True).click()
    expect(page).to_have_url(re.compile("show=promises"))
    expect(line).to_contain_text("We look into it.")
    page.locator(".tabs").get_by_role("link", name="Escalations").click()
    expect(page.locator("#main")).to_contain_text("A second one")
    does_not_scroll_sideways(page)
