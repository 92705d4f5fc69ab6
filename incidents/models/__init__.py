"""Security incidents, sweeps, and the formats of own numbers, as rows."""

from incidents.models.incident import Cause, Find, Incident, State, Way, guard_places
from incidents.models.own_numbers import OwnNumbers
from incidents.models.sweep import Sweep

__all__ = ["Cause", "Find", "Incident", "OwnNumbers", "State", "Sweep", "Way", "guard_places"]
