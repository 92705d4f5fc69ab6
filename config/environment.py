"""Settings read from the environment, with errors a person can act on.

A setting that is missing or malformed stops the start with one sentence that
names the variable, says what is wrong with it and what would be right.
"""

import base64
import hashlib
import hmac
from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import parse_qs, unquote, urlsplit
from zoneinfo import available_timezones

import environ
from django.core.exceptions import ImproperlyConfigured

T = TypeVar("T")

_env = environ.Env()


def read(name: str, cast: Callable[[str], T], *, expected: str, default: T | None = None) -> T:
    """Return the variable `name`, converted by `cast`.

    `expected` completes the sentence "NAME must be …". With no `default`, the
    variable is required. Raises ImproperlyConfigured.
    """
    raw = _env.ENVIRON.get(name, "").strip()
    if not raw:
        if default is None:
            raise ImproperlyConfigured(f"{name} is not set: it must be {expected}.")
        return default
    try:
        return cast(raw)
    except (ValueError, TypeError) as error:
        raise ImproperlyConfigured(f"{name} is malformed: it must be {expected}.") from error


def boolean(raw: str) -> bool:
    """Read true/false, yes/no, on/off, 1/0. Raises ValueError for anything else."""
    lowered = raw.lower()
    if lowered in {"true", "yes", "on", "1"}:
        return True
    if lowered in {"false", "no", "off", "0"}:
        return False
    raise ValueError(raw)


def words(raw: str) -> list[str]:
    """Read a comma-separated list."""
    return [word.strip() for word in raw.split(",") if word.strip()]


def roles(raw: str) -> list[str]:
    """Read a comma-separated list of roles. Raises ValueError for what is none."""
    named = words(raw.lower())
    if unknown := set(named) - {"l1", "l2", "lead", "partner", "auditor", "admin"}:
        raise ValueError(unknown)
    return named


def https(raw: str) -> str:
    """Read a web address; plain HTTP only on this machine. Raises ValueError."""
    address = urlsplit(raw)
    inside = address.scheme == "http" and address.hostname in {"localhost", "127.0.0.1"}
    if not address.hostname or not (address.scheme == "https" or inside):
        raise ValueError(raw)
    return raw


def hosts(raw: str) -> list[str]:
    """Read hosts, each with or without a port. Raises ValueError for an address with anything else in it."""
    named = words(raw.lower())
    for name in named:
        if not name.isascii() or any(letter in name for letter in "/@*?#\\ ") or name.endswith("."):
            raise ValueError(name)
    return named


def positive(raw: str) -> int:
    """Read a whole number above zero. Raises ValueError."""
    number = int(raw)
    if number <= 0:
        raise ValueError(raw)
    return number


def time_zone(raw: str) -> str:
    """Read the name of an IANA time zone. Raises ValueError."""
    if raw not in available_timezones():
        raise ValueError(raw)
    return raw


def postgres(raw: str) -> dict[str, Any]:
    """Read a postgres:// address. Raises ValueError for any other database."""
    if not raw.startswith(("postgres://", "postgresql://")):
        raise ValueError(raw)
    database = dict(environ.Env.db_url_config(raw))
    database["HOST"] = unquote(database["HOST"])  # a socket's folder is written %2Frun%2Fpg
    return database


def lookups_database(raw: str) -> str:
    """Read the address of a database that lookups ask. Raises ValueError, also for an option that it has not.

    It is taken apart in investigations/lookups/place.py.
    """
    address = urlsplit(raw)
    known = {"", "tls=verify-full", "tls=require", "tls=disable"}
    if (
        address.scheme not in {"postgres", "postgresql", "mysql"}
        or not address.netloc
        or address.query not in known
        or address.fragment
    ):
        raise ValueError(raw)
    return raw


def redis(raw: str) -> str:
    """Read a redis://, rediss:// or unix:// address. Raises ValueError."""
    if not raw.startswith(("redis://", "rediss://", "unix://")):
        raise ValueError(raw)
    return raw


def log_level(raw: str) -> str:
    """Read the least severity that is logged. Raises ValueError."""
    level = raw.upper()
    if level not in {"DEBUG", "INFO", "WARNING", "ERROR"}:
        raise ValueError(raw)
    return level


def keys(raw: str) -> dict[str, bytes]:
    """Read a ring of keys, `name:secret` each, the secret 32 bytes in base64. Raises ValueError."""
    ring = {}
    for word in words(raw):
        name, _, secret = word.partition(":")
        ring[name.strip()] = base64.b64decode(secret, validate=True)
        if not 0 < len(name.strip()) <= 20 or len(ring[name.strip()]) != 32:
            raise ValueError(raw)
    if not ring:
        raise ValueError(raw)
    return ring


def derived_key(secret: str, purpose: str) -> dict[str, bytes]:
    """Return a ring of one key made from the secret key, for a desk that nobody has set up."""
    return {"secret-key": hmac.digest(secret.encode(), purpose.encode(), hashlib.sha256)}


def celery_broker(address: str) -> str:
    """Return a Redis address as Celery spells it: a socket's is redis+socket:///path?virtual_host=0.

    Over TLS, Celery looks at no certificate unless the address says that it must.
    """
    parts = urlsplit(address)
    if parts.scheme == "rediss" and "ssl_cert_reqs" not in parse_qs(parts.query):
        query = "&".join(filter(None, [parts.query, "ssl_cert_reqs=required"]))
        return parts._replace(query=query).geturl()
    if parts.scheme != "unix":
        return address
    number = parse_qs(parts.query).get("db", ["0"])[0]
    return f"redis+socket://{parts.path}?virtual_host={number}"


def email(raw: str) -> dict[str, Any]:
    """Read an SMTP, console or file e-mail address. Raises ValueError."""
    if not raw.startswith(("smtp://", "smtp+tls://", "smtp+ssl://", "consolemail://", "filemail://")):
        raise ValueError(raw)
    return dict(environ.Env.email_url_config(raw))


def mail_in(raw: str) -> str:
    """Read where incoming mail lies: a maildir on this machine, or IMAP over TLS. Raises ValueError."""
    address = urlsplit(raw)
    if address.scheme == "maildir" and address.path.startswith("/"):
        return raw
    if address.scheme == "imaps" and address.hostname and address.username and address.password:
        return raw
    raise ValueError(raw)


def mail_address(raw: str) -> str:
    """Read one mail address without a name. Raises ValueError."""
    local, at, domain = raw.partition("@")
    if not (local and at and domain) or set(raw) & set(" <>+,;@") != {"@"} or raw.count("@") != 1:
        raise ValueError(raw)
    return raw.lower()
