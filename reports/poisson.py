"""The ratio of two Poisson rates, with an exact interval."""

from dataclasses import dataclass

from scipy.special import betaincinv


@dataclass(frozen=True)
class Ratio:
    """A rate ratio and its interval; None stands for infinity, or for a ratio of nothing."""

    ratio: float | None
    low: float
    high: float | None


def rate_ratio(before: int, after: int, *, level: float = 0.95) -> Ratio:
    """Return the rate after over the rate before, from counts in two spans of the same length.

    Given their sum, `after` is binomial, so the interval is Clopper and Pearson's of its share p, as p / (1 − p):
    Przyborowski and Wilenski, Biometrika 31 (1940) 313.
    """
    alpha = (1 - level) / 2
    low = float(betaincinv(after, before + 1, alpha)) if after else 0.0
    high = float(betaincinv(after + 1, before, 1 - alpha)) if before else 1.0
    return Ratio(after / before if before else None, low / (1 - low), high / (1 - high) if high < 1 else None)
