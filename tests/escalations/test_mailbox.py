"""The mailbox of the partners' answers: a folder of IMAP over TLS, and what admins read when it can't be read."""

from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from escalations import mail_intake, mailbox, tasks
from escalations.models import HandOver, HandOverState
from tests.escalations import imap
from tests.escalations.test_mail_intake import desk, letter, row  # noqa: F401  fixtures
from tests.matrix import Scenario

pytestmark = pytest.mark.django_db


@pytest.fixture
def box(row: HandOver, settings: Any, tmp_path: Path) -> Any:  # noqa: F811
    with imap.serving(tmp_path, [b"Subject: nothing of ours\r\n\r\nHello", letter(row).as_bytes()]) as box:
        settings.MAIL_IN_URL = box.url
        yield box


def page(scenario: Scenario) -> str:
    return str(scenario.clients["admin"].get(reverse("inbound_mail")).content.decode())


def test_a_folder_is_emptied_once(
    box: imap.Mailbox,
    row: HandOver,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(box.certificate))
    assert mail_intake.take_in() == {"ignored": 1, "taken": 1}
    assert box.seen == {1, 2}
    assert not mail_intake.take_in()
    row.refresh_from_db()
    assert row.state == HandOverState.ANSWERED


def test_what_the_server_does_not_hand_out_stays_unseen(
    box: imap.Mailbox,
    row: HandOver,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(box.certificate))
    box.withheld = {2}
    assert mail_intake.take_in() == {"ignored": 1}
    assert box.seen == {1}
    box.withheld = set()
    assert mail_intake.take_in() == {"taken": 1}
    assert box.seen == {1, 2}


def test_a_server_whose_certificate_nobody_trusts_is_not_told_the_password(
    box: imap.Mailbox, scenario: Scenario, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _minute in range(2):
        tasks.take_in_mail()
    assert (box.logins, box.seen) == ([], set())
    assert "signed the mail server&#x27;s certificate" in page(scenario)
    monkeypatch.setenv("SSL_CERT_FILE", str(box.certificate))
    tasks.take_in_mail()
    assert box.seen == {1, 2}
    assert "The mailbox can" not in page(scenario)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ("desk:wrong@", "check user, password and folder"),
        ("/NoSuch", "check user, password and folder"),
        (":1/", "check host and port"),
        ("maildir", "There is no maildir"),
    ],
)
def test_admins_read_what_to_mend(
    box: imap.Mailbox, settings: Any, scenario: Scenario, monkeypatch: pytest.MonkeyPatch, changed: str, words: str
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(box.certificate))
    settings.MAIL_IN_URL = {
        "desk:wrong@": box.url.replace("s%20ecret", "wrong"),
        "/NoSuch": box.url.replace("INBOX", "NoSuch"),
        ":1/": box.url.replace(f":{box.port}", ":1"),
        "maildir": "maildir:///nowhere/at/all",
    }[changed]
    with pytest.raises(CommandError, match=words):
        call_command("take_in_mail")
    assert words in page(scenario) and "ecret" not in page(scenario) and box.seen == set()
    assert mailbox.trouble() is not None
