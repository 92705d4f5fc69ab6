"""Django's entry for the app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ActionsConfig(AppConfig):
    name = "actions"
    verbose_name = _("Sensitive actions")

    def ready(self) -> None:
        """Carry out what is approved, tell people, show a ticket's actions beside it and hide what it hides."""
        from actions import account_review, execution, lifecycle, news, waiting
        from actions.models import AccountReview, Action
        from actions.views import account_panel
        from actions.views.panel import panel
        from escalations import alerts, hidden, panels, waits
        from events import consumers, hiding

        consumers.register(execution.CONSUMER, execution.KINDS, execution.handle)
        consumers.register(news.CONSUMER, news.KINDS, news.handle)
        panels.register("sensitive_actions", panel)
        panels.register("account", account_panel.panel)
        hiding.register(lifecycle.SUBJECT, hidden.on_tickets(Action))
        hiding.register(account_review.SUBJECT, hidden.on_tickets(AccountReview))
        waits.register(waiting.NAME, waiting.waits, waiting.reached)
        alerts.lead_to(lifecycle.SUBJECT, "action")
