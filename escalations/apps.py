"""Django's entry for the app."""

from django.apps import AppConfig


class EscalationsConfig(AppConfig):
    name = "escalations"

    def ready(self) -> None:
        """Ask to hear of the events that are mailed to customers."""
        from escalations import mail
        from events import consumers

        consumers.register(mail.CONSUMER, mail.KINDS, mail.handle)
