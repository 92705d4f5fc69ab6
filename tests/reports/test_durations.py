"""Percentiles out of counted buckets, against exact ones."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.durations import ACCURACY, INSTANT, bucket, percentile, value

lengths = st.floats(1, 10**9)
SLACK = ACCURACY + 1e-6


@given(lengths)
def test_a_bucket_stands_for_its_durations_within_one_percent(seconds: float) -> None:
    assert abs(value(bucket(seconds)) - seconds) <= SLACK * seconds


@given(lengths, lengths)
def test_buckets_keep_the_order(one: float, other: float) -> None:
    assert (bucket(one) <= bucket(other)) or one > other


@given(st.lists(lengths, min_size=1), st.floats(0, 1))
def test_percentiles_are_within_one_percent_of_the_exact(seconds: list[float], q: float) -> None:
    exact = sorted(seconds)[int(q * (len(seconds) - 1))]
    found = percentile(Counter(map(bucket, seconds)), q)
    assert found is not None
    assert abs(found - exact) <= SLACK * exact


@given(st.lists(lengths), st.lists(lengths), st.floats(0, 1))
def test_merging_is_adding(one: list[float], other: list[float], q: float) -> None:
    merged = Counter(map(bucket, one)) + Counter(map(bucket, other))
    assert percentile(merged, q) == percentile(Counter(map(bucket, one + other)), q)


def test_ends() -> None:
    assert percentile({}, 0.5) is None
    assert bucket(0) == bucket(0.5) == INSTANT
    assert percentile({INSTANT: 3}, 0.5) == 0
    assert percentile({bucket(60): 1, bucket(600): 0}, 1) == pytest.approx(60, rel=SLACK)
    with pytest.raises(ValueError, match="negative"):
        bucket(-1)
