"""The probability that an open clock will be missed, learnt from clocks that ended. Pure numbers.

A logistic regression on the moments of past clocks (reports.moments), all of them pooled: the landmark
supermodel of van Houwelingen and Putter, "Dynamic Prediction in Clinical Survival Analysis" (2012). It knows of
a clock what could be known at that moment, and asks whether it was missed in the end:

* the share of the target that is used, and how much of a usual week's work lies between now and the due
  time: a clock that is due on Monday morning has little left on Friday evening (the rhythm of the week is
  that of the clocks which ended in time);
* priority, target, state and since when, whether the clock runs, who has it, moves and reopenings so far;
* how often the ticket's team and its category missed before, as far as known then, drawn to the overall
  share where there is little to go by.

A recent clock's end is known only if it came soon. Leaving the others out would flatter us; so each known end
weighs as much as all those that one like it could not have had by now: inverse probability of censoring, which
is certain here (Robins, Rotnitzky, 1992; for scores Gerds, Schumacher, Biometrical J. 48 (2006)).

With too few clocks for that, the share of those that were missed among the clocks seen in the same eighth of
their target stands in; with even fewer there is no forecast.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from common.business_hours import zone_offsets
from escalations.models import State
from reports import logistic
from reports.logistic import Numbers
from reports.moments import STATES, STRATA, Moments

#: Decided clocks that a regression needs, and of each outcome: some ten for each of its columns.
LEAST_CLOCKS, LEAST_OF_EACH = 400, 60
#: Decided clocks that the shares by eighths need.
LEAST_FOR_SHARES = 40
#: A forecast is never surer than this.
SUREST = 0.999

#: A share is drawn to the overall one as if so many clocks had had that.
_DRAWN = 20.0
#: A state or priority that fewer moments have has no coefficient of its own.
_LEAST_MOMENTS = 50
#: A known end weighs ten times another one at most.
_LEAST_KNOWN = 0.1

_SHARE_KNOTS = (0.05, 0.25, 0.5, 0.75, 0.95)
_WORK_QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
_HOURS = 168
_MONDAY = 72  # hours from the epoch's weekday, a Thursday, back to a Monday: the week begins there
#: What states and priorities are compared with.
USUAL_STATE, USUAL_PRIORITY = State.IN_PROGRESS, 3

Rates = Mapping[str, tuple[float, float]]  # by id, since it is kept as JSON: missed, decided


class Method(StrEnum):
    REGRESSION = "regression"
    SHARES = "shares"


@dataclass(frozen=True)
class Model:
    """What was learnt of one metric. It is kept as JSON.

    `coefficients` belong to the intercept and then to `columns`, standardised by `centres` and `scales`.
    `rhythm` is the share of a week's work in each hour of the week, Monday first, in `zone`. `eighths` are the
    shares missed by eighths of the target.
    """

    method: str
    zone: str
    overall: tuple[float, float]
    eighths: tuple[float, ...]
    teams: Rates
    categories: Rates
    rhythm: tuple[float, ...]
    work_knots: tuple[float, ...] = ()
    states: tuple[int, ...] = ()
    priorities: tuple[int, ...] = ()
    columns: tuple[str, ...] = ()
    centres: tuple[float, ...] = ()
    scales: tuple[float, ...] = ()
    coefficients: tuple[float, ...] = ()

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        columns: dict[str, Any] = {
            name: tuple(part) if isinstance(part, list) else part for name, part in value.items()
        }
        return cls(**columns)


def learn(moments: Moments, until: float, zone: str) -> Model | None:
    """Return what can be learnt from these moments by the instant `until`; None where that is too little.

    Moments after `until` are left out, and so is every end that came later.
    """
    moments = moments[moments["at"] < until]
    weights = known_weights(moments, until)
    known = moments[weights > 0]
    ends = _ends(known)
    missed = int(ends["breached"].sum())
    if len(ends) < LEAST_FOR_SHARES:
        return None
    enough = len(ends) >= LEAST_CLOCKS and min(missed, len(ends) - missed) >= LEAST_OF_EACH
    model = Model(
        method=Method.REGRESSION if enough else Method.SHARES,
        zone=zone,
        overall=(float(missed), float(len(ends))),
        eighths=_eighths(known, weights[weights > 0]),
        teams=_rates(ends, "team"),
        categories=_rates(ends, "category"),
        rhythm=_rhythm(ends, zone),
    )
    return _regressed(model, known, weights[weights > 0]) if enough else model


def predict(model: Model, moments: Moments) -> Numbers:
    """Return the probability of each of these open clocks that it will be missed."""
    if model.method == Method.SHARES:
        found = np.asarray(model.eighths)[_eighth(moments)]
    else:
        teams = _rate_of(model.teams, model.overall, moments["team"])
        categories = _rate_of(model.categories, model.overall, moments["category"])
        found = logistic.probability(logits(model, moments, teams, categories))
    probabilities: Numbers = np.clip(found, 1 - SUREST, SUREST)
    return probabilities


def logits(model: Model, moments: Moments, teams: Numbers, categories: Numbers) -> Numbers:
    """Return the log-odds by a regression, given the past rates of each moment's team and category."""
    design = (_design(model, moments, teams, categories) - np.asarray(model.centres)) / np.asarray(model.scales)
    found: Numbers = model.coefficients[0] + design @ np.asarray(model.coefficients[1:])
    return found


def known_weights(moments: Moments, until: float) -> Numbers:
    """Return how much each moment's end weighs by `until`: nothing if it is not known by then."""
    known = moments["decided"] < until
    followed = np.sort(until - moments["at"])
    took = np.where(known, moments["decided"] - moments["at"], 0.0)
    # The share of all moments that lie so far back that an end after as long would be known.
    knowable = 1 - np.searchsorted(followed, took) / max(1, len(followed))
    weights: Numbers = np.where(known, 1 / np.maximum(knowable, _LEAST_KNOWN), 0.0)
    return weights


def _regressed(model: Model, known: Moments, weights: Numbers) -> Model:
    work = _work_left(model, known)
    model = _with(
        model,
        work_knots=tuple(float(knot) for knot in np.quantile(work, _WORK_QUANTILES) + np.arange(5) * 1e-6),
        states=_often(known["state"], STATES.index(USUAL_STATE)),
        priorities=_often(known["priority"], USUAL_PRIORITY),
    )
    model = _with(model, columns=_columns(model))
    teams, categories = (_rate_then(known, column) for column in ("team", "category"))
    design = _design(model, known, teams, categories)
    centres, scales = design.mean(0), design.std(0)
    scales[scales < 1e-9] = 1.0
    standard = np.column_stack([np.ones(len(known)), (design - centres) / scales])
    found = logistic.fit(standard, known["breached"].astype(float), weights)
    return _with(
        model,
        centres=tuple(float(one) for one in centres),
        scales=tuple(float(one) for one in scales),
        coefficients=tuple(float(one) for one in found),
    )


def _with(model: Model, **columns: Any) -> Model:
    return Model(**{**model.__dict__, **columns})


def _columns(model: Model) -> tuple[str, ...]:
    return (
        *(f"share{number}" for number in range(len(_SHARE_KNOTS) - 1)),
        *(f"work{number}" for number in range(len(model.work_knots) - 1)),
        *(f"state:{STATES[state]}" for state in model.states),
        *(f"priority:{priority}" for priority in model.priorities),
        "target", "in_state", "runs", "owned", "moves", "reopened", "team", "category",
        "sin", "cos", *(f"day:{day}" for day in range(6)),
    )  # fmt: skip


def _design(model: Model, moments: Moments, teams: Numbers, categories: Numbers) -> Numbers:
    """Return the columns of the regression for these moments, not standardised yet, in the order of `columns`."""
    hour = _hour_of_week(moments["at"], model.zone)
    turn = 2 * np.pi * hour / 24
    return np.column_stack(
        [
            logistic.spline(share_used(moments), _SHARE_KNOTS),
            logistic.spline(_work_left(model, moments), model.work_knots),
            *(moments["state"] == state for state in model.states),
            *(moments["priority"] == priority for priority in model.priorities),
            np.log(moments["target"]),
            np.log(np.maximum(moments["at"] - moments["state_since"], 0.0) + 60),
            moments["runs"],
            moments["owned"],
            np.log1p(moments["moves"]),
            np.minimum(moments["reopens"], 2),
            logistic.logit(teams),
            logistic.logit(categories),
            np.sin(turn),
            np.cos(turn),
            *(hour // 24 == day for day in range(6)),
        ]
    )


def share_used(moments: Moments) -> Numbers:
    """Return the share of the target that is used, at most 1."""
    found: Numbers = np.clip(moments["used"] / moments["target"], 0.0, 1.0)
    return found


def _eighth(moments: Moments) -> NDArray[np.intp]:
    found: NDArray[np.intp] = np.minimum((share_used(moments) * STRATA).astype(np.intp), STRATA - 1)
    return found


def _eighths(known: Moments, weights: Numbers) -> tuple[float, ...]:
    """Return the share missed of the clocks seen in each eighth of their target, drawn to the overall one."""
    overall = (weights @ known["breached"] + 0.5) / (weights.sum() + 1)
    seen = np.bincount(_eighth(known), weights, STRATA)
    missed = np.bincount(_eighth(known), weights * known["breached"], STRATA)
    return tuple(float(share) for share in (missed + overall) / (seen + 1))


def _ends(known: Moments) -> Moments:
    """Return the last moment of each clock, in the order in which the clocks were decided."""
    order = np.lexsort((known["at"], known["clock"]))
    clocks = known[order]
    last = clocks[np.append(clocks["clock"][1:] != clocks["clock"][:-1], True)] if len(clocks) else clocks
    return last[np.argsort(last["decided"], kind="stable")]


def _rates(ends: Moments, column: str) -> dict[str, tuple[float, float]]:
    keys, place = np.unique(ends[column], return_inverse=True)
    missed, decided = np.bincount(place, ends["breached"], len(keys)), np.bincount(place, minlength=len(keys))
    return {str(key): (float(m), float(n)) for key, m, n in zip(keys, missed, decided, strict=True)}


def _rate_of(rates: Rates, overall: tuple[float, float], ids: NDArray[np.int64]) -> Numbers:
    keys, place = np.unique(ids, return_inverse=True)
    found = np.array([rates.get(str(key), (0.0, 0.0)) for key in keys]).reshape(-1, 2)[place]
    return _drawn(found[:, 0], found[:, 1], np.float64(overall[0]), np.float64(overall[1]))


def _rate_then(known: Moments, column: str) -> Numbers:
    """Return for each moment how often its team (or category) had missed by then."""
    ends = _ends(known)
    overall = _count_before(ends, known["at"])
    missed, decided = np.zeros(len(known)), np.zeros(len(known))
    for key in np.unique(known[column]):
        here = known[column] == key
        missed[here], decided[here] = _count_before(ends[ends[column] == key], known["at"][here])
    return _drawn(missed, decided, *overall)


def _count_before(ends: Moments, at: Numbers) -> tuple[Numbers, Numbers]:
    """Return how many of these ends came before each instant: missed, and all."""
    decided = np.searchsorted(ends["decided"], at)
    missed = np.concatenate([[0.0], np.cumsum(ends["breached"])])[decided]
    return missed, decided.astype(float)


def _drawn(missed: Numbers, decided: Numbers, all_missed: Any, all_decided: Any) -> Numbers:
    overall = (all_missed + 1) / (all_decided + 2)
    found: Numbers = (missed + _DRAWN * overall) / (decided + _DRAWN)
    return found


def _often(values: NDArray[Any], but: int) -> tuple[int, ...]:
    keys, counts = np.unique(values, return_counts=True)
    return tuple(int(key) for key, n in zip(keys, counts, strict=True) if n >= _LEAST_MOMENTS and key != but)


def _rhythm(ends: Moments, zone: str) -> tuple[float, ...]:
    """Return the share of the week's ends in time that each hour of the week has."""
    in_time = ends["decided"][~ends["breached"]]
    counts = np.bincount(_hour_of_week(in_time, zone).astype(np.intp), minlength=_HOURS) + 0.5
    return tuple(float(share) for share in counts / counts.sum())


def _work_left(model: Model, moments: Moments) -> Numbers:
    """Return the logarithm of the usual weeks' work that lie between each moment and its due time."""
    until = np.concatenate([[0.0], np.cumsum(model.rhythm)])

    def since_monday(at: Numbers) -> Numbers:
        weeks, hour = np.divmod(_local_hours(at, model.zone), _HOURS)
        found: Numbers = weeks + np.interp(hour, np.arange(_HOURS + 1), until)
        return found

    left = since_monday(moments["due"]) - since_monday(moments["at"])
    found: Numbers = np.log(np.maximum(left, 0.0) + 1e-4)
    return found


def _hour_of_week(at: Numbers, zone: str) -> Numbers:
    found: Numbers = np.mod(_local_hours(at, zone), _HOURS)
    return found


def _local_hours(at: Numbers, zone: str) -> Numbers:
    """Return the hours that a zone's clocks show, since a Monday's midnight."""
    begins, offsets = (np.array(column) for column in zip(*zone_offsets(zone), strict=True))
    offset = offsets[np.maximum(np.searchsorted(begins, at, side="right") - 1, 0)]
    found: Numbers = (at + offset) / 3600 + _MONDAY
    return found
