"""What the lists of articles and known issues can be narrowed by, kept in their addresses."""

from typing import Any

import django_filters as filters
from django.conf import settings
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from knowledgebase import access
from knowledgebase.models import Article, Audience, IssueStatus, KnownIssue, Status


class ArticleFilter(filters.FilterSet):
    """Narrows the list of articles, and the search in it."""

    status = filters.ChoiceFilter(label=_("Status"), choices=Status.choices, empty_label=_("Any"))
    audience = filters.ChoiceFilter(label=_("For whom"), choices=Audience.choices, empty_label=_("Any"))
    language = filters.ChoiceFilter(label=_("Language"), choices=settings.LANGUAGES, empty_label=_("Any"))
    owner = filters.ModelChoiceFilter(label=_("Owner"), queryset=access.writers(), empty_label=_("Anyone"))

    class Meta:
        model = Article
        fields = ["status", "audience", "language", "owner"]


class KnownIssueFilter(filters.FilterSet):
    """Narrows the list of known issues. Without a choice, those that are fixed are left out."""

    status = filters.ChoiceFilter(
        label=_("Status"),
        choices=[*IssueStatus.choices, ("all", _("All"))],
        empty_label=_("Not fixed"),
    )

    class Meta:
        model = KnownIssue
        fields = ["status"]

    def filter_queryset(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        chosen = self.form.cleaned_data["status"]
        if chosen == "all":
            return queryset
        return queryset.filter(status=chosen) if chosen else queryset.exclude(status=IssueStatus.FIXED)
