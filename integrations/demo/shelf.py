"""What every case of the demo company draws on."""

from dataclasses import dataclass, field
from datetime import timedelta

from accounts.models import User
from escalations.models import CalendarVersion, Category, Reason, RootCause
from escalations.policies import Rulebook
from integrations.demo.people import Staff
from knowledgebase.models import Article, KnownIssue


@dataclass
class Shelf:
    """What cases refer to: catalogue, people and knowledge, by key."""

    staff: Staff
    system: User
    rules: Rulebook
    categories: dict[str, Category]
    reasons: dict[tuple[str, str], Reason]
    causes: dict[str, RootCause]
    partner_hours: CalendarVersion
    articles: dict[tuple[str, str], list[Article]] = field(default_factory=dict)
    issues: dict[str, KnownIssue] = field(default_factory=dict)
    close_after: timedelta = timedelta(days=5)
    rating_days: int = 14
