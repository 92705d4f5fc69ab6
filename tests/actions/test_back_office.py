"""The client against the reference back office: exactly once, and what is known when something breaks."""

import json
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from actions import account_facts
from actions import back_office as client
from actions.back_office import Done, Order, Rejected, Unavailable, Unknown
from common import outgoing
from tests.back_office import ACCOUNT, TOKEN, BackOffice

pytestmark = pytest.mark.django_db


def _order(key="k-1", action="points_refund", sequence=1, **payload):
    order = payload.get("original") or ACCOUNT
    return Order(key, str(order), action, sequence, {"account": ACCOUNT, **payload})


def _php(amount):
    return {"amount": amount, "currency": "PHP"}


@pytest.fixture
def spent(back_office: BackOffice) -> BackOffice:
    back_office.open_account()
    back_office.rows(
        "INSERT INTO back_office_pointsentry (reference, account_id, at, kind, points, refunded)"
        " VALUES ('PTS-1', %s, now(), 'spent', -500, 0)",
        ACCOUNT,
    )
    return back_office


def _refunded(office: BackOffice) -> int:
    ((points,),) = office.rows("SELECT sum(points) FROM back_office_pointsentry WHERE kind = 'refunded'")
    return int(points or 0)


def test_one_key_asked_by_many_at_once_is_carried_out_once(spent):
    order = _order(original="PTS-1", points=100)
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(client.execute, [order] * 12))
    assert len({answer.reference for answer in answers}) == 1
    assert _refunded(spent) == 100
    assert client.ask(order) == answers[0]


def test_the_same_order_under_another_key_is_refused_and_names_the_first(spent):
    first = client.execute(_order("k-1", original="PTS-1", points=100))
    with pytest.raises(Rejected, match=first.reference):
        client.execute(_order("k-2", original="PTS-1", points=100))
    assert _refunded(spent) == 100


def test_a_key_is_never_taken_for_another_order(spent):
    client.execute(_order("k-1", original="PTS-1", points=100))
    with pytest.raises(Rejected, match="used for another order"):
        client.execute(_order("k-1", original="PTS-1", points=200, sequence=2))
    with pytest.raises(Unavailable):
        client.ask(_order("k-1", original="PTS-1", sequence=2))


def test_a_no_is_the_same_no_for_ever(spent):
    order = _order(original="PTS-1", points=501)
    for asked in (client.execute, client.execute, client.ask):
        with pytest.raises(Rejected, match="more than is left"):
            asked(order)
    spent.rows("UPDATE back_office_pointsentry SET points = -9000")
    with pytest.raises(Rejected, match="more than is left"):
        client.execute(order)


@pytest.mark.parametrize(
    ("fault", "done"),
    [("drop-before", False), ("error-before", False), ("drop-after", True), ("error-after", True)],
)
def test_what_breaks_is_unknown_until_it_is_asked_for(spent, fault, done):
    order = _order(original="PTS-1", points=100)
    with spent.failing(fault), pytest.raises(Unknown):
        client.execute(order)
    assert isinstance(client.ask(order), Done) is done
    client.execute(order)
    assert _refunded(spent) == 100


def test_a_time_out_is_unknown(spent, monkeypatch):
    monkeypatch.setattr(client, "CARRY_OUT_WITHIN", 1.0)
    order = _order(original="PTS-1", points=100)
    with spent.failing("hang-after 2"), pytest.raises(Unknown):
        client.execute(order)
    assert isinstance(client.ask(order), Done)


def test_where_nobody_listens_nothing_was_sent(settings):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        settings.BACK_OFFICE_URL = f"http://127.0.0.1:{probe.getsockname()[1]}"
    with pytest.raises(Unavailable, match="can't be reached"):
        client.execute(_order())


def test_without_a_back_office_everything_says_so(settings):
    settings.BACK_OFFICE_URL = ""
    for call in (
        lambda: client.execute(_order()),
        lambda: client.ask(_order()),
        lambda: account_facts.account("C"),
    ):
        with pytest.raises(Unavailable, match="No back office is connected"):
            call()


def test_a_wrong_token_does_nothing(spent, settings):
    settings.BACK_OFFICE_TOKEN = "guessed"
    with pytest.raises(Unavailable, match="token"):
        client.execute(_order(original="PTS-1", points=100))
    assert _refunded(spent) == 0


class _Answering(BaseHTTPRequestHandler):
    status, body = 200, b"{}"
    headers_of: dict[str, str] = {}
    asked: list[str] = []

    def do_GET(self):
        type(self).asked.append(self.path)
        self.send_response(self.status)
        for name, value in self.headers_of.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(self.body)

    do_POST = do_GET  # noqa: N815

    def log_message(self, *_):
        pass


@pytest.fixture
def answering(settings):
    """A server that answers whatever the test sets."""
    handler = type("Handler", (_Answering,), {"asked": []})
    server = HTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    settings.BACK_OFFICE_URL = f"http://127.0.0.1:{server.server_port}"
    yield handler
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (302, b"{}"),
        (200, b"<html>"),
        (200, b"[]"),
        (200, b'{"status": "done"}'),
        (200, b'{"a": "' + b"a" * 2**20 + b'"}'),
        (400, b""),
        (400, b'{"message": "blocked"}'),
        (422, b'{"reason": "no"}'),
        (409, b'{"key": "another", "first": {}}'),
    ],
    ids=["redirect", "page", "list", "no key of ours", "too long", "gateway", "wall", "other 422", "other 409"],
)
def test_what_no_back_office_answers_is_not_believed(answering, status, body):
    answering.status, answering.body = status, body
    answering.headers_of = {"Location": "/accounts/elsewhere"}
    with pytest.raises(Unknown):
        client.execute(_order())
    with pytest.raises(Unavailable):
        client.ask(_order())
    assert answering.asked == ["/operations/", "/operations/k-1"]


def test_another_servers_404_does_not_mean_that_it_never_arrived(answering):
    answering.status, answering.body = 404, b'{"detail": "no such page"}'
    with pytest.raises(Unavailable):
        client.ask(_order())


def test_a_reading_shows_no_phone_number_and_no_card(back_office):
    back_office.open_account()
    back_office.pay("TXN-1", counterparty="refund to 4111 1111 1111 1111")
    account = account_facts.account(ACCOUNT)
    assert account is not None and account.phone == "•••142" and account.kyc_level == 2
    (paid,) = account_facts.transactions(ACCOUNT).rows
    assert "4111 1111 1111" not in paid.counterparty and paid.counterparty.endswith("1111")
    assert account_facts.account("C-nobody") is None
    assert account_facts.bans(ACCOUNT) == ()
    url, sign_in = f"{back_office.url}/accounts/{ACCOUNT}", {"Authorization": f"Bearer {TOKEN}"}
    asked = outgoing.send("GET", url, headers=sign_in, allowed=[outgoing.entry_of(url)], inside=True)
    assert json.loads(asked.body)["phone"] == "+63 917 555 0142"


def test_each_action_is_carried_out_in_its_table(spent):
    spent.pay("TXN-1")
    spent.add(
        "delivery", reference="DL-1", account_id=ACCOUNT, item="Card", ordered_at="2026-01-05T00:00Z", city="Cebu"
    )
    spent.ban("BAN-1", "chargebacks")
    spent.rows("UPDATE back_office_account SET status = 'banned'")
    done = [
        client.execute(_order(f"k-{number}", action, 1, **payload)).details
        for number, (action, payload) in enumerate(
            [
                ("credit_line", {"present_limit": _php(500_000), "new_limit": _php(600_000)}),
                ("phone_change", {"new_phone": "+639175550999"}),
                ("unban", {}),
                ("delivery_reset", {"delivery": "DL-1"}),
                ("reversal", {"transaction": "TXN-1", "amount": _php(12_500)}),
            ]
        )
    ]
    assert done[0] == {"before": 500_000, "after": 600_000, "currency": "PHP"}
    account = account_facts.account(ACCOUNT)
    assert (account.credit_limit, account.phone, account.status) == (600_000, "•••999", "active")
    assert account.phone_changed_at is not None
    (ban,) = account_facts.bans(ACCOUNT)
    assert ban.lifted_at is not None
    (delivery,) = account_facts.deliveries(ACCOUNT)
    assert len(delivery.resets or ()) == 1 and [one.code for one in delivery.events or ()] == ["reset"]
    assert done[4] == {"transaction": "TXN-1", "amount": 12_500, "currency": "PHP"}
    for number, action in enumerate(["unban", "reversal", "delivery_reset"]):
        with pytest.raises(Rejected):
            client.execute(_order(f"again-{number}", action, 2, transaction="TXN-1", delivery="none"))
