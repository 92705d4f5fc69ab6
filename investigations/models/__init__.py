"""Investigations, as rows."""

from investigations.models.console import (
    READING,
    WRITING,
    Environment,
    Method,
    RequestTemplate,
    Run,
    RunState,
)
from investigations.models.integration import (
    Checklist,
    ChecklistStep,
    Integration,
    IntegrationEnvironment,
    Plugin,
    Runbook,
    StepState,
    VersionFault,
)
from investigations.models.log import IssueTemplate, Log, LogCut, LogState, LogTemplate, LogTrouble
from investigations.models.lookup import (
    Lookup,
    LookupKind,
    LookupRun,
    LookupSource,
    LookupState,
    LookupTrouble,
    LookupVersion,
)
from investigations.models.recheck import Outcome, Recheck, RecheckResult, RecheckState
from investigations.models.source import LogSource, SignIn, SourceKind
from investigations.models.webhooks import Scheme, Verdict, WebhookAddress, WebhookDelivery

__all__ = [
    "READING",
    "WRITING",
    "Checklist",
    "ChecklistStep",
    "Environment",
    "Integration",
    "IntegrationEnvironment",
    "IssueTemplate",
    "Log",
    "LogCut",
    "LogSource",
    "LogState",
    "LogTemplate",
    "LogTrouble",
    "Lookup",
    "LookupKind",
    "LookupRun",
    "LookupSource",
    "LookupState",
    "LookupTrouble",
    "LookupVersion",
    "Method",
    "Outcome",
    "Plugin",
    "Recheck",
    "RecheckResult",
    "RecheckState",
    "RequestTemplate",
    "Run",
    "RunState",
    "Runbook",
    "Scheme",
    "SignIn",
    "SourceKind",
    "StepState",
    "Verdict",
    "VersionFault",
    "WebhookAddress",
    "WebhookDelivery",
]
