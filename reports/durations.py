"""Durations counted so that percentiles of many days can be merged exactly as counts are.

A duration falls into a bucket whose bounds grow by a constant ratio, so a value
read back from its bucket is off by at most ACCURACY, relatively; merging is
adding counts. Source: Masson, Rim, Lee, "DDSketch: a fast and fully-mergeable
quantile sketch with relative-error guarantees", VLDB 2019.
"""

import math
from collections.abc import Mapping

ACCURACY = 0.01
_RATIO = (1 + ACCURACY) / (1 - ACCURACY)
_LOG_RATIO = math.log(_RATIO)

#: The bucket of durations below one second, which counts as none.
INSTANT = -1


def bucket(seconds: float) -> int:
    """Return the bucket of a duration. Raises ValueError for a negative one."""
    if seconds < 0:
        raise ValueError("A duration can't be negative.")
    return INSTANT if seconds < 1 else math.ceil(math.log(seconds) / _LOG_RATIO - 1e-9)


def value(number: int) -> float:
    """Return the duration in seconds that stands for a bucket."""
    return 0.0 if number == INSTANT else 2 * _RATIO**number / (_RATIO + 1)


def percentile(counts: Mapping[int, int], q: float) -> float | None:
    """Return the duration below which the share `q` (0–1) of the counted ones lies; None without any.

    The lower of two neighbours where `q` falls between them.
    """
    total = sum(counts.values())
    if total <= 0:
        return None
    rank = q * (total - 1)
    seen = 0
    for number in sorted(counts):
        seen += counts[number]
        if seen > rank:
            return value(number)
    return value(max(counts))
