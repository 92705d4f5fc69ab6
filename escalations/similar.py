"""Tickets, known issues and articles that resemble what somebody is writing or reading."""

import re
from dataclasses import dataclass

from django.contrib.postgres.search import SearchQuery, SearchRank
from django.db.models import F, Q
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from escalations.models import Category, Ticket
from knowledgebase.search import LANGUAGES

MOST = 5
_MOST_WORDS = 24
_REFERENCE = re.compile(r"(?:esc-|#)([0-9]{1,12})", re.IGNORECASE)
_WORD = re.compile(r"[^\W_]{3,}")


@dataclass(frozen=True)
class Similar:
    """A ticket and why it is shown."""

    ticket: Ticket
    reason: str | Promise


def open_of_customer(user: User, external_id: str) -> list[Ticket]:
    """Return the customer's open tickets that `user` may see: the warning before a double escalation."""
    if not external_id.strip():
        return []
    return list(
        Ticket.objects.visible_to(user)
        .open()
        .filter(customer__external_id=external_id.strip())
        .select_related("category", "owner")
        .order_by("-created_at")[:MOST]
    )


def open_of_transaction(user: User, references: list[str]) -> list[Ticket]:
    """Return the open tickets about one of these transactions or requests."""
    wanted = [reference.strip() for reference in references if reference.strip()]
    if not wanted:
        return []
    return list(
        Ticket.objects.visible_to(user)
        .open()
        .filter(transaction_ref__in=wanted)
        .select_related("category", "owner")
        .order_by("-created_at")[:MOST]
    )


def open_elsewhere(user: User, external_id: str, references: list[str]) -> bool:
    """Tell whether another team has an open ticket of this customer or transaction.

    Only that there is one: what `user` may not see stays unseen, yet nobody escalates twice unwarned.
    """
    about = Q(transaction_ref__in=[reference.strip() for reference in references if reference.strip()])
    if external_id.strip():
        about |= Q(customer__external_id=external_id.strip())
    hidden = Ticket.objects.open().filter(about).exclude(pk__in=Ticket.objects.visible_to(user).values("pk"))
    return hidden.exists()


def by_text(
    user: User, text: str, *, category: Category | None = None, besides: int | None = None
) -> list[Ticket]:
    """Return open tickets whose words are nearest to `text`, those of `category` only if given."""
    query = words_query(text)
    if query is None:
        return []
    tickets = Ticket.objects.visible_to(user).open().filter(text__words=query)
    if category is not None:
        tickets = tickets.filter(category=category)
    if besides is not None:
        tickets = tickets.exclude(pk=besides)
    return list(
        tickets.annotate(rank=SearchRank(F("text__words"), query))
        .select_related("category", "owner")
        .order_by("-rank", "-pk")[:MOST]
    )


def similar_to(ticket: Ticket, user: User) -> list[Similar]:
    """Return tickets like this one, each with the reason, the surest reasons first."""
    others = Ticket.objects.visible_to(user).exclude(pk=ticket.pk).select_related("category", "owner", "customer")
    found: dict[int, Similar] = {}
    if ticket.transaction_ref:
        for other in others.filter(transaction_ref=ticket.transaction_ref)[:MOST]:
            found.setdefault(other.pk, Similar(other, _("Same transaction")))
    if ticket.error_code:
        same_code = Q(error_code=ticket.error_code, category=ticket.category_id)
        for other in others.open().filter(same_code).order_by("-pk")[:MOST]:
            found.setdefault(other.pk, Similar(other, _("Same error code")))
    for other in by_text(user, ticket.subject, category=ticket.category, besides=ticket.pk):
        found.setdefault(other.pk, Similar(other, _("Similar words")))
    return list(found.values())[: MOST + 1]


def exact_reference(text: str) -> int | None:
    """Return the ticket's number if `text` is a reference such as ESC-1042 (or #1042), else None."""
    match = _REFERENCE.fullmatch(text.strip())
    return int(match[1]) if match else None


def words_query(text: str) -> SearchQuery | None:
    """Return a query for any of the text's first words, in both languages; None if it has none."""
    words = list(dict.fromkeys(word.lower() for word in _WORD.findall(text)))[:_MOST_WORDS]
    if not words:
        return None
    # Only in subject and contract, which everybody reads who sees the ticket.
    raw = " | ".join(f"'{word}':AB" for word in words)
    english, spanish = (SearchQuery(raw, search_type="raw", config=config) for config in LANGUAGES)
    return english | spanish
