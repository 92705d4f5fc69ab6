"""Django's entry for the app, and what it wants to hear of."""

from django.apps import AppConfig


class ReportsConfig(AppConfig):
    name = "reports"

    def ready(self) -> None:
        from escalations import demo
        from events import consumers
        from knowledgebase import panels
        from reports import forecast, ledger, simulation
        from reports.demo import lay_out
        from reports.views import improvement_panel

        consumers.register("metrics", ledger.KINDS, ledger.consume)
        consumers.register(forecast.CONSUMER, forecast.KINDS, forecast.consume)
        consumers.register(simulation.CONSUMER, [simulation.REQUESTED], simulation.consume)
        panels.register("improvements", improvement_panel.panel)
        demo.register("improvements", lay_out)
