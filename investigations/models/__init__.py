"""Investigations, as rows."""

from investigations.models.integration import (
    Checklist,
    ChecklistStep,
    Environment,
    Integration,
    Plugin,
    Runbook,
    StepState,
    VersionFault,
)
from investigations.models.log import IssueTemplate, Log, LogCut, LogState, LogTemplate, LogTrouble
from investigations.models.recheck import Outcome, Recheck, RecheckResult, RecheckState
from investigations.models.source import LogSource, SignIn, SourceKind

__all__ = [
    "Checklist",
    "ChecklistStep",
    "Environment",
    "Integration",
    "IssueTemplate",
    "Log",
    "LogCut",
    "LogSource",
    "LogState",
    "LogTemplate",
    "LogTrouble",
    "Outcome",
    "Plugin",
    "Recheck",
    "RecheckResult",
    "RecheckState",
    "Runbook",
    "SignIn",
    "SourceKind",
    "StepState",
    "VersionFault",
]
