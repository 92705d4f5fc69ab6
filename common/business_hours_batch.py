"""Business-time arithmetic on whole arrays, with numpy; what the answers mean is said in business_hours.

All arrays hold microseconds in int64: instants since the epoch, or open time.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from common.business_hours import Calendar, _Table

Micros = NDArray[np.int64]

_ENDLESS = 2**62  # more than any calendar holds, and adding to it does not overflow


class _Spans(NamedTuple):
    """The columns of a table, as arrays."""

    opens: Micros
    closes: Micros
    totals: Micros


def add_many(calendar: Calendar, starts: Micros, wanted: Micros) -> Micros:
    """For each start, the earliest instant with that much open time behind it. Errors as `Calendar.add`."""
    starts, wanted = np.broadcast_arrays(_whole(starts), _whole(wanted))
    if (wanted < 0).any():
        raise ValueError(f"cannot add {wanted.min()} microseconds")
    due = starts.copy()
    some = wanted > 0
    if not some.any():
        return due
    starts, wanted = starts[some], np.minimum(wanted[some], _ENDLESS)
    table = calendar._covering(int(starts.min()), int(starts.max()))
    goals = _open_before(_spans(table), starts) + wanted
    while goals.max() > table.totals[-1]:
        table = calendar._longer(table)
    spans = _spans(table)
    found = np.searchsorted(spans.totals, goals)
    due[some] = (spans.closes - spans.totals)[found] + goals
    return due


def between_many(calendar: Calendar, starts: Micros, ends: Micros) -> Micros:
    """The open time from each start to its end; negative when the end comes first."""
    starts, ends = _whole(starts), _whole(ends)
    if not starts.size or not ends.size:
        return np.zeros(np.broadcast_shapes(starts.shape, ends.shape), np.int64)
    first, last = min(starts.min(), ends.min()), max(starts.max(), ends.max())
    spans = _spans(calendar._covering(int(first), int(last)))
    return _open_before(spans, ends) - _open_before(spans, starts)


def _open_before(spans: _Spans, at: Micros) -> Micros:
    span = np.searchsorted(spans.opens, at, side="right") - 1
    return np.minimum(spans.totals[span], at - (spans.closes - spans.totals)[span])


def _spans(table: _Table) -> _Spans:
    return _Spans(*(np.array(column, np.int64) for column in (table.opens, table.closes, table.totals)))


def _whole(values: Micros) -> Micros:
    array = np.asarray(values)
    if array.dtype.kind not in "iu":
        raise TypeError(f"microseconds are whole numbers, not {array.dtype}")
    return array.astype(np.int64, copy=False)
