"""Investigations, as rows."""

from investigations.models.log import IssueTemplate, Log, LogState, LogTemplate, LogTrouble

__all__ = ["IssueTemplate", "Log", "LogState", "LogTemplate", "LogTrouble"]
