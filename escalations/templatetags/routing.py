"""Whether to offer "Take next"."""

from django import template

from accounts.models import User
from escalations import routing_setup

register = template.Library()


@register.filter
def takes_next(user: object) -> bool:
    """Return whether the person takes the next escalation, rather than only being given it."""
    return isinstance(user, User) and routing_setup.takes_next(user)
