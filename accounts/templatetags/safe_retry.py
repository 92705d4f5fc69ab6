"""The hidden field that makes a form safe to send twice."""

import secrets

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()


@register.simple_tag
def form_token() -> SafeString:
    """Render a fresh `form_token` field. Each form needs its own."""
    return format_html('<input type="hidden" name="form_token" value="{}">', secrets.token_urlsafe(16))
