"""People, teams, and who has which role where."""

from accounts.models.handled_request import HandledRequest
from accounts.models.team import Membership, Role, Team, TeamKind
from accounts.models.user import Availability, User

__all__ = ["Availability", "HandledRequest", "Membership", "Role", "Team", "TeamKind", "User"]
