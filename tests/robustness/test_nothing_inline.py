"""Every page carries the strict policy and needs nothing that it forbids."""

from collections.abc import Iterator
from html.parser import HTMLParser

import pytest

from tests.matrix import Scenario
from tests.matrix_rows import MATRIX

pytestmark = pytest.mark.django_db

MISTAKES = ["/no/such/page/", "/queue/take-next/", "/queue/?order=none", "/queue/?q=%00", "/rate/forged/"]
OF_ADMIN = ["/admin/escalations/category/", "/admin/escalations/category/add/", "/admin/accounts/user/add/"]


class Inline(HTMLParser):
    """Collects what stands inline in a page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.found += [f"<{tag} {name}>" for name in given if name.startswith("on") or name == "style"]
        self.found += [
            f"<{tag} {name}=javascript:>" for name, value in attrs if (value or "").startswith("javascript:")
        ]
        is_data = given.get("type") in {"application/json", "importmap"}
        is_inline = tag == "style" or (tag == "script" and "src" not in given and not is_data)
        if is_inline and "nonce" not in given:
            self.found.append(f"<{tag}>")


def inline(html: str) -> list[str]:
    reader = Inline()
    reader.feed(html)
    return reader.found


def pages(role: str, scenario: Scenario) -> Iterator[tuple[str, str, str]]:
    # Refusals are all one page, which MISTAKES shows.
    open_ones = [(name, row) for name, row in sorted(MATRIX.items()) if row.expected[role] == 200]
    addresses = [row.address(name, scenario) for name, row in open_ones]
    for address in [*addresses, *MISTAKES, *(OF_ADMIN if role == "admin" else ())]:
        response = scenario.clients[role].get(address, QUERY_STRING=address.partition("?")[2])
        is_html = response.headers.get("Content-Type", "").startswith("text/html")
        body = response.getvalue() if response.streaming else response.content
        if is_html and body:
            yield address, body.decode(), response.headers.get("Content-Security-Policy", "")


@pytest.mark.parametrize("role", ["anonymous", "l1", "l2", "lead", "admin"])
def test_every_page_has_the_policy_and_nothing_inline(scenario: Scenario, role: str):
    count = 0
    for address, html, policy in pages(role, scenario):
        count += 1
        assert "default-src 'self'" in policy and "unsafe" not in policy, address
        assert inline(html) == [], address
    assert count > 8


@pytest.mark.parametrize("bad", ["<a onclick=x>", "<p style='x'>", "<style>x</style>", "<script>x</script>"])
def test_the_check_sees_what_is_inline(bad: str):
    assert inline(bad)
