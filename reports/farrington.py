"""What a daily count may be expected to be, from the days before it, and how unusual the seen one is.

The quasi-Poisson surveillance of Farrington et al., "A statistical algorithm for the early detection of
outbreaks of infectious disease", J. R. Stat. Soc. A 159 (1996), with the later changes of Noufaily et al.,
"An improved algorithm for outbreak detection in multiple surveillance systems", Stat. Med. 32 (2013): days
are down-weighted by their Anscombe residual only beyond 2.58, and the threshold is a negative binomial
quantile. Those work on weeks over years; a help desk has days over weeks, so here

* the baseline is the last 21 to 84 days before a guard of 7, so that a rise does not teach itself;
* the season is the weekday, once there are enough counts to tell seven of them apart;
* a linear trend joins when it is significant, and expects no more than was ever seen (both Farrington's);
* the uncertainty of the estimate widens the prediction, as in 1996, since five Mondays are few.

A Poisson regression on a factor alone has a closed form, the weighted mean of each level, and the test
for a missing trend (Rao's score) needs no fit either. So statsmodels' iterative fit, of some milliseconds,
is kept for the few series that do have a trend (measured: 0.4 ms a judgement, 4 ms a fit).

False alarms are as rare as said for Poisson counts. For counts with 2.5 times its variance, four weeks of
history give 3 % above a threshold meant for 1 %, six weeks 2 %, four months 1.5 %.
"""

import warnings
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc, gammainc

GUARD_DAYS = 7
LEAST_BASELINE_DAYS, LONGEST_BASELINE_DAYS = 21, 84
#: With fewer counts than this in the baseline all weekdays are taken as one.
LEAST_COUNT_FOR_WEEKDAYS = 35
#: The share of usual days that lie above the threshold.
ALPHA = 0.01

_OUTLYING = 2.58  # Anscombe residuals beyond it weigh less
_TREND_Z = 1.96  # a trend is significant at 5 %
_JEFFREYS = 0.5  # what a level counts for that has never been seen

Numbers = NDArray[np.float64]


class Expectation(NamedTuple):
    """What the past lets expect of one day's count.

    `threshold` is the largest count that is still usual at ALPHA; `p_value` is the probability of the seen
    count or a larger one; `dispersion` is the variance of the counts relative to Poisson's, at least 1.
    """

    expected: float
    threshold: float
    p_value: float
    dispersion: float


class _Baseline(NamedTuple):
    """The days to learn from: counts, level of each (weekday, or all alike), place in time (today is 0)."""

    counts: Numbers
    levels: NDArray[np.intp]
    times: Numbers


class _Fit(NamedTuple):
    """Fitted means and leverages of the baseline; today's mean and the variance of its logarithm, over φ."""

    means: Numbers
    leverages: Numbers
    today: float
    log_variance: float


def expect(history: Sequence[int], observed: int) -> Expectation | None:
    """Judge `observed` by the daily counts before it; `history` ends on the day before. None: too short.

    The history needs GUARD_DAYS + LEAST_BASELINE_DAYS days, those without any count included.
    """
    baseline = _baseline(history)
    if baseline is None:
        return None
    at_level = baseline.counts[baseline.levels == 0]
    if not at_level.any():
        # Exact for Poisson: the posterior predictive distribution under Jeffreys' prior.
        return _judge(_JEFFREYS / len(at_level), 1 / len(at_level), 1.0, observed)
    seen_levels = np.bincount(baseline.levels, baseline.counts)[baseline.levels] > 0
    counts, levels, times = baseline
    baseline = _Baseline(counts[seen_levels], levels[seen_levels], times[seen_levels])
    fit, weights, dispersion = _reweighted(baseline, _fit_levels)
    if abs(_trend_score(baseline, fit, weights, dispersion)) > _TREND_Z:
        trended = _with_trend(baseline)
        if trended is not None:
            fit, weights, dispersion = trended
    return _judge(fit.today, dispersion - 1 + dispersion * fit.today * fit.log_variance, dispersion, observed)


def benjamini_hochberg(p_values: Sequence[float]) -> list[float]:
    """The least false discovery rate at which each of these tests would be taken for a find.

    Source: Benjamini, Hochberg, "Controlling the false discovery rate", J. R. Stat. Soc. B 57 (1995).
    """
    if not p_values:
        return []
    # Takes seconds to import, which only the hourly search for trends should pay.
    from statsmodels.stats.multitest import multipletests

    return [float(q) for q in multipletests(p_values, method="fdr_bh")[1]]


def _baseline(history: Sequence[int]) -> _Baseline | None:
    counts = np.asarray(history[: len(history) - GUARD_DAYS][-LONGEST_BASELINE_DAYS:], dtype=float)
    if len(counts) < LEAST_BASELINE_DAYS:
        return None
    days_ago = np.arange(len(counts), 0, -1) + GUARD_DAYS
    by_weekday = counts.sum() >= LEAST_COUNT_FOR_WEEKDAYS
    levels = days_ago % 7 if by_weekday else np.zeros(len(counts), dtype=np.intp)  # today's is level 0
    return _Baseline(counts, levels, -days_ago / len(counts))


def _fit_levels(baseline: _Baseline, weights: Numbers) -> _Fit:
    """Poisson regression on the level alone: weighted means."""
    levels = baseline.levels
    totals = np.bincount(levels, weights)
    counted = np.bincount(levels, weights * baseline.counts)
    means = (counted[levels] / totals[levels]).astype(float)
    today = float(counted[0] / totals[0])
    return _Fit(means, weights / totals[levels], today, 1 / float(counted[0]))


def _fit_trend(baseline: _Baseline, weights: Numbers) -> _Fit:
    """Poisson regression on level and time."""
    import statsmodels.api as sm  # here for the same reason as above

    present = np.unique(baseline.levels)
    design = np.column_stack([baseline.levels[:, None] == present, baseline.times])
    model = sm.GLM(baseline.counts, design, family=sm.families.Poisson(), freq_weights=weights)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")  # judged by the result below
        result: Any = model.fit(scale=1.0)
    today = np.append(present == 0, 0.0).astype(float)
    covariance = np.asarray(result.normalized_cov_params)
    means = np.asarray(result.fittedvalues)
    leverages = weights * means * np.einsum("ij,jk,ik->i", design, covariance, design)
    return _Fit(means, leverages, float(np.exp(result.params @ today)), float(today @ covariance @ today))


def _reweighted(baseline: _Baseline, fitted: Any) -> tuple[_Fit, Numbers, float]:
    """Fit, let outlying days weigh less, fit again; with the weights and the dispersion."""
    even = np.ones(len(baseline.counts))
    fit = fitted(baseline, even)
    residuals = _anscombe(baseline.counts, fit, _dispersion(baseline.counts, fit, even))
    outlying = residuals > _OUTLYING
    if not outlying.any():
        return fit, even, _dispersion(baseline.counts, fit, even)
    weights = np.where(outlying, 1 / np.maximum(residuals, 1) ** 2, 1.0)
    weights *= len(weights) / weights.sum()
    fit = fitted(baseline, weights)
    return fit, weights, _dispersion(baseline.counts, fit, weights)


def _anscombe(counts: Numbers, fit: _Fit, dispersion: float) -> Numbers:
    means = np.maximum(fit.means, 1e-9)
    raw = 1.5 * (counts ** (2 / 3) * means ** (-1 / 6) - means**0.5)
    return np.asarray(raw / np.sqrt(dispersion * np.maximum(1 - fit.leverages, 1e-9)))


def _dispersion(counts: Numbers, fit: _Fit, weights: Numbers) -> float:
    free = len(counts) - float(fit.leverages.sum())
    pearson = weights * (counts - fit.means) ** 2 / np.maximum(fit.means, 1e-9)
    return max(1.0, float(pearson.sum()) / max(free, 1.0))


def _trend_score(baseline: _Baseline, fit: _Fit, weights: Numbers, dispersion: float) -> float:
    """Rao's score for a trend, in standard deviations."""
    masses = weights * fit.means
    totals = np.bincount(baseline.levels, masses)
    centres = np.bincount(baseline.levels, masses * baseline.times)
    times = baseline.times - (centres[baseline.levels] / totals[baseline.levels])
    spread = float((masses * times**2).sum())
    score = float((weights * (baseline.counts - fit.means) * times).sum())
    return score / (dispersion * spread) ** 0.5 if spread > 0 else 0.0


def _with_trend(baseline: _Baseline) -> tuple[_Fit, Numbers, float] | None:
    """The fit with a trend; None where it can't be had, or would expect more than ever was."""
    try:
        trended = _reweighted(baseline, _fit_trend)
    except (np.linalg.LinAlgError, ValueError):
        return None
    today = trended[0].today
    return trended if np.isfinite(today) and 0 < today <= baseline.counts.max() else None


def _judge(mean: float, excess: float, dispersion: float, observed: int) -> Expectation:
    """Judge by a distribution with this mean and the variance mean × (1 + excess)."""
    threshold = _quantile(mean, excess)
    return Expectation(mean, threshold, _at_least(observed, mean, excess), dispersion)


def _at_least(count: int, mean: float, excess: float) -> float:
    """The probability of `count` or more: negative binomial, or Poisson where the excess vanishes."""
    if count <= 0:
        return 1.0
    if excess < 1e-6:
        return float(gammainc(count, mean))
    return float(betainc(count, mean / excess, excess / (1 + excess)))


def _quantile(mean: float, excess: float) -> float:
    """The least count that all but ALPHA of the days don't pass."""
    high = max(1, int(mean))
    while _at_least(high + 1, mean, excess) > ALPHA:
        high *= 2
    low = -1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if _at_least(middle + 1, mean, excess) > ALPHA else (low, middle)
    return float(high)
