"""Answers by mail: the signed address, what a mail says, and what is not taken."""

import mailbox
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from django.core import mail as django_mail

from escalations import conversation, hand_over_mail, handing_over, mail_intake, mail_texts, reply_address
from escalations.models import HandOver, HandOverState, InboundMail, PartnerAgreement, State, Ticket
from events.models import Event
from tests.escalations.desk import Desk
from tests.matrix import Scenario

pytestmark = pytest.mark.django_db
CARD = "4111 1111 1111 1111"


@pytest.fixture
def desk(scenario: Scenario, settings: Any) -> Desk:
    settings.MAIL_IN_ADDRESS = "handover@desk.example"
    PartnerAgreement.objects.create(team=scenario.desk.engineering, email="team@partner.example")
    return scenario.desk


@pytest.fixture
def row(desk: Desk) -> HandOver:
    return handing_over.ask(desk.started(), by=desk.l2, partner=desk.engineering, question="Why is it down?")


def letter(row: HandOver | None, text: str = "A bad deploy.", **headers: str) -> EmailMessage:
    mail = EmailMessage()
    given = {
        "From": "Pat <pat@partner.example>",
        "To": reply_address.of(row.pk) if row is not None else "handover@desk.example",
        "Message-ID": "<one@partner.example>",
        "Subject": "Re: [HO-1]",
    } | {name.replace("_", "-"): value for name, value in headers.items()}
    for name, value in given.items():
        mail[name] = value
    mail.set_content(text)
    return mail


def test_an_answer_by_mail_is_taken_once_redacted_and_without_its_quote(row: HandOver) -> None:
    text = f"Fixed in 4.2.\n\nCard {CARD}\n\nOn Mon, 2 Nov 2026 at 10:00, Desk wrote:\n> {mail_texts.MARK}\n> Why?"
    mail = letter(row, text)
    mail.add_attachment(b"a log\n", maintype="text", subtype="plain", filename="log.txt")
    mail.add_attachment(b"MZ\x90", maintype="application", subtype="octet-stream", filename="run.exe")
    first = mail_intake.take(mail.as_bytes())
    assert (first.outcome, first.reason) == ("taken", "answer")
    assert mail_intake.take(mail.as_bytes()).pk == first.pk  # the mailbox was read twice
    row.refresh_from_db()
    assert row.state == HandOverState.ANSWERED
    assert Ticket.objects.get(pk=row.ticket_id).state == State.IN_PROGRESS
    *_asked, said = conversation.thread(row)
    assert said.body.startswith("Fixed in 4.2.") and "Why?" not in said.body and CARD not in said.body
    assert "pat@partner.example" in said.body and "run.exe" in said.body
    assert [file.name for file in said.attachments.all()] == ["log.txt"]


def test_the_first_word_asks_back_or_declines(desk: Desk, row: HandOver) -> None:
    mail_intake.take(letter(row, "Pregunta: ¿desde cuándo?").as_bytes())
    row.refresh_from_db()
    assert row.state == HandOverState.QUESTION_BACK
    page = letter(row, "x", Message_ID="<two@partner.example>")
    page.set_content(
        "<p>Decline: <b>not</b> ours</p><script>alert(1)</script><blockquote>old</blockquote>", "html"
    )
    assert mail_intake.take(page.as_bytes()).reason == "decline"
    *_before, said = conversation.thread(HandOver.objects.get(pk=row.pk))
    assert said.body.startswith("not ours") and "alert" not in said.body and "old" not in said.body


@pytest.mark.parametrize(
    ("headers", "outcome", "reason"),
    [
        ({"Auto_Submitted": "auto-replied"}, "ignored", "automatic"),
        ({"Precedence": "bulk"}, "ignored", "automatic"),
        ({"Return_Path": "<>"}, "ignored", "automatic"),
        ({"From": "MAILER-DAEMON@partner.example"}, "ignored", "automatic"),
        ({"To": "somebody@desk.example"}, "ignored", "not_ours"),
        ({"To": "handover+1-aaaaaaaaaaaaaaaaaaaaaaaaaa@desk.example"}, "refused", "forged"),
        ({"To": "handover+1@desk.example"}, "refused", "forged"),
        ({"From": "pat@partner.example.evil.example"}, "refused", "stranger"),
    ],
)
def test_what_is_not_an_answer_changes_nothing(
    row: HandOver, headers: dict[str, str], outcome: str, reason: str
) -> None:
    taken = mail_intake.take(letter(row, **headers).as_bytes())
    assert (taken.outcome, taken.reason, taken.message) == (outcome, reason, None)
    row.refresh_from_db()
    assert row.state == HandOverState.ASKED


def test_another_hand_overs_signature_and_rubbish_are_refused(row: HandOver) -> None:
    address = reply_address.of(row.pk).replace(f"+{row.pk}-", f"+{row.pk + 1}-")
    assert mail_intake.take(letter(row, To=address).as_bytes()).reason == "forged"
    for number, content in enumerate(
        (b"", b"\xff\x00\xfe", b"Content-Type: multipart/mixed\n\n", b"From: a\n b\n" * 50)
    ):
        assert mail_intake.take(content + b"%d" % number).outcome != "taken"
    assert mail_intake.take(None, letter(row, Message_ID="<large@x>").as_bytes()).reason == "too_large"


def test_a_maildir_is_emptied_and_the_partner_is_asked_by_mail(
    desk: Desk, row: HandOver, settings: Any, tmp_path: Path
) -> None:
    hand_over_mail.handle(Event.objects.filter(kind="ticket.waiting", data__hand_over=row.pk).get())
    [sent] = django_mail.outbox
    assert sent.to == ["team@partner.example"] and "Why is it down?" in sent.body
    box = mailbox.Maildir(tmp_path / "box")
    box.add(letter(row, To=sent.reply_to[0]))
    settings.MAIL_IN_URL = f"maildir://{tmp_path / 'box'}"
    assert mail_intake.take_in() == {"taken": 1}
    assert mail_intake.take_in() == {} and len(list((tmp_path / "box" / "cur").iterdir())) == 1
    answered = Event.objects.filter(kind="ticket.message", data__hand_over=row.pk).latest("pk")
    hand_over_mail.handle(answered)  # their own words are not sent back to them
    assert len(django_mail.outbox) == 1 and InboundMail.objects.count() == 1
