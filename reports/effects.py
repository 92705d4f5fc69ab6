"""What a fitted forecast goes by, as changes of the odds that people can read. Pure numbers."""

from typing import Any, NamedTuple

import numpy as np

from reports import breach_model
from reports.breach_model import USUAL_PRIORITY, USUAL_STATE, Method, Model
from reports.moments import STATES, Moments

_HOUR, _DAY = 3600.0, 86_400.0


class Effect(NamedTuple):
    """By how much the odds of a miss differ between two clocks that are alike in all but one thing.

    `what` names it, "state:waiting_l1"; `low` and `high` are the two ends that are compared, where it has a scale.
    """

    what: str
    odds: float
    low: float | None = None
    high: float | None = None


def of_model(model: Model, known: Moments) -> list[Effect]:
    """Return what matters to a regression, the strongest first; nothing for any other method.

    The one thing is changed on a clock that is usual in all others: in progress, P3, owned, of median age.
    """
    if model.method != Method.REGRESSION or not len(known):
        return []
    usual = _usual(known)
    teams, categories = (
        np.quantile([(missed + 1) / (decided + 2) for missed, decided in rates.values()], (0.1, 0.9))
        for rates in (model.teams, model.categories)
    )
    found = [_effect(model, "time", _used(usual, 0.25), _used(usual, 0.75), 0.25, 0.75)]
    found += [
        _effect(model, f"state:{STATES[state]}", usual, _changed(usual, state=state)) for state in model.states
    ]
    found += [
        _effect(model, f"priority:{priority}", usual, _changed(usual, priority=priority))
        for priority in model.priorities
    ]
    found += [
        _effect(model, "unowned", usual, _changed(usual, owned=False)),
        _effect(model, "paused", usual, _changed(usual, runs=False)),
        _effect(model, "moves", _changed(usual, moves=0), _changed(usual, moves=2)),
        _effect(model, "reopened", _changed(usual, reopens=0), _changed(usual, reopens=1)),
        _effect(
            model, "in_state", _changed(usual, state_since=usual["at"] - _HOUR),
            _changed(usual, state_since=usual["at"] - _DAY),
        ),
        _of_rate(model, "team", usual, teams),
        _of_rate(model, "category", usual, categories),
    ]  # fmt: skip
    varied = [one for one in found if abs(np.log(one.odds)) > 0.05]
    return sorted(varied, key=lambda one: -abs(np.log(one.odds)))


def _usual(known: Moments) -> Moments:
    usual = known[:1].copy()
    for column in ("at", "target", "used", "moves", "reopens"):
        usual[column] = np.median(known[column])
    usual["due"] = usual["at"] + np.median(known["due"] - known["at"])
    usual["state_since"] = usual["at"] - np.median(known["at"] - known["state_since"])
    usual["state"], usual["priority"] = STATES.index(USUAL_STATE), USUAL_PRIORITY
    usual["owned"] = usual["runs"] = True
    return usual


def _used(usual: Moments, share: float) -> Moments:
    """Return the moment at which so much of the target is used; the due time comes nearer with it."""
    whole = (usual["due"] - usual["at"]) / np.maximum(1 - breach_model.share_used(usual), 0.05)
    return _changed(usual, used=share * usual["target"], due=usual["at"] + (1 - share) * whole)


def _changed(usual: Moments, **columns: Any) -> Moments:
    changed = usual.copy()
    for name, value in columns.items():
        changed[name] = value
    return changed


def _effect(
    model: Model, what: str, one: Moments, other: Moments, low: float | None = None, high: float | None = None
) -> Effect:
    even = np.array([0.5])
    change = breach_model.logits(model, other, even, even) - breach_model.logits(model, one, even, even)
    return Effect(what, float(np.exp(change[0])), low, high)


def _of_rate(model: Model, what: str, usual: Moments, rates: Any) -> Effect:
    low, high = (np.array([rate]) for rate in rates)
    even = np.array([0.5])
    pairs = [(rate, even) if what == "team" else (even, rate) for rate in (low, high)]
    before, after = (breach_model.logits(model, usual, *pair)[0] for pair in pairs)
    return Effect(what, float(np.exp(after - before)), float(low[0]), float(high[0]))
