"""The record and what is owed for it: to look at, and to deliver again."""

from typing import TYPE_CHECKING, cast

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from events import hiding, pending, relay
from events.models import Delivery, Event

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

    from accounts.models import User


#: Events of what begins like this exist only for who reviews for compliance.
WALLED = "compliance"


class ReadOnlyAdmin(admin.ModelAdmin):
    """Shows rows; adds, changes and deletes none. `to_event`: the way from a row to its event."""

    show_full_result_count = False
    to_event = ""

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        """Return the rows but for those about compliance reviews, of which not every admin may know."""
        rows = super().get_queryset(request)
        if getattr(request.user, "reviews_compliance", False):
            return rows
        kind, subject = (f"{self.to_event}{field}__startswith" for field in ("kind", "subject_type"))
        return rows.exclude(Q(**{kind: f"{WALLED}."}) | Q(**{subject: WALLED}))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object | None = None) -> bool:
        return False


@admin.register(Event)
class EventAdmin(ReadOnlyAdmin):
    list_display = ["id", "kind", "subject_type", "subject_id", "actor", "at"]
    list_select_related = ["actor"]
    search_fields = ["=subject_id", "^kind"]
    ordering = ["-id"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Event]:
        return super().get_queryset(request).exclude(hiding.hidden_from(cast("User", request.user)))


class StateFilter(admin.SimpleListFilter):
    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, "_StrPromise"]]:
        return [("failing", _("Failing")), ("owed", _("Not yet delivered")), ("done", _("Delivered"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> QuerySet[Delivery]:
        match self.value():
            case "failing":
                return queryset & pending.failing()
            case "owed":
                return queryset.filter(delivered_at__isnull=True)
            case "done":
                return queryset.filter(delivered_at__isnull=False)
        return queryset


@admin.register(Delivery)
class DeliveryAdmin(ReadOnlyAdmin):
    to_event = "event__"
    list_display = [
        "id", "consumer", "event", "created_at", "attempts", "next_attempt_at", "delivered_at", "last_error",
    ]  # fmt: skip
    list_select_related = ["event"]
    list_filter = [StateFilter]
    ordering = ["-id"]
    actions = ["deliver_again"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Delivery]:
        columns = {"kind": "event__subject_type", "number": "event__subject_id", "data": "event__data"}
        hidden = hiding.hidden_from(cast("User", request.user), **columns)
        return super().get_queryset(request).exclude(hidden)

    def has_deliver_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_superuser)

    @admin.action(description=_("Deliver again now"), permissions=["deliver"])
    def deliver_again(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> None:
        count = relay.deliver_again(queryset.values_list("pk", flat=True))
        self.message_user(
            request,
            ngettext("%(count)d delivery is due now.", "%(count)d deliveries are due now.", count)
            % {"count": count},
        )
