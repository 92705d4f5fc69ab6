"""How many alerts a person has not read, for the menu on every page."""

from django import template

from accounts.models import User
from escalations import alerts

register = template.Library()


@register.simple_tag
def unread_alerts(user: object) -> int:
    """Return the number of unread alerts; one more than alerts.MOST_COUNTED means that there are more."""
    return alerts.unread(user) if isinstance(user, User) else 0
