"""The ranking of similar tickets: what must hold for any texts and fields."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from escalations import resemblance
from escalations.resemblance import (
    MOST_TERMS,
    WEIGHTS,
    Corpus,
    Count,
    Evidence,
    Fields,
    Other,
    affordable,
    counts_of,
    rank,
    spelled,
    weigh,
)

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
WORDS = [f"w{number}" for number in range(70)]
CORPUS = Corpus(1000, 1_000_000, 20.0, {word: 1 + 13 * number % 900 for number, word in enumerate(WORDS)})

texts = st.dictionaries(
    st.sampled_from(WORDS),
    st.builds(Count, st.sampled_from([0, 0.5, 1]), st.sampled_from([0.5, 1, 2, 9])),
    max_size=60,
)
fields = st.builds(
    Fields,
    created_at=st.integers(0, 400).map(lambda days: NOW - timedelta(days=days)),
    transaction=st.sampled_from(["", "TX-1", "TX-2"]),
    endpoint=st.sampled_from(["", "/v1/pay"]),
    error_code=st.sampled_from(["", "E42", "504"]),
    customer=st.sampled_from([None, 1, 2]),
    category=st.sampled_from([1, 2]),
)


def others(bodies: list[tuple[Fields, dict[str, Count], int]]) -> list[Other]:
    return [Other(pk, own, counts, len(counts) + more) for pk, (own, counts, more) in enumerate(bodies, 1)]


several = st.lists(st.tuples(fields, texts, st.integers(0, 40)), max_size=6).map(others)


@given(asked=texts, own=fields, found=several, random=st.randoms(use_true_random=False))
def test_the_order_is_that_of_the_scores_whatever_order_they_come_in(asked, own, found, random) -> None:
    terms = weigh(asked, CORPUS)
    shuffled = random.sample(found, len(found))
    matches = rank(own, terms, found, CORPUS, most=10)
    assert matches == rank(own, terms, shuffled, CORPUS, most=10)
    assert [match.score for match in matches] == sorted((match.score for match in matches), reverse=True)
    assert all(0 <= match.share < 1 for match in matches)
    assert rank(own, terms, found, CORPUS, most=2) == matches[:2]


@given(asked=texts, own=fields, found=several.filter(bool), more=st.sampled_from(WORDS))
def test_one_word_more_in_common_never_makes_it_less_alike(asked, own, found, more) -> None:
    terms = weigh(asked, CORPUS)
    other = found[0]
    richer = replace(other, counts={**other.counts, more: Count(other.counts.get(more, Count()).subject + 1, 1)})
    before = resemblance._match(own, terms, other, CORPUS)
    if more not in other.counts:
        assert resemblance._match(own, terms, richer, CORPUS).score >= before.score


@given(asked=texts, own=fields, found=several.filter(bool), evidence=st.sampled_from(list(Evidence)))
def test_a_field_in_common_adds_just_its_weight(asked, own, found, evidence) -> None:
    value = getattr(own, evidence)
    if not value or getattr(found[0].fields, evidence) == value:
        return
    terms = weigh(asked, CORPUS)
    before = resemblance._match(own, terms, found[0], CORPUS)
    equal = replace(found[0], fields=replace(found[0].fields, **{evidence.value: value}))
    after = resemblance._match(own, terms, equal, CORPUS)
    assert abs(after.score - before.score - WEIGHTS[evidence]) < 1e-9
    assert evidence in after.evidence


def test_one_transaction_outweighs_every_text() -> None:
    asked = {word: Count(1, 3) for word in WORDS[:20]}
    terms, own = weigh(asked, CORPUS), Fields(NOW, transaction="TX-1", category=1)
    same_words = Other(1, Fields(NOW), asked, 20)
    same_payment = Other(2, Fields(NOW - timedelta(days=900), transaction="TX-1"), {}, 20)
    assert [match.pk for match in rank(own, terms, [same_words, same_payment], CORPUS, most=5)] == [2, 1]


@given(asked=texts, most=st.integers(1, 5000))
def test_the_words_looked_up_are_the_rarest_and_never_cost_more_than_allowed(asked, most) -> None:
    chosen = affordable(weigh(asked, CORPUS), CORPUS, most)
    assert sum(CORPUS.expected(word) for word in chosen) <= most
    left = set(weigh(asked, CORPUS)).difference(chosen)
    if chosen and left:
        assert max(map(CORPUS.expected, chosen)) <= min(map(CORPUS.expected, left))


@given(asked=texts)
def test_only_so_many_words_are_compared_and_rarer_ones_weigh_more(asked) -> None:
    weights = weigh(dict.fromkeys(asked, Count(0, 1)), CORPUS)
    telling = [word for word in asked if not CORPUS.is_common(word)]
    assert len(weights) == min(len(telling), MOST_TERMS)
    rarities = [CORPUS.rarity(word) for word in weights]
    assert rarities == sorted(rarities, reverse=True)


def test_a_search_document_is_read_as_postgresql_writes_it() -> None:
    counts = counts_of(r"'504':3A,9B,12B 'l''eau':1B,2B 'c:\\x':4A,8A 'bare'")
    assert counts == {"504": Count(0.5, 1), "l'eau": Count(0, 1), r"c:\x": Count(1, 0)}


def test_stems_are_told_in_the_words_that_were_written() -> None:
    text = "Happy customers: the webhook timed out, time-out 504 at api.example.com/v1"
    assert spelled(["happi", "webhook", "504", "custom", "custom", "zzz"], text) == [
        "happy", "webhook", "504", "customers",
    ]  # fmt: skip
