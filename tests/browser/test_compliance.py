"""The main job of compliance, in a browser: from a ticket to a decision by two, and the pack of it."""

import zipfile
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from compliance import packs
from events.models import Event
from tests import seed
from tests.browser.test_sign_in import sign_in
from tests.compliance.reviewing import Reviewing, picture
from tests.escalations.desk import Desk
from tests.factories import PASSWORD


def test_a_review_from_the_ticket_to_the_pack(
    browser_page: Page, browser: Browser, live_desk: str, tmp_path: Path
):
    seed.catalogue()
    reviewing, page = Reviewing(Desk()), browser_page
    sign_in(page, reviewing.rita, reviewing.ticket.get_absolute_url())
    page.get_by_role("link", name="Open a review").click()
    expect(page.get_by_label("Escalation")).to_have_value(reviewing.ticket.reference)
    page.get_by_label("Document check").check()
    page.get_by_label("Why").fill("The photo does not match.")
    page.get_by_role("button", name="Open the review").click()
    page.get_by_role("button", name="Take it on").click()
    page.locator("input[type=file]").set_input_files(
        {"name": "passport.png", "mimeType": "image/png", "buffer": picture().read()}
    )
    page.get_by_role("button", name="Add document").click()
    expect(page.get_by_role("link", name="Download passport.png")).to_be_visible()
    page.get_by_role("link", name="Fill in").click()
    for item in page.locator("fieldset").all():
        item.get_by_text("Yes", exact=True).click()
        item.get_by_label("Note").fill("Seen.")
        item.locator("select").select_option(label="passport.png")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("5 of 5 answered")).to_be_visible()
    page.get_by_role("link", name="Propose a decision").click()
    page.get_by_label("Refused").check()
    page.get_by_label("Reason").fill("It is somebody else's.")
    page.get_by_label("Your password").fill(PASSWORD)
    page.get_by_role("button", name="Propose").click()
    expect(page.get_by_text("Waits for a second person")).to_be_visible()
    expect(page.get_by_role("link", name="Decide")).to_have_count(0)
    case = page.url

    second = browser.new_context(base_url=live_desk, locale="en-GB").new_page()
    sign_in(second, reviewing.sol, case)
    second.get_by_role("link", name="Decide").click()
    second.get_by_label("Your password").fill(PASSWORD)
    second.get_by_role("button", name="Confirm: Refused").click()
    expect(second.get_by_role("button", name="Reopen")).to_be_visible()
    second.get_by_role("button", name="Make a report pack").click()
    expect(second.get_by_text("Waiting for a worker")).to_be_visible()
    packs.handle(Event.objects.get(kind=packs.REQUESTED))
    with second.expect_download() as download:
        second.get_by_role("link", name=".zip").click()
    download.value.save_as(tmp_path / "pack.zip")
    with zipfile.ZipFile(tmp_path / "pack.zip") as pack:
        assert b"It is somebody else" in pack.read("report.html")
        assert any(name.endswith("passport.png") for name in pack.namelist())
    second.context.close()
