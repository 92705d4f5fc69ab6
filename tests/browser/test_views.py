"""Views of the queue in a real browser: narrowed, sorted, kept under a name, and walked through."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from django.urls import reverse
from playwright.sync_api import ViewportSize, expect

from escalations.models import SavedView
from tests.browser.test_main_job import DESKTOP, SMALL, Enter, desk, does_not_scroll_sideways, enter  # noqa: F401
from tests.escalations.desk import Desk


@pytest.mark.parametrize("size", [DESKTOP, SMALL], ids=["desktop", "small"])
def test_a_list_is_narrowed_kept_and_walked_through(desk: Desk, enter: Enter, size: ViewportSize) -> None:  # noqa: F811
    first, second, third = (desk.escalated(impact=level, urgency=level) for level in (1, 1, 3))
    page = enter(desk.lead)
    page.goto(reverse("queue"))
    page.locator(".filter-menu summary", has_text="Priority").click()
    page.get_by_label("P1").check()
    page.keyboard.press("Escape")
    expect(page).to_have_url(re.compile("priority=1"))
    expect(page.locator("#rows")).to_contain_text(first.reference)
    expect(page.locator("#rows")).not_to_contain_text(third.reference)

    page.locator(".filter-menu summary", has_text="Columns").click()
    page.get_by_role("checkbox", name="Channel").check()
    page.keyboard.press("Escape")
    expect(page).to_have_url(re.compile("columns="))
    expect(page.locator("#rows")).to_contain_text("Chat")
    if size == DESKTOP:  # cards have no headings; there the list of orders does it
        page.get_by_role("columnheader", name="Reference").get_by_role("link").click()
    else:
        page.get_by_label("Order").select_option("newest")
    expect(page).to_have_url(re.compile("order=(-reference|newest)"))
    expect(page).not_to_have_url(re.compile("returned"))  # what was left open narrows nothing
    expect(page.locator("#rows tr[id]").first).to_contain_text(second.reference)
    does_not_scroll_sideways(page)

    page.locator(".tabs-menu summary").click()
    page.get_by_label("Name").fill("On fire")
    page.get_by_label("Who sees it").select_option("team")
    page.get_by_role("combobox", name="Team").select_option("Payments")
    does_not_scroll_sideways(page)
    page.get_by_role("button", name="Save view").click()
    tab = page.get_by_role("navigation", name="Views of the queue").get_by_role("link", name="On fire")
    expect(tab).to_have_attribute("aria-current", "page")
    expect(tab.locator(".count")).to_have_text("2")  # comes after the page
    kept = parse_qs(SavedView.objects.get().query)
    assert kept["priority"] == ["1"] and kept["order"][0] in {"-reference", "newest"}

    page.locator("#rows").get_by_role("link", name=second.subject).first.click()
    expect(page).to_have_url(re.compile(second.reference))
    page.keyboard.press("]")
    expect(page).to_have_url(re.compile(first.reference))
    assert "order" in parse_qs(urlsplit(page.url).query)["in"][0]
    page.keyboard.press("[")
    expect(page).to_have_url(re.compile(second.reference))
    does_not_scroll_sideways(page)

    page.goto(f"{reverse('queue')}?priority=1&priority=3")
    page.locator(".tabs-menu summary").click()
    page.get_by_role("combobox", name="View").select_option("On fire")
    does_not_scroll_sideways(page)
    page.get_by_role("button", name="Change what it lists").click()
    expect(tab).to_have_attribute("aria-current", "page")
    assert parse_qs(SavedView.objects.get().query) == {"priority": ["1", "3"]}
