"""Logistic regression with a ridge, and splines: what the forecast of breaches is made of. Pure numbers.

The fit is Newton's (iteratively reweighted least squares). statsmodels has no ridge for weighted binary
outcomes that converges like this one, and takes seconds to import, which a page should not pay.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]

#: How strongly coefficients of standardised columns are drawn to zero (le Cessie, van Houwelingen, "Ridge
#: estimators in logistic regression", Appl. Stat. 41 (1992)); it also holds columns that say the same. Tried
#: from 1 to 300: ten thousand clocks do not notice, some hundred do best with 50 to 300.
RIDGE = 50.0
_ROUNDS = 50
_FARTHEST = 30.0  # on the logit scale, beyond which exp() tells nothing more


def fit(design: Numbers, outcomes: Numbers, weights: Numbers, drawn: float = RIDGE) -> Numbers:
    """Return the coefficients for `design`, whose first column is the intercept, which is not drawn to zero."""
    ridge = np.full(design.shape[1], drawn)
    ridge[0] = 1e-9
    found = np.zeros(design.shape[1])
    best = _loss(design, outcomes, weights, ridge, found)
    for _ in range(_ROUNDS):
        expected = probability(design @ found)
        slope = design.T @ (weights * (outcomes - expected)) - ridge * found
        bend = (design * (weights * np.maximum(expected * (1 - expected), 1e-9))[:, None]).T @ design
        step = np.linalg.solve(bend + np.diag(ridge), slope)
        # Newton's step can overshoot where outcomes are nearly separated: halve it until it helps.
        while (loss := _loss(design, outcomes, weights, ridge, found + step)) > best and np.abs(step).max() > 1e-9:
            step = step / 2
        found, best = found + step, min(loss, best)
        if np.abs(step).max() < 1e-7:
            break
    return found


def probability(logits: Numbers) -> Numbers:
    """Return the probabilities that logits stand for."""
    found: Numbers = 1 / (1 + np.exp(-np.clip(logits, -_FARTHEST, _FARTHEST)))
    return found


def logit(probabilities: Numbers) -> Numbers:
    """Return the logarithm of the odds."""
    found: Numbers = np.log(probabilities / (1 - probabilities))
    return found


def spline(values: Numbers, knots: Sequence[float]) -> Numbers:
    """Return the columns of a natural cubic spline: a curve that goes on straight beyond its outer knots.

    One column fewer than knots. Source: Harrell, "Regression Modeling Strategies", 2nd ed. (2015), 2.4.5.
    """
    columns = [values]
    first, before, last = knots[0], knots[-2], knots[-1]
    for knot in knots[:-2]:
        bent = (
            _cube(values - knot)
            - _cube(values - before) * (last - knot) / (last - before)
            + _cube(values - last) * (before - knot) / (last - before)
        )
        columns.append(bent / (last - first) ** 2)
    return np.column_stack(columns)


def _cube(values: Numbers) -> Numbers:
    found: Numbers = np.maximum(values, 0.0) ** 3
    return found


def _loss(design: Numbers, outcomes: Numbers, weights: Numbers, ridge: Numbers, coefficients: Numbers) -> float:
    logits = np.clip(design @ coefficients, -_FARTHEST, _FARTHEST)
    surprise = np.logaddexp(0.0, logits) - outcomes * logits
    return float(weights @ surprise + ridge @ coefficients**2 / 2)
