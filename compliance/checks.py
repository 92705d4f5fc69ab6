"""What `manage.py check --deploy` says of the reviews' keys."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Tags, Warning, register  # noqa: A004  Django's name

DERIVED = "secret-key"  # as config.environment.derived_key names it


@register(Tags.security, deploy=True)
def keys_of_its_own(**_: Any) -> list[CheckMessage]:
    """Warn while reviews are encrypted by a key that follows from SECRET_KEY."""
    if DERIVED not in settings.COMPLIANCE_KEYS:
        return []
    return [
        Warning(
            "COMPLIANCE_KEYS is not set: compliance reviews are encrypted by a key that follows from SECRET_KEY.",
            hint="docs/compliance.md says how to make a key, where to keep it, and how to change it.",
            id="compliance.W001",
        )
    ]
