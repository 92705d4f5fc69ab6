"""What templates ask about second factors."""

from django import template

from accounts import second_factor
from accounts.models import User

register = template.Library()
register.filter("misses_second_factor", second_factor.is_missing)


@register.filter
def needs_second_factor(user: User) -> bool:
    """Return whether one of the person's roles needs a second factor."""
    return second_factor.is_required(user)
