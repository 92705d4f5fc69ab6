"""What a case leaves behind: diagnosis, links to what the desk knows, the customer's rating."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import redaction
from escalations import sla
from escalations.diagnosis import HypothesisStatus
from escalations.models import (
    ArticleUse,
    Diagnosis,
    DiagnosisRevision,
    Metric,
    Rating,
    RatingInvitation,
)
from knowledgebase.models import IssueStatus

if TYPE_CHECKING:
    from integrations.demo.telling import Telling

_RATED_SHARE = 0.4
_GOOD, _BAD = ["fast", "solved", "friendly", "clear"], ["slow", "unsolved", "repeated", "unclear"]


def diagnose(telling: Telling, *, confirmed: bool) -> None:
    """Write the next version of the diagnosis: suspicions first, later what was found."""
    row = next((row for row in telling.replay.rows if isinstance(row, Diagnosis)), None)
    diagnosis = row or Diagnosis(ticket=telling.ticket, version=0)
    content = {
        "symptoms": telling.text("symptoms"),
        "hypotheses": [
            _hypothesis(telling, number, pair, confirmed=confirmed)
            for number, pair in enumerate(telling.texts["hypotheses"])
        ],
        "root_cause": telling.shelf.causes[telling.arrival.scenario.cause] if confirmed else None,
        "workaround": telling.text("workaround") if confirmed else "",
        "fix": telling.text("fix") if confirmed else "",
    }
    for name, value in content.items():
        setattr(diagnosis, name, value)
    diagnosis.version += 1
    diagnosis.updated_at, diagnosis.updated_by = telling.at, telling.owner
    telling.replay.pass_deadlines(telling.at)
    if row is None:
        telling.replay.add(diagnosis)
    telling.replay.add(
        DiagnosisRevision(
            diagnosis=diagnosis,
            version=diagnosis.version,
            written_at=telling.at,
            written_by=telling.owner,
            **content,
        )
    )
    telling.replay.record(telling.at, "diagnosed", by=telling.owner, version=diagnosis.version)


def _hypothesis(telling: Telling, number: int, pair: list[str], *, confirmed: bool) -> dict[str, str]:
    """Return a hypothesis; the scenario's first one is what it was."""
    text, evidence = (redaction.clean(part.format_map(telling.facts)) for part in pair)
    status = HypothesisStatus.OPEN
    if number == 0 and confirmed:
        status = HypothesisStatus.CONFIRMED
    elif number > 0 and (confirmed or telling.chance(0.3)):
        status = HypothesisStatus.RULED_OUT
    return {
        "id": f"h{number + 1}",
        "text": text,
        "status": str(status),
        "evidence": "" if status == HypothesisStatus.OPEN else evidence,
        "reason": "",
    }


def link_article(telling: Telling) -> None:
    """Link an article about this kind of case, if there was one by then."""
    shelf = telling.shelf.articles
    language = telling.language
    articles = shelf.get((telling.arrival.scenario.category, language)) or shelf.get(
        (telling.arrival.scenario.category, "en"), []
    )
    articles = [article for article in articles if article.created_at < telling.at]
    if not articles:
        return
    article, solved = telling.rng.choice(articles), telling.chance(0.45)
    telling.replay.pass_deadlines(telling.at)
    telling.replay.add(
        ArticleUse(
            ticket=telling.ticket,
            article=article,
            solved=solved,
            linked_by=telling.owner,
            linked_at=telling.at,
        )
    )
    telling.replay.record(telling.at, "article_linked", by=telling.owner, article=article, solved=solved)


def link_issue(telling: Telling) -> None:
    """Link the known issue that this scenario is a case of, while it was open."""
    scenario = telling.arrival.scenario
    issue = telling.shelf.issues.get(f"{scenario.category}.{scenario.key}")
    if issue is None or issue.opened_at > telling.at or not telling.chance(0.7):
        return
    if issue.status == IssueStatus.FIXED and issue.fixed_at is not None and issue.fixed_at < telling.at:
        return
    telling.replay.note(
        telling.at, "known_issue_linked", by=telling.owner, columns={"known_issue": issue},
        issue=issue, former=None,
    )  # fmt: skip


def ask_for_rating(telling: Telling) -> None:
    """Invite the customer to rate; an invitation not used yet is renewed."""
    if not telling.arrival.customer.email:
        return
    at = telling.at + timedelta(seconds=telling.rng.randrange(3, 40))
    if at >= telling.now:
        return
    invitation = _invitation(telling)
    if invitation is None:
        invitation = RatingInvitation(ticket=telling.ticket)
        telling.replay.add(invitation)
    invitation.sent_at = at
    invitation.expires_at = at + timedelta(days=telling.shelf.rating_days)
    telling.replay.note(at, "rating_asked", by=telling.shelf.system, invitation=invitation)
    telling.at = at


def rate(telling: Telling, resolved: datetime) -> datetime | None:
    """Let the customer rate within two days or so; return when, or None if they did not, or not yet."""
    invitation = _invitation(telling)
    at = resolved + timedelta(hours=telling.rng.lognormvariate(1.6, 1.1), seconds=telling.rng.randrange(60, 3000))
    if invitation is None or not telling.chance(_RATED_SHARE):
        return None
    if at >= telling.now or at >= resolved + timedelta(days=4):
        return None
    score = _score(telling)
    invitation.used_at = at
    reasons = telling.rng.sample(_GOOD if score >= 4 else _BAD, k=telling.rng.randrange(0, 3))
    rating = Rating(
        invitation=invitation,
        ticket=telling.ticket,
        score=score,
        reasons=[reason for reason in (*_GOOD, *_BAD) if reason in reasons],
        comment=telling.text(f"rating{score}") if telling.chance(0.45) else "",
        language=telling.language,
        agent=telling.owner,
        team=telling.ticket.team,
        category=telling.ticket.category,
        rated_at=at,
    )
    telling.replay.add(rating)
    telling.replay.note(at, "rated", by=telling.shelf.system, rating=rating, score=score)
    return at


def _invitation(telling: Telling) -> RatingInvitation | None:
    return next(
        (row for row in telling.replay.rows if isinstance(row, RatingInvitation) and row.used_at is None), None
    )


def _score(telling: Telling) -> int:
    """Return a score: worse after waiting, a missed deadline, a reopening, or a decision upheld."""
    resolution = sla.latest(telling.replay.ledgers, Metric.RESOLUTION)
    missed = resolution is not None and resolution.noticed is not None
    mood = 4.75 - telling.slow - (1.2 if missed else 0) + telling.rng.gauss(0, 0.9)
    if telling.arrival.scenario.resolution == "decision_upheld":
        mood -= 2
    return min(5, max(1, round(mood)))
