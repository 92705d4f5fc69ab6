"""Similar tickets: found by words and fields, within what a person may see, and with the reason."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import TeamKind
from escalations import lexicon, search_index, similar
from escalations.customers import CustomerData
from escalations.models import LexemeCount, Lexicon, State, Ticket
from tests.escalations.desk import Desk
from tests.factories import TeamFactory

TEXTS = [
    (
        "Webhook answers 504 after the timeout",
        "The merchant's webhook runs into a gateway timeout, 504 each time.",
    ),
    ("504 from the webhook gateway", "Since noon every webhook gets a gateway timeout."),
    ("Refund is late", "The refund was promised for Monday and is not there."),
    ("Card declined abroad", "The card is declined at every shop abroad."),
    ("No puedo entrar", "La aplicación cierra la sesión al entrar."),
    ("La aplicación cierra la sesión", "Al entrar, la sesión se cierra sola."),
]


def customer(number: int) -> CustomerData:
    return CustomerData(external_id=f"C-{number}", name=f"Customer {number}", email="", segment="consumer")


@pytest.fixture
def tickets(desk: Desk) -> list[Ticket]:
    found = [
        desk.escalated(subject=subject, description=description, customer=customer(number))
        for number, (subject, description) in enumerate(TEXTS)
    ]
    lexicon.count()
    return found


def test_the_nearest_by_words_comes_with_the_words_in_common(desk: Desk, tickets: list[Ticket]) -> None:
    (found, *_rest) = similar.similar_to(tickets[0], desk.l2)
    assert found.ticket == tickets[1]
    assert found.reason == "4 words in common: webhook, 504, gateway, timeout"
    (spanish, *_rest) = similar.similar_to(tickets[4], desk.l2)
    assert spanish.ticket == tickets[5]
    assert "sesión" in spanish.reason


def test_fields_count_before_words_and_say_so(desk: Desk, tickets: list[Ticket]) -> None:
    Ticket.objects.filter(pk__in=[tickets[0].pk, tickets[2].pk]).update(transaction_ref="TX-9")
    Ticket.objects.filter(pk__in=[tickets[0].pk, tickets[3].pk]).update(
        error_code="E-7", answers={"endpoint": "/v1/pay"}
    )
    asked = Ticket.objects.get(pk=tickets[0].pk)
    found = similar.similar_to(asked, desk.l2)
    assert [one.ticket for one in found] == [tickets[2], tickets[3], tickets[1]]
    assert found[0].reason.startswith("Same transaction")
    assert found[1].reasons[:2] == ["Same endpoint", "Same error code"]


def test_what_one_may_not_see_or_is_merged_is_not_similar(desk: Desk, tickets: list[Ticket]) -> None:
    elsewhere = TeamFactory(name="Elsewhere", kind=TeamKind.L2)
    Ticket.objects.filter(pk=tickets[1].pk).update(team=elsewhere)
    assert tickets[1] not in [one.ticket for one in similar.similar_to(tickets[0], desk.l2)]
    assert tickets[1] in [one.ticket for one in similar.similar_to(tickets[0], desk.auditor)]
    Ticket.objects.filter(pk=tickets[1].pk).update(state=State.MERGED, merged_into=tickets[2])
    assert tickets[1] not in [one.ticket for one in similar.similar_to(tickets[0], desk.auditor)]


def test_a_draft_is_compared_as_it_is_typed(desk: Desk, tickets: list[Ticket]) -> None:
    def typed(**changes: str) -> list[Ticket]:
        given: dict[str, Any] = {
            "category": desk.category,
            "subject": "webhook timeout",
            "description": "",
            **changes,
        }
        return [one.ticket for one in similar.similar_to_draft(desk.l1, **given)]

    assert set(typed()) == {tickets[0], tickets[1]}
    assert typed(subject="", description="") == []
    assert typed(subject="' | !:* \\ \x00'".replace("\x00", "")) == []
    Ticket.objects.filter(pk=tickets[3].pk).update(transaction_ref="TX-5")
    assert typed(transaction=" TX-5 ")[0] == tickets[3]


def test_without_a_count_of_words_fields_are_compared_all_the_same(desk: Desk, tickets: list[Ticket]) -> None:
    Lexicon.objects.all().delete()
    assert similar.similar_to(tickets[0], desk.l2) == []
    Ticket.objects.filter(pk__in=[tickets[0].pk, tickets[2].pk]).update(transaction_ref="TX-9")
    tickets[0].refresh_from_db()
    assert [one.ticket for one in similar.similar_to(tickets[0], desk.l2)] == [tickets[2]]


def test_it_takes_four_statements_however_many_there_are(desk: Desk, tickets: list[Ticket]) -> None:
    asked = Ticket.objects.get(pk=tickets[0].pk)
    desk.auditor.roles  # noqa: B018  kept on the person
    with CaptureQueriesContext(
        connection,
    ) as queries:
        similar.similar_to(asked, desk.auditor)
    assert len(queries) == 4


def test_counting_again_forgets_what_is_gone(desk: Desk, tickets: list[Ticket]) -> None:
    assert LexemeCount.objects.get(lexeme="webhook").documents == 2
    assert Lexicon.objects.get().documents == len(TEXTS)
    Ticket.objects.filter(pk=tickets[1].pk).update(subject="Nothing", description="at all")
    search_index.refresh([tickets[1].pk])
    lexicon.count()
    assert not LexemeCount.objects.filter(lexeme="webhook").exists()
    assert lexicon.count(sample=2) == 0 or Lexicon.objects.get().documents == 2


def test_the_ticket_page_the_triage_and_the_form_show_the_reason(
    desk: Desk, tickets: list[Ticket], client
) -> None:
    client.force_login(desk.l2)
    reason = "4 words in common: webhook, 504, gateway, timeout"
    for address in ("related/", "triage/"):
        assert reason in client.get(f"{tickets[0].get_absolute_url()}{address}").content.decode()
    client.force_login(desk.l1)
    hints = client.post("/escalate/other/hints/", {"subject": "webhook 504", "description": "gateway timeout"})
    assert "words in common" in hints.content.decode()
