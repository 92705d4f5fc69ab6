"""The pages of the ledger: from a ticket to its posting and back."""

import pytest
from django.urls import reverse

from audit.models import Entry
from points import ledger
from points.models import Transfer
from tests.actions.acting import Acting
from tests.back_office import BackOffice
from tests.matrix import _signed_in

pytestmark = pytest.mark.django_db

STATEMENTS = 14  # that a page of 50 lines may cost, session and navigation included


@pytest.fixture
def client(acting: Acting):
    return _signed_in(acting.desk.l2)


def test_what_was_spent_is_brought_in_once_and_traced_to_the_ticket(acting, client, back_office: BackOffice):
    back_office.open_account("C-1")
    for reference, kind, points in (("PTS-1", "spent", -500), ("PTS-2", "earned", 80)):
        back_office.add("pointsentry", reference=reference, account_id="C-1", at="2026-11-01T00:00Z", kind=kind,
                        points=points, refunded=0)  # fmt: skip
    statement = reverse("points_account", args=["C-1"])
    assert "Bring in what was spent" in client.get(statement).content.decode()
    for said in ("1 entry was brought in.", "nothing new"):
        page = client.post(reverse("bring_in_points", args=["C-1"]), follow=True)
        assert said in page.content.decode()
    spent = Transfer.objects.get()
    assert (spent.key, spent.points, spent.by) == ("PTS-1", 500, acting.desk.l2)
    assert Entry.objects.filter(action="account.read", data__what="points").count() == 2

    action = acting.requested(payload={"account": "C-1", "original": "PTS-1", "points": "200", "reason": "failed"})
    refund = ledger.refund(
        account="C-1", points=200, original="PTS-1", key="k", by=acting.desk.l2, about=f"action {action.pk}"
    )
    text = client.get(statement).content.decode()
    assert "+200" in text and "-300" in text and "300 left to refund" in text
    for url in (statement, reverse("points_transfer", args=[refund.pk]), reverse("points_ledger")):
        text = client.get(url).content.decode()
        assert action.get_absolute_url() in text and acting.ticket.get_absolute_url() in text
    assert refund.reference in client.get(reverse("points_transfer", args=[spent.pk])).content.decode()
    # Who may read the ledger, and not that ticket, sees the posting without it.
    elsewhere = _signed_in(acting.desk.outsider).get(reverse("points_transfer", args=[refund.pk])).content.decode()
    assert "+200" in elsewhere and acting.ticket.get_absolute_url() not in elsewhere

    undone = ledger.correct(refund, key="c", why="The wrong customer.", by=acting.desk.lead)
    text = client.get(reverse("points_transfer", args=[refund.pk])).content.decode()
    assert undone.reference in text and "The wrong customer." in text


def test_without_a_back_office_it_says_so(acting, client, settings):
    settings.BACK_OFFICE_URL = ""
    page = client.post(reverse("bring_in_points", args=["C-1"]), follow=True)
    assert "No back office is connected" in page.content.decode()
    assert client.get(reverse("points_account", args=["C-nobody"])).status_code == 404


def test_a_long_statement_keeps_its_balance(acting, client, django_assert_max_num_queries):
    for number in range(60):
        ledger.spend(account="C-1", points=1, key=f"PTS-{number}", by=acting.desk.l2)
    with django_assert_max_num_queries(STATEMENTS):
        first = client.get(reverse("points_account", args=["C-1"]))
    with django_assert_max_num_queries(STATEMENTS + 4):
        client.get(reverse("points_ledger"))
    lines = first.context["statement"].lines
    assert (len(lines), lines[0].balance, lines[-1].balance) == (50, -60, -11)
    older = client.get(reverse("points_account", args=["C-1"]), {"before": first.context["statement"].older})
    assert [line.balance for line in older.context["statement"].lines][::9] == [-10, -1]
