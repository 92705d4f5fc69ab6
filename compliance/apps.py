"""Django's entry for the app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ComplianceConfig(AppConfig):
    name = "compliance"
    verbose_name = _("Compliance reviews")

    def ready(self) -> None:
        """Hear of what members are told of and of packs to make; show members a panel on the ticket page."""
        from compliance import checks, notices, packs  # noqa: F401  checks register themselves
        from compliance.demo import lay_out
        from compliance.views import panel
        from escalations import demo, panels
        from events import consumers

        consumers.register(notices.CONSUMER, notices.KINDS, notices.handle)
        consumers.register(packs.CONSUMER, [packs.REQUESTED], packs.handle)
        panels.register("compliance", panel.render)
        demo.register("compliance", lay_out)
