"""The panel with linked tickets on the pages of articles and known issues."""

from django.template.loader import render_to_string
from django.urls import reverse

from accounts.models import User
from escalations.models import Ticket
from knowledgebase.models import Article, KnownIssue

MOST = 8


def panel(thing: Article | KnownIssue, user: User) -> str:
    """Return the tickets linked to an article or known issue, as far as `user` may see them; "" without any."""
    visible = Ticket.objects.visible_to(user)
    if isinstance(thing, KnownIssue):
        linked, more = visible.filter(known_issue=thing), f"{reverse('queue')}?scope=all&known_issue={thing.pk}"
    else:
        linked, more = visible.filter(article_uses__article=thing), ""
    tickets = list(linked.order_by("-created_at")[: MOST + 1])
    if not tickets:
        return ""
    context = {"tickets": tickets[:MOST], "more": more if len(tickets) > MOST else ""}
    return render_to_string("escalations/parts/linked.html", context)
