"""Django's entry for the app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = _("People and teams")

    def ready(self) -> None:
        """Hear of who comes, leaves and changes teams: their duty changes with it."""
        from accounts import access_reminders, attendance, signals, unused  # noqa: F401  signals listen
        from events import consumers

        consumers.register(attendance.CONSUMER, attendance.KINDS, attendance.handle)
        consumers.register(access_reminders.CONSUMER, access_reminders.KINDS, access_reminders.handle)
        consumers.register(unused.CONSUMER, unused.KINDS, unused.handle)
