"""Django's entry for the app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class BugsConfig(AppConfig):
    name = "bugs"
    verbose_name = _("Bug reports")

    def ready(self) -> None:
        """Show a ticket's bug reports beside it, and hide what it hides."""
        from bugs import commenting, fixes, reports, sending, standing, waiting
        from bugs import demo as bugs_demo
        from bugs.models import BugReport
        from bugs.views.panel import issue_panel, panel
        from escalations import alerts, demo, hidden, panels, waits
        from events import consumers, hiding
        from knowledgebase import panels as knowledge_panels

        consumers.register(sending.CONSUMER, [sending.ASKED], sending.handle)
        consumers.register(fixes.CONSUMER, [standing.FIXED], fixes.handle)
        consumers.register(commenting.CONSUMER, [commenting.WRITTEN], commenting.handle)
        consumers.register(commenting.NOTES, [commenting.HEARD], commenting.note)
        alerts.lead_to(reports.SUBJECT, "bug")
        panels.register("bugs", panel)
        knowledge_panels.register("bugs", issue_panel)
        waits.register(waiting.NAME, waiting.waits, waiting.reached, on=waits.On.BUG)
        demo.register("bugs", bugs_demo.lay_out)
        hiding.register(reports.SUBJECT, hidden.on_tickets(BugReport))
