"""What the desk knows: articles and known issues."""

from knowledgebase.models.article import Article, ArticleRevision, Audience, Status
from knowledgebase.models.known_issue import IssueStatus, KnownIssue

__all__ = ["Article", "ArticleRevision", "Audience", "IssueStatus", "KnownIssue", "Status"]
