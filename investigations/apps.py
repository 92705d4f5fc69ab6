"""Django's entry for the app, and what it wants to hear of."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class InvestigationsConfig(AppConfig):
    name = "investigations"
    verbose_name = _("Investigations")

    def ready(self) -> None:
        """Hear of logs that were added, show a ticket's beside it, and take larger ones than attachments."""
        from django.conf import settings

        from common import uploads
        from escalations import panels
        from events import consumers
        from investigations import analysing, keeping
        from investigations.views import panel

        consumers.register(analysing.CONSUMER, [keeping.ADDED], analysing.consume)
        panels.register("logs", panel.panel)
        uploads.allow("logs", settings.LOG_MAX_BYTES)
