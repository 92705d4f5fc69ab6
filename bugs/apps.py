"""Django's entry for the app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class BugsConfig(AppConfig):
    name = "bugs"
    verbose_name = _("Bug reports")

    def ready(self) -> None:
        """Show a ticket's bug reports beside it, and hide what it hides."""
        from bugs import reports
        from bugs.models import BugReport
        from bugs.views.panel import panel
        from escalations import hidden, panels
        from events import hiding

        panels.register("bugs", panel)
        hiding.register(reports.SUBJECT, hidden.on_tickets(BugReport))
