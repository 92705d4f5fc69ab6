"""Two browsers at once: what one person does, the other sees without a hand on the keyboard."""

import re

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from accounts.models import User
from escalations import assignment, conversation, defaults
from escalations.models import MessageKind
from tests.escalations.desk import Desk
from tests.factories import PASSWORD


@pytest.fixture
def desk(live_desk: str) -> Desk:
    defaults.seed()
    return Desk()


def signed_in(browser: Browser, address: str, user: User, opened: list[BrowserContext]) -> Page:
    context = browser.new_context(base_url=address, locale="en-GB", timezone_id="UTC")
    opened.append(context)
    page = context.new_page()
    page.goto("/account/login/")
    page.get_by_label("Email").fill(user.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page).not_to_have_url(re.compile("/account/login/"))
    return page


def test_two_people_at_one_desk(live_desk: str, browser: Browser, desk: Desk) -> None:
    opened: list[BrowserContext] = []
    sam = signed_in(browser, live_desk, desk.l2, opened)
    otis = signed_in(browser, live_desk, desk.other_l2, opened)
    ossi = signed_in(browser, live_desk, desk.outsider, opened)

    # Rows appear, and leave for those who may not see them any more.
    for page in (sam, otis, ossi):
        page.goto("/queue/?scope=all")
    ticket = desk.started()
    row = f"#row-{ticket.pk}"
    expect(sam.locator(row)).to_be_visible()
    expect(ossi.locator(row)).to_have_count(0)
    assignment.give_to_team(ticket, desk.accounts, by=desk.l2)
    expect(ossi.locator(row)).to_be_visible()
    expect(sam.locator(row)).to_have_count(0)

    # Who is here, and who writes; what is typed survives what comes.
    ticket = desk.started()
    sam.goto(ticket.get_absolute_url())
    otis.goto(ticket.get_absolute_url())
    expect(sam.locator("#presence")).to_contain_text("Otis Second is looking at this")
    expect(otis.locator("#presence")).to_contain_text("Sam Second is looking at this")
    words = "I am looking into it"
    sam.locator("#composer textarea").first.fill(words)
    expect(otis.locator("#presence")).to_contain_text("Sam Second is replying")
    conversation.write(ticket, by=desk.other_l2, kind=MessageKind.NOTE, body="The gateway is down.")
    expect(sam.locator("#timeline")).to_contain_text("The gateway is down.")
    expect(sam.locator("#composer textarea").first).to_have_value(words)
    sam.goto("/queue/")
    expect(otis.locator("#presence")).not_to_contain_text("Sam Second")
    for context in opened:
        context.close()
