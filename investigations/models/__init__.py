"""Investigations, as rows."""

from investigations.models.log import IssueTemplate, Log, LogState, LogTemplate, LogTrouble
from investigations.models.lookup import (
    Lookup,
    LookupKind,
    LookupRun,
    LookupSource,
    LookupTrouble,
    LookupVersion,
    RunState,
)

__all__ = [
    "IssueTemplate",
    "Log",
    "LogState",
    "LogTemplate",
    "LogTrouble",
    "Lookup",
    "LookupKind",
    "LookupRun",
    "LookupSource",
    "LookupTrouble",
    "LookupVersion",
    "RunState",
]
