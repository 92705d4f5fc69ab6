"""The keys of the trail: secrets that seal records, and Ed25519 keys that sign checkpoints and proofs.

Each ring is an ordered list of names and secrets: the first one is used, the others still verify.
"""

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from django.conf import settings


class UnknownKey(LookupError):
    """A record names a key that is not on the ring; the argument is its name."""


def sealing() -> tuple[str, bytes]:
    """Return the name and the secret of the key that seals now."""
    ring: dict[str, bytes] = settings.AUDIT_KEYS
    return next(iter(ring.items()))


def secret(name: str) -> bytes:
    """Return the secret of that name. Raises UnknownKey."""
    try:
        found: bytes = settings.AUDIT_KEYS[name]
    except KeyError:
        raise UnknownKey(name) from None
    return found


def signing() -> str:
    """Return the name of the key that signs now."""
    return next(iter(settings.AUDIT_SIGNING_KEYS))


def signed(message: bytes) -> bytes:
    """Sign the message with the key that signs now."""
    seed = settings.AUDIT_SIGNING_KEYS[signing()]
    return Ed25519PrivateKey.from_private_bytes(seed).sign(message)


def public(name: str) -> bytes:
    """Return the public half of a signing key, 32 bytes. Raises UnknownKey."""
    try:
        seed = settings.AUDIT_SIGNING_KEYS[name]
    except KeyError:
        raise UnknownKey(name) from None
    return Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()


def is_signed(message: bytes, name: str, signature: bytes) -> bool:
    """Tell whether the signature is that key's. Raises UnknownKey."""
    try:
        Ed25519PublicKey.from_public_bytes(public(name)).verify(signature, message)
    except InvalidSignature:
        return False
    return True
