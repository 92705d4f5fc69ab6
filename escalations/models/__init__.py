"""What the desk stores about escalations."""

from escalations.models.catalogue import (
    Category,
    ContractForm,
    PriorityRule,
    Reason,
    ReasonKind,
    RootCause,
)
from escalations.models.conversation import Attachment, EscalationDraft, Message, MessageKind
from escalations.models.customer import Customer, Segment
from escalations.models.diagnosis import Diagnosis, DiagnosisRevision
from escalations.models.handover import HandOver
from escalations.models.rating import Rating, RatingInvitation
from escalations.models.sla import Calendar, Clock, ClockSegment, ClockState, Metric, Policy, Target
from escalations.models.ticket import Channel, Level, Priority, State, Ticket
from escalations.models.triage import ArticleUse, TriageReview

__all__ = [
    "ArticleUse",
    "Attachment",
    "Calendar",
    "Category",
    "Channel",
    "Clock",
    "ClockSegment",
    "ClockState",
    "ContractForm",
    "Customer",
    "Diagnosis",
    "DiagnosisRevision",
    "EscalationDraft",
    "HandOver",
    "Level",
    "Message",
    "MessageKind",
    "Metric",
    "Policy",
    "Priority",
    "PriorityRule",
    "Rating",
    "RatingInvitation",
    "Reason",
    "ReasonKind",
    "RootCause",
    "Segment",
    "State",
    "Target",
    "Ticket",
    "TriageReview",
]
