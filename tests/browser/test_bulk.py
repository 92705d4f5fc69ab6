"""Many tickets at once in a real browser, by keys: tick, assign, watch the job, undo."""

import re
from collections.abc import Iterator

import pytest
from django.urls import reverse
from playwright.sync_api import Browser, Page, ViewportSize, expect

from escalations import bulk, defaults
from escalations.models import BulkAction, Ticket
from tests.browser.test_main_job import DESKTOP, SMALL, does_not_scroll_sideways
from tests.browser.worker import work_off
from tests.escalations.desk import Desk
from tests.factories import PASSWORD

TICKETS = 28  # more than are done at once


@pytest.fixture
def desk(live_desk: str) -> Desk:
    defaults.seed()
    return Desk()


@pytest.fixture
def page(live_desk: str, browser: Browser, desk: Desk, size: ViewportSize) -> Iterator[Page]:
    """The lead's browser, at the queue."""
    template = desk.started()
    columns = {field.attname: getattr(template, field.attname) for field in Ticket._meta.concrete_fields}
    del columns["id"]
    Ticket.objects.bulk_create(Ticket(**columns) for _number in range(TICKETS - 1))
    context = browser.new_context(base_url=live_desk, locale="en-GB", timezone_id="UTC", viewport=size)
    page = context.new_page()
    troubles: list[str] = []
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("console", lambda said: troubles.append(said.text) if "Content Security" in said.text else None)
    page.goto("/account/login/")
    page.get_by_label("Email").fill(desk.lead.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page).not_to_have_url(re.compile("/account/login/"))
    page.goto(reverse("queue"))
    yield page
    context.close()
    assert not troubles, troubles


@pytest.mark.parametrize("size", [DESKTOP, SMALL], ids=["desktop", "small"])
def test_ticked_by_keys_assigned_watched_and_undone(desk: Desk, page: Page, size: ViewportSize) -> None:
    bar = page.locator(".bulk-bar")
    expect(bar).to_be_hidden()
    page.keyboard.press("j")
    page.keyboard.press("x")
    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(bar).to_contain_text("2 selected")
    page.keyboard.press("x")
    expect(bar).to_contain_text("1 selected")
    page.get_by_label(re.compile("^Select ESC-")).nth(4).click(modifiers=["Shift"])
    expect(bar).to_contain_text("5 selected")
    with page.expect_response(lambda answer: answer.request.headers.get("hx-request") == "true"):
        page.evaluate("document.body.dispatchEvent(new CustomEvent('live:rows'))")  # the list refreshes itself
    expect(bar).to_contain_text("5 selected")
    expect(page.locator("input[name=ticket]:checked")).to_have_count(5)
    does_not_scroll_sideways(page)
    page.keyboard.press("Escape")
    expect(bar).to_be_hidden()

    page.keyboard.press("j")
    page.keyboard.press("x")
    page.get_by_label("All that match").check()
    bar.get_by_role("button", name="Assign", exact=True).click()
    dialog = page.get_by_role("dialog", name="Assign")
    expect(dialog).to_contain_text(f"{TICKETS} escalations")
    does_not_scroll_sideways(page)
    dialog.get_by_label("Owner").select_option(label="Otis Second")
    dialog.get_by_role("button", name=f"Assign: {TICKETS} escalations").click()
    expect(page.locator("#bulk-results")).to_contain_text(f"0 of {TICKETS} escalations")
    work_off(bulk.CONSUMER)
    expect(page.locator("#bulk-results")).to_contain_text(f"Changed: {TICKETS}.")
    does_not_scroll_sideways(page)
    assert set(Ticket.objects.values_list("owner", flat=True)) == {desk.other_l2.pk}
    page.get_by_role("button", name=f"Undo {TICKETS}").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Undo: Assign to Otis Second")
    work_off(bulk.CONSUMER)
    expect(page.locator("#bulk-results")).to_contain_text(f"Changed: {TICKETS}.")
    assert set(Ticket.objects.values_list("owner", flat=True)) == {desk.l2.pk}
    assert BulkAction.objects.count() == 2 and bulk.AT_ONCE < TICKETS
