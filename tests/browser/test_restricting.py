"""A lead restricts a ticket that a colleague has open: it leaves the colleague's pages, and others work on."""

import pytest
from playwright.sync_api import Browser, BrowserContext, expect

from escalations import defaults
from tests.browser.test_live import signed_in
from tests.escalations.desk import Desk


@pytest.fixture
def desk(live_desk: str) -> Desk:
    defaults.seed()
    return Desk()


def test_a_colleague_loses_sight_of_it(live_desk: str, browser: Browser, desk: Desk) -> None:
    opened: list[BrowserContext] = []
    lea = signed_in(browser, live_desk, desk.lead, opened)
    otis = signed_in(browser, live_desk, desk.other_l2, opened)
    ticket = desk.started()
    row = f"#row-{ticket.pk}"
    otis.goto(ticket.get_absolute_url())
    queue = otis.context.new_page()
    queue.goto("/queue/?scope=all")
    expect(queue.locator(row)).to_be_visible()
    queue.bring_to_front()

    lea.goto(ticket.get_absolute_url())
    lea.get_by_label("More actions").click()
    lea.get_by_role("link", name="Restrict", exact=True).click()
    dialog = lea.get_by_role("dialog")
    expect(dialog).to_contain_text("Everybody who is not on the list loses sight of it")
    expect(dialog.get_by_label("Sam Second · Owner")).to_be_checked()
    expect(dialog.get_by_label("Otis Second")).not_to_be_checked()
    dialog.get_by_label("Fraud").check()
    dialog.get_by_label("Why?").fill("A colleague may be involved.")
    dialog.get_by_role("button", name="Restrict", exact=True).click()
    expect(lea.locator(".restricted-mark")).to_contain_text("Restricted: Fraud")

    expect(queue.locator(row)).to_have_count(0)
    otis.bring_to_front()
    expect(otis.get_by_role("heading", level=1)).not_to_have_text(ticket.subject)
    expect(otis.locator("body")).not_to_contain_text(ticket.subject)
    otis.goto("/queue/?scope=all")
    expect(otis.locator(row)).to_have_count(0)

    sam = signed_in(browser, live_desk, desk.l2, opened)
    sam.goto(ticket.get_absolute_url())
    sam.locator("#composer textarea").first.fill("I go on with it.")
    sam.locator("#composer").get_by_role("button", name="Add note").or_(
        sam.locator("#composer button[type=submit]")
    ).first.click()
    expect(sam.locator("#timeline")).to_contain_text("I go on with it.")
    expect(lea.locator("#timeline")).to_contain_text("I go on with it.")
    for context in opened:
        context.close()
