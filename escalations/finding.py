"""Finding: one query over tickets, customers, articles, known issues and people.

Every statement asks for what `user` may see, in the statement itself. A ticket's text is found only by who may
read it there: the words' weights (`TicketText`) are part of the condition, for unwanted words as well.

Ranking every hit of a common word costs seconds at a million tickets. So the newest RANKED hits are ranked, and
the list says so where there are more.
"""

import re
from dataclasses import dataclass, field, replace
from typing import Any

from django.contrib.postgres.search import SearchQuery, SearchRank
from django.db import connection
from django.db.models import Case, Exists, F, FloatField, OuterRef, Q, QuerySet, Value, When
from django.utils.safestring import SafeString

from accounts.models import Role, User
from escalations.access import Party, reads_internal, standing
from escalations.models import Customer, HandOver, Ticket
from escalations.models.customer import customer_words
from escalations.search_operators import groups_of, named, narrowed, people, person_words, stances
from escalations.searching import Query, tsquery
from escalations.similar import exact_reference
from knowledgebase.models import KnownIssue
from knowledgebase.search import CLOSE, LANGUAGES, OPEN, Hit, highlighted, search_articles, search_known_issues

#: Of this many hits, the newest ones, the best come first; more are not counted either.
RANKED = 500
PAGE_SIZE = 20
BESIDE = 6
#: Whose words may be found: who sees the ticket, who follows it, the second line (the weights of TicketText).
CONTRACT, FOLLOWED, INTERNAL = "AB", "ABC", ""
_WEIGHTS = [0.1, 0.3, 0.4, 1.0]  # of D, C, B, A
_EXACT = 1000.0
_LARGEST_ID = 2**63 - 1


@dataclass(frozen=True)
class FoundTicket:
    """A ticket, its subject and a fitting passage with <mark>, and where the passage stands."""

    ticket: Ticket
    subject: SafeString
    passage: str = ""  # safe HTML, too
    place: str = ""


@dataclass
class Found:
    """What a query found. `count` is at most RANKED + 1, which means "more"."""

    tickets: list[FoundTicket] = field(default_factory=list)
    count: int = 0
    page: int = 1
    customers: list[Customer] = field(default_factory=list)
    articles: list[Hit] = field(default_factory=list)
    issues: list[KnownIssue] = field(default_factory=list)
    people: list[User] = field(default_factory=list)

    @property
    def is_capped(self) -> bool:
        return self.count > RANKED

    @property
    def pages(self) -> int:
        return -(-min(self.count, RANKED) // PAGE_SIZE)

    @property
    def is_empty(self) -> bool:
        return not (self.tickets or self.customers or self.articles or self.issues or self.people)


def find(query: Query, user: User, *, page: int = 1, size: int = PAGE_SIZE, beside: int = BESIDE) -> Found:
    """Return what `user` may see of what the query asks for, `beside` of each other kind. Raises Refused."""
    found = Found(page=page)
    groups = groups_of(query)
    if not query.has_text and not query.filters:
        return found
    if "tickets" in groups:
        found.tickets, found.count = _tickets(query, user, page=page, size=size)
    if page == 1 and query.wanted:
        words = query.plain
        if "customers" in groups:
            found.customers = list(_customers(words, user)[:beside])
        if "articles" in groups:
            found.articles = search_articles(user, query.words, limit=beside, guess=not found.tickets)
        if "issues" in groups:
            issues = search_known_issues(user, query.words, among=KnownIssue.objects.all())
            found.issues = list(issues.defer("search")[:beside])
        if "people" in groups:
            found.people = list(_people(words, user)[:beside])
    return found


def having_words(tickets: QuerySet[Ticket], query: Query, user: User) -> QuerySet[Ticket]:
    """Return those of `tickets` whose words, as far as `user` may read them, are what the query asks for."""
    if not query.has_text:
        return tickets
    if user.reads_all:
        return tickets.filter(text__words=_words(query, INTERNAL))
    works, follows = stances(user)
    by_stance = follows & Q(text__words=_words(query, FOLLOWED))
    if user.teams_as(Role.L2, Role.LEAD) or user.reviews_compliance:
        by_stance |= works & Q(text__words=_words(query, INTERNAL))
    if partner_teams := user.teams_as(Role.PARTNER):
        handed = HandOver.objects.filter(ticket=OuterRef("pk"), team__in=partner_teams)
        by_stance |= Q(Exists(handed)) & Q(text__words=_words(query, CONTRACT))
    by_stance |= ~Q(restricted_as="") & Q(text__words=_words(query, CONTRACT))  # whoever is on its list
    if query.wanted:
        # Said once more for all, so that the index is asked once; unwanted words are not in it, since whether
        # a note has them must not show.
        tickets = tickets.filter(text__words=_words(replace(query, unwanted=()), INTERNAL))
    return tickets.filter(by_stance)


def exactly(text: str) -> Q | None:
    """Return the condition that `text` is a ticket's number, transaction or L1 reference; None if it can't be."""
    text = text.strip()
    if not text or len(text) > 120:
        return None
    same = Q(transaction_ref=text) | Q(l1_reference=text)
    number = exact_reference(text) or (int(text) if re.fullmatch("[0-9]{1,12}", text) else None)
    return same | Q(pk=number) if number else same


def _words(query: Query, weights: str) -> SearchQuery:
    """Return the query's text as PostgreSQL asks for it: each language's stems; what is unwanted in neither."""
    asked: Any = None
    if query.wanted:
        english, spanish = (_raw(tsquery(query.wanted, weights), language) for language in LANGUAGES)
        asked = english | spanish
    if query.unwanted:
        for language in LANGUAGES:
            none = ~_raw(tsquery([query.unwanted], weights), language)
            asked = asked & none if asked is not None else none
    combined: SearchQuery = asked
    return combined


def _raw(text: str, language: str) -> SearchQuery:
    return SearchQuery(text, config=language, search_type="raw")


def _tickets(query: Query, user: User, *, page: int, size: int) -> tuple[list[FoundTicket], int]:
    visible = narrowed(Ticket.objects.visible_to(user), query, user)
    candidates = having_words(visible, query, user).order_by("-pk").values("pk")[: RANKED + 1]
    exact = exactly(query.plain) if len(query.wanted) == 1 else None
    rank: Any = Value(0.0)
    if query.wanted:
        rank = SearchRank(F("text__words"), _words(replace(query, unwanted=()), _reach(user)), weights=_WEIGHTS)
    if exact is not None:
        candidates = candidates.union(visible.filter(exact).values("pk")[:PAGE_SIZE])
        rank = Case(When(exact, then=Value(_EXACT)), default=rank, output_field=FloatField())
    # Asked by themselves: within the next statement the planner would join them last, to every ticket there is.
    numbers = set(candidates.values_list("pk", flat=True))
    first = (page - 1) * size
    rows = (
        Ticket.objects.filter(pk__in=numbers)
        .annotate(rank=rank)
        .select_related("customer", "category", "owner")
        .order_by("-rank", "-pk")[first : first + size]
    )
    return _with_passages(list(rows), query, user), len(numbers)


def _reach(user: User) -> str:
    """Return the weights that count in ranking: the least that the person reads of any ticket they see."""
    if user.reads_all or ((user.is_l2 or user.is_lead) and not (user.is_l1 or user.is_partner)):
        return INTERNAL
    return CONTRACT if user.is_partner else FOLLOWED


def _customers(words: str, user: User) -> QuerySet[Customer]:
    wanted = words.strip()
    customers = Customer.objects.visible_to(user).alias(found_by=customer_words())
    is_exact = Case(When(Q(external_id=wanted) | Q(email__iexact=wanted), then=Value(0)), default=Value(1))
    return customers.filter(found_by=named(words)).alias(place=is_exact).order_by("place", "-pk")


def _people(words: str, user: User) -> QuerySet[User]:
    return people(user).alias(found_by=person_words()).filter(found_by=named(words)).order_by("name")


# What is shown of a ticket is looked for in the texts that the person may read: reach 3 is the second line, 2 who
# follows the ticket, 1 who only sees it.
_PASSAGES = """
WITH shown AS (
    SELECT * FROM unnest(%(tickets)s::bigint[], %(reach)s::int[]) AS shown (id, reach)
), asked AS (
    SELECT to_tsquery('secondline_en', %(any)s) AS en, to_tsquery('secondline_es', %(any)s) AS es
), texts AS (
    SELECT id, 1 AS place, description AS body FROM shown JOIN escalations_ticket USING (id)
    UNION ALL SELECT shown.id, 2, (
        SELECT string_agg(answer #>> '{}', ' · ')
        FROM jsonb_path_query(ticket.answers, '$.** ? (@.type() == "string")') answer
    ) FROM shown JOIN escalations_ticket ticket USING (id) WHERE ticket.answers <> '{}'
    UNION ALL SELECT shown.id, 3, message.body FROM shown JOIN escalations_message message
        ON message.ticket_id = shown.id AND message.taken_back_at IS NULL AND (
            reach = 3 OR reach = 2 AND message.kind NOT IN ('note', 'partner'))
    UNION ALL SELECT shown.id, 4, concat_ws(' · ', file.name, text.text)
        FROM shown JOIN escalations_attachment file ON file.ticket_id = shown.id
        LEFT JOIN escalations_attachmenttext text ON text.attachment_id = file.id
        LEFT JOIN escalations_message message ON message.id = file.message_id
        WHERE message.id IS NULL OR reach = 3 OR reach = 2 AND message.kind NOT IN ('note', 'partner')
    UNION ALL SELECT shown.id, 5, concat_ws(' · ', symptoms, workaround, fix) FROM shown
        JOIN escalations_diagnosis ON ticket_id = shown.id WHERE reach = 3
), fitting AS (
    SELECT id, place, translate(left(body, 20000), '<>', '‹›') AS body,
        to_tsvector('secondline_en', translate(left(body, 20000), '<>', '  ')) @@ en AS is_english,
        to_tsvector('secondline_es', translate(left(body, 20000), '<>', '  ')) @@ es AS is_spanish
    FROM texts, asked
), best AS (
    SELECT DISTINCT ON (id) * FROM fitting WHERE is_english OR is_spanish ORDER BY id, place
)
SELECT ticket.id, ts_headline('secondline_en', ticket.subject, asked.en || asked.es, %(subject)s), place,
    CASE WHEN is_english THEN ts_headline('secondline_en', body, asked.en, %(passage)s)
        WHEN is_spanish THEN ts_headline('secondline_es', body, asked.es, %(passage)s) ELSE '' END
FROM shown JOIN escalations_ticket ticket ON ticket.id = shown.id LEFT JOIN best ON best.id = shown.id
    CROSS JOIN asked
"""
_MARKS = f'StartSel="{OPEN}", StopSel="{CLOSE}"'
_PASSAGE = f'{_MARKS}, MinWords=12, MaxWords=30, MaxFragments=2, FragmentDelimiter=" … "'
#: What would be read as markup is put back once the passage is found.
_BRACKETS = str.maketrans("‹›", "<>")
_PLACES = {1: "description", 2: "answers", 3: "message", 4: "file", 5: "diagnosis"}


def _with_passages(tickets: list[Ticket], query: Query, user: User) -> list[FoundTicket]:
    if not query.wanted or not tickets:
        return [FoundTicket(ticket, highlighted(ticket.subject)) for ticket in tickets]
    terms = [term for alternatives in query.wanted for term in alternatives]
    with connection.cursor() as cursor:
        cursor.execute(
            _PASSAGES,
            {
                "tickets": [ticket.pk for ticket in tickets],
                "reach": [_reach_of(ticket, user) for ticket in tickets],
                "any": tsquery([terms]),
                "subject": f"{_MARKS}, HighlightAll=true",
                "passage": _PASSAGE,
            },
        )
        shown = {number: rest for number, *rest in cursor.fetchall()}
    return [
        FoundTicket(
            ticket,
            subject=highlighted(shown[ticket.pk][0]),
            passage=highlighted(shown[ticket.pk][2].translate(_BRACKETS)),
            place=_PLACES.get(shown[ticket.pk][1], ""),
        )
        for ticket in tickets
    ]


def _reach_of(ticket: Ticket, user: User) -> int:
    if reads_internal(user, ticket):
        return 3
    return 2 if Party.REQUESTER in standing(user, ticket) else 1
