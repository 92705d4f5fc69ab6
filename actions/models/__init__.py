"""Sensitive actions, the decisions about them, and the policies they go by."""

from actions.models.account_review import AccountReview, ReviewDecision
from actions.models.action import AFTER_APPROVAL, HOLDING, OPEN, UNDER_WAY, Action, State
from actions.models.decision import Decision, Verdict
from actions.models.policy import ActionPolicy, ApproverRole, Kind, PolicyState

__all__ = [
    "AFTER_APPROVAL",
    "HOLDING",
    "OPEN",
    "UNDER_WAY",
    "AccountReview",
    "Action",
    "ActionPolicy",
    "ApproverRole",
    "Decision",
    "Kind",
    "PolicyState",
    "ReviewDecision",
    "State",
    "Verdict",
]
