"""Finding and doing by keys alone, and the focus that no swap takes away."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.test_main_job import DESKTOP, SMALL, Enter, desk, does_not_scroll_sideways, enter  # noqa: F401
from tests.escalations.desk import Desk

#: What htmx says before and after a swap.
SAY = """([name]) => {
    const detail = { xhr: {}, target: document.body };
    document.dispatchEvent(new CustomEvent(name, { detail }));
}"""
#: What a swap without morphing does: the same rows, made anew.
SWAP = """() => {
    const rows = document.getElementById("rows");
    rows.innerHTML = rows.innerHTML;
    document.dispatchEvent(new Event("htmx:afterSettle"));
}"""


@pytest.mark.parametrize("size", [DESKTOP, SMALL], ids=["desktop", "small"])
def test_find_and_act_by_keys(desk: Desk, enter: Enter) -> None:  # noqa: F811
    ticket = desk.accepted(subject="The refund never came")
    page = enter(desk.l2)
    page.goto("/queue/")
    page.keyboard.press("j")
    row = page.locator("tr.is-at a.row-link")
    expect(row).to_be_focused()
    page.evaluate(SWAP)
    expect(page.locator("tr.is-at a.row-link")).to_be_focused()

    page.keyboard.press("Control+k")
    bar = page.get_by_role("dialog", name="Search and commands")
    expect(bar.get_by_role("combobox")).to_be_focused()
    page.keyboard.type("refun")
    option = bar.get_by_role("option", name=re.compile(ticket.reference))
    expect(option).to_have_attribute("aria-selected", "true")
    does_not_scroll_sideways(page)
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(f"/tickets/{ticket.reference}/(\\?in=)?$"))

    page.keyboard.press("Control+k")
    page.keyboard.type("start w")
    expect(bar.get_by_role("group", name="Actions")).to_contain_text("Start work")
    for _step in range(12):
        if bar.locator("[aria-selected=true]", has_text="Start work").count():
            break
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator(".page-head")).to_contain_text("In progress")

    page.keyboard.press(".")
    expect(page.locator(".ticket-actions details.menu")).to_have_attribute("open", "")
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_contain_text("More actions")
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    page.keyboard.type("-state:closed refund")
    page.keyboard.press("Control+k")
    page.goto("/search/?q=refund")
    expect(page.locator("#found mark").first).to_have_text("refund")
    does_not_scroll_sideways(page)


@pytest.mark.parametrize("size", [DESKTOP], ids=["desktop"])
def test_going_on_while_the_list_refreshes_leaves_one_row_to_be_at(desk: Desk, enter: Enter) -> None:  # noqa: F811
    desk.escalated()
    desk.escalated()
    page = enter(desk.l2)
    page.goto("/queue/")
    page.keyboard.press("j")
    page.evaluate(SAY, ["htmx:beforeSwap"])
    page.keyboard.press("j")
    page.evaluate(SAY, ["htmx:afterSwap"])
    expect(page.locator("tr.is-at")).to_have_count(1)
    expect(page.locator("#rows tr[id]").nth(1)).to_have_class(re.compile("is-at"))
