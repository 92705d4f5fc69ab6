"""Who may change what the desk knows. Who may read it is in the models' `visible_to`."""

from accounts.models import Role, User
from knowledgebase.models import Article


def may_write(user: User) -> bool:
    """Tell whether `user` writes articles and known issues: L2, leads and admins, never auditors."""
    return not user.is_auditor and bool(user.is_superuser or user.teams_as(Role.L2, Role.LEAD))


def may_publish(user: User, article: Article) -> bool:
    """Tell whether `user` decides who reads `article`: its owner, leads and admins."""
    return may_write(user) and (article.owner_id == user.pk or may_lead(user))


def may_lead(user: User) -> bool:
    """Tell whether `user` may give an article or a known issue to another owner."""
    return not user.is_auditor and (user.is_superuser or user.is_lead)
