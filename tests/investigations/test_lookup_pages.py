"""Lookups on a ticket from the set-up to the evidence, and a customer on one axis of time, through their pages."""

import os
import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from audit.models import Entry
from common import clock
from escalations.models import Evidence, EvidenceKind, Ticket
from events.models import Event
from investigations.lookups import ready_made, running
from investigations.models import Lookup, LookupRun, LookupSource, LookupState, LookupTrouble, LookupVersion
from tests import seed
from tests.back_office import BackOffice
from tests.clients import client_of
from tests.escalations.desk import Desk
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db
CARD = "4111111111111111"


@pytest.fixture
def desk() -> Desk:
    seed.catalogue()
    return Desk()


@pytest.fixture
def ticket(desk: Desk, back_office: BackOffice, settings: Any) -> Ticket:
    settings.BACK_OFFICE_LOOKUPS_URL = (
        f"{os.environ['DATABASE_URL'].rpartition('/')[0]}/{back_office.database}?tls=disable"
    )
    ready_made.lay_out(clock.now())
    back_office.open_account("C-1")
    back_office.pay("TX-1", account="C-1", at=clock.now() - timedelta(hours=5), counterparty=f"Shop {CARD}")
    return desk.started()


def page(client: Client, name: str, *args: object, **query: str) -> str:
    return client.get(reverse(name, args=args), query).content.decode()


def number_of(name: str) -> int:
    return Lookup.objects.get(name=name).pk


def ask(client: Client, ticket: Ticket, name: str, **given: str) -> Any:
    sent = {"reason": "The customer says it never arrived.", **given}
    return client.post(reverse("run_lookup", args=[ticket.reference, number_of(name)]), sent)


def work_off(django_capture_on_commit_callbacks: Any) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        for event in Event.objects.filter(kind=running.ASKED):
            running.handle(event)


def test_from_the_values_of_the_ticket_to_the_evidence(
    desk: Desk, ticket: Ticket, back_office: BackOffice, django_capture_on_commit_callbacks: Any
) -> None:
    client, name = client_of(desk.l2), "Transactions around the time"
    assert name in page(client, "lookups", ticket.reference)
    form = page(client, "run_lookup", ticket.reference, number_of(name))
    assert 'value="C-1"' in form
    assert timezone.localtime(ticket.created_at - timedelta(hours=72)).strftime("%Y-%m-%dT%H:%M") in form
    given = {"p_account": "C-1", "p_since": "2020-01-01T00:00", "p_until": "2099-01-01T00:00"}
    assert ask(client, ticket, name, **given, reason=" ").status_code == 422
    assert ask(client, ticket, name, **(given | {"p_account": "C-1' OR 1=1 --"})).status_code == 422
    assert not LookupRun.objects.exists()

    answer = ask(client, ticket, name, **given)
    run = LookupRun.objects.get()
    assert answer["Location"] == run.get_absolute_url()
    assert "Asking Back office (SQL)" in page(client, "lookup_run", ticket.reference, run.pk)
    work_off(django_capture_on_commit_callbacks)
    run.refresh_from_db()
    assert (run.state, len(run.rows), run.masked) == (LookupState.DONE, 1, 1)
    assert CARD not in str(run.rows)
    assert run.sha256 == running.digest(run.columns, run.rows)
    shown = page(client, "lookup_run", ticket.reference, run.pk)
    assert "TX-1" in shown
    assert run.sha256 in shown
    assert "Transactions around the time" in page(client, "ticket_related", ticket.reference)
    asked = Entry.objects.get(action=running.ASKED)
    assert asked.data["reason"] == "The customer says it never arrived."
    assert Entry.objects.filter(action="lookup.read", object_id=run.pk).exists()

    back_office.pay("TX-2", account="C-1", state="declined", at=clock.now() - timedelta(hours=1))
    ask(client, ticket, name, **given)
    work_off(django_capture_on_commit_callbacks)
    later = LookupRun.objects.latest("pk")
    compared = page(client, "lookup_run", ticket.reference, later.pk, **{"with": str(run.pk)})
    assert "one row is the same" in compared
    assert ">new<" in compared
    assert ">gone<" not in compared

    address = reverse("lookup_evidence", args=[ticket.reference, later.pk])
    client.post(address, {"hypothesis": "new", "text": "The issuer declines"})
    kept = Evidence.objects.get(ticket=ticket)
    assert (kept.kind, kept.title) == (EvidenceKind.LOOKUP, f"{name} v1")
    assert "TX-2" in kept.body
    assert (kept.source["sha256"], kept.source["version"]) == (later.sha256, 1)


def test_a_silent_source_ends_in_a_sentence(
    desk: Desk, ticket: Ticket, back_office: BackOffice, django_capture_on_commit_callbacks: Any
) -> None:
    client = client_of(desk.l2)
    with back_office.failing("error-before"):
        ask(client, ticket, "Points", p_account="C-1")
        work_off(django_capture_on_commit_callbacks)
    run = LookupRun.objects.get()
    assert (run.state, run.trouble) == (LookupState.FAILED, LookupTrouble.STATUS)
    assert "The source answered with an error." in page(client, "lookup_run", ticket.reference, run.pk)
    ticket.refresh_from_db()
    assert client.get(ticket.get_absolute_url()).status_code == 200
    work_off(django_capture_on_commit_callbacks)  # a second delivery asks nobody
    assert Event.objects.filter(kind=running.ANSWERED).count() == 1


def test_who_may_run_what(desk: Desk, ticket: Ticket) -> None:
    admin = client_of(UserFactory(name="Ada", is_staff=True, is_superuser=True))
    number = number_of("Ban history")
    old = LookupVersion.objects.get(lookup=number)
    sent = {
        "name": "Ban history", "source": old.source_id, "statement": "/accounts/{account}/bans",
        "rows_path": "bans", "parameters": "account: reference = customer", "masks": "",
        "within_seconds": 5, "most_rows": 50, "roles": ["lead"], "number": 1,
    }  # fmt: skip
    address = reverse("edit_lookup", args=[number])
    assert admin.post(address, sent).status_code == 422  # why?
    wrong = {**sent, "why": "x", "statement": "/accounts/{nobody}"}
    assert "nobody" in admin.post(address, wrong).content.decode()
    assert admin.post(address, {**sent, "why": "Leads decide on bans"}).status_code == 302
    assert admin.post(address, {**sent, "why": "Once more"}).status_code == 409
    assert list(LookupVersion.objects.filter(lookup=number).values_list("number", flat=True)) == [2, 1]
    assert "Leads decide on bans" in page(admin, "lookup_setup", number)
    assert "does not hold any more" in page(admin, "lookup_setup", number, version="1")
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE investigations_lookupversion SET statement = 'SELECT 1'")

    assert "Ban history" not in page(client_of(desk.l2), "lookups", ticket.reference)
    assert ask(client_of(desk.l2), ticket, "Ban history", p_account="C-1").status_code == 404
    assert ask(client_of(desk.lead), ticket, "Ban history", p_account="C-1").status_code == 302
    assert ask(client_of(desk.lead), ticket, "Ban history", p_account="C-1", version="1").status_code == 422
    run = LookupRun.objects.get()
    everyones = LookupRun.objects.create(
        ticket=ticket, version=old, reason="An earlier one", asked_by=desk.l2, asked_at=clock.now(),
        state=LookupState.DONE, finished_at=clock.now(),
    )  # fmt: skip
    for user, status in ((desk.lead, 200), (desk.auditor, 200), (desk.l2, 404)):
        client = client_of(user)
        assert client.get(run.get_absolute_url()).status_code == status
    for user, name, sees in (
        (desk.l2, "lookups", False), (desk.l2, "ticket_related", False), (desk.lead, "lookups", True),
    ):  # fmt: skip
        found = page(client_of(user), name, ticket.reference)
        assert (run.get_absolute_url() in found) == sees
        assert everyones.get_absolute_url() in found
    quoted = client_of(desk.l2).post(reverse("lookup_evidence", args=[ticket.reference, run.pk]), {})
    assert (quoted.status_code, Evidence.objects.exists()) == (404, False)
    # Limited to another team's escalations since: nobody of this one reads it, or compares with it.
    of_others = LookupVersion.objects.get(lookup=number, number=2)
    of_others.pk, of_others.number, of_others.roles, of_others.teams = None, 3, [], [desk.accounts.pk]
    of_others.save()
    LookupRun.objects.filter(pk=run.pk).update(
        version=of_others, state=LookupState.DONE, finished_at=clock.now(), columns=["a"], rows=[["1"], ["2"]]
    )
    LookupRun.objects.filter(pk=everyones.pk).update(columns=["a"], rows=[["1"], ["2"]])
    assert client_of(desk.lead).get(run.get_absolute_url()).status_code == 404
    compared = page(client_of(desk.lead), "lookup_run", ticket.reference, everyones.pk, **{"with": str(run.pk)})
    assert f'href="?with={run.pk}"' not in compared
    assert "What changed" not in compared
    admin.post(reverse("switch_lookup", args=[number]), {"active": "no"})
    assert ask(client_of(desk.lead), ticket, "Ban history", p_account="C-1").status_code == 404


def test_a_source_is_kept_sealed_and_tested(desk: Desk, ticket: Ticket, settings: Any) -> None:
    admin = client_of(UserFactory(name="Ada", is_staff=True, is_superuser=True))
    sent = {"name": "Shop", "kind": "postgresql", "url": "postgresql://u@127.0.0.1:1/d",
            "secret": "s3cret-of-shop", "is_active": "on", "version": "0"}  # fmt: skip
    refused = admin.post(reverse("new_lookup_source"), sent)
    assert (refused.status_code, LookupSource.objects.filter(name="Shop").exists()) == (422, False)
    settings.OUTGOING_HOSTS = ["127.0.0.1:1", "127.0.0.1:2"]
    assert admin.post(reverse("new_lookup_source"), sent).status_code == 302
    source = LookupSource.objects.get(name="Shop")
    assert "s3cret" not in source.secret
    assert source.masked == []
    edit = reverse("edit_lookup_source", args=[source.pk])
    admin.post(edit, {**sent, "secret": "", "version": "1", "masked": " tax  id \n\nphone"})
    source.refresh_from_db()
    assert (source.masked, source.version) == (["tax id", "phone"], 2)
    assert "tax id\nphone" in admin.get(edit).content.decode()
    assert "s3cret" not in admin.get(edit).content.decode()
    # A secret is not sent to another machine than it was given for.
    moved = {**sent, "url": "postgresql://u@127.0.0.1:2/d", "secret": "", "version": "2"}
    assert "enter its secret" in admin.post(edit, moved).content.decode()
    admin.post(reverse("check_lookup_source", args=[source.pk]))
    source.refresh_from_db()
    assert (source.answers, source.can_write) == (False, None)
    own = LookupSource.objects.get(kind="postgresql", is_back_office=True)
    admin.post(reverse("check_lookup_source", args=[own.pk]))
    assert "This account may write." in page(admin, "edit_lookup_source", own.pk)


def test_a_customer_on_one_line(desk: Desk, ticket: Ticket, back_office: BackOffice) -> None:
    client, number = client_of(desk.l2), ticket.customer_id
    back_office.ban("B-1", "chargebacks", account="C-1")
    bare = page(client, "customer_timeline", number)
    assert f"{ticket.reference} escalated" in bare
    assert "125.00 PHP" not in bare
    back_office.add(
        "delivery", reference="DL-1", account_id="C-1", item="Payment card", city="Cebu",
        ordered_at=clock.now() - timedelta(days=90),
    )  # fmt: skip
    back_office.add(
        "courierevent",
        delivery_id="DL-1",
        at=clock.now() - timedelta(days=40),
        code="attempted",
        place="Cebu",
        note="",
    )
    full = page(client, "customer_timeline", number, facts="1")
    assert "Delivery attempted" in full
    lanes = re.findall(r'<svg class="axis-bars" data-kind="(\w+)".*?</svg>', full, re.DOTALL)
    assert lanes == ["tickets", "transactions", "account", "deliveries"]
    drawn = dict(zip(lanes, re.findall(r'<svg class="axis-bars".*?</svg>', full, re.DOTALL), strict=True))
    assert drawn["deliveries"].count("<title>") == 2  # ordered, and the attempt
    places = {kind: [float(x) for x in re.findall(r'<rect x="([\d.]+)" y="\d+" width="7"', bars)]
              for kind, bars in drawn.items()}  # fmt: skip
    # One axis: the account was opened first, the escalation came last.
    assert min(places["account"]) < min(places["deliveries"]) < max(places["tickets"])
    assert max(places["deliveries"]) < min(places["transactions"]) <= max(places["tickets"])
    link = f'href="{reverse("customer_timeline", args=[number])}"'
    assert link in page(client, "customer", number)
    assert link in page(client_of(desk.auditor), "customer", number)
    assert link not in page(client_of(desk.l1), "customer", number)
    assert "125.00 PHP" in full
    assert CARD not in full
    assert "Banned" in full
    assert Entry.objects.filter(action="account.read", object_id=number).exists()
    part = client.get(reverse("customer_timeline", args=[number]), {"facts": "1"}, headers={"HX-Request": "true"})
    assert "<html" not in part.content.decode()
    narrow = page(client, "customer_timeline", number, facts="1", kind="account", days="7")
    assert "Banned" in narrow
    assert "Account opened" not in narrow
    assert "125.00 PHP" not in narrow
    with back_office.failing("error-before"):
        silent = page(client, "customer_timeline", number, facts="1")
    assert "Not known at present: Transactions, Account, Deliveries, Points." in silent
    assert f"{ticket.reference} escalated" in silent
    assert client.get(reverse("customer_timeline", args=[number]), {"since": "rubbish"}).status_code == 200
    for user in (desk.l1, desk.partner, desk.outsider):
        assert client_of(user).get(reverse("customer_timeline", args=[number])).status_code == 404
