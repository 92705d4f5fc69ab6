"""People, teams, who has which role where, and who works when."""

from accounts.models.access_review import AccessDecision, AccessReview, Decision
from accounts.models.earlier_password import EarlierPassword
from accounts.models.handled_request import HandledRequest
from accounts.models.roster import OFF_KINDS, Attendance, ExceptionKind, Roster, RosterException, Shift
from accounts.models.team import Membership, Role, Team, TeamKind
from accounts.models.user import Availability, User

__all__ = [
    "OFF_KINDS",
    "AccessDecision",
    "AccessReview",
    "Attendance",
    "Availability",
    "Decision",
    "EarlierPassword",
    "ExceptionKind",
    "HandledRequest",
    "Membership",
    "Role",
    "Roster",
    "RosterException",
    "Shift",
    "Team",
    "TeamKind",
    "User",
]
