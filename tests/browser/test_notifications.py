"""Told of what others did, and choosing how, in a real browser."""

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from escalations import assignment, news
from escalations.models import Alert, NotificationSettings
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
