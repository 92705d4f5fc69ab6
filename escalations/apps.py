"""Django's entry for the app."""

from django.apps import AppConfig


class EscalationsConfig(AppConfig):
    name = "escalations"
