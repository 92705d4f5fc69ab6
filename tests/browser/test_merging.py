"""A duplicate in a real browser: found, compared, merged, written to, taken back; then mails that are stopped."""

import re

from playwright.sync_api import Page, expect

from accounts.models import User
from escalations import defaults, lexicon, notifications
from escalations.models import AlertKind, Message, Ticket
from tests.escalations.desk import Desk
from tests.factories import PASSWORD


def sign_in(page: Page, user: User) -> None:
    page.goto("/account/login/")
    page.get_by_label("Email").fill(user.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page).not_to_have_url(re.compile("/account/login/"))


def test_a_duplicate_is_merged_and_the_merge_taken_back(browser_page: Page) -> None:
    defaults.seed()
    desk, page = Desk(), browser_page
    text = {"subject": "Webhook answers 504", "description": "Every webhook runs into a gateway timeout."}
    original, duplicate = desk.started(**text), desk.accepted(**text)
    lexicon.count()
    page.set_viewport_size({"width": 360, "height": 740})
    sign_in(page, desk.l2)
    page.goto(duplicate.get_absolute_url())
    page.get_by_label("More actions").click()
    page.get_by_role("link", name="Merge", exact=True).click()
    expect(page.get_by_text("words in common: webhook")).to_be_visible()
    page.get_by_role("listitem").filter(has_text=original.reference).get_by_role("link", name="Compare").click()
    expect(page.get_by_role("heading", name=f"Goes on: {original.reference}")).to_be_visible()
    wide, room = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    assert wide <= room
    page.get_by_role("button", name=f"Merge {duplicate.reference} into {original.reference}").click()
    expect(page.get_by_text("What is written here is led on to")).to_be_visible()
    page.locator("textarea[name^='body_']:visible").fill("The customer calls again.")
    page.get_by_role("button", name="Keep on the timeline").click()
    expect(page.get_by_text(f"Led on to {original.reference}, which")).to_be_visible()
    assert Message.objects.get(body="The customer calls again.").ticket == original
    page.get_by_role("link", name="Take the merge back").click()
    page.get_by_label("Why is it no duplicate?").fill("Another gateway.")
    page.get_by_role("dialog").get_by_role("button", name="Take the merge back").click()
    expect(page.get_by_text(f"took the merge into {original.reference} back")).to_be_visible()
    assert Ticket.objects.get(pk=duplicate.pk).state == "accepted"
    page.goto("/account/notifications/")
    page.get_by_role("radio", name="New message: By mail at once").check()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("radio", name="New message: By mail at once")).to_be_checked()
    page.context.clear_cookies()
    page.goto("/" + notifications.link(desk.l2, AlertKind.MESSAGE).split("/", 3)[3])
    page.get_by_role("button", name="Stop them").click()
    expect(page.get_by_role("heading", name="No more mails")).to_be_visible()
    assert notifications.ways_of(desk.l2)[AlertKind.MESSAGE] == "page"
