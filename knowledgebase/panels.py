"""Panels that upper apps put on the pages of articles and known issues.

An upper app registers its panel when it starts (linked tickets, say), so that
this app never reaches up.
"""

from collections.abc import Callable

from accounts.models import User
from knowledgebase.models import Article, KnownIssue

#: Returns safe HTML for the side column, or "" where there is nothing to show to this person.
Render = Callable[[Article | KnownIssue, User], str]

_panels: dict[str, Render] = {}


def register(name: str, render: Render) -> None:
    """Show `render`'s HTML on every article and known issue. Registering a name again replaces it."""
    _panels[name] = render


def rendered(thing: Article | KnownIssue, user: User) -> list[str]:
    """Return the HTML of every panel that has something to show to `user`, in order of registration."""
    return [html for render in _panels.values() if (html := render(thing, user))]
