"""Who may look at which figures."""

from accounts.models import Role, Team, TeamKind, User


def teams_read(user: User) -> list[Team]:
    """Return the second-line teams whose figures this person may read; empty means none at all.

    Auditors and admins read all, L2 and leads those of their own teams.
    """
    teams = Team.objects.filter(kind=TeamKind.L2).order_by("name")
    if not user.reads_all:
        teams = teams.filter(pk__in=user.teams_as(Role.L2, Role.LEAD))
    return list(teams)


def reads_forecast(user: User) -> bool:
    """Tell whether this person may see how good the forecasts are: leads, auditors and admins."""
    return user.is_lead or user.is_auditor or user.is_superuser


def may_dismiss(user: User) -> bool:
    """Tell whether this person may say that a trend needs no more attention: leads and admins."""
    return not user.is_auditor and (user.is_superuser or user.is_lead)
