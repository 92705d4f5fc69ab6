"""Whether to offer "Take next"."""

from django import template

from accounts.models import User
from escalations import routing_setup

register = template.Library()


@register.filter
def takes_next(user: object) -> bool:
    """Return whether the person takes the next escalation, rather than only being given it.

    Remembered with the person, who is the request's own: a page asks for it in several places.
    """
    if not isinstance(user, User):
        return False
    if "takes_next" not in vars(user):
        vars(user)["takes_next"] = routing_setup.takes_next(user)
    return bool(vars(user)["takes_next"])
