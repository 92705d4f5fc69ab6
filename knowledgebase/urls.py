"""Addresses of articles and known issues."""

from django.urls import path

from knowledgebase.views import articles, known_issues

urlpatterns = [
    path("articles/", articles.article_list, name="article_list"),
    path("articles/new/", articles.article_new, name="article_new"),
    path("articles/preview/", articles.article_preview, name="article_preview"),
    path("articles/<int:pk>/", articles.article, name="article"),
    path("articles/<int:pk>/edit/", articles.article_edit, name="article_edit"),
    path("articles/<int:pk>/history/", articles.article_history, name="article_history"),
    path("articles/<int:pk>/diff/", articles.article_diff, name="article_diff"),
    path("articles/<int:pk>/owner/", articles.article_owner, name="article_owner"),
    path("articles/<int:pk>/publish/", articles.article_move, {"verb": "publish"}, name="article_publish"),
    path("articles/<int:pk>/archive/", articles.article_move, {"verb": "archive"}, name="article_archive"),
    path("articles/<int:pk>/restore/", articles.article_move, {"verb": "restore"}, name="article_restore"),
    path("known-issues/", known_issues.known_issue_list, name="known_issue_list"),
    path("known-issues/new/", known_issues.known_issue_new, name="known_issue_new"),
    path("known-issues/<int:pk>/", known_issues.known_issue, name="known_issue"),
    path("known-issues/<int:pk>/edit/", known_issues.known_issue_edit, name="known_issue_edit"),
    path("known-issues/<int:pk>/status/", known_issues.known_issue_status, name="known_issue_status"),
    path("known-issues/<int:pk>/owner/", known_issues.known_issue_owner, name="known_issue_owner"),
]
