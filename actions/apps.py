"""Django's entry for the app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ActionsConfig(AppConfig):
    name = "actions"
    verbose_name = _("Sensitive actions")

    def ready(self) -> None:
        """Carry out what is approved, tell people, and show a ticket's actions beside it."""
        from actions import execution, news
        from actions.views import account_panel
        from actions.views.panel import panel
        from escalations import panels
        from events import consumers

        consumers.register(execution.CONSUMER, execution.KINDS, execution.handle)
        consumers.register(news.CONSUMER, news.KINDS, news.handle)
        panels.register("sensitive_actions", panel)
        panels.register("account", account_panel.panel)
