"""Cards go, whatever they are written like; what only looks like one stays."""

import json
import re
import tarfile
import time
import unicodedata
import uuid
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from redaction import clean, redact, redact_json
from redaction.cards import find
from redaction.judging import Surroundings
from redaction.prefilter import Needed, Search

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
VISA, AMEX, DINERS, MAESTRO_19 = "4111111111111111", "378282246310005", "30569309025904", "6759649826438453003"


def luhn(digits: str) -> bool:
    """The textbook's way, independent of the one under test."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def in_groups(number: str, sizes: tuple[int, ...], separator: str) -> str:
    parts, start = [], 0
    for size in sizes:
        parts.append(number[start : start + size])
        start += size
    return separator.join(parts)


PREFIXES = {
    **dict.fromkeys(("4", "55", "2221", "2720", "3528", "6011", "62", "65"), 16),
    **dict.fromkeys(("2200", "8600", "9860", "9792"), 16),
    "34": 15,
    "37": 15,
    "36": 14,
    "622": 19,
    "6759": 18,
    "5018": 13,
    "41": 13,
    "42": 19,
}


@st.composite
def cards(draw: st.DrawFn) -> str:
    prefix = draw(st.sampled_from(sorted(PREFIXES)))
    count = PREFIXES[prefix] - len(prefix) - 1
    body = prefix + draw(st.text("0123456789", min_size=count, max_size=count))
    return next(body + digit for digit in "0123456789" if luhn(body + digit))


def test_the_mask_keeps_six_and_four_or_only_four() -> None:
    assert clean(VISA) == "411111••••••1111"
    assert clean(MAESTRO_19) == "675964•••••••••3003"
    assert clean(AMEX) == "•••••••••••0005"
    assert clean(DINERS) == "••••••••••5904"


def test_findings_say_where_but_not_what() -> None:
    answer = redact(f"ayúdame: {VISA}, y también {AMEX}.")
    assert answer.text == "ayúdame: 411111••••••1111, y también •••••••••••0005."
    assert [(f.kind, f.start, f.end, f.mask) for f in answer.findings] == [
        ("card", 9, 25, "411111••••••1111"),
        ("card", 37, 52, "•••••••••••0005"),
    ]


@pytest.mark.parametrize(
    ("written", "masked"),
    [
        ("4111 1111 1111 1111", "4111 11•• •••• 1111"),
        ("4111-1111-1111-1111", "4111-11••-••••-1111"),
        ("4111.1111.1111.1111", "4111.11••.••••.1111"),
        ("4111 - 1111 - 1111 - 1111", "4111 - 11•• - •••• - 1111"),
        ("3782 822463 10005", "•••• •••••• •0005"),
        ("3714 4963 5398 431", "•••• •••• •••8 431"),
        ("3056 930902 5904", "•••• •••••• 5904"),
        ("4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1", "4 1 1 1 1 1 • • • • • • 1 1 1 1"),
        ("4111\u00a01111\u20111111\u20091111", "4111\u00a011••\u2011••••\u20091111"),
        ("41111\u200b11111\u200b111111", "41111\u200b1••••\u200b••1111"),
        ("４１１１１１１１１１１１１１１１", "４１１１１１••••••１１１１"),
        ("tarjeta:4111111111111111,cvv", "tarjeta:411111••••••1111,cvv"),
        ("card4111111111111111", "card411111••••••1111"),
        ("user_4111111111111111", "user_411111••••••1111"),
        ('{"pan": 4111111111111111}', '{"pan": 411111••••••1111}'),
        ("<b>4111111111111111</b>", "<b>411111••••••1111</b>"),
        ("/pay/4111111111111111?x=1", "/pay/411111••••••1111?x=1"),
        ("12 4111 1111 1111 1111 0330", "12 4111 11•• •••• 1111 0330"),
        ("1. 4111111111111111", "1. 411111••••••1111"),
        ("4111111111111111.00", "411111••••••1111.00"),
    ],
)
def test_usual_writing(written: str, masked: str) -> None:
    assert clean(written) == masked


@pytest.mark.parametrize(
    "text",
    [
        "",
        "4111 1111 1111 1112",  # a wrong check digit
        "411111111111",  # too short
        "41111111111111111111111",  # too long
        "1234567812345670",  # no scheme begins with 1
        "0.4111111111111111",
        "3.5555555555554444",
        "+49 1512 3456789",
        "+4222222222222",
        "41111111-1111-4111-8111-111111111111",
        "5105105105105100aaaaaaaaaaaaaaaaaaaaaaaa",
        "d41d8cd98f00b204e9800998ecf8427e",
        "2025-09-01 12:00:00.000 20250901120000",
        "1756728000000 1756728000000000",
        "blk_4000000000000000006",
        "blk_-5195120009388265",
        "4800.935999999999",
        "411111••••••1111",
        "2024-01-15 2024-01-16 2024-01-17",
    ],
)
def test_not_a_card(text: str) -> None:
    assert redact(text) == (text, ())


@given(cards(), st.sampled_from(["", " ", "-", ".", "  ", "\u00a0"]))
def test_every_scheme_in_every_usual_writing(number: str, separator: str) -> None:
    sizes = (4, 6, 5) if len(number) == 15 else (4, 4, 4, 4, 3)
    if len(number) == 14:
        sizes = (4, 6, 4)
    written = in_groups(number, sizes, separator).strip(separator or " ") if separator else number
    answer = redact(f"Number: {written}, thanks")
    assert len(answer.findings) == 1
    shown = re.sub(r"\D", "", answer.text)
    assert len(shown) == (10 if len(number) >= 16 else 4)
    assert shown.endswith(number[-4:])


texts = st.lists(
    st.one_of(
        cards(),
        cards().map(lambda number: in_groups(number, (4, 4, 4, 4, 3), " ").strip()),
        st.text("0123456789", max_size=20),
        st.sampled_from([" ", "-", ".", "+", "_", "•", "\u200b", "a", "ff", "x", "\n", ", ", "4", "0."]),
        st.text(max_size=5),
        st.uuids().map(str),
    ),
    max_size=12,
).map("".join)


@settings(max_examples=200)
@given(texts)
def test_twice_is_once(text: str) -> None:
    once = redact(text)
    assert redact(once.text).text == once.text
    assert not redact(once.text).findings
    assert len(once.text) == len(text)


SIZES = [
    (19,),
    (4,) * 5,
    (4, 6, 9),
    (8, 11),
    (6, 13),
    (2,) * 10,
    (3,) * 7,
    (5,) * 4,
    (1,) * 19,
    (7, 12),
    (4, 8, 7),
]


@st.composite
def written_cards(draw: st.DrawFn) -> str:
    groups = in_groups(draw(cards()), draw(st.sampled_from(SIZES)), "|")
    return groups.strip("|").replace("|", draw(st.sampled_from([" ", "-", ".", "  ", " - ", "/", "\u00a0", "💳"])))


@settings(max_examples=200, deadline=None)
@given(st.lists(st.one_of(written_cards(), texts, st.just(" card ")), max_size=6).map("".join))
def test_the_prefilter_leaves_out_no_card(text: str) -> None:
    """What is found where nothing is left out, stands in a stretch that the prefilter names."""
    needed = Needed(text)
    if {Search.OTHER_DIGITS, Search.SPREAD} & {search for search in Search if search in needed}:
        return  # the whole text is read
    named = needed.spans(Search.BLOCKS, Search.GROUPS).tolist()
    for one in find(text, np.array([[0, len(text)]]), Surroundings(text), named=True):
        assert any(start <= one.start and one.end <= end for start, end in named)


@given(st.lists(st.one_of(cards(), st.text("abc 0123456789-", max_size=8)), max_size=8))
def test_no_card_remains(parts: list[str]) -> None:
    for word in re.findall(r"(?<![\w-])[0-9]{16}(?![\w-])", clean("; ".join(parts))):
        assert not (re.match("4|5[1-5]", word) and luhn(word))


@given(st.text())
def test_any_text_is_survived(text: str) -> None:
    if not any(unicodedata.decimal(character, None) is not None for character in text):
        assert clean(text) == text


def test_json_is_cleaned_through_and_through() -> None:
    value = {
        "note": f"my card {VISA}",
        VISA: [1, True, None, 2.5, {"deep": (AMEX, int(VISA))}],
        "amount": 1999,
    }
    assert redact_json(value) == {
        "note": "my card 411111••••••1111",
        "411111••••••1111": [1, True, None, 2.5, {"deep": ["•••••••••••0005", "411111••••••1111"]}],
        "amount": 1999,
    }
    assert VISA in value  # the caller's value is left alone


def test_depth_is_no_matter() -> None:
    value: object = VISA
    for _ in range(5000):
        value = [value]
    cleaned = redact_json(value)
    for _ in range(5000):
        cleaned = cleaned[0]
    assert cleaned == "411111••••••1111"


@pytest.mark.parametrize(
    "unit", ["1 ", "4 ", "4 1 ", "4111 ", "4", "4111111111111111 ", "a4111111111111111", "1   "]
)
def test_hostile_text_takes_linear_time(unit: str) -> None:
    def seconds(size: int) -> float:
        text = (unit * size)[:size]
        began = time.process_time()
        redact(text)
        return time.process_time() - began

    seconds(1000)
    # Ten times the text: quadratic would take a hundred times as long.
    assert seconds(80_000) < 40 * max(seconds(8_000), 0.002)


def members(archive: str, ending: str) -> Iterator[tuple[str, str]]:
    path = DATA / archive
    if not path.exists():
        pytest.skip(f"the data set {archive} is not here")
    with tarfile.open(path) as tar:
        for member in tar:
            file = tar.extractfile(member) if member.name.endswith(ending) else None
            if file:
                yield member.name, file.read().decode(errors="replace")


def test_published_test_cards_are_masked() -> None:
    for _, text in members("pan_detection.tar.xz", "/cards.json"):
        numbers = [item["cardnumber"] for group in json.loads(text) for item in group["items"]]
        numbers = [n for n in numbers if 13 <= len(re.sub(r"\D", "", n)) <= 19 and luhn(re.sub(r"\D", "", n))]
        assert len(numbers) > 40
        for number in numbers:
            for written in (number, number.replace(" ", ""), number.replace(" ", "-")):
                assert redact(f"card {written} exp 03/30").findings, number


def test_real_logs_are_left_alone() -> None:
    found, size = [], 0
    for name, text in members("loghub.tar.xz", ".log"):
        size += len(text)
        found += [(name, text[f.start - 20 : f.end + 20]) for f in redact(text).findings]
    assert len(found) / (size / 1e6) <= 0.1, found[:20]


def test_random_uuids_are_left_alone() -> None:
    ids = " ".join(str(uuid.UUID(int=n * 0x9E3779B97F4A7C15F39CC0605CEDC835 % 2**128)) for n in range(20_000))
    assert not redact(ids).findings
