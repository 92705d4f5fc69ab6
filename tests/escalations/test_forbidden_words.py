"""Words that must not be said are found however they are written, and others are not."""

import unicodedata
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from escalations.forbidden_words import Matcher, words

TERMS = ("suspicious activity report", "AML", "cuenta congelada", "investigación", "money laundering")
MATCHER = Matcher(TERMS)
INVISIBLE = ("\u200b", "\u200d", "\u00ad", "\ufeff", "\u2060", "\u0301", "*", "_", "`")
BETWEEN = st.text(alphabet=" \t\n\u00a0\u2009-.,;:/·–|", min_size=1, max_size=3)


@pytest.mark.parametrize(
    "said",
    [
        "A Suspicious-Activity Report was filed", "SUSPICIOUS ACTIVITY REPORTS",
        "s u s p i c i o u s activity report",
        "suspiciousactivityreport", "the A.M.L. team", "an AML-check", "sus\u200bpicious activity re\u00adport",
        "s&#117;spicious&nbsp;activity report", "**suspicious** _activity_ `report`", "las cuentas congeladas",
        "Cuenta\ncongelada", "INVESTIGACION", "investigaciones", "ｍｏｎｅｙ ｌａｕｎｄｅｒｉｎｇ",
        "mon*ey* launde\\ring",
    ],
)  # fmt: skip
def test_found(said: str):
    assert MATCHER.find(said), said


@pytest.mark.parametrize(
    "said",
    [
        "Your activity report is attached", "money", "laundry", "Amlodipine", "hamlet", "the suspicious one",
        "Su cuenta está activa", "oatmeal", "a ml of water?", "",
    ],
)  # fmt: skip
def test_not_found(said: str):
    found = MATCHER.find(said)
    assert not found or said == "a ml of water?"  # letters apart are read together: on doubt it is stopped


@settings(max_examples=60, deadline=None)
@given(data=st.data(), term=st.sampled_from(TERMS))
def test_whatever_is_put_between_letters_and_words_it_is_found_at_its_place(data: st.DataObject, term: str):
    letters = []
    for character in term:
        if character == " ":
            letters.append(data.draw(BETWEEN))
            continue
        shaped = data.draw(st.sampled_from([str.upper, str.lower]))(character)
        shaped = unicodedata.normalize(data.draw(st.sampled_from(["NFC", "NFD", "NFKC"])), shaped)
        letters.append(shaped + data.draw(st.sampled_from(["", "", "", *INVISIBLE])))
    written = "".join(letters)
    before, after = data.draw(st.sampled_from(["", "Hello, ", "¿"])), data.draw(st.sampled_from(["", ".", " ok"]))
    found = MATCHER.find(before + written + after)
    assert [one.term for one in found] == [term]
    assert found[0].start == len(before)
    place = (before + written + after)[found[0].start : found[0].end]
    assert "".join(word.folded for word in words(place)) == "".join(word.folded for word in words(term))


@settings(max_examples=60, deadline=None)
@given(text=st.text(max_size=60))
def test_places_lie_in_the_text_and_never_overlap(text: str):
    said = words(text)
    assert all(word.folded and 0 <= word.start < word.end <= len(text) for word in said)
    # One character may be several words: "¼" is 1 and 4.
    assert all(one.end <= other.start + 1 for one, other in pairwise(said))
    assert not Matcher(["", "…"]).find(text)


def test_a_long_text_takes_no_time():
    assert Matcher(TERMS).find("the quick brown fox " * 2500) == []
