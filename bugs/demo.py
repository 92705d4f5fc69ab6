"""The demo's tracker: the one that the settings name."""

from datetime import datetime

from accounts.models import User
from bugs.models import Tracker

PROJECT = "acme/payments"


def lay_out(now: datetime) -> None:
    """Have reports go to the tracker that `make run` starts."""
    admin = User.objects.filter(is_superuser=True, is_active=True).order_by("pk").first()
    if admin is not None:
        Tracker.objects.get_or_create(
            name="Payments issues",
            defaults={"is_of_settings": True, "project": PROJECT, "changed_by": admin, "changed_at": now},
        )
