"""Django's entry for the app."""

from django.apps import AppConfig


class KnowledgebaseConfig(AppConfig):
    name = "knowledgebase"
