"""Finding articles and known issues by what they say, in English and in Spanish.

What is stored was analysed in both languages (`search` on the models), and so
is every query: people write in either, whatever the language of an article.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar

from django.contrib.postgres.search import (
    SearchHeadline,
    SearchQuery,
    SearchRank,
    TrigramWordSimilarity,
)
from django.db import connection
from django.db.models import Case, F, QuerySet, When
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from accounts.models import User
from knowledgebase.models import Article, KnownIssue, Status

#: How texts are analysed: both ways, without accents (migration 0003).
LANGUAGES = ("secondline_en", "secondline_es")
#: Characters of a query that are looked at.
QUERY_MAX = 200
#: Characters of a text, and different words in it, that suggestions are made from.
TEXT_MAX = 4000
WORDS_MAX = 40
#: How alike a misspelt query and a part of a title must be, from 0 to 1 (pg_trgm's word similarity).
LIKENESS = 0.45
GUESSES_MAX = 5
#: What a suggestion must share with a text of some words. PostgreSQL counts about 0.75 for a word in
#: the title and 0.3 for one in the text, divided by the number of words: one passing mention is too little.
SHARED_ENOUGH = 0.35

Found = TypeVar("Found", Article, KnownIssue)

# Marks for ts_headline: private-use characters, so that no text can bear markup of its own into the page.
OPEN, CLOSE = "\ue000", "\ue001"


@dataclass(frozen=True)
class Hit:
    """An article that was found. `headline` is its fitting passages, with <mark>.

    A guess only has a title that looks like the query, and no headline.
    """

    article: Article
    headline: str = ""
    is_guess: bool = False


def search_articles(
    user: User, query: str, *, limit: int = 20, among: QuerySet[Article] | None = None, guess: bool = True
) -> list[Hit]:
    """Return the articles that `user` may read and that match `query`, best first.

    The query is written as for a search engine: words, "a phrase", or, -not.
    Any text is a query, and none raises. Where nothing matches, titles that
    look alike are returned, so that a slip of the finger still finds something (`guess`).
    `among` narrows the search; what `user` may not read is left out of it in
    any case.
    """
    wanted = _plain(query)
    articles = (Article.objects.all() if among is None else among) & Article.objects.visible_to(user)
    if not wanted:
        return []
    either = _either(wanted)
    found = (
        articles.filter(search=either)
        .annotate(rank=SearchRank(F("search"), either, normalization=1), passages=_passages(either))
        .select_related("owner")
        .defer("body", "search")
        .order_by("-rank", "-updated_at")[:limit]
    )
    hits = [Hit(article, highlighted(article.passages)) for article in found]
    return hits or (_alike(articles, wanted) if guess else [])


def matching_articles(user: User, text: str, *, limit: int = 5) -> list[Article]:
    """Return published articles that `user` may read and that share words with `text`, best first.

    For suggestions while somebody writes: any word counts, those in a title
    more; one word mentioned in passing is not enough for a longer text.
    """
    published = Article.objects.visible_to(user).filter(status=Status.PUBLISHED)
    return list(_sharing_words(published, text)[:limit])


def matching_known_issues(user: User, text: str, *, limit: int = 5) -> list[KnownIssue]:
    """Return known issues not fixed yet that `user` may see and that share words with `text`, best first."""
    return list(_sharing_words(KnownIssue.objects.visible_to(user).current(), text)[:limit])


def search_known_issues(user: User, query: str, *, among: QuerySet[KnownIssue]) -> QuerySet[KnownIssue]:
    """Return the known issues among `among` that `user` may see and that match `query`, best first."""
    wanted = _plain(query)
    either = _either(wanted)
    return (
        (among & KnownIssue.objects.visible_to(user))
        .filter(search=either)
        .order_by(SearchRank(F("search"), either, normalization=1).desc(), "-updated_at")
    )


def _plain(query: str) -> str:
    return query.replace("\x00", " ").strip()[:QUERY_MAX]


def _either(text: str) -> SearchQuery:
    # Without its accent the Spanish stemmer knows -ción only by its plural; the English stem finds the singular.
    texts = (text, re.sub(r"(?<=[cs])i[oó]n\b", "iones", text, flags=re.IGNORECASE))
    english, spanish = (
        SearchQuery(text, config=config, search_type="websearch")
        for text, config in zip(texts, LANGUAGES, strict=True)
    )
    return english | spanish


def _passages(query: SearchQuery) -> Case:
    def passages(config: str) -> SearchHeadline:
        return SearchHeadline(
            "body", query, config=config, start_sel=OPEN, stop_sel=CLOSE,
            min_words=12, max_words=30, max_fragments=2, fragment_delimiter=" … ",
        )  # fmt: skip

    return Case(When(language="es", then=passages("secondline_es")), default=passages("secondline_en"))


def highlighted(passages: str) -> SafeString:
    """Return passages of Markdown as one line of safe HTML, what was found in <mark>."""
    text = " ".join(re.sub(r"[#*_`>|~]+|-{3,}", " ", passages).split())
    marked = re.sub(f"{OPEN}([^{OPEN}{CLOSE}]*){CLOSE}", r"<mark>\1</mark>", escape(text))
    return mark_safe(re.sub(f"[{OPEN}{CLOSE}]", "", marked))  # noqa: S308 - escaped one line above


def _alike(articles: QuerySet[Article], query: str) -> list[Hit]:
    alike = (
        articles.annotate(likeness=TrigramWordSimilarity(query, "title"))
        .filter(likeness__gte=LIKENESS)
        .select_related("owner")
        .defer("body", "search")
        .order_by("-likeness", "-updated_at")[:GUESSES_MAX]
    )
    return [Hit(article, is_guess=True) for article in alike]


def _sharing_words(things: QuerySet[Found], text: str) -> QuerySet[Found]:
    words = _telling_words(text)
    if not words:
        return things.none()
    wanted = " | ".join(words)
    any_word = SearchQuery(wanted, config="secondline_en", search_type="raw") | SearchQuery(
        wanted, config="secondline_es", search_type="raw"
    )
    least = SHARED_ENOUGH / len(words) if len(words) > 2 else 0
    return (
        things.filter(search=any_word)
        .defer("search")
        .annotate(shared=SearchRank(F("search"), any_word))
        .filter(shared__gte=least)
        .order_by("-shared", "-updated_at")
    )


@lru_cache(maxsize=500)
def _telling_words(text: str) -> list[str]:
    """Return the words of `text` that say something in both languages: no "the", no "para".

    The dictionaries stay as they are: the words of a ticket are asked for once, for articles and known issues.
    """
    words = list(dict.fromkeys(re.findall(r"[^\W_]{2,60}", text[:TEXT_MAX].lower())))[: 4 * WORDS_MAX]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT word FROM unnest(%s::text[]) WITH ORDINALITY AS words (word, place)"
            " WHERE to_tsvector('secondline_en', word) <> '' AND to_tsvector('secondline_es', word) <> ''"
            " ORDER BY place LIMIT %s",
            [words, WORDS_MAX],
        )
        return [word for (word,) in cursor.fetchall()]
