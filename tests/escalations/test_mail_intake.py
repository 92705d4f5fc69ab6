"""Answers by mail: the signed address, what a mail says, and what is not taken."""

import mailbox
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from django.core import mail as django_mail
from django.urls import reverse

from escalations import (
    alerts,
    conversation,
    hand_over_mail,
    handing_over,
    lifecycle,
    mail_intake,
    mail_texts,
    merging,
    news,
    reply_address,
    restricting,
    waits,
)
from escalations.hand_over_states import Move
from escalations.models import (
    Alert,
    HandOver,
    HandOverState,
    InboundMail,
    MessageKind,
    PartnerAgreement,
    ReasonKind,
    State,
    Ticket,
)
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


def mailed(row: HandOver) -> list[str]:
    """Every mail that its events so far lead to, as subject and body."""
    django_mail.outbox.clear()
    for event in Event.objects.filter(kind__in=hand_over_mail.KINDS, subject_id=row.ticket_id).order_by("pk"):
        hand_over_mail.handle(event)
    return [f"{mail.subject}\n{mail.body}" for mail in django_mail.outbox]


def test_a_restricted_escalation_tells_a_shared_mailbox_nothing_but_that_it_waits(desk: Desk) -> None:
    row = handing_over.ask(
        desk.started(subject="Zanzibar fraud"), by=desk.l2, partner=desk.engineering, question="Was it Zelda?",
        title="Zelda's refunds",
    )  # fmt: skip
    ticket = restricting.restrict(
        row.ticket, by=desk.lead, kind="fraud", reason="A colleague may be involved.",
        persons=[desk.l2, desk.partner],
    )  # fmt: skip
    handing_over.act(row, Move.SAY, by=desk.l2, text="Zelda was on shift.")
    handing_over.act(row, Move.ASK_BACK, by=desk.partner, text="Which Zelda?")
    handing_over.act(row, Move.REPLY, by=desk.l2, text="Zelda Quill.")
    waits.nudge(ticket, f"hand_over:{row.pk}", by=desk.l2)
    assert len(mailed(row)) == 4
    handing_over.act(row, Move.WITHDRAW, by=desk.l2)
    mails = mailed(row)
    assert len(mails) == 2  # what is over is not asked again
    for mail in mails:
        assert "Zelda" not in mail and "Zanzibar" not in mail
        assert row.reference in mail and row.get_absolute_url() in mail
    assert not any(mail.reply_to for mail in django_mail.outbox)


def test_a_partner_who_answers_by_mail_hears_what_is_said_later_and_that_it_is_over(desk: Desk) -> None:
    row = handing_over.ask(desk.started(), by=desk.l2, partner=desk.engineering, question="Why?", title="Outage")
    handing_over.act(row, Move.ANSWER, by=desk.partner, text="A bad deploy.")
    handing_over.act(row, Move.SAY, by=desk.l2, text="Which one, for the record?")
    handing_over.act(row, Move.CLOSE, by=desk.l2)
    said, closed = mailed(row)
    assert "Which one, for the record?" in said and "Closed: Outage" in closed and "bad deploy" not in closed
    assert not django_mail.outbox[-1].reply_to


@pytest.mark.parametrize("how", ["by hand", "resume", "resolve", "cancel", "merge"])
def test_a_partner_who_answers_by_mail_hears_of_a_withdrawal_however_it_came(desk: Desk, how: str) -> None:
    row = handing_over.ask(desk.started(), by=desk.l2, partner=desk.engineering, question="Why?", title="Outage")
    ticket = row.ticket
    match how:
        case "by hand":
            handing_over.act(row, Move.WITHDRAW, by=desk.l2)
        case "resume":
            lifecycle.resume(ticket, by=desk.l2)
        case "resolve":
            desk.resolved(ticket)
        case "cancel":
            lifecycle.cancel(ticket, by=desk.lead, reason=desk.reason(ReasonKind.CANCEL))
        case "merge":
            merging.merge(ticket, target=desk.started(), by=desk.l2)
    [mail] = mailed(row)
    assert "Withdrawn: Outage" in mail and "we need no answer any more" in mail
    if how == "merge":
        merging.unmerge(Ticket.objects.get(pk=ticket.pk), by=desk.l2, explanation="Another shop.")
        *_before, asked_again = mailed(row)
        assert "Reminder: Outage" in asked_again and "Why?" in asked_again


def test_what_does_not_lead_on_is_added_to_the_thread_instead(desk: Desk, row: HandOver) -> None:
    mail_intake.take(letter(row, "Question: since when?").as_bytes())
    again = letter(row, "Question: and which plan?", Message_ID="<two@partner.example>")
    assert mail_intake.take(again.as_bytes()).reason == Move.SAY
    row.refresh_from_db()
    assert row.state == HandOverState.QUESTION_BACK
    assert "and which plan?" in list(conversation.thread(row))[-1].body


@pytest.mark.parametrize("end", [Move.CLOSE, Move.WITHDRAW])
def test_a_mail_after_the_end_is_kept_for_the_desk_and_its_sender_is_told(
    desk: Desk, row: HandOver, end: Move
) -> None:
    if end == Move.CLOSE:
        handing_over.act(row, Move.ANSWER, by=desk.partner, text="Fixed.")
    handing_over.act(row, end, by=desk.l2)
    mail = letter(row, f"It was the proxy, not {CARD}.")
    mail.add_attachment(b"a log\n", maintype="text", subtype="plain", filename="log.txt")
    django_mail.outbox.clear()
    taken = mail_intake.take(mail.as_bytes())
    assert (taken.outcome, taken.reason) == ("refused", "over")
    note = taken.message
    assert (
        note is not None and note.kind == MessageKind.NOTE and note in conversation.readable(desk.l2, row.ticket)
    )
    assert "It was the proxy" in note.body and "pat@partner.example" in note.body and CARD not in note.body
    assert note not in conversation.readable(desk.l1, row.ticket)
    assert [file.name for file in note.attachments.all()] == ["log.txt"]
    news.handle(Event.objects.filter(data__message=note.pk).get())
    [alert] = Alert.objects.filter(recipient=desk.l2, event__data__message=note.pk)
    assert "kept as a note" in alerts.sentence(alert) and alerts.address(alert) == row.ticket.get_absolute_url()
    [reply] = django_mail.outbox
    assert reply.to == ["pat@partner.example"] and row.reference in reply.subject and "is over" in reply.body
    assert row.ticket.subject not in reply.body and "Why is it down" not in reply.body
    mail_intake.take(mail.as_bytes())  # read twice, said once
    assert len(django_mail.outbox) == 1


def test_a_mail_that_is_too_large_or_empty_is_told_of_and_a_stranger_is_not(row: HandOver) -> None:
    large = mail_intake.take(None, letter(row).as_bytes())
    blank = mail_intake.take(letter(row, " ", Message_ID="<two@x>").as_bytes())
    assert (large.reason, blank.reason) == ("too_large", "empty")
    assert all(taken.message.kind == MessageKind.NOTE for taken in (large, blank) if taken.message is not None)
    assert ["larger than 30 MB" in mail.body for mail in django_mail.outbox] == [True, False]
    handing_over.act(row, Move.WITHDRAW, by=row.asked_by)
    mail_intake.take(letter(row, Message_ID="<three@x>", From="eve@evil.example").as_bytes())
    assert len(django_mail.outbox) == 2


def test_admins_see_what_became_of_each_mail_and_not_what_it_says(scenario: Scenario, row: HandOver) -> None:
    mail_intake.take(letter(row, "Zanzibar", From="eve@evil.example").as_bytes())
    mail_intake.take(b"rubbish")
    answer = scenario.clients["admin"].get(reverse("inbound_mail"))
    page = answer.content.decode()
    assert "its sender is not of the partner" in page and row.reference in page
    assert "Zanzibar" not in page and "evil.example" not in page
    assert scenario.clients["lead"].get(reverse("inbound_mail")).status_code == 404
