"""The admin site for what admins set up. Tickets are worked in the desk, never here."""

from typing import Any, cast

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from escalations.models import (
    Category,
    CategoryRestriction,
    ContractForm,
    Customer,
    PriorityRule,
    Reason,
    RootCause,
)

Field = dict[str, Any]


class CategoryRestrictionInline(admin.StackedInline):
    """Who sees the category's escalations, where they are restricted from the start."""

    model = CategoryRestriction
    extra = 0


@admin.register(Category)
class CategoryAdmin(admin.ModelAdmin):
    """Categories. What one asks of L1 is edited on a page of the desk, linked from here."""

    fields = (
        "key", "name", "name_es", "description", "description_es", "team", "is_active", "position", "contract",
    )  # fmt: skip
    readonly_fields = ("contract",)
    list_display = ("name", "key", "team", "form_version", "is_active", "position")
    list_editable = ("is_active", "position")
    list_filter = ("is_active",)
    inlines = (CategoryRestrictionInline,)

    @admin.display(description=_("form version"))
    def form_version(self, category: Category) -> int | None:
        current = category.current_form
        return current.version if current else None

    @admin.display(description=_("escalation form"))
    def contract(self, category: Category) -> str:
        if not category.pk:
            return gettext("Save the category first, then write its form.")
        address = reverse("edit_category_form", args=[category.key])
        return format_html('<a href="{}">{}</a>', address, gettext("Edit the form"))

    def has_delete_permission(self, request: HttpRequest, obj: Category | None = None) -> bool:
        return False  # retired with "in use" instead: escalations go on naming it


@admin.register(ContractForm)
class ContractFormAdmin(admin.ModelAdmin):
    """Published forms, to read: a version never changes."""

    list_display = ("category", "version", "created_at")
    list_filter = ("category",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: ContractForm | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: ContractForm | None = None) -> bool:
        return False


@admin.register(Reason)
class ReasonAdmin(admin.ModelAdmin):
    list_display = ("name", "kind", "key", "is_active", "position")
    list_filter = ("kind", "is_active")


@admin.register(RootCause)
class RootCauseAdmin(admin.ModelAdmin):
    list_display = ("path", "key", "is_active", "position")
    list_filter = ("is_active",)
    list_select_related = ("parent", "parent__parent")


@admin.register(PriorityRule)
class PriorityRuleAdmin(admin.ModelAdmin):
    list_display = ("impact", "urgency", "priority")
    list_editable = ("priority",)


@admin.register(Customer)
class CustomerAdmin(admin.ModelAdmin):
    """Customers, to read: correcting one is a page of the desk, with its event."""

    list_display = ("name", "external_id", "segment", "country")
    search_fields = ("name", "external_id", "email")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Customer]:
        return Customer.objects.visible_to(cast(User, request.user))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Customer | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Customer | None = None) -> bool:
        return False
