"""The icons of heroicons, each drawn once: the library builds its XML anew at every mention, dozens to a page.

Takes the place of the library's own tags, which is why it is no installed app (settings.TEMPLATES).
"""

from functools import cache

from django import template
from django.utils.safestring import SafeString
from heroicons.templatetags import heroicons

register = template.Library()


@register.simple_tag
def heroicon_micro(name: str, *, size: int = 16) -> SafeString:
    return _drawn("micro", name, size)


@register.simple_tag
def heroicon_mini(name: str, *, size: int = 20) -> SafeString:
    return _drawn("mini", name, size)


@register.simple_tag
def heroicon_outline(name: str, *, size: int = 24) -> SafeString:
    return _drawn("outline", name, size)


@cache
def _drawn(style: str, name: str, size: int) -> SafeString:
    drawn: SafeString = getattr(heroicons, f"heroicon_{style}")(name, size=size)
    return drawn
