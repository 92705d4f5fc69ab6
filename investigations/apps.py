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
        from escalations import demo, hidden, panels
        from events import consumers, hiding
        from investigations import analysing, health_demo, keeping
        from investigations.demo import lay_out
        from investigations.health import checklists, news, rechecks
        from investigations.models import Checklist, Log, Recheck
        from investigations.views import health_panel, panel

        consumers.register(analysing.CONSUMER, [keeping.ADDED], analysing.consume)
        consumers.register(news.CONSUMER, news.KINDS, news.handle)
        panels.register("logs", panel.panel)
        panels.register("integrations", health_panel.panel)
        hiding.register(keeping.SUBJECT, hidden.on_tickets(Log))
        hiding.register(checklists.SUBJECT, hidden.on_tickets(Checklist))
        hiding.register(rechecks.SUBJECT, hidden.on_tickets(Recheck))
        demo.register("logs", lay_out)
        demo.register("integrations", health_demo.lay_out)
        uploads.allow("logs", settings.LOG_MAX_BYTES)
