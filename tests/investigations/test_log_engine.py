"""The laws of reading logs: whatever the bytes are, however they come."""

import contextlib
import gzip
import io
import json
import random
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from django.core.management import CommandError, call_command
from hypothesis import given, settings
from hypothesis import strategies as st

from common.errors import Refused
from investigations.logs import card_codes, codes, iso_20022, layouts, reading, signs, templates
from investigations.logs.analysis import EMPTY, analyze
from investigations.logs.times import Times

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)

WORDS = st.sampled_from(
    [
        "paid",
        "failed",
        "user",
        "42",
        "10.0.0.7",
        "ana",
        "x=1",
        "req-9f",
        "{",
        "ERROR",
        "2026-02-03 04:05:06",
        "a\rb",
        '"',
        "•",
        "",
    ]
)
MESSAGES = st.lists(WORDS, max_size=6).map(" ".join)


@settings(max_examples=30, deadline=None)
@given(st.lists(MESSAGES, max_size=30))
def test_every_line_has_one_template_that_covers_it(lines: list[str]) -> None:
    found = analyze(lines, zone=UTC, now=NOW)
    assert len(found) == len(found.template) == len(found.instant) == len(lines)
    assert sum(template.count for template in found.templates) == len(lines)
    texts = [template.text for template in found.templates]
    assert len(texts) == len(set(texts))
    layout = layouts.told_by(lines)
    for line, place in zip(lines, found.template, strict=True):
        message = layout.read(line).message
        assert templates.fits(texts[place], templates.shape(message if message.strip() else EMPTY))


@settings(max_examples=30, deadline=None)
@given(st.binary(max_size=300), st.lists(st.integers(1, 40), min_size=1, max_size=20))
def test_it_does_not_matter_how_the_bytes_are_cut(content: bytes, sizes: list[int]) -> None:
    blocks: list[bytes] = []
    at = 0
    while at < len(content):
        size = sizes[len(blocks) % len(sizes)]
        blocks.append(content[at : at + size])
        at += size
    assert list(reading.lines_of(blocks)) == list(reading.lines_of([content]))


@settings(max_examples=20, deadline=None)
@given(st.lists(MESSAGES, max_size=20))
def test_whether_a_log_is_packed_does_not_matter(lines: list[str]) -> None:
    content = "\n".join(["begin", *lines]).encode()
    (plain,) = (list(member.lines) for member in reading.members(io.BytesIO(content), "a.log"))
    (packed,) = (list(member.lines) for member in reading.members(io.BytesIO(gzip.compress(content)), "a.log.gz"))
    assert plain == packed


def test_what_differs_in_few_words_is_apart_and_what_differs_in_values_is_not() -> None:
    messages = [
        *(f"Instance spawned after {seconds} ms for {name}" for seconds, name in enumerate("abcdefgh")),
        *(f"Instance destroyed after {seconds} ms for {name}" for seconds, name in enumerate("abcdefgh")),
    ]
    assert set(templates.grouped(messages)) == {
        "Instance spawned after <*> for <*>",
        "Instance destroyed after <*> for <*>",
    }


def test_a_line_of_ten_megabytes_is_cut_and_no_number_with_it() -> None:
    start = "x" * (reading.LONGEST_LINE - 6) + "411111"
    lines = list(reading.lines_of([f"{start}1111111111{'y' * 10_000_000}\nnext\n".encode()]))
    assert lines[1] == "next"
    assert lines[0].startswith("xxx")
    assert len(lines[0]) < reading.LONGEST_LINE + 50
    assert "4111" not in lines[0]


def test_encodings_may_be_mixed_line_by_line() -> None:
    content = "señal\n".encode() + "señal\n".encode("cp1252") + b"\x81\n"
    assert list(reading.lines_of([content])) == ["señal", "señal", "\x81"]
    wide = io.BytesIO("uno\r\ndós\r\n".encode("utf-16"))
    assert [line for member in reading.members(wide, "a") for line in member.lines] == ["uno", "dós"]


@pytest.mark.parametrize(
    ("line", "read"),
    [
        ('{"ts": 1767323045, "lvl": 50, "logger": "pay", "msg": "no"}', ("1767323045", "error", "pay", "no")),
        ("<34>1 2026-01-02T03:04:05Z h su - ID4 - no su", ("2026-01-02T03:04:05Z", "fatal", "su", "no su")),
        ("Jan  2 03:04:05 host sshd[24]: Invalid user x", ("Jan  2 03:04:05", "", "sshd", "Invalid user x")),
        (
            'ts=2026-01-02T03:04:05Z level=warn msg="slow" ms=9',
            ("2026-01-02T03:04:05Z", "warning", "", "slow ms=9"),
        ),
        ("2026-01-02 03:04:05,1 ERROR [h-1] pay.gate - no", ("2026-01-02 03:04:05,1", "error", "pay.gate", "no")),
        ("I0102 03:04:05.123456       1 main.go:12] ready", ("I0102 03:04:05.123456", "info", "main.go", "ready")),
    ],
)
def test_layouts(line: str, read: tuple[str, ...]) -> None:
    assert layouts.told_by([line] * 3).read(line) == (*read, True)


def test_of_very_many_sources_most_are_others() -> None:
    lines = [json.dumps({"ts": 1767323045, "name": f"pod-{number}", "msg": "it went on"}) for number in range(700)]
    found = analyze(lines, zone=UTC, now=NOW)
    assert len(found.sources) == 201
    assert [found.sources[number] for number in (found.source[0], found.source[699])] == ["pod-0", "other"]


def test_a_table_is_read_by_its_header() -> None:
    lines = ["time;level;message", '2026-01-02 03:04:05;error;"no; never"']
    assert layouts.told_by(lines).read(lines[1]) == layouts.Line("2026-01-02 03:04:05", "error", "", "no; never")


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-01-02T03:04:05.250Z", "2026-01-02T03:04:05.250000+00:00"),
        ("2026-01-02 03:04:05,250", "2026-01-02T02:04:05.250000+00:00"),  # Madrid, in winter
        ("2026-01-02 03:04:05 PST", "2026-01-02T11:04:05+00:00"),
        ("02/Jan/2026:03:04:05 +0200", "2026-01-02T01:04:05+00:00"),
        ("Dec 31 23:59:59", "2025-12-31T22:59:59+00:00"),  # no year: the last one
        ("13/02/2026 10:00:00", "2026-02-13T09:00:00+00:00"),
        ("13.02.2026 10:00:00.5", "2026-02-13T09:00:00.500000+00:00"),
        ("1767323045123", "2026-01-02T03:04:05.123000+00:00"),
    ],
)
def test_times(text: str, instant: str) -> None:
    seconds = Times(ZoneInfo("Europe/Madrid"), NOW).read(text)
    assert seconds is not None
    assert datetime.fromtimestamp(round(seconds, 3), UTC).isoformat() == instant


@pytest.mark.parametrize(
    ("dates", "read"),
    [
        (["03/12/2026", "03/13/2026"], ["2026-03-12", "2026-03-13"]),
        (["03/12/2026", "13/12/2026"], ["2026-12-03", "2026-12-13"]),
        (["01/02/2026", "02/02/2026", "03/02/2026"], ["2026-02-01", "2026-02-02", "2026-02-03"]),
        (["01/12/2026", "02/01/2026", "02/02/2026"], ["2026-01-12", "2026-02-01", "2026-02-02"]),  # no future
        (["01/08/2025", "01/09/2025", "02/01/2025"], ["2025-01-08", "2025-01-09", "2025-02-01"]),  # never back
    ],
)
def test_day_and_month_stand_in_one_order_in_all_of_a_log(dates: list[str], read: list[str]) -> None:
    now = datetime(2026, 3, 20, tzinfo=UTC) if read[0] != "2026-12-03" else datetime(2026, 12, 20, tzinfo=UTC)
    found = analyze([f"{date} 10:00:00 INFO it went on" for date in dates], zone=UTC, now=now)
    days = [datetime.fromtimestamp(at / 1000, UTC).date().isoformat() for at in found.instant]
    assert days == read


def test_the_hour_that_comes_twice_does_not_run_back() -> None:
    clocks = ["01:59:59", "02:10:00", "02:50:00", "02:49:58", "02:10:00", "02:11:00", "02:59:59", "03:00:01"]
    lines = [f"2025-10-26 {clock} INFO it went on" for clock in clocks]
    found = analyze(lines, zone=ZoneInfo("Europe/Madrid"), now=NOW)
    hours = [datetime.fromtimestamp(at / 1000, UTC).strftime("%H:%M:%S") for at in found.instant]
    assert hours == [
        "23:59:59", "00:10:00", "00:50:00", "00:49:58", "01:10:00", "01:11:00", "01:59:59", "02:00:01"
    ]  # fmt: skip


@pytest.mark.parametrize("text", ["", "soon", "2026-13-45 10:00:00", "99999999999999999", "Foo 31 10:00:00"])
def test_what_is_no_time_is_none(text: str) -> None:
    assert Times(UTC, NOW).read(text) is None


@pytest.mark.parametrize(
    ("message", "kind", "code"),
    [
        ("charge declined response_code=51", "iso8583", "51"),
        ("DE39: 05", "iso8583", "05"),
        ("pacs.002 RJCT reason AC04", "iso20022", "AC04"),
        ("decline_code=insufficient_funds", "decline", "insufficient_funds"),
        ("merchant_advice_code: 03", "advice", "03"),
        ('"POST /hook HTTP/1.1" 401 12', "http", "401"),
        ("webhook HMAC mismatch for evt_1", "fault", "webhook_signature"),
        ("SocketTimeoutException: Read timed out", "fault", "timeout"),
        ("x509: certificate has expired or is not yet valid", "fault", "tls_expired"),
        ("getaddrinfo ENOTFOUND api.bank.example", "fault", "dns"),
        ("Stripe: No signatures found matching the expected signature for payload", "fault", "webhook_signature"),
        ("webhook signature verification failed", "fault", "webhook_signature"),
        ("invalid x-shop-signature", "fault", "webhook_signature"),
        ("refusalReason: Not enough balance", "decline", "not_enough_balance"),
        ("the issuer said: Insufficient funds", "decline", "insufficient_funds"),
        ("card has expired, sorry", "decline", "expired_card"),
        ('"decline_reason": "Expired Card"', "decline", "expired_card"),
        ("<StsRsnInf><Rsn><Cd>AC04</Cd></Rsn></StsRsnInf>", "iso20022", "AC04"),
        ("returned 503 delivery_id=dlv_00812", "http", "503"),
        ("responded with 500 Internal Server Error", "http", "500"),
        ("got 404 status", "http", "404"),
    ],
)
def test_signs_say_a_sentence(message: str, kind: str, code: str) -> None:
    assert (kind, code) in {(sign.kind, sign.code) for sign in signs.found_in(message)}
    assert signs.sentence(kind, code).endswith(".")


@pytest.mark.parametrize(
    "message",
    [
        "51 items shipped",
        "took 401 ms",
        "AC04 block moved",
        "timeout=30",
        "all is well",
        "returned 500 rows",
        "got 404 items",
        "error 500 of 900",
        "NotAfter: 2030 ok",
        "signature verification succeeded",
        "webhook signature verification ok",
        "no webhook signature needed",
        "JWT signature verification failed",
        "webhooks signature check: 12 ok, 0 failed",
        "status PART of it",
        "rc=127",
        "response_code=200",
    ],
)
def test_numbers_that_say_nothing_are_no_signs(message: str) -> None:
    assert signs.found_in(message) == []


TABLES = {
    ("iso20022", tuple(iso_20022.REASONS)): ("<Rsn><Cd>{}</Cd></Rsn>", "reason={}", '"reasonCode": "{}"'),
    ("iso20022", tuple(iso_20022.STATUSES)): ("<TxSts>{}</TxSts>", "tx_status={}"),
    ("iso8583", tuple(card_codes.ISO_8583)): ("<ResponseCode>{}</ResponseCode>", "response_code={}", "DE39: {}"),
    ("iso8583", tuple(card_codes.ACTIONS)): ("<ActionCode>{}</ActionCode>", "action_code={}", "DE39: {}"),
    ("decline", tuple(codes.DECLINES)): ("<DeclineCode>{}</DeclineCode>", "decline_code={} amount=1"),
    ("advice", tuple(codes.ADVICE)): ("<MerchantAdviceCode>{}</MerchantAdviceCode>", "merchant_advice_code={}"),
}


@pytest.mark.parametrize(
    ("kind", "known", "form"), [(kind, known, form) for (kind, known), forms in TABLES.items() for form in forms]
)
def test_every_code_of_the_tables_is_found(kind: str, known: tuple[str, ...], form: str) -> None:
    found = {code: {(sign.kind, sign.code) for sign in signs.found_in(form.format(code))} for code in known}
    assert [code for code in known if (kind, code) not in found[code]] == []
    assert all(signs.sentence(kind, code).endswith(".") for code in known)


def test_ids_are_recognised() -> None:
    found = signs.ids_in('request_id=req_8fh3k2l9 "correlationId": "a1b2-c3d4" charge ch_3Nabc99 RRN=012345678901')
    assert found == [
        ("request", "req_8fh3k2l9"),
        ("correlation", "a1b2-c3d4"),
        ("transaction", "ch_3Nabc99"),
        ("transaction", "012345678901"),
    ]


def test_the_command_gives_each_line_its_template(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a.log"
    path.write_text("paid 1\npaid 2\n\ncard 4111111111111111\n")
    call_command("analyze_log", path, "--json")
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(row["line"], row["template"]) for row in rows] == [
        (1, "paid <*>"), (2, "paid <*>"), (3, EMPTY), (4, "card <*>"),
    ]  # fmt: skip
    path.write_bytes(bytes(range(256)) * 9)
    with pytest.raises(CommandError, match="is no text"):
        call_command("analyze_log", path)


@pytest.mark.parametrize("way", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_what_unpacks_without_a_bound_is_refused(way: int) -> None:
    with zipfile.ZipFile(bomb := io.BytesIO(), "w", way) as archive:
        archive.writestr("a.log", "line\n")
    with pytest.raises(Refused, match="another way"):
        list(reading.members(io.BytesIO(bomb.getvalue()), "a.zip"))


def test_whatever_is_broken_in_an_archive_is_refused() -> None:
    noise = random.Random(1).randbytes(300).hex() + "\n"
    with zipfile.ZipFile(packed := io.BytesIO(), "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("señor.log", noise)
        archive.writestr("a.log.gz", gzip.compress(noise.encode(), mtime=0))
    for sound in (packed.getvalue(), gzip.compress(noise.encode(), mtime=0)):
        for place in range(4, len(sound)):
            for value in (0, sound[place] ^ 0x55, 255):
                broken = sound[:place] + bytes([value]) + sound[place + 1 :]
                with contextlib.suppress(Refused):  # or it does not matter
                    for member in reading.members(io.BytesIO(broken), "a.zip"):
                        list(member.lines)


def test_a_locked_archive_is_refused() -> None:
    locked = bytearray(b"PK\x03\x04")
    with pytest.raises(Refused, match="broken"):
        list(reading.members(io.BytesIO(bytes(locked)), "a.zip"))
