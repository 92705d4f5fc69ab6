"""Writing, revising and publishing articles. Every version is kept."""

from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from common import clock
from common.errors import NotAllowed, Refused, StaleVersion
from events import recording
from knowledgebase import texts
from knowledgebase.access import may_hand_on, may_publish, may_write
from knowledgebase.models import Article, ArticleRevision, Audience, Status

SUBJECT = "article"


@transaction.atomic
def write(*, by: User, title: str, body: str, language: str, audience: str) -> Article:
    """Start an article as a draft of `by`'s, and return it.

    Title and body are redacted before they are stored. Raises NotAllowed unless
    `by` is L2 or a lead, Refused when a text is empty or too long, or the
    language or audience is not one we know.
    """
    if not may_write(by):
        raise NotAllowed(_("Only second-line specialists and leads write articles."))
    now = clock.now()
    article = Article(owner=by, created_at=now, updated_at=now)
    _fill(article, title=title, body=body, language=language, audience=audience)
    article.save()
    _keep(article, by=by)
    _record(article, "written", by=by)
    return article


@transaction.atomic
def revise(
    article: Article, *, by: User, version: int, title: str, body: str, language: str, audience: str
) -> Article:
    """Store a new text of `article`, and return the article as it is now.

    `version` is the version that `by` had before them. A published article
    stays published; who may read it only its owner or a lead may change.
    Nothing is stored when the text is the same. Raises StaleVersion when
    somebody revised the article meanwhile, and what `write` raises.
    """
    locked = _lock(article, by=by, version=version)
    before = _content(locked)
    _fill(locked, title=title, body=body, language=language, audience=audience)
    if _content(locked) == before:
        return locked
    if locked.audience != before["audience"] and locked.status == Status.PUBLISHED:
        _demand_publisher(by, locked)
    _save(locked, by=by)
    changed = sorted(name for name, value in _content(locked).items() if value != before[name])
    _record(locked, "revised", by=by, changed=changed)
    return locked


@transaction.atomic
def publish(article: Article, *, by: User, version: int) -> Article:
    """Show a draft to its audience.

    Raises NotAllowed unless `by` owns it or leads, StaleVersion when it is not
    the version that `by` read, Refused when it is no draft.
    """
    return _move(article, Status.PUBLISHED, "published", sources={Status.DRAFT}, by=by, version=version)


@transaction.atomic
def archive(article: Article, *, by: User, version: int) -> Article:
    """Take an article out of use; its text and history stay. Raises what `publish` raises."""
    sources = {Status.DRAFT, Status.PUBLISHED}
    return _move(article, Status.ARCHIVED, "archived", sources=sources, by=by, version=version)


@transaction.atomic
def restore(article: Article, *, by: User, version: int) -> Article:
    """Bring an archived article back as a draft. Raises what `publish` raises."""
    return _move(article, Status.DRAFT, "restored", sources={Status.ARCHIVED}, by=by, version=version)


@transaction.atomic
def change_owner(article: Article, *, by: User, owner: User) -> Article:
    """Make `owner` answerable for the article.

    The owner themself or a lead decides that. The new owner must be active and
    able to write; else Refused.
    """
    locked = _lock(article, by=by)
    if not may_hand_on(by, locked):
        raise NotAllowed(_("Only the owner or a lead may give this article to somebody else."))
    if not owner.is_active or not may_write(owner):
        raise Refused(_("%(name)s does not write articles.") % {"name": owner}, field="owner")
    if locked.owner_id == owner.pk:
        return locked
    former, locked.owner = locked.owner_id, owner
    locked.updated_at = clock.now()
    locked.save(update_fields=["owner", "updated_at"])
    _record(locked, "owner_changed", by=by, former=former, owner=owner.pk)
    return locked


def _lock(article: Article, *, by: User, version: int | None = None) -> Article:
    locked = (
        Article.objects.visible_to(by)
        .select_for_update(of=("self",), no_key=True)
        .select_related("owner")
        .filter(pk=article.pk)
        .first()
    )
    if locked is None or not may_write(by):
        raise NotAllowed(_("You may not change this article."))
    if version is not None and version != locked.version:
        raise StaleVersion(
            _("Somebody changed this article while you had it open. Nothing was saved."), current=locked
        )
    return locked


def _move(article: Article, status: Status, kind: str, *, sources: set[Status], by: User, version: int) -> Article:
    locked = _lock(article, by=by, version=version)
    _demand_publisher(by, locked)
    if locked.status not in sources:
        raise Refused(
            _("This is not possible: the article is “%(status)s” now.") % {"status": locked.get_status_display()}
        )
    locked.status = status
    _save(locked, by=by)
    _record(locked, kind, by=by)
    return locked


def _demand_publisher(by: User, article: Article) -> None:
    if not may_publish(by, article):
        raise NotAllowed(_("Only the owner or a lead decides who reads this article."))


def _fill(article: Article, *, title: str, body: str, language: str, audience: str) -> None:
    if language not in dict(settings.LANGUAGES):
        raise Refused(_("Choose one of the languages."), field="language")
    if audience not in Audience.values:
        raise Refused(_("Choose for whom the article is."), field="audience")
    article.title = texts.line(title, "title", _("Give the article a title."))
    article.body = texts.text(body, "body", _("Write the article’s text."))
    article.language = language
    article.audience = audience


def _save(article: Article, *, by: User) -> None:
    article.version += 1
    article.updated_at = clock.now()
    article.save()
    _keep(article, by=by)


def _keep(article: Article, *, by: User) -> None:
    ArticleRevision.objects.create(
        article=article,
        version=article.version,
        status=article.status,
        saved_by=by,
        saved_at=article.updated_at,
        **_content(article),
    )


def _content(article: Article) -> dict[str, str]:
    return {
        "title": article.title,
        "body": article.body,
        "language": article.language,
        "audience": article.audience,
    }


def _record(article: Article, kind: str, *, by: User, **data: Any) -> None:
    facts = {"version": article.version, "status": article.status, "audience": article.audience}
    recording.record(f"article.{kind}", subject=(SUBJECT, article.pk), by=by, data={**data, **facts})
