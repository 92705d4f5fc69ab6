"""Articles and known issues in the admin site: to look at. They are written on their pages, with versions."""

from django.contrib import admin

from events.admin import ReadOnlyAdmin
from knowledgebase.models import Article, ArticleRevision, KnownIssue


class RevisionInline(admin.TabularInline):
    model = ArticleRevision
    fields = ["version", "title", "status", "audience", "saved_by", "saved_at"]
    readonly_fields = ["version", "title", "status", "audience", "saved_by", "saved_at"]
    can_delete = False
    extra = 0

    def has_add_permission(self, request: object, obj: object | None = None) -> bool:
        return False


@admin.register(Article)
class ArticleAdmin(ReadOnlyAdmin):
    list_display = ["title", "status", "audience", "language", "owner", "version", "updated_at"]
    list_filter = ["status", "audience", "language"]
    list_select_related = ["owner"]
    search_fields = ["title"]
    exclude = ["search"]
    ordering = ["-updated_at"]
    inlines = [RevisionInline]


@admin.register(KnownIssue)
class KnownIssueAdmin(ReadOnlyAdmin):
    list_display = ["title", "status", "owner", "version", "opened_at", "fixed_at"]
    list_filter = ["status"]
    list_select_related = ["owner"]
    search_fields = ["title"]
    exclude = ["search"]
    ordering = ["-updated_at"]
