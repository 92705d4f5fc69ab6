"""Articles and known issues over the API."""

import pytest
from rest_framework.test import APIClient

from knowledgebase.models import Audience, IssueStatus, Status
from tests.factories import ArticleFactory, KnownIssueFactory

pytestmark = pytest.mark.urls("tests.knowledgebase.api_urls")
READABLE = {"status": Status.PUBLISHED, "audience": Audience.L1}


@pytest.fixture
def api(l1) -> APIClient:
    client = APIClient()
    client.force_authenticate(l1)
    return client


@pytest.mark.parametrize("url", ["/articles/", "/articles/search/?q=x", "/known-issues/"])
def test_nothing_without_signing_in(db, url):
    assert APIClient().get(url).status_code == 401


def test_the_list_is_what_may_be_read_without_texts(api):
    shown = ArticleFactory.create(**READABLE)
    ArticleFactory.create()
    (row,) = api.get("/articles/").json()["results"]
    assert (row["id"], row["owner"]["name"]) == (shown.pk, shown.owner.name)
    assert "body" not in row
    assert "email" not in row["owner"]


def test_an_article_has_its_text_and_safe_html(api):
    article = ArticleFactory.create(**READABLE, body="**x** <script>alert(1)</script>")
    answer = api.get(f"/articles/{article.pk}/").json()
    assert answer["body"] == article.body
    assert "<strong>x</strong>" in answer["html"]
    assert "<script" not in answer["html"]


def test_what_may_not_be_read_is_absent(api):
    assert api.get(f"/articles/{ArticleFactory.create().pk}/").status_code == 404


def test_search_and_its_bad_input(api):
    ArticleFactory.create(**READABLE, title="Refund", body="The refund is late.")
    ArticleFactory.create(**READABLE, title="Reembolso", body="Refund en camino.", language="es")
    (hit,) = api.get("/articles/search/?q=refunds&language=en").json()
    assert hit["article"]["title"] == "Refund"
    assert "<mark>refund</mark>" in hit["headline"]
    assert api.get("/articles/search/").status_code == 400
    assert api.get("/articles/search/?q=%00").status_code == 400
    assert api.get(f"/articles/search/?q={'x' * 201}").status_code == 400
    assert api.get("/articles/search/?q=x&status=x").status_code == 400


@pytest.mark.parametrize("query", ["status=x", "owner=x", "owner=9999999999999999999999"])
def test_unknown_filters_are_refused(api, query):
    assert api.get(f"/articles/?{query}").status_code == 400


@pytest.mark.parametrize("path", ["/articles/", "/known-issues/"])
def test_nothing_is_written_here(api, path):
    assert api.post(path, {"title": "x"}, format="json").status_code == 405


def test_known_issues_are_listed_until_fixed_and_found_ever_after(api):
    issue = KnownIssueFactory.create()
    now = issue.opened_at
    fixed = KnownIssueFactory.create(status=IssueStatus.FIXED, fixed_at=now)
    assert [row["id"] for row in api.get("/known-issues/").json()["results"]] == [issue.pk]
    assert len(api.get("/known-issues/?status=all").json()["results"]) == 2
    assert api.get(f"/known-issues/{fixed.pk}/").json()["status"] == "fixed"


def test_a_list_costs_a_fixed_number_of_queries(api, django_assert_num_queries):
    ArticleFactory.create_batch(10, **READABLE)
    api.get("/articles/")
    with django_assert_num_queries(1):  # the fixture's person keeps their roles
        api.get("/articles/")
