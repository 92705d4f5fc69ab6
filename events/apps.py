"""Django's entry for the app."""

from django.apps import AppConfig


class EventsConfig(AppConfig):
    name = "events"
