"""The pages of articles, as each role meets them."""

import pytest
from django.urls import reverse

from events.models import Event
from knowledgebase import articles
from knowledgebase.models import Article, Audience, Status
from tests.factories import ArticleFactory
from tests.knowledgebase.pages import hidden

TEXT = {"title": "Card declined twice", "body": "Ask for the code.", "language": "en", "audience": "l1"}


@pytest.fixture
def published(l2):
    article = articles.write(by=l2, **TEXT)
    return articles.publish(article, by=l2, version=1)


def sent(version, **changes):
    return {**TEXT, "version": version, **changes}


def test_a_visitor_is_sent_to_sign_in(client, published):
    response = client.get(published.get_absolute_url())
    assert response.status_code == 302
    assert response.url.startswith(reverse("account_login"))


def test_the_list_shows_what_the_reader_may_read(client, l1, l2, published):
    ArticleFactory.create(title="For the second line only")
    client.force_login(l1)
    page = client.get(reverse("article_list")).content.decode()
    assert "Card declined twice" in page
    assert "For the second line only" not in page
    assert reverse("article_new") not in page
    client.force_login(l2)
    page = client.get(reverse("article_list")).content.decode()
    assert "For the second line only" in page
    assert reverse("article_new") in page


def test_the_list_narrows(client, l2, published):
    ArticleFactory.create(title="Otro borrador", language="es")
    client.force_login(l2)
    page = client.get(reverse("article_list"), {"language": "es", "status": "draft"}).content.decode()
    assert "Otro borrador" in page
    assert "Card declined twice" not in page


@pytest.mark.parametrize("query", [{"status": "x"}, {"owner": "x"}, {"owner": "9" * 30}, {"language": "'"}])
def test_an_unknown_filter_is_a_bad_request(client, l2, query):
    client.force_login(l2)
    assert client.get(reverse("article_list"), query).status_code == 400


@pytest.mark.parametrize("page", ["0", "-1", "x", "9" * 30])
def test_an_odd_page_number_gets_the_nearest_page(client, l2, published, page):
    client.force_login(l2)
    assert client.get(reverse("article_list"), {"page": page}).status_code == 200


def test_search_marks_what_it_found(client, l1, published):
    client.force_login(l1)
    page = client.get(reverse("article_list"), {"q": "codes"}).content.decode()
    assert "<mark>code</mark>" in page


def test_search_that_finds_nothing_says_what_to_do(client, l1, published):
    client.force_login(l1)
    page = client.get(reverse("article_list"), {"q": "zzz <b>"}).content.decode()
    assert "No article matches" in page
    assert "<b>" not in page


def test_what_a_reader_may_not_read_looks_absent(client, l1):
    hidden = ArticleFactory.create(status=Status.PUBLISHED, audience=Audience.L2)
    client.force_login(l1)
    for name in ("article", "article_edit", "article_history", "article_diff"):
        assert client.get(reverse(name, args=[hidden.pk])).status_code == 404
    for name in ("article_publish", "article_archive", "article_restore", "article_owner"):
        assert client.post(reverse(name, args=[hidden.pk]), {"version": 1}).status_code == 404


def test_history_is_not_for_those_whom_old_versions_were_not_meant_for(client, l1, l2, published):
    client.force_login(l1)
    assert client.get(published.get_absolute_url()).status_code == 200
    assert client.get(reverse("article_history", args=[published.pk])).status_code == 404
    assert client.get(reverse("article_diff", args=[published.pk])).status_code == 404


def test_hostile_text_is_shown_harmlessly(client, l1, l2):
    body = "<script>alert(1)</script> [x](javascript:alert(1)) <img src=x onerror=alert(1)>"
    article = articles.write(by=l2, **{**TEXT, "title": "<script>alert(2)</script>", "body": body})
    articles.publish(article, by=l2, version=1)
    client.force_login(l2)
    for url in (article.get_absolute_url(), reverse("article_list"), reverse("article_diff", args=[article.pk])):
        page = client.get(url).content.decode()
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert 'href="javascript:' not in page


@pytest.mark.parametrize("who", ["l1", "partner", "auditor"])
def test_readers_can_not_write(client, request, who, published):
    client.force_login(request.getfixturevalue(who))
    assert client.get(reverse("article_new")).status_code == 403
    assert client.post(reverse("article_new"), sent(0)).status_code == 403
    assert client.post(reverse("article_preview"), {"body": "x"}).status_code == 403
    assert client.get(reverse("article_edit", args=[published.pk])).status_code == 403
    assert client.post(reverse("article_edit", args=[published.pk]), sent(2, body="x")).status_code == 403
    assert client.post(reverse("article_archive", args=[published.pk]), {"version": 2}).status_code == 403
    assert Article.objects.get().version == 2


def test_writing_publishing_and_reading(client, l1, l2):
    client.force_login(l2)
    response = client.post(reverse("article_new"), sent(0), follow=True)
    article = Article.objects.get()
    assert response.redirect_chain == [(article.get_absolute_url(), 302)]
    assert "The draft was saved." in response.content.decode()
    client.post(reverse("article_publish", args=[article.pk]), {"version": 1})
    client.force_login(l1)
    assert "Ask for the code." in client.get(article.get_absolute_url()).content.decode()


def test_the_same_form_sent_twice_writes_one_article(client, l2):
    client.force_login(l2)
    page = client.get(reverse("article_new")).content.decode()
    token = hidden(page, "form_token")
    first = client.post(reverse("article_new"), sent(0, form_token=token))
    second = client.post(reverse("article_new"), sent(0, form_token=token))
    assert first.url == second.url
    assert Article.objects.count() == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"title": ""},
        {"body": "x" * 60_001},
        {"language": "xx"},
        {"audience": ""},
        {"version": "x"},
    ],
)
def test_bad_input_is_shown_with_what_was_typed_and_changes_nothing(client, l2, changes):
    client.force_login(l2)
    response = client.post(reverse("article_new"), {**sent(0), **changes})
    assert response.status_code == 422
    assert "error-summary" in response.content.decode()
    assert not Article.objects.exists()


def test_an_empty_post_is_an_error_and_not_a_new_page(client, l2):
    client.force_login(l2)
    assert client.post(reverse("article_new"), {}).status_code == 422


def test_a_preview_without_script_stores_nothing_and_keeps_the_text(client, l2):
    client.force_login(l2)
    data = sent(0, body="**bold** 4111 1111 1111 1111", preview="1")
    page = client.post(reverse("article_new"), data).content.decode()
    assert "<strong>bold</strong>" in page
    assert page.count("1111 1111") == 1  # in the field, as typed; never in what would be stored
    assert not Article.objects.exists()


def test_a_preview_by_htmx_is_a_part(client, l2):
    client.force_login(l2)
    page = client.post(reverse("article_preview"), {"body": "**bold**"}).content.decode()
    assert "<strong>bold</strong>" in page
    assert "<html" not in page


def test_a_stale_edit_is_refused_with_both_versions_and_can_be_saved_knowingly(client, l2, other_l2, published):
    articles.revise(published, by=other_l2, version=2, **{**TEXT, "body": "Ask for the ARN."})
    client.force_login(l2)
    url = reverse("article_edit", args=[published.pk])
    response = client.post(url, sent(2, body="Ask for the receipt."))
    page = response.content.decode()
    assert response.status_code == 409
    assert "Ask for the ARN." in page
    assert "Ask for the receipt." in page
    assert str(other_l2) in page
    published.refresh_from_db()
    assert (published.body, published.version) == ("Ask for the ARN.", 3)
    version = hidden(page, "version")
    assert client.post(url, sent(version, body="Ask for the receipt.")).status_code == 302
    published.refresh_from_db()
    assert (published.body, published.version) == ("Ask for the receipt.", 4)


def test_publishing_what_somebody_changed_meanwhile_is_refused(client, l2, other_l2):
    article = articles.write(by=l2, **TEXT)
    articles.revise(article, by=other_l2, version=1, **{**TEXT, "body": "Changed."})
    client.force_login(l2)
    response = client.post(reverse("article_publish", args=[article.pk]), {"version": 1})
    assert response.status_code == 409
    assert "Changed." in response.content.decode()
    assert Article.objects.get().status == Status.DRAFT


def test_only_the_owner_and_leads_are_offered_to_publish(client, l2, other_l2, lead):
    article = articles.write(by=l2, **TEXT)
    url = reverse("article_publish", args=[article.pk])
    for who, offered in ((l2, True), (lead, True), (other_l2, False)):
        client.force_login(who)
        assert (url in client.get(article.get_absolute_url()).content.decode()) is offered
    assert client.post(url, {"version": 1}).status_code == 403


def test_moving_needs_the_version_that_was_read(client, l2):
    article = articles.write(by=l2, **TEXT)
    client.force_login(l2)
    assert client.post(reverse("article_publish", args=[article.pk])).status_code == 400
    assert client.get(reverse("article_publish", args=[article.pk])).status_code == 405


def test_archiving_twice_says_why_not(client, l2, published):
    client.force_login(l2)
    url = reverse("article_archive", args=[published.pk])
    assert client.post(url, {"version": 2}).status_code == 302
    assert client.post(url, {"version": 3}).status_code == 422


def test_the_owner_gives_it_to_a_colleague_but_not_to_l1(client, l1, l2, other_l2, published):
    client.force_login(l2)
    url = reverse("article_owner", args=[published.pk])
    assert client.post(url, {"owner": l1.pk}).status_code == 422
    assert client.post(url, {"owner": other_l2.pk}).status_code == 302
    published.refresh_from_db()
    assert published.owner == other_l2
    assert client.post(url, {"owner": l2.pk}).status_code == 403
    assert Event.objects.filter(kind="article.owner_changed").count() == 1


def test_history_and_diff(client, l2, other_l2, published):
    articles.revise(published, by=other_l2, version=2, **{**TEXT, "body": "Ask for the number."})
    client.force_login(l2)
    page = client.get(reverse("article_history", args=[published.pk])).content.decode()
    assert page.count('name="old"') == 3
    diff = reverse("article_diff", args=[published.pk])
    page = client.get(diff).content.decode()
    assert "<del>Ask for the <mark>code</mark>.</del>" in page
    assert "<ins>Ask for the <mark>number</mark>.</ins>" in page
    assert "No difference." in client.get(diff, {"old": 1, "new": 2}).content.decode()
    assert client.get(diff, {"old": 1, "new": 9}).status_code == 404
    assert client.get(diff, {"old": "x"}).status_code == 400
    assert client.get(diff, {"old": "9" * 30}).status_code in {400, 404}


def test_the_list_asks_the_database_as_often_for_many_as_for_few(
    client, l2, django_assert_num_queries, django_assert_max_num_queries
):
    client.force_login(l2)
    for number in range(3):
        ArticleFactory.create(title=f"refund {number}")
    client.get(reverse("article_list"))
    # session, person, unread alerts, owners to choose from, count, articles
    with django_assert_num_queries(6):
        client.get(reverse("article_list"))
    for number in range(20):
        ArticleFactory.create(title=f"refund {number}")
    with django_assert_num_queries(6):
        client.get(reverse("article_list"))
    # no count: the best hits only
    with django_assert_num_queries(5):
        client.get(reverse("article_list"), {"q": "refund"})


def test_the_page_asks_the_database_a_fixed_number_of_times(client, l1, l2, published, django_assert_num_queries):
    client.force_login(l1)
    client.get(published.get_absolute_url())
    # session, person, unread alerts, the article, tickets linked to it
    with django_assert_num_queries(5):
        client.get(published.get_absolute_url())
    client.force_login(l2)
    client.get(published.get_absolute_url())
    # and whom it can be given to
    with django_assert_num_queries(6):
        client.get(published.get_absolute_url())
