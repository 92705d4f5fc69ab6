"""Search and suggestions, in both languages, for everyone only what they may read."""

import pytest

from knowledgebase import search
from knowledgebase.models import Audience, IssueStatus, Status
from tests.factories import ArticleFactory, KnownIssueFactory


@pytest.fixture
def shelf(l2):
    """Three articles that everyone may read and one for L2 only."""
    everyone = {"owner": l2, "status": Status.PUBLISHED, "audience": Audience.L1}
    return {
        "refund": ArticleFactory.create(
            **everyone, title="Refunds that never arrive", body="Issuing banks post refunds within days."
        ),
        "check": ArticleFactory.create(
            **everyone,
            language="es",
            title="Verificación de identidad",
            body="El documento está vencido o la imagen es ilegible. Repita las verificaciones.",
        ),
        "limit": ArticleFactory.create(**everyone, title="Credit line change", body="Compare with the bureau."),
        "secret": ArticleFactory.create(
            owner=l2, status=Status.PUBLISHED, audience=Audience.L2, title="Refund fraud ring", body="Secret."
        ),
    }


def found(user, query):
    return [hit.article.title for hit in search.search_articles(user, query)]


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("refund", "refund"),
        ("REFUNDED bank", "refund"),
        ('"issuing banks"', "refund"),
        ("refund -fraud", "refund"),
        ("verificaciones", "check"),
        ("verificación", "check"),
        ("verificacion", "check"),
        ("imagen ilegible", "check"),
        ("bureau or satellite", "limit"),
    ],
)
def test_words_are_found_in_any_form_and_either_language(shelf, l1, query, wanted):
    assert found(l1, query) == [shelf[wanted].title]


def test_a_title_ranks_above_a_mention(shelf, l2):
    ArticleFactory.create(
        owner=l2, title="Other", body="A refund is mentioned here once, in passing, in long text."
    )
    assert found(l2, "refund")[-1] == "Other"


def test_search_shows_only_what_may_be_read(shelf, l1, l2):
    assert "Refund fraud ring" in found(l2, "fraud")
    assert found(l1, "fraud") == []


def test_a_slip_of_the_finger_still_finds_the_title(shelf, l1):
    (guess,) = search.search_articles(l1, "refnds that nevr")
    assert (guess.article.title, guess.is_guess) == ("Refunds that never arrive", True)


@pytest.mark.parametrize(
    "query",
    [
        "",
        "  ",
        "\x00",
        "'",
        '"',
        "((",
        "a & | !",
        "the",
        "-",
        '"open',
        ":*",
        "\\",
        "%",
        "x" * 5000,
        "¿",
        "\ue000",
    ],
)
def test_no_query_raises(shelf, l1, query):
    search.search_articles(l1, query)
    search.matching_articles(l1, query)
    search.matching_known_issues(l1, query)


def test_what_was_found_is_marked_and_nothing_else_is_markup(l2):
    ArticleFactory.create(owner=l2, body="Before <script>alert(1)</script> the **refund** \ue000 came & went.")
    (hit,) = search.search_articles(l2, "refund")
    assert "<mark>refund</mark>" in hit.headline
    assert "&amp;" in hit.headline
    assert "<script" not in hit.headline
    assert hit.headline.count("<mark>") == hit.headline.count("</mark>") == 1


def test_spanish_passages_are_marked(shelf, l1):
    (hit,) = search.search_articles(l1, "verificacion")
    assert "<mark>verificaciones</mark>" in hit.headline


def test_suggestions_share_words_and_are_published_and_readable(shelf, l1):
    ArticleFactory.create(title="Refund draft", status=Status.DRAFT, audience=Audience.L1)
    text = "The customer says that the refund from their bank has not arrived yet, and the team is waiting."
    assert [a.title for a in search.matching_articles(l1, text)] == ["Refunds that never arrive"]


def test_small_words_alone_suggest_nothing(shelf, l1):
    assert search.matching_articles(l1, "the and of for with para de la que") == []


def test_one_word_in_passing_suggests_nothing_for_a_longer_text(shelf, l1):
    text = "The plugin documentation of the merchant says that its certificate expired yesterday."
    ArticleFactory.create(
        status=Status.PUBLISHED, audience=Audience.L1, title="Greetings", body="A merchant is welcome."
    )
    assert search.matching_articles(l1, text) == []
    assert [a.title for a in search.matching_articles(l1, "merchant")] == ["Greetings"]


def test_suggestions_are_bounded(l1, l2):
    ArticleFactory.create_batch(7, owner=l2, status=Status.PUBLISHED, audience=Audience.L1, title="Refund")
    assert len(search.matching_articles(l1, "refund", limit=3)) == 3


def test_known_issues_match_until_they_are_fixed(l1):
    issue = KnownIssueFactory.create(title="Los puntos llegan tarde", symptoms="Faltan puntos de la compra.")
    text = "Cliente reclama sus puntos por una compra"
    assert search.matching_known_issues(l1, text) == [issue]
    issue.status, issue.fixed_at = IssueStatus.FIXED, issue.opened_at
    issue.save()
    assert search.matching_known_issues(l1, text) == []
