"""Surveillance of daily counts: quiet when nothing happens, awake when something does."""

import time

import numpy as np
import pytest
import statsmodels.api as sm
from numpy.typing import NDArray

from reports.farrington import ALPHA, GUARD_DAYS, LEAST_BASELINE_DAYS, benjamini_hochberg, expect

WEEK = np.array([1.3, 1.2, 1.1, 1.1, 1.0, 0.7, 0.6])
RUNS = 600


def means(level: float, days: int) -> NDArray[np.float64]:
    return level * WEEK[np.arange(days) % 7]


def draw(chance: np.random.Generator, expected: NDArray[np.float64], dispersion: float) -> list[int]:
    if dispersion == 1:
        return [int(count) for count in chance.poisson(expected)]
    return [int(count) for count in chance.negative_binomial(expected / (dispersion - 1), 1 / dispersion)]


@pytest.mark.parametrize("dispersion", [1, 2.5])
@pytest.mark.parametrize("level", [0.3, 3, 30])
@pytest.mark.parametrize("days", [29, 43, 120])
def test_false_alarms_are_as_rare_as_promised(days: int, level: float, dispersion: float) -> None:
    chance = np.random.default_rng(days)
    alarms, small = 0, 0
    for _ in range(RUNS):
        *history, today = draw(chance, means(level, days), dispersion)
        judged = expect(history, today)
        assert judged is not None
        alarms += today > judged.threshold
        small += judged.p_value < 0.1
    # Four weeks can't tell well how dispersed counts are, hence the allowance.
    assert alarms / RUNS <= 5 * ALPHA
    assert small / RUNS <= 0.18


@pytest.mark.parametrize(("level", "factor", "least"), [(2, 4, 0.6), (10, 2.5, 0.8), (40, 1.7, 0.8)])
def test_a_rise_is_seen(level: float, factor: float, least: float) -> None:
    chance = np.random.default_rng(1)
    expected = means(level, 44)
    expected[-4:] *= factor  # the fourth day of it
    seen = 0
    for _ in range(200):
        *history, today = draw(chance, expected, 1)
        judged = expect(history, today)
        seen += judged is not None and judged.p_value < 0.01
    assert seen / 200 >= least


def test_an_old_outbreak_does_not_hide_a_new_one() -> None:
    chance = np.random.default_rng(3)
    quiet = draw(chance, means(10, 60), 1)
    outbreak = [*quiet[:20], 60, 65, 58, *quiet[23:]]
    plain, spoilt = expect(quiet, 25), expect(outbreak, 25)
    assert plain is not None
    assert spoilt is not None
    assert spoilt.expected == pytest.approx(plain.expected, rel=0.35)
    assert spoilt.expected < 16  # the plain mean of those weekdays is far higher


def test_the_weekday_is_expected() -> None:
    weeks = [20, 20, 20, 20, 20, 2, 2] * 6
    monday, sunday = expect(weeks, 20), expect(weeks[:-1], 20)
    assert monday is not None
    assert sunday is not None
    assert monday.expected == pytest.approx(20)
    assert monday.p_value > 0.3
    assert sunday.expected == pytest.approx(2)
    assert sunday.p_value < 1e-6


def test_a_trend_is_followed_but_not_beyond_what_was_seen() -> None:
    chance = np.random.default_rng(5)
    falling = draw(chance, 60 * np.exp(-0.02 * np.arange(84)), 1)
    judged = expect(falling, 11)
    assert judged is not None
    assert judged.expected == pytest.approx(60 * np.exp(-0.02 * 84), rel=0.25)
    rising = draw(chance, 3 * np.exp(0.06 * np.arange(60)), 1)
    judged = expect(rising, 100)
    assert judged is not None
    assert judged.expected <= max(rising[:-GUARD_DAYS])


def test_agrees_with_statsmodels() -> None:
    history = draw(np.random.default_rng(11), means(9, 49), 1)
    judged = expect(history, 9)
    assert judged is not None
    baseline = np.array(history[:-GUARD_DAYS])
    weekday = np.arange(len(baseline)) % 7
    design = (weekday[:, None] == np.arange(7)).astype(float)
    model = sm.GLM(baseline, design, family=sm.families.Poisson()).fit(scale="X2")
    today = design[49 % 7 : 49 % 7 + 1]
    assert judged.expected == pytest.approx(float(model.predict(today)[0]))
    assert judged.dispersion == pytest.approx(max(1.0, float(model.scale)))


def test_with_little_history_nothing_is_said() -> None:
    least = GUARD_DAYS + LEAST_BASELINE_DAYS
    assert expect([], 3) is None
    assert expect([5] * (least - 1), 500) is None
    assert expect([5] * least, 500) is not None


def test_what_never_happened_surprises_when_it_does() -> None:
    never = [0] * 42
    none, one, five = (expect(never, count) for count in (0, 1, 5))
    assert none is not None
    assert one is not None
    assert five is not None
    assert none.p_value == 1
    assert 0 < one.expected < 0.05
    assert five.p_value < 1e-5 < one.p_value


def test_a_closed_weekday_is_judged_by_itself() -> None:
    weeks = [12, 12, 12, 12, 12, 0, 0] * 6
    sunday = expect(weeks[:-1], 8)
    assert sunday is not None
    assert sunday.expected < 0.2
    assert sunday.p_value < 1e-3


@pytest.mark.parametrize(
    "history",
    [
        [0] * 41 + [1000],
        [1000] + [0] * 41,
        [0, 0, 0, 0, 0, 0, 700] * 6,
        [10**6] * 60,
        list(range(90)),
        list(range(90, 0, -1)),
        [0] * 20 + [2**40] + [0] * 40,
        [0, 1] * 30,
    ],
)
def test_odd_histories_are_judged_without_a_warning(history: list[int]) -> None:
    for observed in (0, 1, 50, 10**7):
        judged = expect(history, observed)
        assert judged is not None
        assert all(np.isfinite(judged))
        assert 0 <= judged.p_value <= 1
        assert judged.dispersion >= 1
        assert (observed > judged.threshold) == (judged.p_value <= ALPHA)


def test_many_series_are_scanned_quickly() -> None:
    chance = np.random.default_rng(7)
    series = [draw(chance, means(3, 100), 1.5) for _ in range(300)]
    began = time.process_time()
    for counts in series:
        expect(counts[:-1], counts[-1])
    # 30,000 of them (500 series on 60 days) within a minute, on a busy machine.
    assert (time.process_time() - began) / len(series) < 2e-3


def test_the_correction_for_many_tests() -> None:
    assert benjamini_hochberg([]) == []
    assert benjamini_hochberg([0.01, 0.04, 0.03, 1.0]) == pytest.approx([0.04, 0.16 / 3, 0.16 / 3, 1.0])
