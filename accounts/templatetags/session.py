"""What pages know of their session."""

from django import template
from django.conf import settings

register = template.Library()


@register.simple_tag
def session_seconds() -> int:
    """Return how long a session lasts in which nothing happens, in seconds."""
    return settings.SESSION_COOKIE_AGE
