"""Django's entry for the app, and what it wants to hear of."""

from django.apps import AppConfig


class ReportsConfig(AppConfig):
    name = "reports"

    def ready(self) -> None:
        from events import consumers
        from reports import forecast, ledger, simulation

        consumers.register("metrics", ledger.KINDS, ledger.consume)
        consumers.register(forecast.CONSUMER, forecast.KINDS, forecast.consume)
        consumers.register(simulation.CONSUMER, [simulation.REQUESTED], simulation.consume)
