"""Django's entry for the app, and what it wants to hear of."""

from django.apps import AppConfig


class ReportsConfig(AppConfig):
    name = "reports"

    def ready(self) -> None:
        from escalations import alerts, demo
        from escalations import panels as ticket_panels
        from events import consumers
        from knowledgebase import panels
        from reports import forecast, improvements, ledger, simulation
        from reports.demo import lay_out
        from reports.models import Proposal
        from reports.views import improvement_panel

        consumers.register("metrics", ledger.KINDS, ledger.consume)
        consumers.register(forecast.CONSUMER, forecast.KINDS, forecast.consume)
        consumers.register(simulation.CONSUMER, [simulation.REQUESTED], simulation.consume)
        panels.register("improvements", improvement_panel.panel)
        ticket_panels.register("improvements", improvement_panel.of_ticket)
        alerts.lead_to(improvements.SUBJECT, "improvement", titled=Proposal)
        demo.register("improvements", lay_out)
