"""Who signs in, out, and fails to: what Django, allauth and knox tell, noted."""

from typing import Any

from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.db.models.signals import post_delete, post_save
from knox.models import AuthToken

from audit.models import Result
from audit.noting import note


def listen() -> None:
    """Hear of every way in: the sign-in pages, the admin site, and tokens of the API."""
    user_logged_in.connect(_signed_in, dispatch_uid="audit.signed_in")
    user_logged_out.connect(_signed_out, dispatch_uid="audit.signed_out")
    user_login_failed.connect(_failed, dispatch_uid="audit.failed")
    post_save.connect(_token_made, sender=AuthToken, dispatch_uid="audit.token_made")
    post_delete.connect(_token_ended, sender=AuthToken, dispatch_uid="audit.token_ended")


def _signed_in(user: Any, **_signal: Any) -> None:
    note("session.began", by=user, about=("person", user.pk))


def _signed_out(user: Any, **_signal: Any) -> None:
    if user is not None:
        note("session.ended", by=user, about=("person", user.pk))


def _failed(credentials: dict[str, Any], **_signal: Any) -> None:
    tried = credentials.get("email") or credentials.get("username") or ""
    note("session.began", by=None, name=str(tried), result=Result.FAILED)


def _token_made(instance: AuthToken, *, created: bool, **_signal: Any) -> None:
    if created:
        note("token.made", by=instance.user, about=("person", instance.user_id))


def _token_ended(instance: AuthToken, **_signal: Any) -> None:
    note("token.ended", by=instance.user, about=("person", instance.user_id))
