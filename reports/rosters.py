"""The rosters whose hours can be tried."""

from reports.trial import RosterHours


def offered() -> list[RosterHours]:
    """Return the newest published version and the draft of each team's roster."""
    return []
