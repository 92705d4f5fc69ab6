"""What one is told of and what one finds: notifications, search, look-alikes, and a customer's line of time."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from common import clock
from escalations import assignment, conversation, lexicon, news
from escalations.customers import CustomerData
from escalations.models import Alert, MessageKind, NotificationSettings
from tests.browser.test_main_job import DESKTOP, SMALL, Enter, desk, does_not_scroll_sideways, enter  # noqa: F401
from tests.browser.worker import work_off
from tests.escalations.desk import Desk

SIZES = pytest.mark.parametrize("size", [DESKTOP, SMALL], ids=["desktop", "small"])


@SIZES
def test_one_is_told_of_what_others_did_reads_it_and_chooses_how(desk: Desk, enter: Enter) -> None:  # noqa: F811
    ticket = desk.started()
    assignment.assign(ticket, desk.other_l2, by=desk.lead)
    work_off(news.CONSUMER)
    page = enter(desk.other_l2)
    page.goto(reverse("alerts"))
    rows = page.locator("tbody tr")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text(ticket.reference)
    does_not_scroll_sideways(page)
    page.get_by_role("button", name="Mark all as read").click()
    expect(page.locator(".alert-unread")).to_have_count(0)
    assert Alert.objects.get(recipient=desk.other_l2).read_at is not None

    page.get_by_role("link", name="How you are notified").click()
    does_not_scroll_sideways(page)
    page.locator("input[type=radio]:not(:checked)").first.check(force=True)
    page.get_by_role("main").get_by_role("button", name="Save").click()
    expect(page.get_by_role("status").first).to_be_attached()
    assert NotificationSettings.objects.filter(person=desk.other_l2).exists()


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
