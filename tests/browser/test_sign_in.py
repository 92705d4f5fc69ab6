"""Signing in with a browser, past the content security policy."""

import re
from datetime import timedelta

from django.contrib.sessions.models import Session
from playwright.sync_api import Page, expect

from accounts.models import User
from common import clock
from tests.factories import PASSWORD, UserFactory


def test_a_person_signs_in(browser_page: Page):
    person = UserFactory.create()
    sign_in(browser_page, person, "/account/login/")
    expect(browser_page).not_to_have_url(re.compile("/account/login/"))


def sign_in(page: Page, person: User, address: str) -> None:
    page.goto(address)
    page.get_by_label("Email").fill(person.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()


def test_a_passkey_is_added_and_signs_in_alone(browser_page: Page, live_desk: str):
    page = browser_page
    keys = page.context.new_cdp_session(page)
    keys.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
        "isUserVerified": True, "automaticPresenceSimulation": True,
    }  # fmt: skip
    keys.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    here = live_desk.replace("127.0.0.1", "localhost")  # no passkey is for an IP address
    sign_in(page, UserFactory.create(), f"{here}/account/second-step/webauthn/add/")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Confirm").click()
    page.get_by_label("Also instead of the password").check()
    page.get_by_role("button", name="Add").click()
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
    page.context.clear_cookies()
    page.goto(f"{here}/drafts/")
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page).to_have_url(f"{here}/drafts/")


def ends_in(seconds: int) -> None:
    Session.objects.update(expire_date=clock.now() + timedelta(seconds=seconds))


def test_the_page_says_when_the_session_ends_and_keeps_what_is_written(browser_page: Page):
    page, person = browser_page, UserFactory.create()
    look = "document.dispatchEvent(new Event('visibilitychange'))"
    sign_in(page, person, "/preferences/")
    dialog = page.get_by_role("dialog", name="Are you still there?")
    expect(page.get_by_label("Name")).to_be_visible()
    ends_in(100)
    page.evaluate(look)
    expect(dialog).to_contain_text("seconds you are signed out")
    page.get_by_role("button", name="Stay signed in").click()
    expect(dialog).to_be_hidden()
    assert Session.objects.get().expire_date > clock.now() + timedelta(minutes=14)

    page.get_by_label("Name").press_sequentially(" the Second")
    ends_in(-1)
    page.evaluate(look)
    expect(dialog).to_contain_text("What you wrote here stays")
    with page.expect_popup() as opened:
        page.get_by_role("link", name="Sign in in another tab").click()
    tab = opened.value
    tab.get_by_label("Email").fill(person.email)
    tab.get_by_label("Password").fill(PASSWORD)
    tab.get_by_role("button", name="Sign in", exact=True).click()
    expect(tab).to_have_url(re.compile("/preferences/$"))
    expect(dialog).to_be_hidden(timeout=10_000)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Your preferences are saved.")).to_be_visible()
    person.refresh_from_db()
    assert "the Second" in person.name

    Session.objects.all().delete()
    page.evaluate(look)
    expect(page).to_have_url(re.compile(r"/account/login/\?idle=1&next=%2Fpreferences%2F"))
