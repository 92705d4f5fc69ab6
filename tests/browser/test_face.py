"""The frame of every page in a real browser: keys, colours, small screens, forms sent once."""

import re

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from tests.factories import PASSWORD, UserFactory

SMALL = ViewportSize(width=360, height=720)


@pytest.fixture
def signed_in(browser_page: Page) -> Page:
    """A browser in which a person has just signed in, on a page of the frame."""
    person = UserFactory.create()
    browser_page.goto("/account/login/")
    browser_page.get_by_label("Email").fill(person.email)
    browser_page.get_by_label("Password").fill(PASSWORD)
    browser_page.get_by_role("button", name="Sign in", exact=True).click()
    expect(browser_page).not_to_have_url(re.compile("/account/login/"))
    browser_page.goto("/account/sessions/")
    return browser_page


def test_a_question_mark_lists_the_keys_of_the_page(signed_in: Page) -> None:
    signed_in.keyboard.press("?")
    dialog = signed_in.get_by_role("dialog", name="Keys")
    expect(dialog).to_contain_text("Show these keys")
    signed_in.keyboard.press("Escape")
    expect(dialog).to_be_hidden()


def test_a_chosen_theme_is_drawn_by_the_server_from_then_on(signed_in: Page) -> None:
    root = signed_in.locator("html")
    expect(root).to_have_attribute("data-bs-theme", "auto")
    signed_in.locator(".sidebar details.menu > summary").click()
    signed_in.get_by_role("button", name="Dark").click()
    expect(root).to_have_attribute("data-bs-theme", "dark")
    answer = signed_in.request.get("/account/sessions/")
    assert 'data-bs-theme="dark"' in answer.text()


def test_on_a_small_screen_the_sidebar_is_a_drawer_and_nothing_scrolls_sideways(signed_in: Page) -> None:
    signed_in.set_viewport_size(SMALL)
    sidebar = signed_in.get_by_role("complementary", name="Menu")
    expect(sidebar).to_be_hidden()
    signed_in.get_by_role("button", name="Menu").click()
    expect(sidebar).to_be_visible()
    assert signed_in.evaluate("document.documentElement.scrollWidth") <= SMALL["width"]


def test_a_form_is_sent_once_however_often_it_is_clicked(signed_in: Page) -> None:
    signed_in.goto("/account/password/change/")
    sent: list[str] = []
    signed_in.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    for label in ("Current Password", "New Password", "New Password (again)"):
        signed_in.get_by_label(label, exact=True).fill("wrong and short")
    signed_in.evaluate("""() => {
        const button = document.querySelector("main form [type=submit]");
        button.click();
        setTimeout(() => button.click(), 5);
    }""")
    expect(signed_in.get_by_role("alert").first).to_be_visible()
    assert len(sent) == 1
