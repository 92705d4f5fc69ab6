"""From a pasted log to evidence in a browser: a span is drawn on the histogram, lines are filtered and ticked."""

from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import Browser, BrowserContext, FilePayload, expect

from escalations import defaults
from escalations.models import Evidence
from investigations import analysing
from investigations.models import Log
from tests.browser.test_live import signed_in
from tests.browser.test_main_job import does_not_scroll_sideways
from tests.browser.worker import work_off
from tests.escalations.desk import Desk

LINES = "\n".join(
    f"2026-11-27 09:{number:02}:00,000 {'ERROR' if number > 50 else 'INFO'}  [http-1] gateway - "
    f"charge {'declined' if number > 50 else 'approved'} request_id=req_{number:04}"
    for number in range(60)
)


@pytest.fixture
def desk(live_desk: str) -> Desk:
    defaults.seed()
    return Desk()


def test_from_a_pasted_log_to_evidence(
    live_desk: str, browser: Browser, desk: Desk, settings: Any, tmp_path_factory: pytest.TempPathFactory
) -> None:
    ticket = desk.started()
    opened: list[BrowserContext] = []
    page = signed_in(browser, live_desk, desk.l2, opened)
    page.goto(reverse("logs", args=[ticket.reference]))
    page.get_by_label("Or paste lines").fill(LINES)
    page.get_by_label("Time zone").fill("UTC")
    page.get_by_role("button", name="Add and analyse").click()
    expect(page.locator("#progress")).to_be_visible()
    # Its file lies where the server keeps files.
    settings.MEDIA_ROOT = tmp_path_factory.getbasetemp() / "livecurrent" / "media"
    work_off(analysing.CONSUMER)
    expect(page.get_by_role("heading", name="2 templates")).to_be_visible()  # it looked again by itself
    page.get_by_role("link", name="Lines in order of time").click()
    expect(page.get_by_role("heading", name="Lines 1 to 60 of 60")).to_be_visible()

    # The last quarter of an hour, drawn across the histogram.
    chart = page.locator(".chart-canvas")
    expect(chart.locator("canvas").first).to_be_visible()
    box = chart.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * 0.75, box["y"] + box["height"] * 0.5)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.85, box["y"] + box["height"] * 0.5, steps=5)
    page.mouse.move(box["x"] + box["width"] * 0.97, box["y"] + box["height"] * 0.5, steps=5)
    page.mouse.up()
    page.wait_for_url("**since=**")
    expect(page.get_by_text("request_id=req_0002")).to_have_count(0)
    expect(page.get_by_text("request_id=req_0055")).to_be_visible()

    # Failures only; two of them speak for a hypothesis.
    page.get_by_label("Level").select_option("error")
    expect(page.get_by_text("charge approved")).to_have_count(0)
    page.get_by_label("Line 56", exact=True).check()
    page.get_by_label("Line 57", exact=True).check()
    page.get_by_label("New hypothesis").fill("The issuer declines")
    page.set_viewport_size({"width": 360, "height": 740})
    does_not_scroll_sideways(page)
    page.get_by_role("button", name="Ticked lines are evidence").click()
    expect(page.get_by_text("evidence").first).to_be_visible()
    kept = "\n".join(Evidence.objects.filter(ticket=ticket).values_list("body", flat=True))
    assert "req_0055" in kept
    assert "req_0056" in kept
    for context in opened:
        context.close()


def test_a_file_is_sent_with_its_progress(live_desk: str, browser: Browser, desk: Desk) -> None:
    ticket = desk.started()
    opened: list[BrowserContext] = []
    page = signed_in(browser, live_desk, desk.l2, opened)
    page.goto(reverse("logs", args=[ticket.reference]))
    said: list[str] = []
    page.expose_function("noted", lambda text: said.append(text))
    watch = """() => {
        const status = document.querySelector("[data-upload-progress] [role=status]");
        new MutationObserver(() => noted(status.textContent)).observe(status, {childList: true});
    }"""

    # What is no text comes back with its reason, and may be put right.
    page.evaluate(watch)
    picture: FilePayload = {"name": "picture.log", "mimeType": "text/plain", "buffer": bytes(range(256)) * 40}
    page.locator("input[type=file]").set_input_files(picture)
    page.get_by_label("Time zone").fill("UTC")
    page.get_by_role("button", name="Add and analyse").click()
    expect(page.get_by_text("is no text").first).to_be_visible()
    said.clear()

    page.evaluate(watch)
    log: FilePayload = {"name": "app.log", "mimeType": "text/plain", "buffer": (LINES + "\n").encode() * 400}
    page.locator("input[type=file]").set_input_files(log)
    page.get_by_role("button", name="Add and analyse").click()
    expect(page.get_by_role("heading", name="app.log")).to_be_visible()
    assert any(text.startswith("Sending: ") for text in said)
    assert said[-1].startswith("Sent; ")
    kept = Log.objects.get(ticket=ticket)
    assert (kept.name, kept.lines) == ("app.log", 24_000)
    for context in opened:
        context.close()
