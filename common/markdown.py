"""Markdown written by people, turned into HTML that is safe to show to others."""

import re
from functools import lru_cache

import nh3
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.token import Token

#: What rendered Markdown may consist of. Images are left out: one fetched from elsewhere
#: tells its host who reads what, and our own attachments are shown beside the text.
TAGS = {
    "a", "blockquote", "br", "code", "del", "em", "h2", "h3", "h4", "h5", "h6", "hr", "li",
    "ol", "p", "pre", "s", "strong", "table", "tbody", "td", "th", "thead", "tr", "ul",
}  # fmt: skip
ATTRIBUTES = {"a": {"href", "title"}, "ol": {"start"}}
SCHEMES = {"http", "https", "mailto"}

_MARKUP = re.compile(r"([\\`*_{}\[\]<>#|~])")
_BEGINS_A_BLOCK = re.compile(r"^(\s*)([-+>]|\d+[.)])", re.MULTILINE)

_parser = (
    MarkdownIt("commonmark", {"html": False, "breaks": True, "maxNesting": 20})
    .enable(["table", "strikethrough"])
    .disable("image")
)


@lru_cache(maxsize=2000)
def render(text: str) -> SafeString:
    """Return the HTML of CommonMark `text` with tables and strikethrough.

    Line breaks are kept, as people expect who write messages. HTML in the text
    is shown as it was typed, and links may only lead to the web or to a mail
    address. A first-level heading becomes <h2>, since the page has its own <h1>.
    What was rendered lately is remembered: a timeline is read far more often than written.
    """
    tokens = _parser.parse(text)
    for token in tokens:
        _lower(token)
    html = _parser.renderer.render(tokens, _parser.options, {})
    clean = nh3.clean(
        html,
        tags=TAGS,
        attributes=ATTRIBUTES,
        url_schemes=SCHEMES,
        link_rel="noopener noreferrer nofollow",
    )
    return mark_safe(clean)  # noqa: S308 - nh3 has just cleaned it


def escaped(text: str) -> str:
    """Return a text as CommonMark that shows it as it is."""
    return _BEGINS_A_BLOCK.sub(r"\1\\\2", _MARKUP.sub(r"\\\1", text)).replace("\n", "  \n")


def _lower(token: Token) -> None:
    """Put a heading one level down; <h6> is the lowest there is."""
    if token.type in {"heading_open", "heading_close"}:
        token.tag = f"h{min(int(token.tag[1]) + 1, 6)}"
