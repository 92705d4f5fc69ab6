"""Figures derived from events, and the trends found in them."""

from reports.models.fact import DailyFact, Measure, TicketFact, TicketLedger
from reports.models.trend import Dimension, Trend, TrendStatus

__all__ = [
    "DailyFact",
    "Dimension",
    "Measure",
    "TicketFact",
    "TicketLedger",
    "Trend",
    "TrendStatus",
]
