"""Django's entry for the app, and what it wants to hear of."""

from django.apps import AppConfig


class ReportsConfig(AppConfig):
    name = "reports"

    def ready(self) -> None:
        from events import consumers
        from reports import ledger

        consumers.register("metrics", ledger.KINDS, ledger.consume)
