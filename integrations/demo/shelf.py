"""What every case of the demo company draws on."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from accounts.models import User
from escalations.models import Calendar, Category, Policy, Reason, RootCause
from integrations.demo.people import Staff
from knowledgebase.models import Article, KnownIssue


@dataclass
class Shelf:
    """What cases refer to: catalogue, people and knowledge, by key."""

    staff: Staff
    system: User
    policies: Sequence[Policy]
    categories: dict[str, Category]
    reasons: dict[tuple[str, str], Reason]
    causes: dict[str, RootCause]
    partner_hours: Calendar
    articles: dict[tuple[str, str], list[Article]] = field(default_factory=dict)
    issues: dict[str, KnownIssue] = field(default_factory=dict)
    close_after: timedelta = timedelta(days=5)
    rating_days: int = 14
