"""A refund of points, from ticket to posting: one person asks, another approves, a worker carries it out."""

import re

import pytest
from playwright.sync_api import Browser, BrowserContext, expect

from actions import execution
from escalations import defaults
from tests.actions.acting import spent
from tests.back_office import BackOffice
from tests.browser.test_live import signed_in
from tests.browser.worker import work_off
from tests.escalations.desk import Desk
from tests.factories import PASSWORD


@pytest.fixture
def desk(live_desk: str) -> Desk:
    defaults.seed()
    return Desk()


def test_l2_asks_and_a_lead_approves(
    live_desk: str, browser: Browser, desk: Desk, back_office: BackOffice
) -> None:
    back_office.open_account("C-1", phone_changed_at=None)
    ticket, original = desk.started(), spent(500)
    opened: list[BrowserContext] = []
    sam = signed_in(browser, live_desk, desk.l2, opened)
    lea = signed_in(browser, live_desk, desk.lead, opened)

    sam.goto(ticket.get_absolute_url())
    sam.get_by_role("link", name="New action").click()
    sam.get_by_role("link", name="Points refund").click()
    expect(sam.get_by_label("Account")).to_have_value("C-1")
    sam.get_by_label("Original reference").fill(original)
    sam.get_by_label("Points", exact=True).fill("200")
    sam.get_by_label("Reason").select_option("failed")
    sam.get_by_label("What shows that the points are owed").fill("The shop cancelled the order.")
    sam.get_by_role("button", name="Save and see the checks").click()
    expect(sam.get_by_text("Of 500 points that were spent, 500 can still be refunded.")).to_be_visible()
    sam.get_by_role("button", name="Request approval").click()
    expect(sam.get_by_text("You are not of the group that approves this.").first).to_be_visible()
    expect(sam.get_by_role("button", name="Approve")).to_have_count(0)

    lea.goto("/actions/")
    lea.get_by_role("link", name=re.compile("Points refund")).click()
    lea.get_by_label("Your password").fill("not the password")
    lea.get_by_role("button", name="Approve").click()
    expect(lea.get_by_text("The password is not right.")).to_be_visible()
    lea.get_by_label("Your password").fill(PASSWORD)
    lea.get_by_role("button", name="Approve").click()
    expect(lea.get_by_text("Approved. It is carried out now.")).to_be_visible()

    work_off(execution.CONSUMER)
    sam.reload()
    expect(sam.locator(".page-note").get_by_text("Done")).to_be_visible()
    sam.get_by_role("link", name=re.compile("^PT-")).click()
    expect(sam).to_have_url(re.compile("/points/transfers/"))
    sam.get_by_role("link", name=re.compile(r"^Action \d+")).first.click()
    expect(sam.get_by_role("heading", name=re.compile(original))).to_be_visible()
    for context in opened:
        context.close()
