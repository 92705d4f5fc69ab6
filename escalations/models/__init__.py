"""What the desk stores about escalations."""

from escalations.models.baton import Baton, BatonItem
from escalations.models.bulk import BulkAction, BulkOutcome, BulkResult, BulkState
from escalations.models.calendar import Calendar, CalendarChoice, CalendarVersion, HolidayRule
from escalations.models.catalogue import (
    Category,
    ContractForm,
    PriorityRule,
    Reason,
    ReasonKind,
    RootCause,
)
from escalations.models.clock import UNFINISHED, Clock, ClockEntry, ClockState, Does
from escalations.models.composing import DraftFile, Macro, MacroUse, Mention, MessageDraft
from escalations.models.conversation import Attachment, CrossPost, EscalationDraft, Message, MessageKind
from escalations.models.customer import Customer, Segment
from escalations.models.diagnosis import Diagnosis, DiagnosisRevision
from escalations.models.evidence import Evidence, EvidenceKind
from escalations.models.handover import OWED, HandOver, HandOverState, PartnerAgreement, PartnerForm
from escalations.models.ladder import Alert, AlertKind, EscalationContact, LadderRung, RungState, StepAction
from escalations.models.ledger_check import LedgerCheck, LedgerDifference
from escalations.models.lexicon import LexemeCount, Lexicon
from escalations.models.mail_in import InboundMail, MailOutcome
from escalations.models.notification import NotificationChoice, NotificationSettings, Urgent, Way
from escalations.models.policy import AMONG_US, Metric, Policy, PolicyKind, PolicyVersion, Target
from escalations.models.rating import Rating, RatingInvitation
from escalations.models.reapplication import Effect, Reapplication, ReapplicationState, ReappliedTicket
from escalations.models.restricted import AccessEntry, CategoryRestriction, Restriction
from escalations.models.routing import (
    PUSHING,
    RoutedPerson,
    RoutingMethod,
    RoutingMode,
    Skill,
    SkillLevel,
    TeamRouting,
)
from escalations.models.saved_view import Audience, SavedView
from escalations.models.searching import AttachmentText, TicketText
from escalations.models.ticket import Channel, Level, Priority, RestrictionKind, State, Ticket
from escalations.models.tipping_off import ReleasedAnswer, TippingOffWords
from escalations.models.triage import ArticleUse, TriageReview
from escalations.models.waits import Dependency, Nudge

__all__ = [
    "AMONG_US",
    "OWED",
    "PUSHING",
    "UNFINISHED",
    "AccessEntry",
    "Alert",
    "AlertKind",
    "ArticleUse",
    "Attachment",
    "AttachmentText",
    "Audience",
    "Baton",
    "BatonItem",
    "BulkAction",
    "BulkOutcome",
    "BulkResult",
    "BulkState",
    "Calendar",
    "CalendarChoice",
    "CalendarVersion",
    "Category",
    "CategoryRestriction",
    "Channel",
    "Clock",
    "ClockEntry",
    "ClockState",
    "ContractForm",
    "CrossPost",
    "Customer",
    "Dependency",
    "Diagnosis",
    "DiagnosisRevision",
    "Does",
    "DraftFile",
    "Effect",
    "EscalationContact",
    "EscalationDraft",
    "Evidence",
    "EvidenceKind",
    "HandOver",
    "HandOverState",
    "HolidayRule",
    "InboundMail",
    "LadderRung",
    "LedgerCheck",
    "LedgerDifference",
    "Level",
    "LexemeCount",
    "Lexicon",
    "Macro",
    "MacroUse",
    "MailOutcome",
    "Mention",
    "Message",
    "MessageDraft",
    "MessageKind",
    "Metric",
    "NotificationChoice",
    "NotificationSettings",
    "Nudge",
    "PartnerAgreement",
    "PartnerForm",
    "Policy",
    "PolicyKind",
    "PolicyVersion",
    "Priority",
    "PriorityRule",
    "Rating",
    "RatingInvitation",
    "Reapplication",
    "ReapplicationState",
    "ReappliedTicket",
    "Reason",
    "ReasonKind",
    "ReleasedAnswer",
    "Restriction",
    "RestrictionKind",
    "RootCause",
    "RoutedPerson",
    "RoutingMethod",
    "RoutingMode",
    "RungState",
    "SavedView",
    "Segment",
    "Skill",
    "SkillLevel",
    "State",
    "StepAction",
    "Target",
    "TeamRouting",
    "Ticket",
    "TicketText",
    "TippingOffWords",
    "TriageReview",
    "Urgent",
    "Way",
]
