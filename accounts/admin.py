"""People and teams, for admins."""

from typing import Any

from allauth.account.decorators import secure_admin_login
from allauth.account.models import EmailAddress
from allauth.usersessions.models import UserSession
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import AdminUserCreationForm
from django.contrib.auth.models import Group
from django.db.models import Count, Q, QuerySet
from django.forms import BaseInlineFormSet, ModelForm
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from knox.models import AuthToken

from accounts import passwords, people
from accounts.models import Membership, Team, User

admin.site.site_title = "Secondline"
admin.site.site_header = "Secondline"
admin.site.index_title = _("Administration")
# Sign-in through the same page, and the same limits, as everywhere else.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]


for unused in (Group, EmailAddress, UserSession, AuthToken):
    admin.site.unregister(unused)  # roles come from memberships; sessions and tokens are their owners'

POWERS = ["is_auditor", "is_staff", "is_superuser", "user_permissions"]


class NewPersonForm(AdminUserCreationForm):
    class Meta:
        model = User
        fields = ("email", "name")
        field_classes: dict[str, type] = {}


class MembershipInline(admin.TabularInline):
    model = Membership
    extra = 1
    autocomplete_fields = ["user", "team"]


@admin.register(User)
class PersonAdmin(UserAdmin):
    """Adds and changes people through accounts.people, so that each change is on record."""

    add_form = NewPersonForm
    list_display = ["name", "email", "teams_and_roles", "availability", "is_active", "is_staff"]
    list_filter = ["is_active", "memberships__role", "teams", "is_staff", "is_auditor", "is_robot"]
    search_fields = ["name", "email"]
    ordering = ["name"]
    inlines = [MembershipInline]
    readonly_fields = ["last_login", "date_joined"]
    actions = ["deactivate"]
    fieldsets = [
        (None, {"fields": ["email", "name", "password", "is_active"]}),
        (_("Preferences"), {"fields": ["time_zone", "language", "availability"]}),
        (_("What they may do"), {"fields": [*POWERS]}),
        (_("History"), {"fields": ["last_login", "date_joined"]}),
    ]
    add_fieldsets = [
        (None, {"fields": ["email", "name", "usable_password", "password1", "password2"]}),
    ]
    filter_horizontal = ["user_permissions"]

    def get_readonly_fields(self, request: HttpRequest, obj: object | None = None) -> list[str]:
        """Keep those who may only add people from making themselves admins."""
        powers = [] if request.user.is_superuser else POWERS
        return [*self.readonly_fields, *powers]

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        return super().get_queryset(request).prefetch_related("memberships__team")

    def has_delete_permission(self, request: HttpRequest, obj: object | None = None) -> bool:
        """Say no: history names its people. They are deactivated."""
        return False

    @admin.display(description=_("teams"))
    def teams_and_roles(self, user: User) -> str:
        return ", ".join(f"{one.team} ({one.get_role_display()})" for one in user.memberships.all())

    def save_model(self, request: HttpRequest, obj: User, form: ModelForm, change: bool) -> None:
        super().save_model(request, obj, form, change)
        by = _admin(request)
        if not change:
            people.note_added(obj, by=by)
        elif changed := set(form.changed_data) - {"is_active"}:
            people.note_change(obj, changed, by=by)
        if change and "is_active" in form.changed_data:
            (people.activate if obj.is_active else people.deactivate)(obj, by=by)

    def save_formset(
        self, request: HttpRequest, form: ModelForm, formset: BaseInlineFormSet, change: bool
    ) -> None:
        super().save_formset(request, form, formset, change)
        if formset.model is Membership and formset.has_changed():
            people.note_roles(form.instance, by=_admin(request))

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:  # noqa: A002
        """Set a person's password, and record that it was an admin."""
        response = super().user_change_password(request, id, form_url)
        if request.method == "POST" and response.status_code == 302:
            passwords.note_change(User.objects.get(pk=id), by=_admin(request))
        return response

    @admin.action(description=_("Deactivate: sign out everywhere, for good"), permissions=["change"])
    def deactivate(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        for user in queryset.filter(is_active=True).exclude(pk=_admin(request).pk):
            people.deactivate(user, by=_admin(request))


@admin.register(Team)
class TeamAdmin(admin.ModelAdmin):
    list_display = ["name", "kind", "active_people", "is_active", "reviews_compliance"]
    list_filter = ["kind", "is_active"]
    search_fields = ["name"]
    inlines = [MembershipInline]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Team]:
        active = Count("members", filter=Q(members__is_active=True))
        teams: QuerySet[Team] = super().get_queryset(request)
        return teams.annotate(active_people=active)

    @admin.display(description=_("people"), ordering="active_people")
    def active_people(self, team: Any) -> int:
        return int(team.active_people)

    def has_delete_permission(self, request: HttpRequest, obj: object | None = None) -> bool:
        """Say no: history names its teams. They are switched off."""
        return False

    def save_formset(
        self, request: HttpRequest, form: ModelForm, formset: BaseInlineFormSet, change: bool
    ) -> None:
        """Record the new roles of everybody whom the change concerns."""
        before = set(form.instance.members.all()) if change else set()
        super().save_formset(request, form, formset, change)
        if formset.has_changed():
            for user in before | set(form.instance.members.all()):
                people.note_roles(user, by=_admin(request))


def _admin(request: HttpRequest) -> User:
    assert isinstance(request.user, User)  # noqa: S101  the admin site has checked
    return request.user
