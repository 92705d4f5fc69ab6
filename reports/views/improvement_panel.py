"""The proposals beside a known issue, and the way to a new one."""

from django.template.loader import render_to_string

from accounts.models import User
from knowledgebase import access
from knowledgebase.models import Article, KnownIssue
from reports import improvements
from reports.models import Proposal


def panel(thing: Article | KnownIssue, user: User) -> str:
    """Return the proposals that a known issue has led to; "" for who reads none, and on articles."""
    if not isinstance(thing, KnownIssue) or not improvements.reads(user):
        return ""
    proposals, writes = list(Proposal.objects.filter(known_issue=thing)[:10]), access.may_write(user)
    if not proposals and not writes:
        return ""
    context = {"issue": thing, "proposals": proposals, "writes": writes}
    return render_to_string("reports/_improvement_panel.html", context)
