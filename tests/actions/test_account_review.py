"""Reviewing a banned account and validating a delivery, through their pages, against a real back office."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.urls import reverse

from actions import account_review
from actions.models import AccountReview
from audit.models import Entry
from common import clock
from escalations.models import Ticket
from events.models import Event
from tests.actions.acting import Acting
from tests.back_office import BackOffice
from tests.matrix import _signed_in

pytestmark = pytest.mark.django_db

ACCOUNT = "C-1"


@pytest.fixture
def banned(back_office: BackOffice) -> BackOffice:
    back_office.open_account(ACCOUNT, status="banned")
    back_office.ban("BAN-1", "chargebacks", account=ACCOUNT)
    back_office.pay("TXN-1", account=ACCOUNT, counterparty="4111 1111 1111 1111")
    return back_office


@pytest.fixture
def client(acting: Acting):
    return _signed_in(acting.desk.l2)


def _url(acting):
    return reverse("review_account", args=[acting.ticket.reference])


def _decide(client, acting, decision, reasons="The invoice fits.", **changes):
    page = client.get(_url(acting))
    sent = {"decision": decision, "reasons": reasons, "seen": page.context["form"].initial["seen"], **changes}
    return client.post(_url(acting), sent)


def test_the_page_shows_the_account_and_what_the_rules_say(acting, client, banned):
    page = client.get(_url(acting))
    text = page.content.decode()
    assert page.status_code == 200
    assert "•••142" in text and "555 0142" not in text
    assert "4111 1111 1111 1111" not in text
    assert "Opened 400 d ago" in text and "Every rule passes" in text and "BAN-1" in text
    noted = Entry.objects.filter(action="account.read").latest("pk")
    assert (noted.person_id, noted.object_id) == (acting.desk.l2.pk, acting.ticket.pk)
    assert noted.data == {"account": ACCOUNT}


def test_a_decision_to_open_is_kept_with_its_grounds_and_leads_to_the_action(acting, client, banned):
    answer = _decide(client, acting, "unban", "The invoice fits; card 4111 1111 1111 1111.")
    assert answer.status_code == 302 and answer["Location"].endswith("/actions/new/unban/")
    form = client.get(answer["Location"]).context["form"]
    assert form["evidence_review_text"].value().startswith("The invoice fits")
    assert form["payload_ban"].value() == "BAN-1"
    review = AccountReview.objects.get()
    assert (review.account, review.decision, review.by) == (ACCOUNT, "unban", acting.desk.l2)
    assert "4111 1111 1111 1111" not in review.reasons
    assert review.facts["account"]["phone"] == "•••142" and review.facts["bans"][0]["reference"] == "BAN-1"
    assert {kept["result"] for kept in review.answers} == {"pass"}
    assert review.policy_terms["min_account_age_days"] == 30 and review.policy_number == 1
    event = Event.objects.get(kind="account.reviewed")
    assert (event.subject_id, event.data["decision"], event.data["ticket"]) == (
        review.pk,
        "unban",
        acting.ticket.pk,
    )
    assert Entry.objects.filter(action="account.reviewed", event_id=event.pk).exists()
    assert "decided to open the account again" in client.get(_url(acting)).content.decode()


def test_a_decision_to_keep_counts_the_next_time(acting, client, banned):
    _decide(client, acting, "keep", "The story does not fit.")
    page = client.get(_url(acting))
    failed = [answer for answer in page.context["reading"].answers if answer.result == "fail"]
    assert [answer.rule for answer in failed] == ["earlier_decision"]
    assert _decide(client, acting, "unban").status_code == 422
    assert AccountReview.objects.count() == 1


def test_what_can_not_be_decided_is_said(acting, client, back_office):
    back_office.open_account(ACCOUNT, status="banned", opened=clock.now() - timedelta(days=3))
    back_office.ban("BAN-1", "chargebacks", account=ACCOUNT)
    for decision, changes, sentence, status in (
        ("unban", {}, "A rule fails", 422),
        ("keep", {"reasons": "  "}, "required", 422),
        ("banish", {}, "valid choice", 422),
        ("keep", {"seen": "something else"}, "has changed since you looked", 409),
    ):
        answer = _decide(client, acting, decision, **changes)
        assert answer.status_code == status and sentence in answer.content.decode()
    assert not AccountReview.objects.exists()


def test_the_account_changes_while_somebody_writes(acting, client, banned):
    seen = client.get(_url(acting)).context["form"].initial["seen"]
    banned.rows("UPDATE back_office_account SET opened = now() - interval '2 days'")
    answer = client.post(_url(acting), {"decision": "unban", "reasons": "It fits.", "seen": seen})
    assert answer.status_code == 409 and "It fits." in answer.content.decode()
    again = client.post(_url(acting), {"decision": "keep", "reasons": "Too young.",
                                       "seen": answer.context["form"]["seen"].value()})  # fmt: skip
    assert again.status_code == 302


def test_while_the_back_office_is_away_the_last_known_is_shown_with_its_time(acting, client, banned, settings):
    _decide(client, acting, "ask", "Ask for the invoice.")
    settings.BACK_OFFICE_URL = "http://127.0.0.1:9"
    page = client.get(_url(acting))
    text = page.content.decode()
    assert page.status_code == 200 and "can&#x27;t be reached" in text
    assert "Last known" in text and "•••142" in text and "BAN-1" in text
    assert {str(answer.result) for answer in page.context["reading"].answers} <= {"unknown", "pass"}
    assert _decide(client, acting, "unban").status_code == 422
    assert _decide(client, acting, "keep", "Nothing new came.").status_code == 302
    assert AccountReview.objects.latest("pk").read_at is None
    settings.BACK_OFFICE_URL = ""
    assert "No back office is connected" in client.get(_url(acting)).content.decode()


def test_an_account_that_there_is_not(acting, client, back_office):
    assert "knows no account" in client.get(_url(acting)).content.decode()


def test_who_reviews(acting, banned):
    for who, sees, decides in (
        ("l1", 404, 404), ("l2", 200, 302), ("outsider", 404, 404), ("partner", 404, 404), ("auditor", 200, 403),
    ):  # fmt: skip
        client = _signed_in(getattr(acting.desk, who))
        assert client.get(_url(acting)).status_code == sees, who
        reading = account_review.read(acting.ticket, by=acting.desk.l2)
        sent = {"decision": "keep", "reasons": "So it is.", "seen": reading.digest}
        assert client.post(_url(acting), sent).status_code == decides, who
    assert AccountReview.objects.get().by == acting.desk.l2


def test_a_decision_elsewhere_counts_without_being_shown(acting, client, banned):
    desk = acting.desk
    _decide(client, acting, "keep", "The papers are forged.")
    Ticket.objects.filter(pk=acting.ticket.pk).update(team=desk.accounts)
    own = desk.started()
    page = client.get(reverse("review_account", args=[own.reference]))
    assert page.context["result"] == "fail" and page.context["reviews"] == []
    assert "forged" not in page.content.decode() and acting.ticket.reference not in page.content.decode()


def test_a_decision_stays_as_it_was(acting, client, banned):
    _decide(client, acting, "keep")
    for statement in ("UPDATE {} SET reasons = 'x'", "DELETE FROM {}", "TRUNCATE {}"):
        with connection.cursor() as cursor, transaction.atomic():
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
                cursor.execute(statement.format("actions_accountreview"))


def test_the_ticket_leads_to_its_account(acting, client):
    related = client.get(reverse("ticket_related", args=[acting.ticket.reference])).content.decode()
    assert _url(acting) in related
    assert reverse("delivery_cases", args=[acting.ticket.reference]) in related
    assert reverse("points_account", args=[ACCOUNT]) in related


def test_deliveries_are_validated_with_the_couriers_line_of_time(acting, client, back_office):
    url = reverse("delivery_cases", args=[acting.ticket.reference])
    back_office.open_account(ACCOUNT)
    assert "Nothing was sent" in client.get(url).content.decode()
    for reference, code in (("DL-1", "lost"), ("DL-2", "signed")):
        back_office.add(
            "delivery", reference=reference, account_id=ACCOUNT, item="Payment card", city="Cebu",
            ordered_at=clock.now() - timedelta(days=9), address_complete=True, address_matches=True,
        )  # fmt: skip
        back_office.add("courierevent", delivery_id=reference, at=clock.now() - timedelta(days=2), code=code,
                        place="Cebu", note="Left with 4111 1111 1111 1111")  # fmt: skip
    lost = client.get(url + "?delivery=DL-1")
    text = lost.content.decode()
    assert "Reported lost 2 d ago." in text and "4111 1111 1111 1111" not in text
    assert lost.context["result"] == "pass" and "/actions/new/delivery_reset/?delivery=DL-1" in text
    form = client.get(f"/tickets/{acting.ticket.reference}/actions/new/delivery_reset/?delivery=DL-1").context[
        "form"
    ]
    assert form["payload_delivery"].value() == "DL-1"
    signed = client.get(url + "?delivery=DL-2")
    assert signed.context["result"] == "fail" and "/actions/new/delivery_reset/" not in signed.content.decode()
    assert client.get(url + "?delivery=DL-9").status_code == 404
    with back_office.failing("error-before"):
        assert "nobody knows what was sent" in client.get(url).content.decode()
