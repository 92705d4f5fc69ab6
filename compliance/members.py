"""Who reviews for compliance."""

from django.db.models import QuerySet

from accounts.models import Membership, User


def members() -> QuerySet[User]:
    """Return everybody who may know of reviews, by name."""
    of_teams = Membership.objects.filter(team__reviews_compliance=True, team__is_active=True)
    people = User.objects.filter(is_active=True, is_robot=False, pk__in=of_teams.values("user"))
    return people.order_by("name", "pk")
