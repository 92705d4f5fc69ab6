"""The pages of reviews, through the front door."""

import re
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from audit.models import Entry
from compliance.models import Case, Document, Kind, Procedure, Proposal, State
from tests.compliance.reviewing import CANARY, Reviewing, picture
from tests.factories import PASSWORD

pytestmark = pytest.mark.django_db


def signed_in(person: Any) -> Client:
    client = Client()
    client.force_login(person)
    return client


def to(name: str, case: Case, *more: Any) -> str:
    return reverse(f"compliance_{name}", args=[case.pk, *more])


def test_a_review_is_opened_from_a_ticket_or_for_a_customer(reviewing: Reviewing):
    rita, new = signed_in(reviewing.rita), reverse("compliance_new")
    ticket = reviewing.ticket
    assert ticket.reference in rita.get(new + f"?ticket={ticket.reference}").content.decode()
    said = {"kind": "document_check", "reason": "Looks forged, card 4111 1111 1111 1111"}
    for wrong, sentence in (
        ({}, "Say whom it is about"),
        ({"customer": "C-404"}, "no customer with this id"),
        ({"ticket": "ESC-999999"}, "no such escalation"),
        ({"ticket": ticket.reference, "reason": " "}, "required"),
    ):
        answer = rita.post(new, said | wrong)
        assert answer.status_code == 422 and sentence in answer.content.decode(), wrong
    assert not Case.objects.exists()
    answer = rita.post(new, said | {"customer": ticket.customer.email.upper()}, follow=True)
    page = answer.content.decode()
    assert "Looks forged" in page and "1111 1111" not in page
    case = Case.objects.get()
    assert (case.kind, case.customer, case.tickets.count()) == (Kind.DOCUMENT_CHECK, ticket.customer, 0)
    assert Entry.objects.filter(action="compliance.customer_sought").count() == 2


def test_a_case_is_worked_on_its_page(reviewing: Reviewing):
    case, rita = reviewing.opened(), signed_in(reviewing.rita)
    rita.post(to("act", case, "take"))
    rita.post(to("indicators", case), {"indicators": ["mule", "velocity"]})
    rita.post(to("note", case), {"note": "Asked the bank"})
    answer = rita.post(to("note", case), {"note": ""})
    assert answer.status_code == 422 and "required" in answer.content.decode()
    answer = rita.post(to("link", case), {"customer": case.customer.external_id})
    assert answer.status_code == 422 and "already" in answer.content.decode()
    rita.post(to("link", case), {"ticket": reviewing.handed_over().reference})
    assert case.tickets.count() == 2
    rita.post(to("unlink", case, "tickets", case.tickets.latest("pk").pk))
    rita.post(to("owner", case), {"owner": reviewing.sol.pk})
    assert rita.post(to("owner", case), {"owner": reviewing.desk.l2.pk}).status_code == 422
    assert rita.post(to("act", case, "reopen")).status_code == 422
    page = rita.get(case.get_absolute_url()).content.decode()
    for words in ("Account lent to others", "Asked the bank", "Sol Second", "Wait for evidence"):
        assert words in page
    case.refresh_from_db()
    assert (case.state, case.owner, case.tickets.count()) == (State.IN_REVIEW, reviewing.sol, 1)


def test_documents_are_noted_never_inline_but_for_our_own_pictures_and_never_cached(reviewing: Reviewing):
    case, rita = reviewing.opened(), signed_in(reviewing.rita)
    page = SimpleUploadedFile("saved.html", b"<script>alert(1)</script>")
    assert rita.post(to("add_document", case), {"uploads": page}).status_code == 302
    assert rita.post(to("add_document", case), {"uploads": picture()}).status_code == 302
    refused = rita.post(to("add_document", case), {"uploads": SimpleUploadedFile("a.exe", b"MZ")})
    assert refused.status_code == 422 and "kind that is not taken" in refused.content.decode()
    html, image = Document.objects.order_by("pk")
    for document, is_shown in ((html, False), (image, True)):
        answer = rita.get(to("document", case, document.pk) + "?show=1")
        assert answer.headers["Cache-Control"] == "private, no-store"
        assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
        assert answer.headers["Content-Disposition"].startswith("inline" if is_shown else "attachment")
        assert answer.headers["Content-Type"] == ("image/png" if is_shown else "application/octet-stream")
    rita.get(to("document", case, image.pk))
    noted = Entry.objects.filter(action="compliance.document_read", object_id=case.pk, person_id=reviewing.rita.pk)
    assert [one.data["document"] for one in noted.order_by("pk")] == [html.pk, image.pk, image.pk]
    other = reviewing.opened()
    assert rita.get(to("document", other, image.pk)).status_code == 404


def test_the_checklist_is_saved_item_by_item_and_says_what_is_missing(reviewing: Reviewing):
    case, rita = reviewing.opened(), signed_in(reviewing.rita)
    said = {"item-customer-value": "yes", "item-customer-note": "Known since 2019", "item-earlier-value": "na"}
    assert rita.post(to("checklist", case), said).status_code == 302
    page = rita.get(case.get_absolute_url()).content.decode()
    assert "1 of 6 answered" in page and "Known since 2019" in page and "why it does not apply" in page
    late = signed_in(reviewing.sol).post(to("checklist", case), {"item-customer-value": "no"})
    assert late.status_code == 422 and "answered this meanwhile" in late.content.decode()
    without = rita.post(to("checklist", case), {"item-movements-note": "Only a note"})
    assert without.status_code == 422 and "Choose an answer" in without.content.decode()


def test_two_people_decide_with_their_passwords(reviewing: Reviewing):
    case, _document = reviewing.answered()
    rita, sol = signed_in(reviewing.rita), signed_in(reviewing.sol)
    said = {"outcome": "no_suspicion", "reason": "Explained."}
    for wrong, sentence in (
        ({}, "Give your password once more"),
        ({"password": "wrong wrong wrong"}, "not right"),
        ({"password": PASSWORD, "outcome": "accepted"}, "not one of the available choices"),
    ):
        answer = rita.post(to("propose", case), said | wrong)
        assert answer.status_code == 422 and sentence in answer.content.decode(), wrong
    assert not Proposal.objects.exists()
    assert rita.post(to("propose", case), said | {"password": PASSWORD}).status_code == 302
    assert rita.get(to("decide", case)).status_code == 302, "who proposed does not decide"
    page = sol.get(to("decide", case)).content.decode()
    found = re.search(r'name="digest" value="(\w+)"', page)
    assert found and "Explained." in page and CANARY in page
    agreed = {"do": "confirm", "digest": found[1], "password": PASSWORD}
    assert "somebody else" in rita.post(to("decide", case), agreed).content.decode()
    assert sol.post(to("decide", case), {"do": "reject", "password": PASSWORD}).status_code == 422
    signed_in(reviewing.rita).post(to("note", case), {"note": "One more thing"})
    late = sol.post(to("decide", case), agreed)
    assert late.status_code == 422 and "can&#x27;t be done now" in late.content.decode()
    rita.post(to("propose", case), said | {"password": PASSWORD})
    again = re.search(r'name="digest" value="(\w+)"', sol.get(to("decide", case)).content.decode())
    assert again and again[1] != found[1]
    assert sol.post(to("decide", case), agreed | {"digest": again[1]}).status_code == 302
    case.refresh_from_db()
    assert case.state == State.DECIDED and case.decision.ended_by == reviewing.sol


def test_the_list_is_due_first_and_narrowed_down(reviewing: Reviewing):
    rita = signed_in(reviewing.rita)
    address = reverse("compliance_cases")
    assert "No review is under way" in rita.get(address).content.decode()
    slow, quick = reviewing.opened(), reviewing.opened(kind=Kind.DOCUMENT_CHECK)
    done = reviewing.decided()
    shown = rita.get(address).content.decode()
    assert shown.index(f"case-{quick.pk}") < shown.index(f"case-{slow.pk}") and f"case-{done.pk}" not in shown
    wanted: Any = (
        ({"state": "decided"}, {done}), ({"state": "all"}, {slow, quick, done}),
        ({"kind": "document_check"}, {quick}),
        ({"due": "overdue"}, set()), ({"due": "soon"}, {slow, quick}), ({"customer": slow.reference}, {slow}),
        ({"customer": "nobody like that"}, set()), ({"owner": reviewing.rita.pk, "state": "all"}, {done}),
    )  # fmt: skip
    for query, found in wanted:
        page = rita.get(address, query).content.decode()
        assert {case for case in (slow, quick, done) if f'id="case-{case.pk}"' in page} == found, query
        assert ("No review fits" in page) == (not found)


def test_a_procedure_is_published_as_the_next_version(reviewing: Reviewing):
    rita, address = signed_in(reviewing.rita), reverse("compliance_procedure", args=["document_check"])
    form = {
        "take_hours": 4, "take_warning": 1, "decide_hours": 48, "decide_warning": 8, "version": 1,
        "items-TOTAL_FORMS": 3, "items-INITIAL_FORMS": 1, "items-0-key": "valid", "items-0-text": "Is it valid?",
        "items-0-evidence": "none", "items-1-text": "Is it his?", "items-1-evidence": "note",
        "items-2-evidence": "none",
    }  # fmt: skip
    assert rita.post(address, form | {"take_warning": 9}).status_code == 422
    assert rita.post(address, form).status_code == 302
    made = Procedure.objects.get(kind="document_check", number=2)
    assert [one["key"] for one in made.items] == ["valid", "is-it-his"] and made.published_by == reviewing.rita
    assert rita.post(address, form).status_code == 409, "somebody else published before"
    assert "Is it his?" in rita.get(reverse("compliance_procedures")).content.decode()


def test_how_many_statements_a_page_takes(reviewing: Reviewing, django_assert_max_num_queries: Any):
    case, _document = reviewing.proposed()
    for _ in range(3):
        reviewing.opened()
    sol = signed_in(reviewing.sol)
    for address, most in {
        reverse("compliance_cases"): 7, case.get_absolute_url(): 27, to("decide", case): 17,
        to("checklist", case): 8, reverse("ticket_related", args=[reviewing.ticket.reference]): 16,
    }.items():  # fmt: skip
        sol.get(address)
        with django_assert_max_num_queries(most):
            assert sol.get(address).status_code == 200
