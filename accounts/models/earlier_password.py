"""Hashes of the passwords a person had, so that none of the last ones comes back."""

from django.conf import settings
from django.db import models


class EarlierPassword(models.Model):
    """A password that was set, hashed as when it was in use. The newest one is the present one."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="earlier_passwords")
    hash = models.CharField(max_length=128)
    set_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["user", "-id"], name="earlier_password_newest")]

    def __str__(self) -> str:
        return f"{self.user_id} since {self.set_at.isoformat()}"
