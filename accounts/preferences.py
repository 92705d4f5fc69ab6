"""A person's own time zone and language, applied to each request."""

import logging
from collections.abc import Callable
from zoneinfo import ZoneInfo

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation
from django.utils.cache import patch_vary_headers

logger = logging.getLogger(__name__)


class PreferencesMiddleware:
    """Activates the signed-in person's zone and language for one request.

    Visitors who are not signed in get the browser's language and UTC.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        known = request.user.is_authenticated
        if request.user.is_authenticated:
            zone, language = zone_named(request.user.time_zone), supported(request.user.language)
        else:
            zone, language = zone_named("UTC"), translation.get_language_from_request(request)
        with timezone.override(zone), translation.override(language):
            request.LANGUAGE_CODE = language
            response = self.get_response(request)
            response.headers.setdefault("Content-Language", language)
            if not known:
                patch_vary_headers(response, ["Accept-Language"])
            return response


def zone_named(name: str) -> ZoneInfo:
    """Return the zone, or UTC when this machine's time zone data doesn't know it (any more)."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        logger.warning("Unknown time zone %r in a person's preferences; UTC is used.", name)
        return ZoneInfo("UTC")


def supported(language: str) -> str:
    """Return the language, or the default one when the interface isn't translated into it."""
    try:
        return translation.get_supported_language_variant(language)
    except LookupError:
        return settings.LANGUAGE_CODE
