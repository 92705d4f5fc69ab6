"""How each person wants to be told of what."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from escalations.models.ladder import AlertKind


class Way(models.TextChoices):
    """How a notification reaches somebody; whatever is not off stands in the page, too."""

    MAIL = "mail", _("By mail at once")
    DIGEST = "digest", _("In the daily digest")
    PAGE = "page", _("In the page only")
    OFF = "off", _("Not at all")


class Urgent(models.TextChoices):
    """What may reach somebody by mail outside their shift."""

    LADDER = "ladder", _("Whatever is about a deadline or forgotten")
    P1 = "p1", _("The same, of P1 only")
    NOTHING = "nothing", _("Nothing")


class NotificationChoice(models.Model):
    """How one person wants to be told of one kind; without a row the default counts."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=16, choices=AlertKind)
    way = models.CharField(max_length=8, choices=Way)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["person", "kind"], name="notification_choice_once"),
        ]

    def __str__(self) -> str:
        return f"{self.person_id} · {self.kind} · {self.way}"


class NotificationSettings(models.Model):
    """When one person is left alone; without a row the defaults count."""

    person = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    quiet = models.BooleanField(_("no mail outside my shift"), default=True)
    urgent = models.CharField(
        _("what may reach me all the same"), max_length=8, choices=Urgent, default=Urgent.LADDER
    )

    def __str__(self) -> str:
        return f"{self.person_id} · {self.quiet} · {self.urgent}"
