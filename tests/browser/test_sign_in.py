"""Signing in with a browser, past the content security policy."""

import re

from playwright.sync_api import Page, expect

from tests.factories import PASSWORD, UserFactory


def test_a_person_signs_in(browser_page: Page):
    person = UserFactory.create()
    browser_page.goto("/account/login/")
    browser_page.get_by_label("Email").fill(person.email)
    browser_page.get_by_label("Password").fill(PASSWORD)
    browser_page.get_by_role("button", name=re.compile("sign in", re.IGNORECASE)).click()
    expect(browser_page).not_to_have_url(re.compile("/account/login/"))
