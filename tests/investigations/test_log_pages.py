"""Logs on a ticket, from the upload to the evidence, through their pages."""

import gzip
import hashlib
import io
import json
import zipfile
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client, TestCase
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from common import clock
from escalations.models import Category, Diagnosis, Evidence, EvidenceKind, Ticket
from events import consumers
from events.models import Event
from investigations import analysing, demo, keeping
from investigations import lines as lines_of_logs
from investigations.models import Log, LogState, LogTrouble
from tests import seed
from tests.clients import client_of
from tests.escalations.desk import Desk
from tests.factories import KnownIssueFactory

pytestmark = pytest.mark.django_db

LINES = """\
2026-11-27 09:12:01,123 INFO  [http-1] payments.gateway - POST /v1/charges request_id=req_8fh3k2l9 amount=12.50
2026-11-27 09:12:02,001 ERROR [http-1] payments.gateway - charge declined response_code=51 card 4111111111111111
2026-11-27 09:12:03,500 INFO  [http-1] payments.gateway - POST /v1/charges request_id=req_00000001 amount=7.00
2026-11-27 09:13:04,500 WARN  [hooks-2] webhooks.sender - returned 401 for delivery_id=dlv_00812
"""
DECLINED = LINES.splitlines()[1].replace("4111111111111111", "411111••••••1111")


@pytest.fixture
def desk(tmp_path: object, settings: Any) -> Desk:
    settings.MEDIA_ROOT = tmp_path
    seed.catalogue()
    return Desk()


@pytest.fixture
def ticket(desk: Desk) -> Ticket:
    return desk.started()


def send(client: Client, ticket: Ticket, content: bytes, name: str = "app.log", **fields: str) -> Any:
    return client.post(
        reverse("logs", args=[ticket.reference]),
        {"file": SimpleUploadedFile(name, content), "zone": "Europe/Madrid", **fields},
    )


def work_off() -> None:
    """Do what a worker does with the logs that were added."""
    with TestCase.captureOnCommitCallbacks(execute=True):
        for event in Event.objects.filter(kind__in=[keeping.ADDED, keeping.READ_AGAIN]):
            for consumer in consumers.interested_in(event.kind):
                consumer.handle(event)


def page(client: Client, name: str, *args: object, **query: str) -> str:
    return client.get(reverse(name, args=args), query).content.decode()


def test_from_the_upload_to_the_evidence(desk: Desk, ticket: Ticket) -> None:
    client = client_of(desk.l2)
    answer = send(client, ticket, LINES.encode(), service="payments")
    log = Log.objects.get()
    assert answer["Location"] == log.get_absolute_url()
    assert "Waiting for a worker" in page(client, "log", ticket.reference, log.pk)
    with log.text.open("rb") as file:
        stored = file.read()
    assert b"4111111111111111" not in stored
    assert (log.sha256, log.lines, log.masked) == (hashlib.sha256(stored).hexdigest(), 4, 1)

    work_off()
    log.refresh_from_db()
    assert (log.state, log.failures) == (LogState.DONE, 2)
    assert log.begins_at is not None
    assert log.begins_at.isoformat() == "2026-11-27T08:12:01.123000+00:00"
    shown = page(client, "log", ticket.reference, log.pk)
    assert "not enough money in the account" in shown
    assert shown.index("charge declined") < shown.index("POST /v")
    assert "req_8fh3k2l9" in shown
    assert "app.log" in page(client, "ticket_related", ticket.reference)

    lines = page(client, "log_lines", ticket.reference, level="error")
    assert "charge declined" in lines
    assert "delivery_id" not in lines

    at_second = hashlib.sha256(DECLINED.encode()).hexdigest()
    sent = {"line": f"{log.pk}:2", "hypothesis": "new", "text": "The issuer declines", "query": ""}
    client.post(reverse("log_evidence", args=[ticket.reference]), sent)
    (hypothesis,) = Diagnosis.objects.get(ticket=ticket).hypotheses
    assert hypothesis["text"] == "The issuer declines"
    kept = Evidence.objects.get(ticket=ticket)
    assert (kept.kind, kept.title, kept.body) == (EvidenceKind.LOG, "app.log:2", DECLINED)
    assert (kept.hypothesis, kept.supports, kept.source["sha256"]) == (hypothesis["id"], True, at_second)

    gone = client.post(reverse("log_evidence", args=[ticket.reference]), {**sent, "hypothesis": "h9", "text": ""})
    assert gone.status_code == 422
    more = {**sent, "line": f"{log.pk}:4", "hypothesis": hypothesis["id"], "supports": "against"}
    client.post(reverse("log_evidence", args=[ticket.reference]), more)
    assert list(Evidence.objects.values_list("title", "hypothesis", "supports")) == [
        ("app.log:2", hypothesis["id"], True),
        ("app.log:4", hypothesis["id"], False),
    ]


def test_what_is_new_and_what_is_a_known_issue(desk: Desk, ticket: Ticket) -> None:
    client = client_of(desk.l2)
    quiet = "\n".join(line for line in LINES.splitlines() if "INFO" in line)
    send(client, ticket, quiet.encode(), "quiet.log", service="payments")
    send(client, ticket, LINES.encode(), "loud.log", service="payments")
    work_off()
    normal, loud = Log.objects.order_by("pk")
    assert "new since the normal" not in page(client, "log", ticket.reference, loud.pk)
    client.post(reverse("set_log_normal", args=[ticket.reference, normal.pk]), {"normal": "yes"})
    shown = page(client, "log", ticket.reference, loud.pk)
    assert shown.count('"accent">new since the normal') == 2  # the failure and the warning
    assert "2 templates are new since the normal" in shown
    only = page(client, "log", ticket.reference, loud.pk, only="new")
    assert "charge declined" in only
    assert "POST /v" not in only.partition("<tbody")[2]

    issue = KnownIssueFactory(title="Issuer 51 wave")
    address = reverse("link_log_template", args=[ticket.reference, loud.pk])
    client.post(address, {"template": "0", "issue": issue.pk})
    send(client, ticket, LINES.replace("response_code=51", "response_code=91").encode(), "later.log")
    work_off()
    later = page(client, "log", ticket.reference, Log.objects.latest("pk").pk, only="known", page="2")
    assert "One known issue" in later
    assert later.count(f'href="{issue.get_absolute_url()}"') == 2  # above all, and at its template
    assert later.count(f'<option value="{issue.pk}">') == 1


def test_a_wrong_zone_is_put_right(desk: Desk, ticket: Ticket) -> None:
    client = client_of(desk.l2)
    send(client, ticket, LINES.encode())
    work_off()
    log = Log.objects.get()
    address = reverse("read_log_again", args=[ticket.reference, log.pk])
    assert address in page(client, "log", ticket.reference, log.pk)
    assert "no such time zone" in client.post(address, {"zone": "Nowhere"}, follow=True).content.decode()
    client.post(address, {"zone": "America/New_York"})
    assert 'id="progress"' in page(client, "log", ticket.reference, log.pk)
    work_off()
    again = Log.objects.get()
    assert again.begins_at is not None
    assert again.begins_at.isoformat() == "2026-11-27T14:12:01.123000+00:00"
    assert (again.state, again.sha256, again.templates.count()) == (LogState.DONE, log.sha256, 3)
    assert "not enough money" in page(client, "log", ticket.reference, log.pk)
    assert client_of(desk.auditor).post(address, {"zone": "UTC"}).status_code == 403


def test_lines_are_found_by_the_value_of_a_field_and_by_what_they_say(desk: Desk, ticket: Ticket) -> None:
    client = client_of(desk.l2)
    shop = [
        {"ts": f"2026-11-27T08:12:0{number}Z", "msg": f"paid {number}", "merchant": {"id": f"m_{number % 2}"},
         "status": 503 if number == 3 else 200, "note": 'the "id":"m_1"'}
        for number in range(4)
    ]  # fmt: skip
    send(client, ticket, "\n".join(map(json.dumps, shop)).encode(), "shop.json")
    rows = (
        "time,level,message,country",
        "2026-11-27 08:12:05,info,ES went on,DE",
        "2026-11-27 08:12:06,,DE went on,ES",
    )
    table = "\n".join(rows)
    send(client, ticket, table.encode(), "table.csv")
    send(client, ticket, LINES.encode(), "plain.log")
    work_off()

    def found(**asked: str) -> list[str]:
        shown = page(client, "log_lines", ticket.reference, **asked)
        texts = ("paid 0", "paid 1", "paid 2", "paid 3", "ES went on", "DE went on", "req_8fh3", "charge declined")
        return [text for text in texts if text in shown.partition("<tbody")[2]]

    assert found(field="merchant.id=m_1") == ["paid 1", "paid 3"]
    assert found(field="status=503") == ["paid 3"]
    assert found(field="country=ES") == ["DE went on"]
    assert found(field="request_id=req_8fh3k2l9") == ["req_8fh3"]
    assert found(field="request_id=req_8fh3") == []
    assert found(sign="http:503") == ["paid 3"]
    assert found(sign="iso8583:51") == ["charge declined"]
    assert found(sign="iso8583:51", field="status=503") == []
    assert "not enough money in the account" in page(client, "log_lines", ticket.reference)
    assert client.get(reverse("log_lines", args=[ticket.reference]), {"field": "nothing"}).status_code == 400


def test_pages_of_several_logs_go_on_where_the_one_before_ended(
    desk: Desk, ticket: Ticket, monkeypatch: pytest.MonkeyPatch
) -> None:
    for log in range(3):
        lines = [f"2026-11-27 09:{(number * 7 + log) % 60:02}:00 INFO it went on" for number in range(40)]
        send(client_of(desk.l2), ticket, ("no time yet\n" + "\n".join(lines)).encode(), f"{log}.log")
    work_off()
    monkeypatch.setattr("investigations.lines._SPANS", 16)
    logs = list(Log.objects.order_by("pk"))
    found = lines_of_logs.find(logs, lines_of_logs.Asked())
    whole = [(line.log.pk, line.number) for line in found.page(0, 1000)]
    assert len(whole) == len(found) == 123
    at = [line.at for line in found.page(3, 1000)]
    assert at == sorted(at)  # type: ignore[type-var]
    assert [line.at for line in found.page(0, 3)] == [None] * 3
    parts = [[(line.log.pk, line.number) for line in found.page(start, 10)] for start in range(0, 130, 10)]
    assert [one for part in parts for one in part] == whole
    assert sum(bucket.others for bucket in lines_of_logs.histogram(found)) == 120


def test_several_logs_on_one_line_of_time(desk: Desk, ticket: Ticket) -> None:
    client = client_of(desk.l2)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("shop/one.log", LINES)
        archive.writestr("two.log.gz", gzip.compress(b'{"ts": "2026-11-27T08:12:02.500Z", "msg": "between"}\n'))
    send(client, ticket, packed.getvalue(), "both.zip")
    work_off()
    assert [log.name for log in Log.objects.order_by("pk")] == ["one.log", "two.log"]
    shown = page(client, "log_lines", ticket.reference)
    places = [shown.index(text) for text in ("charge declined", "between", "req_00000001")]
    assert places == sorted(places)
    narrowed = page(client, "log_lines", ticket.reference, since="2026-11-27T08:13:00", q="DELIVERY_ID")
    assert "returned 401" in narrowed
    assert "between" not in narrowed


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("empty.log", b"", "is empty"),
        ("picture.log", bytes(range(256)) * 40, "is no text"),
        ("cut.gz", gzip.compress(b"line\n" * 5000, mtime=0)[:-20], "broken or cut off"),
        ("bomb.gz", gzip.compress(b"0" * 3_000_000, mtime=0), "Unpacked, this is more than"),
        ("broken.zip", b"PK\x03\x04 and then nothing", "broken or cut off"),
    ],
)
def test_bad_files_end_in_a_sentence(
    desk: Desk, ticket: Ticket, monkeypatch: pytest.MonkeyPatch, name: str, content: bytes, sentence: str
) -> None:
    monkeypatch.setattr("investigations.logs.reading.members.__kwdefaults__", {"most_bytes": 2**21})
    answer = send(client_of(desk.l2), ticket, content, name)
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert not Log.objects.exists()


def test_a_log_that_is_too_large_is_refused_before_it_is_read(desk: Desk, ticket: Ticket) -> None:
    answer = client_of(desk.l2).post(
        reverse("logs", args=[ticket.reference]),
        b"",
        content_type="multipart/form-data; boundary=x",
        CONTENT_LENGTH=str(2 * 1024**3),
    )
    assert answer.status_code == 413
    assert "200 MB" in answer.content.decode()


def test_a_cancelled_log_stays_cancelled_and_a_broken_one_says_so(
    desk: Desk, ticket: Ticket, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = client_of(desk.l2)
    send(client, ticket, LINES.encode())
    log = Log.objects.get()
    client.post(reverse("cancel_log", args=[ticket.reference, log.pk]))
    work_off()
    log.refresh_from_db()
    assert log.state == LogState.CANCELLED
    assert not log.templates.exists()
    assert Event.objects.filter(kind=keeping.CANCELLED).exists()

    monkeypatch.setattr(analysing, "LONGEST_SECONDS", -1)
    send(client, ticket, LINES.encode())
    monkeypatch.setattr("investigations.logs.analysis._REPORT_EVERY", 1)
    work_off()
    slow = Log.objects.latest("pk")
    assert (slow.state, slow.trouble) == (LogState.FAILED, LogTrouble.TOO_LONG)
    assert "seven minutes" in page(client, "log", ticket.reference, slow.pk)


def test_the_demo_has_a_normal_and_an_outage(desk: Desk, ticket: Ticket) -> None:
    Ticket.objects.filter(pk=ticket.pk).update(category=Category.objects.get(key="transaction_failure"))
    normal, outage = demo.lay_out(clock.now())
    assert outage.ticket == ticket
    shown = page(client_of(desk.l2), "log", ticket.reference, outage.pk)
    assert "new since the normal" in shown
    assert "the issuer or the network did not answer" in shown
    assert "new since the normal" not in page(client_of(desk.l2), "log", ticket.reference, normal.pk)


def test_only_a_line_feed_ends_a_line(desk: Desk, ticket: Ticket) -> None:
    client = client_of(desk.l2)
    send(client, ticket, b"one\rstill one\x0b\x85\r\ntwo")
    work_off()
    log = Log.objects.get()
    assert (log.state, log.lines) == (LogState.DONE, 2)
    shown = page(client, "log_lines", ticket.reference, q="two")
    assert f'value="{log.pk}:2"' in shown
    assert f'value="{log.pk}:1"' not in shown


def test_files_of_logs_that_are_gone_are_swept(desk: Desk, ticket: Ticket) -> None:
    send(client_of(desk.l2), ticket, LINES.encode(), "gone.log")
    send(client_of(desk.l2), ticket, LINES.encode(), "kept.log")
    work_off()
    gone, kept = Log.objects.order_by("pk")
    gone.delete()
    assert keeping.sweep(older_than=timedelta(seconds=-5)) == 2
    with kept.text.open("rb") as file:
        assert file.read().startswith(b"2026")
    assert keeping.sweep(older_than=timedelta(seconds=-5)) == 0


def test_who_may(desk: Desk, ticket: Ticket) -> None:
    send(client_of(desk.l2), ticket, LINES.encode())
    work_off()
    log = Log.objects.get()
    for user, status in ((desk.l1, 404), (desk.outsider, 404), (desk.auditor, 200)):
        assert client_of(user).get(log.get_absolute_url()).status_code == status
    assert send(client_of(desk.auditor), ticket, LINES.encode()).status_code == 403
    assert send(client_of(desk.l1), ticket, LINES.encode()).status_code == 404


def test_pages_cost_the_same_however_much_there_is(
    desk: Desk, ticket: Ticket, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    client = client_of(desk.l2)
    for number in range(3):
        send(client, ticket, LINES.encode(), f"{number}.log", service="payments")
    work_off()
    for name, arguments in (("logs", []), ("log", [Log.objects.latest("pk").pk]), ("log_lines", [])):
        with django_assert_max_num_queries(16):
            page(client, name, ticket.reference, *arguments)
