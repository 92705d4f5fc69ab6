"""Rendered Markdown is faithful, and never dangerous."""

import re
import time
from html.parser import HTMLParser

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from common.markdown import ATTRIBUTES, TAGS, render

#: What a browser takes for a scheme (RFC 3986, 3.1); anything else before a colon is part of a path.
SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")


class Audit(HTMLParser):
    """Collects every tag, attribute and address that a browser would see."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[tuple[str, str]] = set()
        self.addresses: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes |= {(tag, name) for name, _ in attrs}
        self.addresses += [value for name, value in attrs if name == "href"]


HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "[a](javascript:alert(1))",
    "[a](JaVaScRiPt&colon;alert(1))",
    "[a](data:text/html;base64,PHNjcmlwdD4=)",
    "[a](vbscript:x)",
    "![a](https://tracker.example/p.gif)",
    '[a](https://x.example "\\" onmouseover=\\"alert(1)")',
    "<javascript:alert(1)>",
    '```"><script>alert(1)</script>\nx\n```',
    "[a]: javascript:alert(1)\n\n[a]",
    "<a href='https://x' style='position:fixed'>x</a>",
    "| a |\n|---|\n| <svg onload=alert(1)> |",
    "\\<script>&lt;script&gt;",
]


def assert_safe(html: str) -> None:
    audit = Audit(html)
    allowed = {(tag, name) for tag, names in ATTRIBUTES.items() for name in names} | {("a", "rel")}
    assert audit.tags <= TAGS
    assert audit.attributes <= allowed
    schemes = {found[1].lower() for a in audit.addresses if (found := SCHEME.match(re.sub(r"[\x00-\x20]", "", a)))}
    assert schemes <= {"http", "https", "mailto"}


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_markdown_is_disarmed(text):
    assert_safe(render(text))


@example(["[](", "[a](javascript:alert(1))", ")"])  # leads to a page whose name has a colon
@given(st.lists(st.sampled_from([*HOSTILE, "\n", " ", "*", "`", "<", ">", "[", "](", ")", "&", '"', "x"])))
def test_no_mixture_of_it_is_dangerous(parts):
    assert_safe(render("".join(parts)))


def test_what_people_write_looks_as_meant():
    html = render("# Steps\n\n1. **Ask**\n2. ~~Wait~~\n\nfirst\nsecond\n\n| a | b |\n|---|---|\n| 1 | 2 |")
    assert "<h2>Steps</h2>" in html
    assert "<strong>Ask</strong>" in html
    assert "<s>Wait</s>" in html
    assert "first<br>" in html
    assert "<td>1</td>" in html


def test_links_do_not_tell_where_they_were_followed():
    assert 'rel="noopener noreferrer nofollow"' in render("[a](https://x.example)")


@pytest.mark.parametrize(
    "part", ["[", "![", "*", "`", "> ", "- ", "<", "**a ", "[a](", "|", "&", "\\", "_a", "1. "]
)
def test_hostile_repetition_is_rendered_in_good_time(part):
    started = time.process_time()
    render(part * (20_000 // len(part)))
    assert time.process_time() - started < 3
