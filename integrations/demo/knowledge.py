"""What the demo company knows: articles written and revised on their days, and known issues.

An article is a Markdown file whose first lines say `title`, `language`, `audience`, `categories`,
`status`, `author` (an account), `days` (how long ago it was written) and, where it was revised, what it
said before (`replaced: new words => old words`).
"""

import tomllib
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from accounts.models import User
from common import clock
from integrations.demo.people import DOMAIN
from knowledgebase import articles, known_issues
from knowledgebase.models import Article, IssueStatus, KnownIssue

_FOLDER = Path(__file__).parent / "articles"
_ISSUES = Path(__file__).parent / "known_issues.toml"


@dataclass(frozen=True)
class Draft:
    """An article's file, read."""

    title: str
    language: str
    audience: str
    categories: list[str]
    status: str
    author: str
    days: int
    replaced: tuple[str, str] | None
    body: str


def drafts() -> list[Draft]:
    """Return every article's file, in the order of their names."""
    return [_read(path) for path in sorted(_FOLDER.glob("*.md"))]


def _read(path: Path) -> Draft:
    head, _, body = path.read_text(encoding="utf-8").partition("\n---\n")
    values = {name.strip(): value.strip() for name, _, value in (row.partition(":") for row in head.splitlines())}
    new, arrow, old = values.get("replaced", "").partition(" => ")
    return Draft(
        title=values["title"],
        language=values["language"],
        audience=values["audience"],
        categories=values["categories"].split(),
        status=values.get("status", "published"),
        author=values["author"],
        days=int(values["days"]),
        replaced=(new, old) if arrow else None,
        body=body.strip(),
    )


def write_articles(now: datetime) -> dict[tuple[str, str], list[Article]]:
    """Write the articles on their days; return the published ones by category and language."""
    shelf: dict[tuple[str, str], list[Article]] = defaultdict(list)
    for draft in drafts():
        article = _write(draft, now)
        if draft.status == "published":
            for category in draft.categories:
                shelf[category, draft.language].append(article)
    return dict(shelf)


def _write(draft: Draft, now: datetime) -> Article:
    by = _person(draft.author)
    begun = now - timedelta(days=draft.days, hours=draft.days % 7, minutes=draft.days * 7 % 60)
    content = {"title": draft.title, "language": draft.language, "audience": draft.audience}
    new, old = draft.replaced or ("", "")
    if new not in draft.body:
        raise ValueError(f"{draft.title}: what was replaced is not in the text")
    with clock.replaying(begun):
        article = articles.write(by=by, body=draft.body.replace(new, old) if new else draft.body, **content)
    if draft.status != "draft":
        with clock.replaying(begun + timedelta(hours=2)):
            article = articles.publish(article, by=by, version=article.version)
    if new:
        with clock.replaying(begun + (now - begun) / 2):
            article = articles.revise(article, by=by, version=article.version, body=draft.body, **content)
    if draft.status == "archived":
        with clock.replaying(begun + (now - begun) * 0.8):
            article = articles.archive(article, by=by, version=article.version)
    return article


def open_issues(now: datetime) -> dict[str, KnownIssue]:
    """Open the known issues on their days; return them by the scenario they stand for."""
    content = tomllib.loads(_ISSUES.read_text(encoding="utf-8"))
    issues = {}
    for row in content["issues"]:
        by = _person(row["owner"])
        opened = now - timedelta(days=row["days"], hours=3)
        with clock.replaying(opened):
            issue = known_issues.open_issue(
                by=by, title=row["title"], symptoms=row["symptoms"], workaround=row.get("workaround", "")
            )
        for number, status in enumerate(row.get("statuses", []), 1):
            with clock.replaying(opened + (now - opened) * number / (len(row["statuses"]) + 1)):
                issue = known_issues.set_status(issue, by=by, version=issue.version, status=IssueStatus(status))
        issues[row["scenario"]] = issue
    return issues


def _person(account: str) -> User:
    return User.objects.get(email=f"{account}@{DOMAIN}")
