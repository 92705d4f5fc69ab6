"""Formats of own numbers: refused where a card would pass, in force at once, in every process."""

import time
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

import redaction
from common.errors import NotAllowed, Refused, StaleVersion
from events.models import Event
from incidents import own_numbers
from incidents.models import OwnNumbers
from tests.matrix import Scenario

pytestmark = pytest.mark.django_db

ORDER = "ORD-4111111111111111"
FORMAT = "ORD-################"


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("################", "two letters or digits"),
        ("41##############", "must not begin as cards do"),
        ("*1*1############", "must not begin as cards do"),
        ("####-####-####-####", "two letters or digits"),
        ("CC################", "A card of Visa"),
        ("pan-################", "A card of Visa"),
        ("No################", "A card of"),
        ("Visa ################", "A card of"),
        ("NRO:###############", "American Express"),
    ],
)
def test_what_lets_a_card_through_is_refused_and_why(scenario: Scenario, written: str, why: str):
    with pytest.raises(Refused, match=why) as refused:
        own_numbers.add(written, "orders", by=scenario.people["admin"], version=0)
    assert refused.value.field == "format"
    assert not OwnNumbers.objects.exists()


def test_added_changed_withdrawn_each_a_version_and_an_event(scenario: Scenario):
    admin = scenario.people["admin"]
    own_numbers.add(FORMAT, "orders", by=admin, version=0)
    own_numbers.add("XQ@@##########", "parcels", by=admin, version=1)
    own_numbers.change(1, "XQ@###########", "parcels", by=admin, version=2)
    with pytest.raises(StaleVersion):
        own_numbers.withdraw(0, by=admin, version=2)
    own_numbers.withdraw(0, by=admin, version=3)
    assert [one["format"] for one in own_numbers.current().formats] == ["XQ@###########"]
    kinds = Event.objects.filter(subject_type="own_numbers").values_list("kind", flat=True)
    assert list(kinds) == ["own_numbers.changed"] * 4
    with pytest.raises(NotAllowed):
        own_numbers.add(FORMAT, "orders", by=scenario.people["lead"], version=4)
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM incidents_ownnumbers")


def test_another_process_hears_of_it_within_seconds_and_without_redis(
    scenario: Scenario, django_assert_num_queries: Any, request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
):  # fmt: skip
    own_numbers.refresh(at_once=True)
    own_numbers.add(FORMAT, "orders", by=scenario.people["admin"], version=0)
    request.getfixturevalue("redis_away")
    with django_assert_num_queries(0):
        assert redaction.clean(ORDER) != ORDER, "this process has not looked yet"
        assert not own_numbers.refresh()
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now + own_numbers.LOOK_EVERY + 1)
    address = f"/tickets/{scenario.ticket.reference}/messages/"
    scenario.clients["l2"].post(address, {"kind": "note", "body_note": f"It is {ORDER}."})
    assert scenario.ticket.messages.latest("pk").body == f"It is {ORDER}."
    with django_assert_num_queries(0):
        assert redaction.clean(f"{ORDER} 4111111111111111") == f"{ORDER} 411111••••••1111"


def test_a_search_for_one_is_no_find_though_the_process_has_not_looked(scenario: Scenario):
    own_numbers.refresh(at_once=True)
    own_numbers.add(FORMAT, "orders", by=scenario.people["admin"], version=0)
    assert scenario.clients["l2"].get("/search/", {"q": ORDER}).status_code == 200


def test_the_pages(scenario: Scenario):
    admin, form = scenario.clients["admin"], {"version": 0, "format": FORMAT, "use": "Orders", "text": ORDER}
    tried = admin.post("/setup/own-numbers/new/", form | {"try": "1"})
    assert tried.status_code == 200
    assert f">{ORDER}<" in tried.content.decode()
    assert "ORD-411111••••••1111" in tried.content.decode(), "as it would be without"
    assert not OwnNumbers.objects.exists()
    refused = admin.post("/setup/own-numbers/new/", form | {"format": "CC################"})
    assert refused.status_code == 422
    assert "would be let through" in refused.content.decode()
    assert admin.post("/setup/own-numbers/new/", form).status_code == 302
    assert admin.post("/setup/own-numbers/new/", form | {"format": "XQ@###########"}).status_code == 409
    assert FORMAT in scenario.clients["auditor"].get("/setup/own-numbers/").content.decode()
    assert FORMAT in admin.get("/setup/own-numbers/0/").content.decode()
    assert scenario.clients["lead"].post("/setup/own-numbers/0/withdraw/", {"version": 1}).status_code == 404
    assert admin.post("/setup/own-numbers/0/withdraw/", {"version": 1}).status_code == 302
    assert own_numbers.current().formats == []
