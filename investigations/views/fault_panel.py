"""The versions of plugins that have a known issue, on its page."""

from django.template.loader import render_to_string

from accounts.models import User
from investigations.health import integrations
from knowledgebase.models import Article, KnownIssue


def panel(thing: Article | KnownIssue, user: User) -> str:
    """Return the versions with how many integrations have them; "" where there are none to show."""
    if not isinstance(thing, KnownIssue) or not integrations.may_read(user):
        return ""
    found = integrations.affected(thing, user)
    return render_to_string("investigations/health/fault_panel.html", {"affected": found}) if found else ""
