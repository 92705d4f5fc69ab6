# ruff: noqa: E501 - examples are read more easily one a line
"""Everything else that must go, and every encoding that it may hide in; places and masks on the original text."""

import base64
import json
import time
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from redaction import OwnIds, clean, firewall, provide_own_ids, redact

VISA, VISA_SPACED = "4111111111111111", "4111 1111 1111 1111"
MASKED = "411111••••••1111"


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    ("written", "masked"),
    [
        ("4111%201111%201111%201111", "4111%2011••%20••••%201111"),
        ("%34" + "%31" * 15, "%34" + "%31" * 5 + "••••••" + "%31" * 4),
        ("pan=4111%25201111%25201111%25201111", "pan=4111%252011••%2520••••%25201111"),
        ("&#52;" + "&#49;" * 15, "&#52;" + "&#49;" * 5 + "••••••" + "&#49;" * 4),
        ("4111&nbsp;1111&nbsp;1111&nbsp;1111", "4111&nbsp;11••&nbsp;••••&nbsp;1111"),
        ("4111<b>1111</b>1111 1111", "4111<b>11••</b>•••• 1111"),
        ("<td>4111</td>\n<td>1111</td>\n<td>1111</td>\n<td>1111</td>", "<td>4111</td>\n<td>11••</td>\n<td>••••</td>\n<td>1111</td>"),
        ("4111 1111 11\n> 11 1111", "4111 11•• ••\n> •• 1111"),
        ("41111111=\n11111111", "411111••=\n••••1111"),
        ("4111=C2=A01111=C2=A01111=C2=A01111", "4111=C2=A011••=C2=A0••••=C2=A01111"),
        ('{"pan": "\\u0034111 1111 1111 1111"}', '{"pan": "\\u0034111 11•• •••• 1111"}'),
        ("4111💳1111💳1111💳1111", "4111💳11••💳••••💳1111"),
        ("164111111111111111", "16411111••••••1111"),
        ("0100723C648128E1800016" + VISA + "000000000000012300", "0100723C648128E1800016" + MASKED + "000000000000012300"),
        (f"{VISA}1226123", f"{MASKED}1226•••"),
        ("501800000009", "••••••••0009"),
    ],
)  # fmt: skip
def test_a_card_in_every_encoding(written: str, masked: str) -> None:
    answer = redact(f"see {written} ok")
    assert answer.text == f"see {masked} ok"
    assert {finding.kind for finding in answer.findings} <= {"card", "cvv"}
    assert clean(answer.text) == answer.text


@pytest.mark.parametrize("layers", [1, 2])
def test_base64_stays_base64(layers: int) -> None:
    text, wanted = (
        json.dumps({"pan": VISA, "cvv": "123"}),
        json.dumps({"pan": MASKED, "cvv": "•••"}, ensure_ascii=False),
    )
    for _ in range(layers):
        text, wanted = encoded(text), encoded(wanted)
    assert clean(f"payload={text}&v=1") == f"payload={wanted}&v=1"
    assert clean(clean(text)) == wanted
    assert clean(quote(json.dumps({"d": text}))).startswith(quote(json.dumps({"d": wanted}))[:-9])


@pytest.mark.parametrize(
    ("kind", "written", "masked"),
    [
        ("track", f"%B{VISA}^DOE/JOHN^25121010000?", f"%B{MASKED}^•••/••••^•••••••••••?"),
        ("track", f";{VISA}=25121011234?", f";{MASKED}=•••••••••••?"),
        ("cvv", "CVV2: 123", "CVV2: •••"),
        ("cvv", 'el código de seguridad es "1234"', 'el código de seguridad es "••••"'),
        ("cvv", '{"cvc":"123"}', '{"cvc":"•••"}'),
        ("cvv", "<cvv type='s'>123</cvv>", "<cvv type='s'>•••</cvv>"),
        ("iban", "DE89 3704 0044 0532 0130 00", "DE89 37•• •••• •••• ••30 00"),
        ("iban", "IBANes9121000418450200051332", "IBANes9121••••••••••••••1332"),
        ("key", "sk_live_" + "aB3" * 8, "sk_live_" + "•" * 24),
        ("key", "AKIAIOSFODNN7EXAMPLE", "AKIA" + "•" * 16),
        ("key", "ghp_" + "a1B2" * 9, "ghp_" + "•" * 36),
        ("key", "xoxb-123456789012-abcdefABCDEF", "xoxb-" + "•" * 25),
        ("key", "AIza" + "aB3-_" * 7, "AIza" + "•" * 35),
        ("key", "Authorization: Basic dXNlcjpwYXNzd29yZA==", "Authorization: Basic " + "•" * 20),
        ("key", "X-Api-Key: 0123456789abcdef0123456789abcdef", "X-Api-Key: " + "•" * 32),
        ("password", "postgres://app:s3cret!@db:5432/x", "postgres://app:•••••••@db:5432/x"),
        ("password", "/login?user=a&password=hunter22&x=1", "/login?user=a&password=••••••••&x=1"),
        ("private_key", "-----BEGIN PRIVATE KEY-----\nMIIB+/=\n-----END PRIVATE KEY-----", "-----BEGIN PRIVATE KEY-----\n•••••••\n-----END PRIVATE KEY-----"),
    ],
)  # fmt: skip
def test_every_kind(kind: str, written: str, masked: str) -> None:
    answer = redact(f"so: {written}\nthanks")
    assert answer.text == f"so: {masked}\nthanks"
    assert [finding.kind for finding in answer.findings] == [kind]
    assert redact(answer.text) == (answer.text, ())


def test_a_token_of_three_parts_is_gone_whole() -> None:
    token = f"eyJ{encoded('x' * 20)[:24]}.eyJ{encoded('y' * 30)[:32]}.c2lnbmF0dXJl"
    assert clean(f"got {token} end") == "got eyJ" + "•" * 40 + " end"


def test_a_code_beside_a_card() -> None:
    for written, masked in (
        (f"{VISA_SPACED} 12/26 123", "4111 11•• •••• 1111 12/26 •••"),
        (f"{VISA}|12|2026|123", f"{MASKED}|12|2026|•••"),
        (f"{VISA} vence 12/26, 123.", f"{MASKED} vence 12/26, •••."),
        (f"{VISA} 100 EUR", f"{MASKED} 100 EUR"),
        (f"{VISA} 0330", f"{MASKED} 0330"),
    ):
        assert clean(written) == masked


@pytest.mark.parametrize(
    "text",
    [
        "IMEI: 378282246310005",
        "the CVV was wrong, error 123 in room 4567",
        "sk_live_...",
        "password=<redacted> token=null",
        "I forgot my password: please help",
        "https://user@host.example:8443/path postgres://db.internal:5432/app",
        "Failed password for root from 10.0.0.1 port 4222 ssh2",
        "9400 1118 9922 3818 4712 34",
        "10.251.73.220:50010 2015-10-18 18:01:47,978",
        "<td>92</td><td>24</td><td>2399</td><td>656044</td>",
        "-----BEGIN CERTIFICATE-----",
        "order 5500-1234",
        "DE89 3704 0044 0532 0130 01",  # a wrong check
    ],
)
def test_left_alone(text: str) -> None:
    assert redact(text) == (text, ())


def test_an_escape_that_ends_in_a_letter_is_no_word_before_the_next() -> None:
    number = "can you check =34=387=38-83=32=31=2D1=35=36=38=2D=357=391?"
    assert [one.kind for one in redact(number).findings] == ["card"]
    assert [one.kind for one in redact(f"pan={VISA}").findings] == ["card"]


def test_ids_of_ones_own(monkeypatch: pytest.MonkeyPatch) -> None:
    ids = OwnIds(["ORD-################", "TK@@############"])
    text = f"ORD-{VISA} and TKab411111111111 but {VISA}"
    assert clean(text, ids) == f"ORD-{VISA} and TKab411111111111 but {MASKED}"
    assert VISA not in clean(text)
    monkeypatch.setattr(firewall, "_own_ids", None)  # put back what the program provides
    provide_own_ids(lambda: ids)
    assert clean(text) == clean(text, ids)
    for useless in ("################", "4111############", "####-####-####-####", "*" * 16, "5#" * 8):
        with pytest.raises(ValueError, match="card|two letters"):
            OwnIds([useless])


def test_a_long_text_is_read_like_a_short_one() -> None:
    filler = "nothing here, order 10-2231, call 555-0100\n" * 5000
    text = f"{filler}{VISA} 12/26 123\n{filler}cvv: 321\n{filler}{encoded(f'card {VISA}')}"
    answer = redact(text)
    assert [finding.kind for finding in answer.findings] == ["card", "cvv", "cvv", "card"]
    assert answer.text == f"{filler}{MASKED} 12/26 •••\n{filler}cvv: •••\n{filler}{encoded(f'card {MASKED}')}"


pieces = st.sampled_from(
    [VISA, VISA_SPACED, quote(VISA_SPACED), encoded(VISA), "&#52;", "%34", "=34", "\\u0034", "<b>", "</b>", "cvv ", "123", " ",
     "\n> ", "=\n", "12/26", "DE89370400440532013000", "sk_live_", "a1B2c3D4e5F6", "://u:", "@h", "•", "1", "4111", "-", "\u200b", "é", "４"]
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.lists(pieces, max_size=14).map("".join))
def test_twice_is_once_in_any_mixture(text: str) -> None:
    once = redact(text)
    assert redact(once.text).text == once.text
    rebuilt, done = [], 0
    for finding in once.findings:
        rebuilt += [text[done : finding.start], finding.mask]
        done = finding.end
    assert "".join([*rebuilt, text[done:]]) == once.text


def test_a_megabyte_of_ones_takes_less_than_a_second() -> None:
    began = time.process_time()
    assert not redact("1 " * 500_000).findings
    assert time.process_time() - began < 1
