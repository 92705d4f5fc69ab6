"""What both kinds of pages answer alike."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.models import User
from common.errors import NotAllowed
from knowledgebase.access import may_write

PAGE_SIZE = 50


def person(request: HttpRequest) -> User:
    """Return the person who asks; pages of this app are only reached signed in."""
    assert isinstance(request.user, User)  # noqa: S101 - LoginRequiredMiddleware saw to it
    return request.user


def demand_writer(request: HttpRequest) -> None:
    """Raise PermissionDenied (403) unless the person writes articles and known issues."""
    if not may_write(person(request)):
        raise PermissionDenied


@contextmanager
def forbidding() -> Iterator[None]:
    """Turn a domain function's NotAllowed into PermissionDenied (403)."""
    try:
        yield
    except NotAllowed as refusal:
        raise PermissionDenied(str(refusal)) from refusal


def page_of(request: HttpRequest, things: QuerySet[Any]) -> dict[str, Any]:
    """Return the page that the address asks for, the nearest there is, with links to its neighbours."""
    page = Paginator(things, PAGE_SIZE).get_page(request.GET.get("page"))

    def link(number: int) -> str:
        address = request.GET.copy()
        address["page"] = str(number)
        return f"?{address.urlencode()}"

    return {
        "page": page,
        "previous_url": link(page.previous_page_number()) if page.has_previous() else "",
        "next_url": link(page.next_page_number()) if page.has_next() else "",
    }
