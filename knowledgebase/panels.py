"""Room on the pages of articles and known issues for what stands above them.

An upper app registers its panel when it starts (linked tickets, say), and these
pages show it without knowing of that app.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from knowledgebase.models import Article, KnownIssue

if TYPE_CHECKING:
    from django.http import HttpRequest
    from django.utils.safestring import SafeString

#: Renders one panel for the person who asks, or returns "" where it has nothing to show.
Render = Callable[["HttpRequest", Article | KnownIssue], "SafeString"]

_panels: dict[str, Render] = {}


def register(name: str, render: Render) -> None:
    """Show `render(request, thing)` on the page of every article and known issue.

    Panels stand in the order in which they were registered; registering a name
    again replaces its panel. `render` checks for itself what the person may see.
    """
    _panels[name] = render


def rendered(request: "HttpRequest", thing: Article | KnownIssue) -> "list[SafeString]":
    """Return the panels that have something to show about `thing`."""
    return [html for render in _panels.values() if (html := render(request, thing))]
