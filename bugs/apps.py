"""Django's entry for the app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class BugsConfig(AppConfig):
    name = "bugs"
    verbose_name = _("Bug reports")

    def ready(self) -> None:
        """Show a ticket's bug reports beside it, and hide what it hides."""
        from bugs import demo as bugs_demo
        from bugs import fixes, hearing, reports, sending
        from bugs.models import BugReport
        from bugs.views.panel import panel
        from escalations import alerts, demo, hidden, panels
        from events import consumers, hiding

        consumers.register(sending.CONSUMER, [sending.ASKED], sending.handle)
        consumers.register(fixes.CONSUMER, [hearing.FIXED], fixes.handle)
        alerts.lead_to(reports.SUBJECT, "bug")
        panels.register("bugs", panel)
        demo.register("bugs", bugs_demo.lay_out)
        hiding.register(reports.SUBJECT, hidden.on_tickets(BugReport))
