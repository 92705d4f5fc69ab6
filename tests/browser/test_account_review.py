"""From an escalation to the account's review and the decision, in a real browser, against a real back office."""

import re

import pytest
from playwright.sync_api import expect

from actions.models import AccountReview
from tests.back_office import BackOffice
from tests.browser.test_main_job import DESKTOP, SMALL, Enter, desk, does_not_scroll_sideways, enter  # noqa: F401
from tests.escalations.desk import Desk

SIZES = pytest.mark.parametrize("size", [DESKTOP, SMALL], ids=["desktop", "small"])


@SIZES
def test_review_of_a_ban_to_the_action_that_opens_it(desk: Desk, enter: Enter, back_office: BackOffice) -> None:  # noqa: F811
    back_office.open_account("C-1", status="banned")
    back_office.ban("BAN-1", "chargebacks", account="C-1")
    back_office.pay("TXN-1", account="C-1", counterparty="Harbour Books")
    ticket = desk.started()
    page = enter(desk.l2)
    page.goto(ticket.get_absolute_url())
    page.get_by_role("link", name="Account review").click()
    expect(page.get_by_text("Every rule passes")).to_be_visible()
    expect(page.locator("#main")).to_contain_text("Harbour Books")
    expect(page.locator("body")).not_to_contain_text("555 0142")
    does_not_scroll_sideways(page)
    page.get_by_label("Open it again").check()
    page.get_by_label("Reasons").fill("The invoice fits the payments.")
    page.get_by_role("button", name="Decide").click()
    expect(page).to_have_url(re.compile(r"/actions/new/unban/$"))
    expect(page.locator("#main")).to_contain_text("Account unban")
    review = AccountReview.objects.get()
    assert (review.decision, review.by) == ("unban", desk.l2)

    with back_office.failing("error-before"):
        page.goto(f"{ticket.get_absolute_url()}account/")
        expect(page.get_by_text("Last known")).to_be_visible()
        expect(page.locator(".timeline")).to_contain_text("The invoice fits the payments.")
        does_not_scroll_sideways(page)
