"""The pages of hand-overs and waits, through the front door."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.test import Client
from django.urls import reverse

from accounts import people
from accounts.models import Role, Team, TeamKind, User
from common import clock
from common.errors import Refused
from escalations import hand_over_list, handing_over, news, partner_setup
from escalations.hand_over_states import Move, Side
from escalations.models import (
    Alert,
    AlertKind,
    HandOver,
    HandOverState,
    PartnerAgreement,
    PartnerForm,
)
from events.models import Event
from tests.escalations.desk import Desk
from tests.factories import TeamFactory
from tests.matrix import Scenario

pytestmark = pytest.mark.django_db

FIELDS = [
    {"key": "trace", "type": "reference", "required": True, "label": {"en": "Trace id", "es": "Id de la traza"}}
]


@pytest.fixture
def desk(scenario: Scenario) -> Desk:
    return scenario.desk


@pytest.fixture
def as_(scenario: Scenario) -> dict[str, Client]:
    return scenario.clients


def token(html: str) -> str:
    return re.search(r'name="form_token" value="([^"]+)"', html)[1]  # type: ignore[index]


def text(answer: Any) -> str:
    return str(answer.content.decode())


def test_from_asking_to_closing_on_the_pages(desk: Desk, as_: dict[str, Client]) -> None:
    partner_setup.publish_form(desk.engineering, FIELDS, by=desk.lead, version=0)
    ticket = desk.started(subject="Zanzibar")
    url = reverse("new_hand_over", args=[ticket.reference])
    page = text(as_["l2"].get(url, {"partner": desk.engineering.pk}))
    assert "Trace id" in page
    assert re.search(r"In a line\s*</label>", page), "it is needed, unless they see the escalation"
    assert "Zanzibar" not in re.search(r'<input[^>]*name="title"[^>]*>', page)[0]  # type: ignore[index]
    sent: dict[str, Any] = {
        "form_token": token(page), "partner": desk.engineering.pk, "title": "Gateway down", "question": "Why?",
        "urgency": 1, "version": ticket.version,
    }  # fmt: skip
    nameless = as_["l2"].post(url, {**sent, "title": " ", "answer_trace": "req_1"})
    assert nameless.status_code == 422 and "Say in a line what it is about" in text(nameless)
    missing = as_["l2"].post(url, sent)
    assert missing.status_code == 422 and "This is needed." in text(missing)
    sent |= {"answer_trace": "req_1", "uploads": ContentFile(b"a log\n", name="log.txt")}
    for _twice in range(2):  # a double click
        sent["uploads"].seek(0)
        assert as_["l2"].post(url, sent).status_code == 302
    row = HandOver.objects.get(ticket=ticket)
    sent.pop("uploads")
    stale = as_["lead"].post(url, {**sent, "form_token": "x" * 20})
    assert stale.status_code == 409

    mine = text(as_["partner"].get(reverse("hand_overs")))
    assert "Gateway down" in mine and "Zanzibar" not in mine
    assert as_["partner"].get(ticket.get_absolute_url()).status_code == 404
    page = text(as_["partner"].get(row.get_absolute_url()))
    assert "req_1" in page and "Zanzibar" not in page
    file: Any = as_["partner"].get(re.search(r"/hand-overs/\d+/files/\d+/", page)[0])  # type: ignore[index]
    assert b"".join(file.streaming_content) == b"a log\n"
    assert as_["partner"].post(reverse("take_hand_over", args=[row.pk])).status_code == 302

    answer = reverse("move_hand_over", args=[row.pk, Move.ANSWER])
    old = {"text": "A bad deploy.", "version": row.version}
    late = as_["partner"].post(answer, old)
    assert late.status_code == 409 and "A bad deploy." in text(late)
    assert as_["partner"].post(answer, {**old, "version": row.version + 1}).status_code == 302
    assert as_["partner"].post(answer, {**old, "version": row.version + 2}).status_code == 422
    row.refresh_from_db()
    assert row.state == HandOverState.ANSWERED
    closing = reverse("move_hand_over", args=[row.pk, Move.CLOSE])
    assert as_["partner"].post(closing, {"version": row.version}).status_code == 422
    assert as_["l2"].post(closing, {"version": row.version}).status_code == 302


def test_partners_are_set_up_and_a_stale_agreement_is_refused(desk: Desk, as_: dict[str, Client]) -> None:
    url = reverse("edit_partner", args=[desk.engineering.pk])
    sent = {"high_minutes": 30, "business_time": "on", "email": "", "language": "en", "version": 0}
    assert as_["lead"].post(url, sent).status_code == 302
    assert PartnerAgreement.objects.get().high_minutes == 30
    conflict = as_["lead"].post(url, {**sent, "high_minutes": 45})
    assert conflict.status_code == 409 and "45" in text(conflict)
    form = reverse("edit_partner_form", args=[desk.engineering.pk])
    card = {
        "card": "new-1", "new-1-label_en": "Trace id", "new-1-type": "text", "new-1-required": "on",
        "form_token": "t" * 20, "version": 0,
    }  # fmt: skip
    assert as_["lead"].post(form, card).status_code == 302
    assert PartnerForm.objects.get().fields[0]["key"] == "trace_id"
    assert as_["lead"].post(form, {**card, "form_token": "u" * 20}).status_code == 409


def test_the_first_line_learns_nothing_of_what_compliance_is_asked(desk: Desk, as_: dict[str, Client]) -> None:
    wall = TeamFactory(name="Quokka desk", kind=TeamKind.PARTNER, reviews_compliance=True)
    ticket = desk.started()
    row = handing_over.ask(ticket, by=desk.l2, partner=wall, question="Is it laundering?", title="Wombat")
    pages = [
        as_["l1"].get(ticket.get_absolute_url()),
        as_["l1"].get(reverse("ticket_work", args=[ticket.reference])),
        as_["l1"].get(reverse("ticket_related", args=[ticket.reference])),
        as_["l1"].get(reverse("search"), {"q": "laundering"}),
        as_["l1"].get(reverse("alerts")),
        as_["l1"].get(f"/api/v1/tickets/{ticket.reference}/"),
        as_["l1"].get(f"/api/v1/tickets/{ticket.reference}/messages/"),
    ]
    for page in pages:
        for word in ("Quokka", "Wombat", "is it laundering", f"HO-{row.pk}"):
            assert word.lower() not in text(page).lower(), page.request["PATH_INFO"]
    assert as_["l1"].get(row.get_absolute_url()).status_code == 404


@pytest.mark.parametrize(
    ("name", "who", "most"), [("hand_overs", "partner", 8), ("hand_overs", "lead", 8), ("waits", "lead", 12)]
)
def test_lists_ask_as_often_for_many_as_for_few(
    desk: Desk, as_: dict[str, Client], django_assert_max_num_queries: Any, name: str, who: str, most: int
) -> None:
    for _each in range(4):
        handing_over.ask(desk.started(), by=desk.l2, partner=desk.engineering, question="Why?")
    as_[who].get(reverse(name))
    with django_assert_max_num_queries(most):
        page = text(as_[who].get(reverse(name)))
    assert page.count("<tr") > 4


def test_one_hand_over_asks_as_often_with_a_long_thread(
    desk: Desk, as_: dict[str, Client], django_assert_max_num_queries: Any
) -> None:
    row = handing_over.ask(desk.started(), by=desk.l2, partner=desk.engineering, question="Why?")
    for number in range(5):
        handing_over.act(row, Move.SAY, by=desk.partner, text=f"Looking, {number}.")
    as_["partner"].get(row.get_absolute_url())
    with django_assert_max_num_queries(10):
        assert "Looking, 4." in text(as_["partner"].get(row.get_absolute_url()))


def test_the_subject_is_the_title_only_for_who_sees_the_escalation(desk: Desk, as_: dict[str, Client]) -> None:
    ticket = desk.started(subject="Zanzibar")
    handing_over.ask(ticket, by=desk.l2, partner=desk.engineering, question="Why is it\ndown?")
    news.handle(Event.objects.filter(kind="ticket.waiting", subject_id=ticket.pk).latest("pk"))
    for page in ("hand_overs", "alerts"):
        shown = text(as_["partner"].get(reverse(page)))
        assert "Why is it down?" in shown and "Zanzibar" not in shown, page
    shared = desk.started(subject="Quetzal")
    url = reverse("new_hand_over", args=[shared.reference])
    sent = {
        "form_token": "t" * 20, "partner": desk.engineering.pk, "title": "", "question": "Why?", "urgency": 1,
        "version": shared.version, "shares_ticket": "on",
    }  # fmt: skip
    assert as_["l2"].post(url, sent).status_code == 302
    assert HandOver.objects.get(ticket=shared).title == "Quetzal"


def due(row: HandOver) -> Any:
    """When its answer is due, as the queue has it."""
    return hand_over_list.with_due(HandOver.objects.filter(pk=row.pk)).get().due_at  # type: ignore[attr-defined]


def moment(days: int) -> tuple[str, datetime]:
    """A date as the browser sends it, and what it means (people's zone is UTC here)."""
    then = (clock.now() + timedelta(days=days)).astimezone(UTC).replace(hour=15, minute=0, second=0, microsecond=0)
    return f"{then:%Y-%m-%dT%H:%M}", then


def test_a_date_is_asked_for_changed_with_a_reason_and_asked_for_again(desk: Desk, as_: dict[str, Client]) -> None:
    User.objects.filter(pk=desk.l2.pk).update(time_zone="UTC")
    ticket = desk.started()
    url = reverse("new_hand_over", args=[ticket.reference])
    typed, then = moment(3)
    sent = {
        "form_token": "t" * 20, "partner": desk.engineering.pk, "title": "Outage", "question": "Why?",
        "urgency": 1, "version": ticket.version, "wanted_by": "2020-01-01T10:00",
    }  # fmt: skip
    assert as_["l2"].post(url, sent).status_code == 422
    assert as_["l2"].post(url, {**sent, "wanted_by": typed}).status_code == 302
    row = HandOver.objects.get(ticket=ticket)
    assert due(row) == then and row.wanted_by == then

    typed, later = moment(5)
    step = reverse("move_hand_over", args=[row.pk, Move.DUE])
    given = {"text": "They release on Thursday.", "wanted_by": typed, "version": row.version}
    assert as_["partner"].post(step, given).status_code == 422  # the desk's step
    assert as_["l2"].post(step, {**given, "text": ""}).status_code == 422
    assert as_["l2"].post(step, {**given, "wanted_by": "2020-01-01T10:00"}).status_code == 422
    assert due(row) == then
    assert as_["l2"].post(step, given).status_code == 302
    assert due(row) == later
    page = text(as_["partner"].get(row.get_absolute_url()))
    assert "They release on Thursday." in page and "the date that was asked for" in page
    told = Event.objects.filter(kind="ticket.deadline_set", subject_id=ticket.pk).get()
    assert told.get("because") == "They release on Thursday." and told.get("hand_over") == row.pk

    row.refresh_from_db()
    handing_over.act(row, Move.ANSWER, by=desk.partner, text="Fixed.")
    typed, again = moment(9)
    step = reverse("move_hand_over", args=[row.pk, Move.ASK_AGAIN])
    with clock.replaying(clock.now() + timedelta(minutes=5)):
        given = {"text": "Still down.", "wanted_by": typed, "version": row.version + 1}
        assert as_["l2"].post(step, given).status_code == 302
    row.refresh_from_db()
    assert row.wanted_by == again == due(row)


def test_a_missed_date_stays_where_it_was(desk: Desk) -> None:
    wanted_by = clock.now().replace(microsecond=0) + timedelta(hours=1)
    row = handing_over.ask(
        desk.started(), by=desk.l2, partner=desk.engineering, question="Why?", wanted_by=wanted_by
    )
    later = wanted_by + timedelta(hours=5)
    with clock.replaying(wanted_by + timedelta(hours=2)), pytest.raises(Refused):
        handing_over.act(row, Move.DUE, by=desk.l2, text="They need more time.", wanted_by=later)
    assert due(row) == wanted_by and row.messages.count() == 1


def test_its_owner_gives_it_to_a_colleague_and_a_lead_to_anybody_or_nobody(
    scenario: Scenario, desk: Desk, as_: dict[str, Client]
) -> None:
    pam = desk.person("Pam Partner", (desk.engineering, Role.PARTNER))
    boss = desk.person("Bo Boss", (desk.engineering, Role.LEAD))
    row = handing_over.ask(desk.started(), by=desk.l2, partner=desk.engineering, question="Why?")
    url = reverse("give_hand_over", args=[row.pk])
    assert as_["partner"].post(url, {"owner": pam.pk, "version": row.version}).status_code == 403  # not theirs
    row = handing_over.take(row, by=desk.partner)
    assert "Pam Partner" in text(as_["partner"].get(row.get_absolute_url()))
    assert as_["partner"].post(url, {"owner": desk.l2.pk, "version": row.version}).status_code == 422
    assert as_["partner"].post(url, {"owner": pam.pk, "version": row.version}).status_code == 302
    row.refresh_from_db()
    assert row.owner == pam
    news.handle(Event.objects.filter(kind="ticket.hand_over_moved", subject_id=row.ticket_id).latest("pk"))
    assert Alert.objects.get(recipient=pam).kind == AlertKind.ASSIGNED
    assert as_["partner"].post(url, {"owner": "", "version": row.version}).status_code == 403
    lead = Client()
    lead.force_login(boss)
    assert lead.post(url, {"owner": "", "version": row.version - 1}).status_code == 409
    assert lead.post(url, {"owner": "", "version": row.version}).status_code == 302
    row.refresh_from_db()
    assert row.owner is None
    assert "the hand-over is nobody" in text(as_["l2"].get(row.ticket.get_absolute_url()))


def test_what_a_partner_answered_begins_an_answer_to_the_customer(desk: Desk, as_: dict[str, Client]) -> None:
    row = handing_over.ask(desk.started(), by=desk.l2, partner=desk.engineering, question="Why is it down?")
    page, asked = row.ticket.get_absolute_url(), row.messages.get()

    def begun(number: int, who: str = "l2") -> str:
        shown = text(as_[who].get(page, {"partner_said": number}))
        field = re.search(r'<textarea[^>]*name="body_to_customer".*?</textarea>', shown, re.DOTALL)
        return field[0] if field else ""

    words = "Use in the answer to the customer"
    handing_over.act(row, Move.SAY, by=desk.partner, text="A quokka chewed the cable.")
    said = row.messages.latest("pk")
    assert words not in text(as_["l2"].get(row.get_absolute_url())) and "quokka" not in begun(said.pk)
    mailed = "Mended at noon.\n\n*By mail from pat@partner.example*"
    handing_over.act(row, Move.ANSWER, by=people.system(), side=Side.PARTNER, text=mailed)
    answered = row.messages.latest("pk")
    assert text(as_["l2"].get(row.get_absolute_url())).count(words) == 2  # not below what we asked
    assert words not in text(as_["partner"].get(row.get_absolute_url()))
    assert "quokka" in begun(said.pk) and "Why is it down" not in begun(asked.pk)
    assert "Mended at noon." in begun(answered.pk) and "pat@partner" not in begun(answered.pk)
    assert "quokka" not in begun(said.pk, "l1")
    Team.objects.filter(pk=desk.engineering.pk).update(reviews_compliance=True)
    assert words not in text(as_["l2"].get(row.get_absolute_url())) and "quokka" not in begun(said.pk)
