"""The workplace with JavaScript off: what a form can do, it does."""

import re

from django.urls import reverse
from playwright.sync_api import Browser, expect

from escalations.models import MessageKind, SavedView
from tests.browser.test_main_job import desk  # noqa: F401
from tests.escalations.desk import Desk
from tests.factories import PASSWORD


def test_a_day_at_the_desk_without_script(live_desk: str, browser: Browser, desk: Desk) -> None:  # noqa: F811
    first, second = desk.started(impact=1, urgency=1), desk.escalated(impact=3, urgency=3)
    context = browser.new_context(base_url=live_desk, locale="en-GB", java_script_enabled=False)
    page = context.new_page()
    page.goto(reverse("queue"))
    page.get_by_label("Email").fill(desk.lead.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("main").get_by_role("button").click()

    page.locator(".filter-menu summary", has_text="Priority").click()
    page.get_by_label("P1").check()
    page.locator(".filter-menu[open]").get_by_role("button", name="Apply").click()
    expect(page).to_have_url(re.compile("priority=1"))
    expect(page.locator("#rows")).to_contain_text(first.reference)
    expect(page.locator("#rows")).not_to_contain_text(second.reference)
    page.locator(".tabs-menu summary").click()
    page.get_by_label("Name").fill("On fire")
    page.get_by_role("button", name="Save view").click()
    assert "priority=1" in SavedView.objects.get().query

    page.get_by_role("checkbox", name=re.compile(first.reference)).check()
    page.get_by_role("button", name="Tag", exact=True).click()
    page.get_by_label("Add").fill("outage")
    page.get_by_role("button", name=re.compile("1 escalation$")).click()
    expect(page.get_by_role("main")).to_contain_text(first.reference)
    first.refresh_from_db()
    assert first.tags == ["outage"]

    page.goto(first.get_absolute_url())
    page.locator(".composer label", has_text="Answer to the customer").click()
    page.locator("[data-text=to_customer]").fill("We are looking into it.")
    page.locator(".composer button[type=submit]").click()
    expect(page.locator("#leaving")).to_contain_text("We are looking into it.")
    page.locator(".composer label", has_text="Internal note").click()
    page.locator("[data-text=note]").fill("The balance is as it was.")
    page.locator(".composer button[type=submit]").click()
    expect(page.locator("#timeline")).to_contain_text("The balance is as it was.")
    assert first.messages.filter(kind=MessageKind.NOTE).count() == 1

    page.get_by_role("link", name="Related").click()
    expect(page.get_by_role("main")).to_contain_text("Related")
    page.goto(reverse("search"))
    page.get_by_role("main").get_by_role("searchbox").fill(second.reference)
    page.get_by_role("main").get_by_role("button", name="Search").click()
    expect(page.get_by_role("main")).to_contain_text(second.subject)
    context.close()
