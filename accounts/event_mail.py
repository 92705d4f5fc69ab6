"""Mail that tells somebody of an event, in their language; sent twice, it is the same mail."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.utils import translation

from accounts.models import User
from events.models import Event


def send(event: Event, reader: User, template: str, context: Mapping[str, Any]) -> None:
    """Send `reader` what `template` (without its ending; a `_subject` stands beside it) says of the event."""
    with translation.override(reader.language):
        subject = render_to_string(f"{template}_subject.txt", context).strip()
        text = render_to_string(f"{template}.txt", context)
    EmailMessage(
        subject=subject,
        body=text,
        to=[reader.email],
        headers={
            "Message-ID": f"<event-{event.pk}-{reader.pk}@{settings.SITE_URL.split('://')[1]}>",
            "Content-Language": reader.language,
            "Auto-Submitted": "auto-generated",
        },
    ).send()
