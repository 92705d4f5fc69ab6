"""The second factor of a sign-in (allauth.mfa): who needs one, keeping its secrets, and taking it away.

An authenticator app, a passkey or security key, and recovery codes for when neither is at hand. MFA_REQUIRED_FOR
names the roles that need one; without it such a person gets no further than setting one up.
"""

import base64
import secrets
from functools import cache
from typing import Any

from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts import people
from accounts.models import Role, User
from common import clock
from events.recording import record

AUDITOR, ADMIN = "auditor", "admin"
ROLES = (*Role.values, AUDITOR, ADMIN)
FACTORS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)
REMEMBERED = 180  # seconds for which a code that was used is refused; each is valid for less


def is_required(user: User) -> bool:
    """Return whether one of the person's roles needs a second factor. Programs have none."""
    needing: set[str] = set(settings.MFA_REQUIRED_FOR)
    if not needing or user.is_robot:
        return False
    own = {*user.roles.values(), *([AUDITOR] if user.is_auditor else [])}
    if user.is_superuser or user.is_staff:
        own.add(ADMIN)
    return not needing.isdisjoint(own)


def has_one(user: User) -> bool:
    """Return whether the person has set up a second factor; recovery codes alone are none."""
    return bool(Authenticator.objects.filter(user=user, type__in=FACTORS).exists())


def is_missing(user: User) -> bool:
    """Return whether the person needs a second factor and has none yet."""
    return is_required(user) and not has_one(user)


@transaction.atomic
def reset(user: User, *, by: User) -> None:
    """Take away whatever second factor the person has, as when a phone is lost, and sign them out everywhere."""
    if Authenticator.objects.filter(user=user).delete()[0]:
        people.end_sessions(user)
        record("person.second_factor_reset", subject=("person", user.pk), by=by)


@transaction.atomic
def note(user: User, verb: str, kind: str) -> None:
    """Record that the person added, removed or renewed a factor of that kind."""
    record(f"person.second_factor_{verb}", subject=("person", user.pk), by=user, data={"kind": kind})


@transaction.atomic
def is_first_use(authenticator: Authenticator, code: str) -> bool:
    """Return whether the app's code is used for the first time, and remember it.

    allauth keeps that in the cache, and there for one period, while a tolerated code is valid for three.
    """
    kept = Authenticator.objects.select_for_update().get(pk=authenticator.pk)
    now = clock.now().timestamp()
    used = {known: at for known, at in kept.data.get("used", {}).items() if now - at < REMEMBERED}
    if code in used:
        return False
    kept.data["used"] = {**used, code: now}
    kept.save(update_fields=["data"])
    return True


class Adapter(DefaultMFAAdapter):  # type: ignore[misc]  # allauth ships no types
    """Encrypts the secrets, by a key of SECRET_KEY's, and keeps the last factor of whoever needs one."""

    error_messages = DefaultMFAAdapter.error_messages | {
        "incorrect_code": _("This code is not right, or it was used already. Wait for the next one."),
        "cannot_delete_authenticator": _("Your role needs a second step. Set up another before removing this."),
    }

    def encrypt(self, text: str) -> str:
        """Return the secret as it is stored."""
        return _ring().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """Return the secret, or one that fits no code when SECRET_KEY is another by now."""
        try:
            secret: str = _ring().decrypt(encrypted_text.encode()).decode()
        except InvalidToken:
            return base64.b32encode(secrets.token_bytes(20)).decode()  # never one that somebody could reckon
        return secret

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        """Say no to the last factor of whoever needs one."""
        others = Authenticator.objects.filter(user=authenticator.user, type__in=FACTORS).exclude(
            pk=authenticator.pk
        )
        return not is_required(authenticator.user) or bool(others.exists())

    def generate_authenticator_name(self, user: User, type: str) -> str:  # noqa: A002  allauth's signature
        """Return what a new key is called unless the person names it."""
        had: int = Authenticator.objects.filter(user=user, type=type).count()
        return gettext("Key %d") % (had + 1)

    def get_public_key_credential_rp_entity(self) -> dict[str, Any]:
        """Return whom a passkey is for: this host, under our name."""
        return {"id": context.request.get_host().partition(":")[0], "name": "Secondline"}


def _ring() -> MultiFernet:
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return MultiFernet([Fernet(_derived(key)) for key in keys])


@cache
def _derived(key: str) -> bytes:
    raw = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"secondline second factors").derive(key.encode())
    return base64.urlsafe_b64encode(raw)
