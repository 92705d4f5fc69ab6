"""The main job in a real browser: L1 escalates, L2 works it, the customer rates the answer, the lead sees it."""

import re
from collections.abc import Callable, Iterator

import pytest
from django.urls import reverse
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, expect

from accounts.models import User
from escalations import csat, diagnosis
from escalations.diagnosis import Findings
from escalations.models import EscalationDraft, Rating, RatingInvitation, Ticket
from tests import seed
from tests.escalations.desk import Desk
from tests.factories import PASSWORD

DESKTOP = ViewportSize(width=1280, height=900)
SMALL = ViewportSize(width=360, height=740)

Enter = Callable[[User | None], Page]


@pytest.fixture
def desk(live_desk: str) -> Desk:
    seed.catalogue()
    return Desk()


@pytest.fixture
def enter(live_desk: str, browser: Browser, size: ViewportSize) -> Iterator[Enter]:
    """Open a browser of its own for a person (None: the customer, who never signs in)."""
    contexts: list[BrowserContext] = []
    troubles: list[str] = []

    def opened(user: User | None) -> Page:
        context = browser.new_context(base_url=live_desk, locale="en-GB", timezone_id="UTC", viewport=size)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on("response", lambda answer: troubles.append(answer.url) if answer.status >= 500 else None)
        page.on("console", lambda said: troubles.append(said.text) if "Content Security" in said.text else None)
        if user is not None:
            page.goto("/account/login/")
            page.get_by_label("Email").fill(user.email)
            page.get_by_label("Password").fill(PASSWORD)
            page.get_by_role("button", name="Sign in", exact=True).click()
            expect(page).not_to_have_url(re.compile("/account/login/"))
        return page

    yield opened
    for context in contexts:
        context.close()
    assert not troubles, troubles


def does_not_scroll_sideways(page: Page) -> None:
    wide, room = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    assert wide <= room, page.url


@pytest.mark.parametrize("size", [DESKTOP, SMALL], ids=["desktop", "small"])
def test_from_the_escalation_to_the_rating(desk: Desk, enter: Enter, size: ViewportSize) -> None:
    l1 = enter(desk.l1)
    l1.goto(reverse("escalate_in", args=["other"]))
    does_not_scroll_sideways(l1)
    l1.get_by_label("Customer id").fill("C-500")
    l1.get_by_label("Customer's name").fill("Ana Cruz")
    l1.get_by_label("What is wrong, in a line").fill("The refund never came")
    l1.get_by_label("What happened", exact=True).fill("Promised on Monday, nothing by Friday.")
    for key, answer in desk.contract().answers.items():
        text = "\n".join(answer) if isinstance(answer, list) else str(answer)
        l1.locator(f"[name=answer_{key}]").fill(text)
    l1.get_by_label("Impact").select_option("1")
    l1.get_by_label("Urgency").select_option("1")
    expect(l1.locator("#priority-preview")).to_contain_text("P1")
    l1.get_by_role("main").get_by_role("button", name="Escalate", exact=True).click()
    expect(l1.get_by_role("heading", level=1)).to_have_text("The refund never came")
    ticket = Ticket.objects.get()
    assert ticket.priority == 1
    does_not_scroll_sideways(l1)

    l2 = enter(desk.l2)
    l2.goto(reverse("queue"))
    does_not_scroll_sideways(l2)
    l2.get_by_role("button", name="Take next").locator("visible=true").first.click()
    expect(l2).to_have_url(re.compile("/triage/(\\?in=)?$"))
    does_not_scroll_sideways(l2)
    for question, answer in (("everything needed", "Yes"), ("category right", "Yes"), ("L1 have solved", "No")):
        l2.get_by_role("group", name=re.compile(question)).get_by_text(answer, exact=True).click()
    l2.get_by_role("button", name="Accept and take on").click()
    l2.get_by_role("button", name="Start work").click()

    l2.get_by_role("link", name="Write", exact=True).and_(l2.locator(".btn-small")).click()
    l2.get_by_label("Symptoms").fill("The refund file was rejected.")
    l2.get_by_label(re.compile("^Hypothesis")).first.fill("A wrong branch code")
    l2.get_by_role("button", name="Another hypothesis").click()
    expect(l2.get_by_label(re.compile("^Hypothesis"))).to_have_count(2)
    does_not_scroll_sideways(l2)
    l2.get_by_role("button", name="Save").click()
    expect(l2.locator("#diagnosis")).to_contain_text("A wrong branch code")

    l2.locator(".composer").get_by_text("Answer to the customer").click()
    expect(l2.locator(".composer")).to_contain_text("No mail address of this customer is known")
    l2.locator("textarea[name^='body_']:visible").fill("We have sent it again.")
    l2.get_by_role("button", name="Send to the customer").click()
    expect(l2.locator("#leaving")).to_contain_text("We have sent it again.")

    l2.get_by_role("link", name="Resolve").click()
    dialog = l2.get_by_role("dialog", name="Resolve")
    dialog.get_by_label("Resolution code").select_option(index=1)
    dialog.get_by_label("Root cause").select_option(index=1)
    dialog.get_by_label("Answer for the customer").fill("Your refund has arrived.")
    dialog.get_by_label("Answer for L1").fill("The branch code was wrong.")
    does_not_scroll_sideways(l2)
    dialog.get_by_role("button", name="Resolve").click()
    expect(l2.locator(".outcome")).to_contain_text("Your refund has arrived.")
    does_not_scroll_sideways(l2)

    invitation = RatingInvitation.objects.first() or csat.invite(ticket)
    customer = enter(None)
    customer.goto(reverse("rate", args=[csat.token(invitation)]))
    does_not_scroll_sideways(customer)
    customer.locator(".score", has_text="4").click()
    customer.get_by_label("It was fast").check()
    customer.get_by_role("button", name="Send").click()
    expect(customer.get_by_role("heading", name="Thank you")).to_be_visible()
    assert Rating.objects.get().score == 4

    lead = enter(desk.lead)
    lead.goto(ticket.get_absolute_url())
    expect(lead.locator(".outcome")).to_contain_text("4 of 5 from the customer")
    l1.goto(ticket.get_absolute_url())
    expect(l1.locator(".outcome")).to_contain_text("The branch code was wrong.")


@pytest.mark.parametrize("size", [DESKTOP], ids=["desktop"])
def test_a_draft_survives_a_closed_tab(desk: Desk, enter: Enter) -> None:
    page = enter(desk.l1)
    page.goto(reverse("escalate_in", args=["other"]))
    page.get_by_label("What is wrong, in a line").fill("Half a thought")
    expect(page.locator("[data-autosave-status]")).to_contain_text("Saved")
    assert EscalationDraft.objects.get().data["subject"] == "Half a thought"
    again = page.context.new_page()
    page.close()
    again.goto(reverse("escalate_in", args=["other"]))
    expect(again.get_by_label("What is wrong, in a line")).to_have_value("Half a thought")


@pytest.mark.parametrize("size", [DESKTOP], ids=["desktop"])
def test_a_stale_diagnosis_shows_both_versions_and_goes_on(desk: Desk, enter: Enter) -> None:
    ticket = desk.started()
    page = enter(desk.l2)
    page.goto(reverse("diagnosis", args=[ticket.reference]))
    page.get_by_label("Symptoms").fill("What I saw")
    diagnosis.write(ticket, Findings(symptoms="What the lead saw"), by=desk.lead, version=0)
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".versions")).to_contain_text("What the lead saw")
    expect(page.locator(".versions")).to_contain_text("What I saw")
    page.get_by_role("button", name="Save over it").click()
    expect(page.locator("#diagnosis")).to_contain_text("What I saw")


@pytest.mark.parametrize("size", [DESKTOP], ids=["desktop"])
def test_the_queue_is_walked_by_keys(desk: Desk, enter: Enter) -> None:
    _first, second = desk.escalated(impact=1, urgency=1), desk.escalated()
    page = enter(desk.l2)
    page.goto(reverse("queue"))
    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(page.locator("tr.is-at")).to_contain_text(second.reference)
    page.keyboard.press("o")
    expect(page).to_have_url(re.compile(f"/tickets/{second.reference}/triage/(\\?in=)?$"))
