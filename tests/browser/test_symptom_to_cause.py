"""From a symptom to the answers: L2 takes a demo escalation about failed payments all the way, in a browser.

Everything runs as `make run` starts it, in a fresh copy of this checkout: its own services and database, the demo,
the worker, the back office that is looked up and asked, and the issue tracker in which the bug is mended.
"""

import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import BASE_DIR, free_port
from tests.browser.test_main_job import does_not_scroll_sideways

PASSWORD = "secondline-demo-2026"
TITLE = "Bank transfers are lost when the acquirer does not answer"
SUSPICION = "The acquirer does not answer in time"
LEFT_OUT = shutil.ignore_patterns(".git", ".run", ".venv", "node_modules", "__pycache__")
STARTS_WITHIN = 480.0  # seconds
SOON = 45_000.0  # milliseconds, for what the worker, the back office and the tracker have to do


@dataclass
class Run:
    """Where a fresh `make run` and its issue tracker answer."""

    address: str
    tracker: str


@pytest.fixture
def fresh_run() -> Iterator[Run]:
    """Copy the checkout as it is, and have it run. What is installed is shared; nothing else is."""
    with tempfile.TemporaryDirectory(prefix="secondline-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)  # the database's server may be another user's
        copy = shutil.copytree(BASE_DIR, folder / "checkout", ignore=LEFT_OUT)
        for installed in (".venv", "node_modules"):
            (copy / installed).symlink_to(BASE_DIR / installed)
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
        log = folder / "run.log"
        with log.open("w") as output:
            run = subprocess.Popen(
                [str(shutil.which("make")), "run"], cwd=copy, env=kept | {"PORT": str(free_port())},
                stdout=output, stderr=output, start_new_session=True,
            )  # fmt: skip
        try:
            yield _up(run, log)
        finally:
            os.killpg(run.pid, signal.SIGINT)
            run.wait(timeout=60)


def _up(run: "subprocess.Popen[bytes]", log: Path) -> Run:
    """Wait until `make run` has said where it is."""
    ends = time.monotonic() + STARTS_WITHIN
    while run.poll() is None and time.monotonic() < ends:
        said = log.read_text()
        if found := re.search(r"Secondline is at (\S+)", said):
            tracker = re.search(r"issue tracker is at (\S+)/", said)
            assert tracker, said
            return Run(found[1], tracker[1])
        time.sleep(0.5)
    pytest.fail(f"make run ended, or took too long:\n{log.read_text()[-3000:]}")


@pytest.fixture
def page(fresh_run: Run, browser: Browser) -> Iterator[Page]:
    """The browser of the demo's L2 specialist, who has signed in. No script may fail, and no answer be a 500."""
    context = browser.new_context(base_url=fresh_run.address, locale="en-GB", timezone_id="UTC")
    troubles: list[str] = []
    page = context.new_page()
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("response", lambda answer: troubles.append(answer.url) if answer.status >= 500 else None)
    page.goto("/queue/?scope=mine")
    page.get_by_label("Email").fill("l2@secondline.test")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("row").nth(1)).to_be_visible()
    yield page
    context.close()
    assert not troubles, troubles


def soon(page: Page, text: str, within: str = "main") -> None:
    """Load the page again until it says so, as somebody does who waits for a job."""
    said = page.locator(within).get_by_text(text).first
    ends = time.monotonic() + SOON / 1000
    while not said.is_visible() and time.monotonic() < ends:
        page.wait_for_timeout(500)
        page.reload()
    expect(said).to_be_visible()


def escalations(page: Page) -> tuple[str, str]:
    """Return the references of two escalations about failed payments: the newest, which has a log, and another."""
    rows = page.get_by_role("row").filter(has_text="Transaction failure").filter(has_text="In progress")
    found = sorted(re.findall(r"ESC-\d+", " ".join(rows.all_inner_texts())), reverse=True)
    return found[0], found[1]


def read_the_log(page: Page, ticket: str) -> str:
    """What is rare comes first and is explained; two lines of it speak for the suspicion.

    Returns the number of the failed payment, which is in the escalation and in the log.
    """
    page.goto(f"/tickets/{ticket}/")
    payment = re.search(r"TXN-\w+", page.locator("main").inner_text())
    assert payment
    page.locator("#logs").get_by_role("link", name="payments-gateway.log").click()
    expect(page.get_by_text("acquirer did not answer").first).to_be_visible()
    page.get_by_role("link", name="Lines in order of time").click()
    page.get_by_label("Text").fill("acquirer did not answer")
    page.get_by_label("Text").press("Enter")
    expect(page.get_by_role("row").filter(has_text=payment[0])).to_contain_text("acquirer did not answer")
    lines = page.get_by_role("row").filter(has_text="acquirer did not answer").get_by_role("checkbox")
    for number in (2, 3):
        lines.nth(number).check()
    hold_it_for_the_suspicion(page)
    page.get_by_role("button", name="Ticked lines are evidence").click()
    return payment[0]


def look_up(page: Page, ticket: str, payment: str) -> str:
    """The back office knows the payment as well. Returns the account, which the ticket knew."""
    page.goto(f"/tickets/{ticket}/")
    page.locator("#lookups").get_by_role("link", name="Look something up").click()
    page.get_by_role("link", name="Transactions", exact=True).first.click()
    account = page.locator("main form").get_by_role("textbox").first.input_value()
    page.get_by_label("Why").fill("Which payments failed, and when?")
    page.get_by_role("button", name="Look it up").click()
    expect(page.get_by_role("button", name="Keep as evidence")).to_be_visible(timeout=SOON)
    expect(page.get_by_role("row").filter(has_text=payment)).to_be_visible()
    keep(page)
    return account


def ask_the_api(page: Page, ticket: str, account: str) -> None:
    """The back office's API is asked for the account, with a token that nobody sees."""
    page.goto(f"/tickets/{ticket}/")
    page.locator("#console").get_by_role("link", name="New request").click()
    form = page.locator("form.form-wide")
    form.get_by_label("Path").fill(f"/accounts/{account}")
    form.get_by_role("button", name="Send").click()
    expect(page.get_by_text("Authorization: Bearer {{BACK_OFFICE_TOKEN}}").first).to_be_visible(timeout=SOON)
    expect(page.get_by_role("heading", name=f"GET /accounts/{account}")).to_be_visible()
    expect(page.get_by_role("button", name="Keep as evidence")).to_be_visible(timeout=SOON)
    keep(page)


def confirm(page: Page, ticket: str) -> None:
    """On the board the suspicion has all that, and is confirmed with its root cause."""
    page.goto(f"/tickets/{ticket}/diagnosis/")
    row = page.locator(".board-row").filter(has=page.get_by_role("heading", name=re.compile(SUSPICION)))
    for kind in ("Log", "Lookup", "API run", "Customer's words"):
        expect(row.locator(".evidence-list").first.get_by_text(kind, exact=True).first).to_be_visible()
    row.get_by_text("Confirm or rule out").click()
    verdict = row.locator(".board-deeds form").first
    verdict.get_by_role("combobox").first.select_option(label="Confirmed")
    verdict.get_by_role("textbox").fill("The time-outs begin when the payments begin to fail.")
    verdict.get_by_label("Root cause").select_option(index=1)
    row.get_by_role("button", name="Keep the verdict").click()
    expect(row.get_by_text("Confirmed", exact=True).first).to_be_visible()


def report(page: Page, ticket: str, other: str) -> str:
    """A bug report about both escalations goes to the tracker; returns the address of its page here."""
    page.goto(f"/tickets/{ticket}/")
    page.locator("#bugs").get_by_role("link", name="Write a bug report").click()
    expect(page.get_by_label("Title")).to_have_value(SUSPICION)
    expect(page.get_by_role("checkbox", name=re.compile(r"payments-gateway\.log")).first).to_be_checked()
    expect(page.get_by_role("checkbox", name=re.compile("Transactions")).first).not_to_be_checked()
    page.get_by_label("Title").fill(TITLE)
    page.get_by_label("Steps to see it").fill("Pay by bank transfer while the acquirer is slow.")
    page.get_by_label("Expected").fill("The payment is tried again, or given back.")
    page.get_by_label("Actual").fill("The money has left and arrives nowhere. Paid with 4111 1111 1111 1111.")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("mark").first).to_be_visible()  # what was masked is marked
    assert "4111 1111" not in page.content()
    page.get_by_label("Escalation", exact=True).fill(other)
    page.get_by_role("button", name="Link an escalation").click()
    expect(page.get_by_role("link", name=re.compile(other))).to_be_visible()
    does_not_scroll_sideways(page)
    page.get_by_role("button", name="Send the report").click()
    soon(page, "Payments issues #3")
    return page.url


def hand_over(page: Page, bug: str, ticket: str) -> None:
    """A partner team is asked to see to it, and the escalation waits for them."""
    page.goto(bug)
    page.get_by_label("Partner team").select_option(label="Payments Engineering")
    page.get_by_role("button", name="Hand over").click()
    expect(page.locator("#hand-overs").get_by_role("link").first).to_be_visible()
    page.goto(f"/tickets/{ticket}/")
    expect(page.get_by_text("Waiting on partner").first).to_be_visible()


def mend(page: Page, tracker: str) -> None:
    """An engineer comments and closes the issue, in the tracker."""
    page.goto(tracker)
    issue = page.get_by_role("article").filter(has_text=TITLE)
    expect(issue).to_contain_text("acquirer did not answer")  # the lines of the log
    issue.get_by_label("Comment").fill("Time-outs are answered with a reversal from 4.3 on.")
    issue.get_by_role("button", name="Comment").click()
    page.get_by_role("article").filter(has_text=TITLE).get_by_role("button", name="Mark as fixed").click()


def answer(page: Page, bug: str, tickets: tuple[str, str]) -> None:
    """The fix is heard of, has the escalations go on, and every customer is answered, each on their page."""
    page.goto(bug)
    soon(page, "The bug is fixed.")
    expect(page.get_by_text("Time-outs are answered with a reversal")).to_be_visible()
    soon(page, "Answered", within="#hand-overs")  # and with that all that waits is woken
    page.get_by_role("link", name="Answer the customers").click()
    does_not_scroll_sideways(page)
    texts = page.get_by_role("textbox", name=re.compile("^Answer ESC-"))
    expect(texts).to_have_count(2)
    for number in range(2):
        texts.nth(number).fill(f"Mended: please pay again ({number}).")
    page.get_by_role("button", name="Send the answers").click()
    expect(page.get_by_text("2 answers were sent.")).to_be_visible()
    for ticket in tickets:
        page.goto(f"/tickets/{ticket}/")
        expect(page.get_by_text("In progress", exact=True).first).to_be_visible()
        expect(page.get_by_text(f"The bug “{TITLE}” is fixed").first).to_be_visible()
        expect(page.get_by_text(re.compile(r"^Mended: please pay again \(\d\)\.$")).first).to_be_visible()


def hold_it_for_the_suspicion(page: Page) -> None:
    """Choose the suspicion among the hypotheses."""
    choice = page.get_by_label(re.compile("^Evidence of"))
    choice.select_option(choice.locator("option", has_text=SUSPICION).get_attribute("value"))


def keep(page: Page) -> None:
    """Keep what the page shows as evidence for the suspicion."""
    hold_it_for_the_suspicion(page)
    page.get_by_role("button", name="Keep as evidence").click()


@pytest.mark.long
def test_from_a_symptom_to_the_answers(fresh_run: Run, page: Page) -> None:
    ticket, other = escalations(page)
    payment = read_the_log(page, ticket)
    account = look_up(page, ticket, payment)
    ask_the_api(page, ticket, account)
    confirm(page, ticket)
    bug = report(page, ticket, other)
    hand_over(page, bug, ticket)
    mend(page, fresh_run.tracker)
    answer(page, bug, (ticket, other))
