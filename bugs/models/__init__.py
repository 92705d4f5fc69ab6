"""Bug reports, the escalations they come from, and the trackers they go to."""

from bugs.models.comment import Comment
from bugs.models.report import BugReport, BugTicket, Severity, State
from bugs.models.tracker import Tracker, TrackerDelivery, TrackerKind

__all__ = ["BugReport", "BugTicket", "Comment", "Severity", "State", "Tracker", "TrackerDelivery", "TrackerKind"]
