"""Compliance reviews, as rows. What people wrote and sent is sealed (compliance.sealing)."""

from compliance.models.case import REFERENCE_PREFIX, Case, CaseCustomer, CaseTicket, Deadline, State, Step
from compliance.models.content import Answer, Document, DocumentContent, Note, Value
from compliance.models.decision import ENDINGS, OUTCOMES, Ending, Outcome, Proposal
from compliance.models.notice import Notice
from compliance.models.pack import Pack, PackContent, PackState
from compliance.models.procedure import Evidence, Kind, Procedure

__all__ = [
    "ENDINGS",
    "OUTCOMES",
    "REFERENCE_PREFIX",
    "Answer",
    "Case",
    "CaseCustomer",
    "CaseTicket",
    "Deadline",
    "Document",
    "DocumentContent",
    "Ending",
    "Evidence",
    "Kind",
    "Note",
    "Notice",
    "Outcome",
    "Pack",
    "PackContent",
    "PackState",
    "Procedure",
    "Proposal",
    "State",
    "Step",
    "Value",
]
