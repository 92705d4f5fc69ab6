"""Tickets that resemble what somebody is writing or reading, each with the reason.

What may resemble is found through indexes, a bounded number of tickets for each kind of evidence, so that it costs
the same at a million tickets; `resemblance` then ranks these.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import Any

from django.contrib.postgres.search import SearchVector
from django.db.models import BooleanField, F, Func, IntegerField, Q, QuerySet, TextField, Value
from django.db.models.expressions import RawSQL
from django.db.models.fields.json import KT
from django.db.models.functions import Cast
from django.utils.translation import gettext_lazy, ngettext

from accounts.models import User
from common import clock
from escalations import resemblance
from escalations.models import Category, Customer, LexemeCount, Lexicon, State, Ticket
from escalations.resemblance import Corpus, Count, Evidence, Fields, Match, Other
from knowledgebase.search import LANGUAGES

MOST = 5
#: Of the tickets with the same transaction, error code …: the newest so many are looked at.
_MOST_OF_A_KIND = 40
_MOST_WORDS = 4
_LONGEST = 4_000

_REFERENCE = re.compile(r"(?:esc-|#)([0-9]{1,12})", re.IGNORECASE)

_SAME = {
    Evidence.TRANSACTION: gettext_lazy("Same transaction"),
    Evidence.ENDPOINT: gettext_lazy("Same endpoint"),
    Evidence.ERROR_CODE: gettext_lazy("Same error code"),
    Evidence.CUSTOMER: gettext_lazy("Same customer"),
}


@dataclass(frozen=True)
class Similar:
    """A ticket, and in words what it has in common with the other one, the weightiest first."""

    ticket: Ticket
    reasons: Sequence[str]

    @property
    def reason(self) -> str:
        return " · ".join(self.reasons)


@dataclass(frozen=True)
class Described:
    """What is looked for: a ticket's words and fields, stored or still being written."""

    subject: str
    description: str
    fields: Fields
    besides: int | None = None

    @property
    def text(self) -> str:
        return f"{self.subject}\n{self.description}"


def similar_to(ticket: Ticket, user: User, *, most: int = MOST) -> list[Similar]:
    """Return the tickets most like this one that `user` may see, each with the reason, the nearest first."""
    fields = Fields(
        created_at=ticket.created_at,
        transaction=ticket.transaction_ref,
        endpoint=str(ticket.answers.get("endpoint") or ""),
        error_code=ticket.error_code,
        customer=ticket.customer_id,
        category=ticket.category_id,
    )
    return similar(Described(ticket.subject, ticket.description, fields, besides=ticket.pk), user, most=most)


def similar_to_draft(
    user: User,
    *,
    category: Category,
    subject: str,
    description: str,
    customer_id: str = "",
    transaction: str = "",
    error_code: str = "",
    endpoint: str = "",
) -> list[Similar]:
    """Return the tickets most like the escalation that `user` is writing.

    `customer_id` is the customer's id outside; the customer may be new.
    """
    known = Customer.objects.visible_to(user).filter(external_id=customer_id.strip()).first()
    fields = Fields(
        created_at=clock.now(),
        transaction=transaction.strip(),
        endpoint=endpoint.strip(),
        error_code=error_code.strip(),
        customer=known.pk if known is not None else None,
        category=category.pk,
    )
    return similar(Described(subject, description[:_LONGEST], fields), user)


def similar(described: Described, user: User, *, most: int = MOST) -> list[Similar]:
    """Return the tickets most like what is described that `user` may see."""
    counts, corpus = _words(described)
    terms = resemblance.weigh(counts, corpus)
    others = _candidates(described, user, terms, corpus)
    matches = resemblance.rank(described.fields, terms, others, corpus, most=most)
    tickets = Ticket.objects.visible_to(user).select_related("category", "owner", "customer")
    found = tickets.in_bulk([match.pk for match in matches])
    return [Similar(found[match.pk], _reasons(match, described)) for match in matches if match.pk in found]


def _words(described: Described) -> tuple[dict[str, Count], Corpus]:
    """Return the words of what is described, and what the lexicon knows of them.

    As long as nobody has counted words, none is known to be telling, and only fields are compared.
    """
    document = reduce(
        add,
        (
            SearchVector(Value(text), weight=weight, config=config)
            for config in LANGUAGES
            for text, weight in ((described.subject, "A"), (described.description, "B"))
        ),
    )
    lexicon = Lexicon.objects.annotate(document=Cast(document, TextField())).first()
    if lexicon is None:
        return {}, Corpus(0, 0, 0.0)
    counts = resemblance.counts_of(lexicon.document)
    held = LexemeCount.objects.filter(lexeme__in=counts).values_list("lexeme", "documents")
    return counts, Corpus(lexicon.documents, lexicon.tickets, lexicon.mean_length, dict(held))


def _candidates(described: Described, user: User, terms: dict[str, float], corpus: Corpus) -> list[Other]:
    """Return the tickets that may resemble: those with a telling word or a field in common, the newest of each."""
    visible = Ticket.objects.visible_to(user).exclude(state=State.MERGED)
    if described.besides is not None:
        visible = visible.exclude(pk=described.besides)
    fields = described.fields
    kinds = []
    if words := resemblance.affordable(terms, corpus):
        kinds.append(_newest(visible.filter(_any_of(words)), resemblance.MOST_CANDIDATES))
    if fields.transaction:
        kinds.append(_newest(visible.filter(transaction_ref=fields.transaction), _MOST_OF_A_KIND))
    if fields.error_code:
        kinds.append(_newest(visible.filter(error_code=fields.error_code), _MOST_OF_A_KIND))
    if fields.endpoint:
        calling = visible.filter(answers__has_key="endpoint").annotate(endpoint=KT("answers__endpoint"))
        kinds.append(_newest(calling.filter(endpoint=fields.endpoint), _MOST_OF_A_KIND))
    if fields.customer is not None:
        kinds.append(_newest(visible.filter(customer=fields.customer), _MOST_OF_A_KIND))
    if not kinds:
        return []
    columns = ("pk", "created_at", "transaction_ref", "error_code", "customer_id", "category_id")
    rows = (
        Ticket.objects.filter(pk__in=kinds[0].union(*kinds[1:]))
        .annotate(
            endpoint=KT("answers__endpoint"),
            words=RawSQL(_SHARED, [list(terms)]),  # noqa: S611  the words are parameters
            length=Func("text__words", template=f"length({_READ_BY_ALL})", output_field=IntegerField()),
        )
        .values_list(*columns, "endpoint", "words", "length")
    )
    return [
        Other(
            pk=pk,
            fields=Fields(created_at, transaction, endpoint or "", error_code, customer, category),
            counts={word: resemblance.count_of(places) for word, _space, places in map(_parted, shared)},
            length=length,
        )
        for pk, created_at, transaction, error_code, customer, category, endpoint, shared, length in rows
    ]


#: The words that everybody may find who sees the ticket; what is said on it has other weights.
_READ_BY_ALL = "ts_filter(%(expressions)s, '{a,b}')"

#: Those of the asked words that a ticket has, each with the weights of its places: "timeout A,B,B".
_SHARED = """
ARRAY(
    SELECT shared.lexeme || ' ' || array_to_string(shared.weights, ',')
    FROM escalations_tickettext AS text, unnest(ts_filter(text.words, '{a,b}')) AS shared
    WHERE text.ticket_id = escalations_ticket.id AND shared.lexeme = ANY(%s)
)
"""


def _parted(shared: str) -> tuple[str, str, str]:
    return shared.rpartition(" ")


def _newest(tickets: QuerySet[Ticket], most: int) -> QuerySet[Ticket, Any]:
    """Return the ids of the newest of these, found by what is asked of them and not by walking the primary key."""
    return tickets.order_by((F("pk") + 0).desc()).values("pk")[:most]


def _any_of(words: Sequence[str]) -> Func:
    """Return the condition that one of these lexemes stands in a ticket; they are stems already."""
    quoted = " | ".join("'" + word.replace("\\", "\\\\").replace("'", "''") + "':AB" for word in words)
    return Func(
        F("text__words"),
        RawSQL("%s::tsquery", [quoted]),  # the words are a parameter
        template="(%(expressions)s)",
        arg_joiner=" @@ ",
        output_field=BooleanField(),
    )


def _reasons(match: Match, described: Described) -> list[str]:
    """Say what they have in common. Words that the other has in common by chance only are not named."""
    reasons = [str(_SAME[one]) for one in match.evidence if one in _SAME]
    words = resemblance.spelled(match.lexemes, described.text)
    if words and match.share >= resemblance.LEAST_SHARE:
        named = ", ".join(words[:_MOST_WORDS]) + ("…" if len(words) > _MOST_WORDS else "")
        said = ngettext("%(count)d word in common: %(words)s", "%(count)d words in common: %(words)s", len(words))
        reasons.append(said % {"count": len(words), "words": named})
    return reasons


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

    Only that there is one: what `user` may not see stays unseen, yet nobody escalates twice unwarned. Of a
    restricted one not even that.
    """
    about = Q(transaction_ref__in=[reference.strip() for reference in references if reference.strip()])
    if external_id.strip():
        about |= Q(customer__in=list(Customer.objects.filter(external_id=external_id.strip())))
    there = set(
        Ticket.objects.open().filter(about, restricted_as="").values_list("pk", flat=True)[:_MOST_OF_A_KIND]
    )
    seen = Ticket.objects.visible_to(user).filter(pk__in=there).values_list("pk", flat=True)
    return bool(there.difference(seen))


def exact_reference(text: str) -> int | None:
    """Return the ticket's number if `text` is a reference such as ESC-1042 (or #1042), else None."""
    match = _REFERENCE.fullmatch(text.strip())
    return int(match[1]) if match else None
