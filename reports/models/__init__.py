"""Figures derived from events, and the trends found in them, and what they let expect."""

from reports.models.fact import DailyFact, Measure, TicketFact, TicketLedger
from reports.models.forecast import Forecast, ForecastMethod
from reports.models.proposal import Proposal, ProposalState
from reports.models.simulation import Outcome, SimulatedClock, Simulation, SimulationState, Trouble
from reports.models.trend import Dimension, Trend, TrendStatus

__all__ = [
    "DailyFact",
    "Dimension",
    "Forecast",
    "ForecastMethod",
    "Measure",
    "Outcome",
    "Proposal",
    "ProposalState",
    "SimulatedClock",
    "Simulation",
    "SimulationState",
    "TicketFact",
    "TicketLedger",
    "Trend",
    "TrendStatus",
    "Trouble",
]
