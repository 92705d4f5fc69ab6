"""What connects tickets with what the desk knows: known issues and articles."""

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from common import clock
from common.errors import NotAllowed
from escalations.access import works_on
from escalations.changes import lock, record, save
from escalations.models import ArticleUse, Ticket
from knowledgebase.models import Article, KnownIssue


@transaction.atomic
def link_known_issue(ticket: Ticket, issue: KnownIssue | None, *, by: User, version: int | None = None) -> Ticket:
    """Say that the ticket is one more case of a known issue, or (None) that it is not."""
    locked = lock(ticket, by=by, version=version)
    if not works_on(by, locked):
        raise NotAllowed(_("You may not link known issues here."))
    if issue == locked.known_issue:
        return locked
    former, locked.known_issue = locked.known_issue_id, issue
    save(locked)
    record(locked, "known_issue_linked", by=by, issue=issue.pk if issue else None, former=former)
    return locked


@transaction.atomic
def use_article(ticket: Ticket, article: Article, *, by: User, solved: bool) -> ArticleUse:
    """Link an article to the ticket; `solved` says that it was the answer."""
    locked = lock(ticket, by=by)
    if not works_on(by, locked):
        raise NotAllowed(_("You may not link articles here."))
    use, created = ArticleUse.objects.get_or_create(
        ticket=locked,
        article=article,
        defaults={"solved": solved, "linked_by": by, "linked_at": clock.now()},
    )
    if not created and use.solved == solved:
        return use
    use.solved = solved
    use.save(update_fields=["solved"])
    record(locked, "article_linked", by=by, article=article.pk, solved=solved)
    return use
