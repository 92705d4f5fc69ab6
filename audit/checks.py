"""What `manage.py check --deploy` says of the trail's keys."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Tags, Warning, register  # noqa: A004  Django's name

DERIVED = "secret-key"  # as config.environment.derived_key names it


@register(Tags.security, deploy=True)
def keys_of_its_own(**_: Any) -> list[CheckMessage]:
    """Warn while records are sealed by a key that follows from SECRET_KEY."""
    return [
        Warning(
            f"{name} is not set: the audit trail's keys follow from SECRET_KEY, which more programs know.",
            hint="docs/audit.md says how to make keys and where to keep them.",
            id=f"audit.W00{number}",
        )
        for number, name in enumerate(("AUDIT_KEYS", "AUDIT_SIGNING_KEYS"), start=1)
        if DERIVED in getattr(settings, name)
    ]
