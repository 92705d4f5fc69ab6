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
from investigations.models.log import IssueTemplate, Log, LogState, LogTemplate, LogTrouble
from investigations.models.lookup import (
    Lookup,
    LookupKind,
    LookupRun,
    LookupSource,
    LookupState,
    LookupTrouble,
    LookupVersion,
)
from investigations.models.webhooks import Scheme, Verdict, WebhookAddress, WebhookDelivery

__all__ = [
    "READING",
    "WRITING",
    "Environment",
    "IssueTemplate",
    "Log",
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
    "RequestTemplate",
    "Run",
    "RunState",
    "Scheme",
    "Verdict",
    "WebhookAddress",
    "WebhookDelivery",
]
