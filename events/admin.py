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
    """Shows rows; adds, changes and deletes none."""

    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object | None = None) -> bool:
        return False


class RecordAdmin(ReadOnlyAdmin):
    """Shows events or what is owed for them. `to_event`: the way from a row to its event."""

    to_event = ""

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        """Return the rows but for compliance reviews, which not every admin reads, and for hidden things."""
        user, to = cast("User", request.user), self.to_event
        hidden = hiding.hidden_from(user, kind=f"{to}subject_type", number=f"{to}subject_id", data=f"{to}data")
        if not user.reviews_compliance:
            hidden |= Q(**{f"{to}kind__startswith": f"{WALLED}."})
            hidden |= Q(**{f"{to}subject_type__startswith": WALLED})
        return super().get_queryset(request).exclude(hidden)


@admin.register(Event)
class EventAdmin(RecordAdmin):
    list_display = ["id", "kind", "subject_type", "subject_id", "actor", "at"]
    list_select_related = ["actor"]
    search_fields = ["=subject_id", "^kind"]
    ordering = ["-id"]


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
class DeliveryAdmin(RecordAdmin):
    to_event = "event__"
    list_display = [
        "id", "consumer", "event", "created_at", "attempts", "next_attempt_at", "delivered_at", "last_error",
    ]  # fmt: skip
    list_select_related = ["event"]
    list_filter = [StateFilter]
    ordering = ["-id"]
    actions = ["deliver_again"]

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
