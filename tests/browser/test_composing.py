"""Two browsers at once: answers that cross are held, one that left is called back, a mention arrives."""

import pytest
from django.urls import reverse
from playwright.sync_api import Browser, BrowserContext, expect

from escalations import conversation, defaults, news
from escalations.models import Alert, AlertKind, Message, MessageDraft, MessageKind
from tests.browser.test_live import signed_in
from tests.browser.test_main_job import does_not_scroll_sideways
from tests.browser.worker import work_off
from tests.escalations.desk import Desk


@pytest.fixture
def desk(live_desk: str) -> Desk:
    defaults.seed()
    return Desk()


def test_two_people_answer_one_customer(live_desk: str, browser: Browser, desk: Desk) -> None:
    ticket = desk.started()
    opened: list[BrowserContext] = []
    sam = signed_in(browser, live_desk, desk.l2, opened)
    otis = signed_in(browser, live_desk, desk.other_l2, opened)
    sam.set_viewport_size({"width": 360, "height": 740})
    for page in (sam, otis):
        page.goto(ticket.get_absolute_url())
        page.locator(".segments").get_by_text("Answer to the customer", exact=True).click()
    # Who reads it is said, and each kind keeps its own text.
    expect(sam.locator(".composer-to:visible")).to_contain_text("ana@example.com")
    does_not_scroll_sideways(sam)
    sam.locator("textarea[name=body_to_customer]").fill("We are looking into it.")
    sam.locator(".segments").get_by_text("Internal note", exact=True).click()
    expect(sam.locator("textarea[name=body_to_customer]")).to_be_hidden()
    expect(sam.locator("textarea[name=body_note]")).to_have_value("")
    sam.locator(".segments").get_by_text("Answer to the customer", exact=True).click()

    # Otis was quicker. What Sam wrote is held, with the new part shown, and nothing of it is lost.
    conversation.write(ticket, by=desk.other_l2, kind=MessageKind.TO_CUSTOMER, body="Your refund is on its way.")
    sam.evaluate("document.querySelector('input[name=seen]').value = '0'")
    sam.get_by_role("button", name="Send to the customer").click()
    held = sam.get_by_role("region", name="New since you began to write")
    expect(held).to_contain_text("Your refund is on its way.")
    expect(held).to_be_focused()
    does_not_scroll_sideways(sam)
    expect(sam.locator("textarea[name=body_to_customer]")).to_have_value("We are looking into it.")
    assert not Message.objects.filter(body="We are looking into it.").exists()

    # Sent all the same, and called back within the ten seconds.
    sam.get_by_role("button", name="Send anyway").click()
    leaving = sam.locator("#leaving")
    expect(leaving).to_contain_text("We are looking into it.")
    leaving.get_by_role("button", name="Undo").click()
    expect(sam.locator("textarea[name=body_to_customer]")).to_have_value("We are looking into it.")
    assert not Message.objects.filter(body="We are looking into it.").exists()
    assert MessageDraft.objects.get(person=desk.l2, kind=MessageKind.TO_CUSTOMER).sends_at is None

    # A mention is found by a few letters, and reaches who is meant.
    otis.locator(".segments").get_by_text("Internal note", exact=True).click()
    otis.locator("textarea[name=body_note]").press_sequentially("Please have a look, @Sam")
    otis.get_by_role("option", name="Sam Second").click()
    otis.get_by_role("button", name="Keep note").click()
    expect(otis.locator("#timeline")).to_contain_text("Please have a look")
    work_off(news.CONSUMER)
    assert Alert.objects.filter(recipient=desk.l2, kind=AlertKind.MENTIONED).count() == 1
    sam.goto(reverse("alerts"))
    expect(sam.get_by_role("main")).to_contain_text(ticket.reference)
    for context in opened:
        context.close()
