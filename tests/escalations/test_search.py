"""One search over everything, and only over what the person may see."""

from contextlib import suppress
from io import BytesIO

import pytest
from django.core.files.base import ContentFile
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from common.errors import Refused
from escalations import (
    attachments,
    conversation,
    customers,
    diagnosis,
    finding,
    search_operators,
    searching,
    tagging,
)
from escalations.diagnosis import Findings
from escalations.models import MessageKind, Ticket
from escalations.searching import Query
from events.models import Event
from tests.escalations.desk import Desk

pytestmark = pytest.mark.django_db

PIECES = st.sampled_from(
    [
        "a",
        "OR",
        '"b c"',
        "-x",
        '-"p q"',
        "state:new",
        'estado:"a b",c',
        "foo:bar",
        "ref*",
        "*",
        "-",
        '"',
        "é",
        "'",
        "\\",
        "&",
        "!",
        ":*",
        "\x00",
        "https://x",
        "a:b'c\"",
        "<->",
        "｀＇",
    ]
)
ANY_TEXT = st.one_of(st.text(max_size=40), st.lists(PIECES, max_size=7).map(" ".join))


def found(text: str, user) -> list[Ticket]:
    return [hit.ticket for hit in finding.find(searching.parse(text), user).tickets]


@given(ANY_TEXT)
@settings(max_examples=100)
def test_any_text_is_a_query_and_can_be_typed_again(text: str):
    query = searching.parse(text)
    assert searching.parse(str(query)) == query


def test_the_language_in_examples():
    query = searching.parse('estado:new,accepted "wrong account" refu* a OR b -paid -owner:me foo:bar https://x.y')
    assert [str(one) for one in query.filters] == ["state:new,accepted", "-owner:me"]
    assert [[str(term) for term in terms] for terms in query.wanted] == [
        ['"wrong account"'], ["refu*"], ["a", "b"], ['"foo:bar"'], ["https://x.y"],
    ]  # fmt: skip
    assert [str(term) for term in query.unwanted] == ["paid"]
    assert [one.name for one in query.unknown] == ["foo"]
    assert searching.parse("stete:new").unknown[0].nearest == "state"
    assert searching.parse('"state:new"').filters == ()


@pytest.fixture
def ticket(desk: Desk) -> Ticket:
    ticket = desk.started(
        subject="La devolución no llega", description="Refunds to the wrong accounts", l1_reference="Z-77"
    )
    conversation.write(ticket, by=desk.l2, kind=MessageKind.NOTE, body="The quagga is down, says nobody")
    conversation.write(ticket, by=desk.l2, kind=MessageKind.TO_L1, body="We asked the zebrafish bank")
    return ticket


@pytest.mark.parametrize(
    "text",
    [
        "devolucion", "DEVOLUCIONES", "refund", '"wrong account"', "refu*", "zebra*", "nada OR refunds",
        "refund -paid", "Z-77", "cruz", "ana@example.com",
        "state:in_progress refund", 'state:"In progress"', "estado:in_progress",
        "owner:me refund", "owner:sam", "-owner:nobody", "customer:C-1", "customer:cru", "category:other",
        "after:today", "before:2999-01-01", "on:hoy", "is:open", "priority:P3,P4", "team:pay", "channel:chat",
    ],
)  # fmt: skip
def test_the_second_line_finds_it_by(desk: Desk, ticket: Ticket, text: str):
    assert found(text, desk.l2) == [ticket]


@pytest.mark.parametrize(
    "text", ["refund -devolucion", '"account wrong"', "-owner:me", "before:today", "has:attachment"]
)
def test_and_not_by(desk: Desk, ticket: Ticket, text: str):
    assert found(text, desk.l2) == []


def test_tags_find_it_for_those_who_read_tags(desk: Desk, ticket: Ticket):
    tagging.change(ticket, by=desk.l2, add=["gateway outage"])
    for text in ('tag:"gateway outage"', 'etiqueta:"Gateway Outage"', 'tag:other,"gateway outage"'):
        assert found(text, desk.l2) == [ticket], text
    assert found("tag:gateway", desk.l2) == []
    assert found('tag:"gateway outage"', desk.l1) == []  # the first line sees the ticket, but no tags
    offered = [one.part for one in search_operators.suggestions("tag:gate", desk.l2)]
    assert offered == ['tag:"gateway outage"']
    assert search_operators.suggestions("tag:gate", desk.l1) == []


def test_exact_ids_come_first(desk: Desk, ticket: Ticket):
    other = desk.escalated(description=f"The same as {ticket.reference} and Z-77, and Z-77 and Z-77")
    for text in (ticket.reference, ticket.reference.lower(), f"#{ticket.pk}", str(ticket.pk), "Z-77"):
        assert found(text, desk.l2)[0] == ticket, text
    assert other in found("Z-77", desk.l2)


def test_internal_texts_are_found_by_who_reads_them(desk: Desk, ticket: Ticket):
    diagnosis.write(ticket, Findings(symptoms="An axolotl in the file"), by=desk.l2, version=0)
    for word in ("quagga", "axolotl", "quagg*"):
        assert found(word, desk.l2) == found(word, desk.auditor) == [ticket]
        assert found(word, desk.l1) == found(word, desk.outsider) == found(word, desk.partner) == []
        # Whether it is there must not show by its absence, either.
        assert found(f"refund -{word}", desk.l1) == [ticket]
        assert found(f"refund -{word}", desk.l2) == []
    assert found("zebrafish", desk.l1) == [ticket]


def test_a_partner_finds_the_contract_of_what_was_handed_over(desk: Desk, ticket: Ticket):
    from escalations import lifecycle

    assert found("refund", desk.partner) == []
    lifecycle.wait_for_partner(ticket, by=desk.l2, partner=desk.engineering, message="Why, wolverine?")
    assert found("refund", desk.partner) == [ticket]
    assert (
        found("zebrafish", desk.partner)
        == found("quagga", desk.partner)
        == found("has:answer", desk.auditor)
        == []
    )


def test_passages_show_what_was_found_and_no_more(desk: Desk, ticket: Ticket):
    conversation.write(ticket, by=desk.l2, kind=MessageKind.NOTE, body="refund quagga <b>refund</b>")
    conversation.write(ticket, by=desk.l2, kind=MessageKind.TO_L1, body="The zebrafish <script> quagga")
    hit = finding.find(searching.parse("quagga"), desk.l2).tickets[0]
    assert hit.place == "message" and "<mark>quagga</mark>" in hit.passage and "<b>" not in hit.passage
    hit = finding.find(searching.parse("devolucion"), desk.l1).tickets[0]
    assert hit.subject == "La <mark>devolución</mark> no llega"
    hit = finding.find(searching.parse("quagga"), desk.l1).tickets[0]
    assert "nobody" not in hit.passage and "&lt;script" in hit.passage


def test_a_corrected_name_is_found_at_once(desk: Desk, ticket: Ticket):
    customer = ticket.customer
    customers.correct(customer, {"name": "Zoë Ibáñez"}, by=desk.l2, version=customer.version)
    assert found("ibanez", desk.l2) == [ticket]
    assert found("cruz", desk.l2) == []


FILES = {
    "notes.txt": "Über narwhal".encode(),
    "list.csv": b"a;b\nnarwhal;5\n",
    "page.html": b"<style>p{}</style><p>narwhal</p>",
    "mail.eml": b"Subject: narwhal\nContent-Type: text/plain\n\nHello 4111 1111 1111 1111\n",
}


def pdf_saying(word: str) -> bytes:
    stream = f"BT /F1 12 Tf 72 700 Td ({word}) Tj ET"
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R"
        " /Resources << /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >> >>",
        f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream",
    ]
    text, places = "%PDF-1.4\n", []
    for number, content in enumerate(objects, start=1):
        places.append(len(text))
        text += f"{number} 0 obj\n{content}\nendobj\n"
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    text += (
        f"xref\n0 5\n0000000000 65535 f \n{table}trailer\n<< /Size 5 /Root 1 0 R >>\nstartxref\n{len(text)}\n%%EOF"
    )
    return text.encode()


def test_the_text_of_files_is_found(desk: Desk, ticket: Ticket):
    from openpyxl import Workbook

    from escalations import file_texts

    book = Workbook()
    book.active.append(["narwhal", 7])
    content = BytesIO()
    book.save(content)
    files = FILES | {"book.xlsx": content.getvalue(), "paper.pdf": pdf_saying("narwhal")}
    for name, data in files.items():
        other = desk.escalated()
        attachments.attach(other, ContentFile(data, name=name), by=desk.l1)
        assert found(name, desk.l1) == [other], "by its name at once"
        file_texts.handle(Event.objects.filter(kind=file_texts.ATTACHED).latest("pk"))
        assert other in found("narwhal", desk.l1), name
    assert found("4111111111111111", desk.l2) == []
    broken = attachments.attach(ticket, ContentFile(b"%PDF-1.4 nothing", name="x.pdf"), by=desk.l1)
    file_texts.handle(Event.objects.filter(kind=file_texts.ATTACHED).latest("pk"))
    assert broken.text.text == ""


@given(ANY_TEXT)
@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_no_text_breaks_the_search_or_finds_what_is_hidden(desk: Desk, text: str):
    for user in (desk.outsider, desk.partner):
        with suppress(Refused):
            assert found(text, user) == []


def test_common_words_are_ranked_within_bounds(desk: Desk, ticket: Ticket, monkeypatch):
    monkeypatch.setattr(finding, "RANKED", 2)
    newer = [desk.escalated(subject=f"Refund {number}") for number in range(3)]
    result = finding.find(searching.parse("refund"), desk.l2)
    assert result.is_capped and ticket not in [hit.ticket for hit in result.tickets]
    assert len(result.tickets) == 3 and {hit.ticket for hit in result.tickets} == set(newer)


def test_what_makes_no_sense_is_said(desk: Desk, client: Client):
    client.force_login(desk.l2)
    for text, sentence in {
        "state:nwe": "Try: new", "before:tomorrow": "is not a day", "owner:qqq": "Nobody here is called",
        "stete:new": "Did you mean “state:”?",
    }.items():  # fmt: skip
        assert sentence in client.get("/search/", {"q": text}).content.decode(), text


def test_the_page_and_the_bar_ask_little(
    desk: Desk, ticket: Ticket, client: Client, django_assert_max_num_queries
):
    client.force_login(desk.l2)
    client.get("/search/")  # what is asked once a minute
    for address in ("/search/", "/search/bar/"):
        with django_assert_max_num_queries(10):
            page = client.get(address, {"q": "refund"})
        assert ticket.reference in page.content.decode()
    assert Query() == searching.parse("  ")


def test_the_bar_offers_what_could_be_typed(desk: Desk, client: Client):
    client.force_login(desk.l2)
    bar = client.get("/search/bar/", {"q": "refund sta"}).content.decode()
    assert 'data-fill="refund state:"' in bar
    bar = client.get("/search/bar/", {"q": "-state:wait"}).content.decode()
    assert "-state:waiting_l1" in bar and "-state:new" not in bar


def test_the_api_finds_the_same(desk: Desk, ticket: Ticket, client: Client):
    client.force_login(desk.l1)
    answer = client.get("/api/v1/search/", {"q": "devolucion"}).json()
    assert (answer["count"], answer["tickets"][0]["reference"]) == (1, ticket.reference)
    assert client.get("/api/v1/search/", {"q": "quagga"}).json()["count"] == 0
    assert client.get("/api/v1/search/", {"q": "state:nwe"}).status_code == 422
