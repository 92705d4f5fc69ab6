"""Two browsers at once: a lead lets Secondline give out what waits, and it comes to an agent by itself."""

import pytest
from playwright.sync_api import Browser, BrowserContext, expect

from accounts.models import Availability
from escalations import defaults, dispatching
from tests.browser.test_live import signed_in
from tests.escalations.desk import Desk


@pytest.fixture
def desk(live_desk: str) -> Desk:
    defaults.seed()
    return Desk()


def test_a_lead_lets_it_be_given_out_and_it_comes_to_an_agent(
    live_desk: str, browser: Browser, desk: Desk
) -> None:
    desk.other_l2.availability = Availability.AWAY
    desk.other_l2.save()
    ticket = desk.escalated()
    opened: list[BrowserContext] = []
    sam = signed_in(browser, live_desk, desk.l2, opened)
    lea = signed_in(browser, live_desk, desk.lead, opened)
    sam.goto("/queue/?scope=mine")
    expect(sam.get_by_role("button", name="Take next").first).to_be_visible()

    lea.goto("/setup/routing/")
    lea.get_by_role("link", name="Payments").click()
    lea.get_by_label("Mode").select_option("push")
    lea.get_by_role("spinbutton", name="Capacity: Sam Second").fill("5")
    lea.get_by_role("button", name="Save", exact=True).click()
    waiting = lea.get_by_role("row").filter(has_text=ticket.reference)
    expect(waiting).to_contain_text("Sam Second")
    expect(waiting).to_contain_text("fewest points")

    dispatching.drain()
    expect(sam.locator(f"#row-{ticket.pk}")).to_be_visible()
    sam.goto(ticket.get_absolute_url())
    expect(sam.get_by_text("gave it to Sam Second: fewest points")).to_be_visible()
    expect(sam.get_by_role("button", name="Take next")).to_have_count(0)
    for context in opened:
        context.close()
