"""Articles and known issues as JSON."""

from typing import Any

from rest_framework import serializers

from accounts.api.serializers import PersonSerializer
from common import markdown
from knowledgebase.models import Article, KnownIssue


class ArticleRowSerializer(serializers.ModelSerializer[Article]):
    """An article in a list."""

    owner = PersonSerializer(read_only=True)
    url = serializers.CharField(source="get_absolute_url", read_only=True, help_text="The article's page.")

    class Meta:
        model = Article
        fields = [
            "id", "title", "language", "status", "audience", "owner", "version",
            "created_at", "updated_at", "url",
        ]  # fmt: skip
        read_only_fields = fields


class ArticleSerializer(ArticleRowSerializer):
    """An article with its text, as Markdown and as safe HTML."""

    html = serializers.SerializerMethodField(help_text="The text as HTML without scripts, styles or images.")

    class Meta(ArticleRowSerializer.Meta):
        fields = [*ArticleRowSerializer.Meta.fields, "body", "html"]
        read_only_fields = fields

    def get_html(self, article: Article) -> str:
        return markdown.render(article.body)


class HitSerializer(serializers.Serializer[Any]):
    """An article that a search found (knowledgebase.search.Hit)."""

    article = ArticleRowSerializer(read_only=True)
    headline = serializers.CharField(
        read_only=True, help_text="Fitting passages as safe HTML; what was found stands in <mark>."
    )
    is_guess = serializers.BooleanField(
        read_only=True, help_text="Nothing matched, and only the title looks like the query."
    )


class SearchSerializer(serializers.Serializer[Any]):
    """What a search asks."""

    q = serializers.CharField(max_length=200, help_text='Words, "a phrase", or, -not; English or Spanish.')


class KnownIssueSerializer(serializers.ModelSerializer[KnownIssue]):
    owner = PersonSerializer(read_only=True)
    url = serializers.CharField(source="get_absolute_url", read_only=True, help_text="The issue's page.")

    class Meta:
        model = KnownIssue
        fields = [
            "id", "title", "status", "symptoms", "workaround", "owner", "version",
            "opened_at", "updated_at", "fixed_at", "url",
        ]  # fmt: skip
        read_only_fields = fields
