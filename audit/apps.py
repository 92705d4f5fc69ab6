"""Django's entry for the app."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class AuditConfig(AppConfig):
    name = "audit"
    verbose_name = _("Audit trail")

    def ready(self) -> None:
        """Hear of sign-ins, and give the application's role its rights after each migration."""
        from audit import checks, rights, sign_ins, verifying  # noqa: F401  checks register themselves
        from events import consumers

        sign_ins.listen()
        consumers.register("audit", [verifying.ASKED], verifying.handle)
        post_migrate.connect(rights.grant_after_migrating, sender=self)
