"""How good a forecast of breaches is, tried on clocks that it did not learn from. Pure numbers.

The model learns from the tickets created before a day, from what was known of them on that day, and is tried on
the clocks of the tickets created afterwards: no ticket is on both sides, and no time either. Beside it stand
what anybody could say: the share that was missed before (the base rate), and the share of the time that is
used, as it is and also turned into the probability that fitted best before.

* Brier score: the mean squared difference between forecast and outcome (Brier, Monthly Weather Review 78
  (1950)); the logarithmic score punishes being sure and wrong; AUC is the chance that a clock that was missed
  had the higher forecast. Less is better but for AUC.
* The expected calibration error is the mean gap between forecast and outcome over ten bins (Naeini et al.,
  AAAI 2015).
* Clocks of a ticket are alike, and so are moments of a clock. How sure a difference of Brier scores is comes
  from drawing whole tickets again (bootstrap; Field, Welsh, J. R. Stat. Soc. B 69 (2007)).
"""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reports import breach_model, logistic
from reports.breach_model import Model
from reports.logistic import Numbers
from reports.moments import Moments

#: The tickets created last that a forecast is tried on.
TRIED_SHARE = 0.25
#: Clocks that a trial needs to tell anything.
LEAST_TRIED = 30
BINS = 10

_RESAMPLES = 400
_SHARE_KNOTS = (0.05, 0.25, 0.5, 0.75, 0.95)


@dataclass(frozen=True)
class Score:
    """How well one way to forecast did. `gain`: by how much our Brier score is better, with its 95 % interval."""

    brier: float
    log_loss: float
    auc: float | None
    gain: float = 0.0
    gain_from: float = 0.0
    gain_to: float = 0.0


@dataclass(frozen=True)
class Bin:
    """The forecasts from `low` to `high`: how many moments, the mean forecast, and the share that was missed."""

    low: float
    high: float
    moments: int
    forecast: float | None
    missed: float | None


@dataclass(frozen=True)
class Trial:
    """A forecast tried on later clocks. `cut` divides the two parts, in seconds since the epoch."""

    cut: float
    method: str
    learnt_clocks: int
    learnt_moments: int
    clocks: int
    moments: int
    missed_share: float
    forecast: Score
    base_rate: Score
    share_used: Score
    share_fitted: Score
    calibration_error: float
    bins: tuple[Bin, ...]

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def cut_of(moments: Moments) -> float:
    """Return the instant before which three quarters of the tickets were created."""
    tickets, first = np.unique(moments["ticket"], return_index=True)
    return float(np.quantile(moments["created"][first], 1 - TRIED_SHARE)) if len(tickets) else 0.0


def try_out(moments: Moments, *, cut: float, until: float, zone: str) -> Trial | None:
    """Learn from the tickets created before `cut` and try the forecast on the later ones, as known `until` then.

    Returns None where there is too little for either.
    """
    earlier = moments[(moments["created"] < cut) & (moments["at"] < cut)]
    model = breach_model.learn(earlier, cut, zone)
    later = moments[moments["created"] >= cut]
    weights = breach_model.known_weights(later, until)
    tried, weights = later[weights > 0], weights[weights > 0]
    clocks = len(np.unique(tried["clock"]))
    if model is None or clocks < LEAST_TRIED:
        return None
    known = breach_model.known_weights(earlier, cut)
    learnt, learnt_weights = earlier[known > 0], known[known > 0]
    forecasts = breach_model.predict(model, tried)
    return _trial(model, cut, learnt, learnt_weights, tried, weights, forecasts, clocks)


def _trial(
    model: Model,
    cut: float,
    learnt: Moments,
    learnt_weights: Numbers,
    tried: Moments,
    weights: Numbers,
    forecasts: Numbers,
    clocks: int,
) -> Trial:
    missed = tried["breached"].astype(float)
    base = np.average(learnt["breached"], weights=learnt_weights)
    used, learnt_used = breach_model.share_used(tried), breach_model.share_used(learnt)
    fitted = _fitted(learnt_used, learnt["breached"].astype(float), learnt_weights, used)
    draws = _Draws(tried["ticket"], weights)

    def score(others: Numbers) -> Score:
        return _score(missed, others, weights, forecasts, draws)

    bins = _bins(missed, forecasts, weights)
    return Trial(
        cut=cut,
        method=model.method,
        learnt_clocks=len(np.unique(learnt["clock"])),
        learnt_moments=len(learnt),
        clocks=clocks,
        moments=len(tried),
        missed_share=float(np.average(missed, weights=weights)),
        forecast=score(forecasts),
        base_rate=score(np.full(len(tried), base)),
        share_used=score(used),
        share_fitted=score(fitted),
        calibration_error=_calibration_error(missed, forecasts, weights),
        bins=bins,
    )


def _fitted(learnt_used: Numbers, missed: Numbers, weights: Numbers, used: Numbers) -> Numbers:
    """Return the probability by the share used alone, as it was before: a free curve, not drawn to anything."""
    curve = np.column_stack([np.ones(len(learnt_used)), logistic.spline(learnt_used, _SHARE_KNOTS)])
    coefficients = logistic.fit(curve, missed, weights, drawn=1e-3)
    return logistic.probability(
        np.column_stack([np.ones(len(used)), logistic.spline(used, _SHARE_KNOTS)]) @ coefficients
    )


class _Draws:
    """Tickets drawn again and again, with replacement; each brings all of its moments."""

    def __init__(self, tickets: NDArray[np.int64], weights: Numbers) -> None:
        keys, self.place = np.unique(tickets, return_inverse=True)
        self.size = len(keys)
        self.weight = np.bincount(self.place, weights, self.size)
        chance = np.random.default_rng(1)
        self.times = [np.bincount(chance.integers(0, self.size, self.size), minlength=self.size)
                      for _ in range(_RESAMPLES)]  # fmt: skip

    def interval(self, values: Numbers) -> tuple[float, float]:
        """Return the 95 % interval of the mean of values that are weighted already."""
        sums = np.bincount(self.place, values, self.size)
        means = [(times @ sums) / (times @ self.weight) for times in self.times]
        low, high = np.quantile(means, (0.025, 0.975))
        return float(low), float(high)


def _score(missed: Numbers, others: Numbers, weights: Numbers, ours: Numbers, draws: _Draws) -> Score:
    error, own_error = (others - missed) ** 2, (ours - missed) ** 2
    sure = np.clip(others, 1 - breach_model.SUREST, breach_model.SUREST)
    surprise = -np.where(missed > 0, np.log(sure), np.log(1 - sure))
    low, high = draws.interval(weights * (error - own_error)) if others is not ours else (0.0, 0.0)
    return Score(
        brier=float(np.average(error, weights=weights)),
        log_loss=float(np.average(surprise, weights=weights)),
        auc=_auc(missed > 0, others, weights),
        gain=float(np.average(error - own_error, weights=weights)),
        gain_from=low,
        gain_to=high,
    )


def _auc(missed: NDArray[np.bool_], forecasts: Numbers, weights: Numbers) -> float | None:
    """Return the chance that a missed one had the higher forecast, ties counting half (Mann–Whitney)."""
    values, place = np.unique(forecasts, return_inverse=True)
    good = np.bincount(place, weights * ~missed, len(values))
    bad = np.bincount(place, weights * missed, len(values))
    pairs = good.sum() * bad.sum()
    return float(bad @ (np.cumsum(good) - good / 2) / pairs) if pairs else None


def _bins(missed: Numbers, forecasts: Numbers, weights: Numbers) -> tuple[Bin, ...]:
    place = _bin_of(forecasts)
    found = []
    for number in range(BINS):
        here = place == number
        found.append(
            Bin(
                low=number / BINS,
                high=(number + 1) / BINS,
                moments=int(here.sum()),
                forecast=float(np.average(forecasts[here], weights=weights[here])) if here.any() else None,
                missed=float(np.average(missed[here], weights=weights[here])) if here.any() else None,
            )
        )
    return tuple(found)


def _calibration_error(missed: Numbers, forecasts: Numbers, weights: Numbers) -> float:
    gaps = np.bincount(_bin_of(forecasts), weights * (forecasts - missed), BINS)
    return float(np.abs(gaps).sum() / weights.sum())


def _bin_of(forecasts: Numbers) -> NDArray[np.intp]:
    found: NDArray[np.intp] = np.minimum((forecasts * BINS).astype(np.intp), BINS - 1)
    return found
