"""Django's entry for the app."""

from django.apps import AppConfig
from django.db.models.signals import post_save
from django.utils.translation import gettext_lazy as _


class IncidentsConfig(AppConfig):
    name = "incidents"
    verbose_name = _("Security incidents")

    def ready(self) -> None:
        """Hear of what redaction finds, of the trail's checks, and of own numbers."""
        import redaction
        from audit.models import Verification
        from events import consumers, recording
        from incidents import alarm, doors, own_numbers, sweeping

        recording.accompany(doors.on_change)
        redaction.provide_own_ids(own_numbers.in_force)
        post_save.connect(alarm.open_for_the_trail, sender=Verification, dispatch_uid="incidents.trail")
        consumers.register(alarm.CONSUMER, alarm.KINDS, alarm.handle)
        consumers.register(sweeping.CONSUMER, [sweeping.STEP], sweeping.handle)
