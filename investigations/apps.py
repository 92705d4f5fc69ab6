"""Django's entry for the app, and what it wants to hear of."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class InvestigationsConfig(AppConfig):
    name = "investigations"
    verbose_name = _("Investigations")

    def ready(self) -> None:
        """Hear of what a job has to do, show beside a ticket what was found out, and hide it with the ticket."""
        from django.conf import settings

        from common import uploads
        from escalations import alerts, approvals, demo, hidden, panels, waits
        from events import consumers, hiding
        from investigations import analysing, health_demo, keeping
        from investigations.console import approvals as console_approvals
        from investigations.console import demo as console_demo
        from investigations.console import runs
        from investigations.demo import lay_out
        from investigations.health import checklists, news, rechecks
        from investigations.lookups import ready_made, running
        from investigations.models import Checklist, Log, LookupRun, Recheck, Run, WebhookAddress, WebhookDelivery
        from investigations.views import console_panel, fault_panel, health_panel, lookup_panel, panel
        from investigations.webhooks import receiving
        from knowledgebase import panels as knowledge_panels

        consumers.register(analysing.CONSUMER, [keeping.ADDED, keeping.READ_AGAIN], analysing.consume)
        consumers.register(news.CONSUMER, news.KINDS, news.handle)
        consumers.register(running.CONSUMER, [running.ASKED], running.handle)
        consumers.register(console_approvals.CONSUMER, console_approvals.KINDS, console_approvals.handle)
        waits.register(console_approvals.NAME, console_approvals.waits, console_approvals.reached)
        approvals.register(console_approvals.NAME, console_approvals.waiting_for)
        alerts.lead_to(runs.SUBJECT, "api_run", of_ticket=True)
        panels.register("logs", panel.panel)
        panels.register("integrations", health_panel.panel)
        panels.register_of_customers("integrations", health_panel.of_customer)
        panels.register("console", console_panel.render)
        panels.register("lookups", lookup_panel.panel)
        knowledge_panels.register("version_faults", fault_panel.panel)
        hiding.register(runs.SUBJECT, hidden.on_tickets(Run))
        hiding.register(receiving.SUBJECT, hidden.on_tickets(WebhookAddress))
        hiding.register(receiving.DELIVERY, hidden.on_tickets(WebhookDelivery))
        hiding.register(running.SUBJECT, hidden.on_tickets(LookupRun))
        hiding.register(checklists.SUBJECT, hidden.on_tickets(Checklist))
        hiding.register(rechecks.SUBJECT, hidden.on_tickets(Recheck))
        hiding.register(keeping.SUBJECT, hidden.on_tickets(Log))
        demo.register("lookups", ready_made.lay_out)
        demo.register("logs", lay_out)
        demo.register("console", console_demo.lay_out)
        demo.register("integrations", health_demo.lay_out)
        uploads.allow("logs", settings.LOG_MAX_BYTES)
