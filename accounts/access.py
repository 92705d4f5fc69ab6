"""What a person's roles mean beyond one ticket."""

from django.db.models import QuerySet

from accounts.models import Team, User


def changes_things(user: User) -> bool:
    """Tell whether the person may change anything but their own preferences: auditors may not."""
    return user.is_active and not user.is_auditor


def reads_numbers(user: User) -> bool:
    """Tell whether the dashboard and trends are for this person: leads, auditors, admins."""
    return user.is_lead or user.reads_all


def members(team: Team, *roles: str) -> QuerySet[User]:
    """Return the active people who have one of `roles` in the team, by name."""
    return User.objects.filter(
        is_active=True, memberships__team=team, memberships__role__in=roles
    ).order_by("name", "pk")  # fmt: skip
