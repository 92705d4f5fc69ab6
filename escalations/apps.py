"""Django's entry for the app."""

from django.apps import AppConfig


class EscalationsConfig(AppConfig):
    name = "escalations"

    def ready(self) -> None:
        """Ask to hear of the events that are mailed to customers; show linked tickets beside what the desk knows."""
        from escalations import mail
        from escalations.views import linked
        from events import consumers
        from knowledgebase import panels

        consumers.register(mail.CONSUMER, mail.KINDS, mail.handle)
        panels.register("linked_tickets", linked.panel)
