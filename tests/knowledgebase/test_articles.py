"""Writing, revising and publishing: who may, what is kept, what is refused."""

import pytest

from common.errors import NotAllowed, Refused, StaleVersion
from events.models import Event
from knowledgebase import articles
from knowledgebase.models import Article, Audience, Status
from tests.factories import ArticleFactory

TEXT = {
    "title": "Card declined twice",
    "body": "Ask for the *auth code*.",
    "language": "en",
    "audience": "l1",
}
CARD = "4111 1111 1111 1111"


def kinds(article: Article) -> list[str]:
    facts = Event.objects.filter(subject_type="article", subject_id=article.pk).order_by("id")
    return list(facts.values_list("kind", flat=True))


def test_a_specialist_writes_a_draft_and_its_first_version_is_kept(l2):
    article = articles.write(by=l2, **TEXT)
    assert (article.status, article.owner, article.version) == (Status.DRAFT, l2, 1)
    kept = article.revisions.get()
    assert (kept.version, kept.body, kept.saved_by, kept.status) == (1, TEXT["body"], l2, Status.DRAFT)
    assert kinds(article) == ["article.written"]


@pytest.mark.parametrize("who", ["l1", "partner", "auditor"])
def test_nobody_else_writes(who, request):
    with pytest.raises(NotAllowed):
        articles.write(by=request.getfixturevalue(who), **TEXT)
    assert not Article.objects.exists()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("title", "  "),
        ("title", "x" * 201),
        ("body", "\n"),
        ("body", "x" * 60_001),
        ("language", "xx"),
        ("audience", "everyone"),
    ],
)
def test_bad_input_is_refused_by_field_and_nothing_is_stored(l2, field, value):
    with pytest.raises(Refused) as refusal:
        articles.write(by=l2, **{**TEXT, field: value})
    assert refusal.value.field == field
    assert not Article.objects.exists()
    assert not Event.objects.exists()


def test_card_numbers_never_reach_storage(l2):
    article = articles.write(by=l2, **{**TEXT, "title": f"Card {CARD}", "body": f"It was {CARD}."})
    article = articles.revise(article, by=l2, version=1, **{**TEXT, "body": f"Again {CARD} there"})
    kept = [article.title, article.body, *article.revisions.values_list("title", "body")]
    assert "1111 1111" not in str(kept)


def test_a_text_of_the_greatest_length_can_be_stored_and_searched(l2):
    body = " ".join(f"{n:x}é" for n in range(20_000))[:60_000]
    articles.write(by=l2, **{**TEXT, "body": body.strip()})


def test_another_specialist_revises_and_both_versions_are_kept(l2, other_l2):
    article = articles.write(by=l2, **TEXT)
    revised = articles.revise(article, by=other_l2, version=1, **{**TEXT, "body": "Ask for the ARN."})
    assert (revised.version, revised.body, revised.owner) == (2, "Ask for the ARN.", l2)
    assert list(revised.revisions.values_list("version", "saved_by")) == [(2, other_l2.pk), (1, l2.pk)]
    fact = Event.objects.get(kind="article.revised")
    assert (fact.actor, fact.data["changed"], fact.data["version"]) == (other_l2, ["body"], 2)


def test_the_same_text_makes_no_version(l2):
    article = articles.write(by=l2, **TEXT)
    assert articles.revise(article, by=l2, version=1, **TEXT).version == 1
    assert kinds(article) == ["article.written"]


def test_a_stale_revision_is_refused_and_shows_what_is_stored(l2, other_l2):
    article = articles.write(by=l2, **TEXT)
    articles.revise(article, by=other_l2, version=1, **{**TEXT, "body": "First."})
    with pytest.raises(StaleVersion) as stale:
        articles.revise(article, by=l2, version=1, **{**TEXT, "body": "Second."})
    article.refresh_from_db()
    assert stale.value.current == article
    assert (article.body, article.version) == ("First.", 2)


def test_the_owner_publishes_archives_and_restores(l2):
    article = articles.write(by=l2, **TEXT)
    article = articles.publish(article, by=l2, version=1)
    article = articles.archive(article, by=l2, version=2)
    article = articles.restore(article, by=l2, version=3)
    assert (article.status, article.version) == (Status.DRAFT, 4)
    assert kinds(article) == ["article.written", "article.published", "article.archived", "article.restored"]
    assert list(article.revisions.values_list("status", flat=True)) == [
        "draft", "archived", "published", "draft",
    ]  # fmt: skip


def test_a_lead_publishes_and_another_specialist_does_not(l2, other_l2, lead):
    article = articles.write(by=l2, **TEXT)
    with pytest.raises(NotAllowed):
        articles.publish(article, by=other_l2, version=1)
    assert articles.publish(article, by=lead, version=1).status == Status.PUBLISHED


def test_what_is_published_must_be_what_was_read(l2, other_l2, lead):
    article = articles.write(by=l2, **TEXT)
    articles.revise(article, by=other_l2, version=1, **{**TEXT, "body": "Refund everyone."})
    with pytest.raises(StaleVersion):
        articles.publish(article, by=lead, version=1)


def test_a_published_article_is_not_published_again(l2):
    article = articles.publish(articles.write(by=l2, **TEXT), by=l2, version=1)
    with pytest.raises(Refused):
        articles.publish(article, by=l2, version=2)


def test_only_owner_or_lead_lets_a_published_article_reach_others(l2, other_l2):
    article = ArticleFactory.create(owner=l2, status=Status.PUBLISHED, audience=Audience.L2)
    wider = {**TEXT, "audience": Audience.CUSTOMER}
    with pytest.raises(NotAllowed):
        articles.revise(article, by=other_l2, version=1, **wider)
    assert articles.revise(article, by=l2, version=1, **wider).audience == Audience.CUSTOMER


def test_the_owner_hands_the_article_on(l2, other_l2, lead, l1):
    article = articles.write(by=l2, **TEXT)
    with pytest.raises(NotAllowed):
        articles.change_owner(article, by=other_l2, owner=other_l2)
    with pytest.raises(Refused):
        articles.change_owner(article, by=l2, owner=l1)
    article = articles.change_owner(article, by=l2, owner=other_l2)
    assert article.owner == other_l2
    assert articles.change_owner(article, by=lead, owner=lead).owner == lead
    assert kinds(article) == ["article.written", "article.owner_changed", "article.owner_changed"]


def test_l1_reads_what_is_published_for_them_and_nothing_else(l1, l2, auditor):
    shown = ArticleFactory.create(status=Status.PUBLISHED, audience=Audience.L1)
    quotable = ArticleFactory.create(status=Status.PUBLISHED, audience=Audience.CUSTOMER)
    ArticleFactory.create(status=Status.PUBLISHED, audience=Audience.L2)
    ArticleFactory.create(status=Status.DRAFT, audience=Audience.L1)
    ArticleFactory.create(status=Status.ARCHIVED, audience=Audience.L1)
    assert set(Article.objects.visible_to(l1)) == {shown, quotable}
    assert Article.objects.visible_to(l2).count() == Article.objects.visible_to(auditor).count() == 5
