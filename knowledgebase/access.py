"""Who may change what the desk knows. Who may read it is in the models' `visible_to`."""

from django.db.models import Q, QuerySet

from accounts.models import Role, User
from knowledgebase.models import Article, KnownIssue


def may_write(user: User) -> bool:
    """Tell whether `user` writes articles and known issues: L2, leads and admins, never auditors."""
    return not user.is_auditor and bool(user.is_superuser or user.teams_as(Role.L2, Role.LEAD))


def may_publish(user: User, article: Article) -> bool:
    """Tell whether `user` decides who reads `article`: its owner, leads and admins."""
    return may_write(user) and (article.owner_id == user.pk or may_lead(user))


def may_hand_on(user: User, thing: Article | KnownIssue) -> bool:
    """Tell whether `user` may give the article or known issue to another owner: its owner, leads, admins."""
    return not user.is_auditor and (thing.owner_id == user.pk or may_lead(user))


def may_lead(user: User) -> bool:
    """Tell whether `user` decides about what others own: leads and admins."""
    return not user.is_auditor and (user.is_superuser or user.is_lead)


def may_read_history(user: User) -> bool:
    """Tell whether `user` may read old versions, which may have been for other eyes than the present one."""
    return bool(user.reads_all or user.teams_as(Role.L2, Role.LEAD))


def writers() -> QuerySet[User]:
    """Return the active people who may own articles and known issues, by name."""
    second_line = Q(memberships__role__in=[Role.L2, Role.LEAD], memberships__team__is_active=True)
    able = User.objects.filter(second_line | Q(is_superuser=True), is_active=True, is_auditor=False)
    return User.objects.filter(pk__in=able.values("pk")).order_by("name", "pk")
