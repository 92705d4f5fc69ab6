"""Where a source is: its address taken apart and judged, its secret opened."""

import socket
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote, urlsplit

from django.conf import settings
from django.utils.translation import gettext as _

from common import outgoing, sealed
from common.errors import Refused
from investigations.lookups.answer import NoAnswer
from investigations.models import LookupKind, LookupSource, LookupTrouble

_SCHEMES = {
    "postgresql": LookupKind.POSTGRESQL, "postgres": LookupKind.POSTGRESQL, "mysql": LookupKind.MYSQL,
    "https": LookupKind.HTTP, "http": LookupKind.HTTP,
}  # fmt: skip
_PORTS = {LookupKind.POSTGRESQL: 5432, LookupKind.MYSQL: 3306}
_TLS = {"disable", "require", "verify-full"}
_RESOLVE_WITHIN = 3.0


@dataclass(frozen=True)
class Place:
    """A machine, and who one is there. `address` is the pinned one; `url` is an HTTP interface's.

    `tls` is what a database is asked for: `verify-full` that its certificate is trusted for its name, `require`
    that it encrypts, whoever it is (MySQL's is looked at all the same), `disable` nothing.
    """

    kind: str
    host: str
    port: int
    database: str = ""
    user: str = ""
    secret: str = field(default="", repr=False)
    tls: str = "verify-full"
    url: str = ""
    address: str = ""
    is_settings: bool = False

    @property
    def is_socket(self) -> bool:
        return self.host.startswith("/")


def bound_to(source: LookupSource) -> str:
    """Return what a source's secret is sealed for."""
    return f"lookup_source:{source.pk}"


def parse(url: str, kind: str) -> Place:
    """Take an address apart, without asking anybody. Raises Refused (field `url`)."""
    try:
        parts = urlsplit(url)
        host, port = unquote(parts.hostname or ""), parts.port
    except ValueError as error:
        raise _bad(_("This is not an address.")) from error
    if _SCHEMES.get(parts.scheme) != kind:
        raise _bad(_("The address begins with postgresql://, mysql:// or https://, as its kind says."))
    if parts.password:
        raise _bad(_("The password does not stand in the address: it has a field of its own, and is sealed."))
    if kind == LookupKind.HTTP:
        if parts.query or parts.fragment or parts.username:
            raise _bad(_("The address of an interface has no user, question mark or hash."))
        return Place(kind, host, port or 0, url=url.rstrip("/"))
    options = dict(parse_qsl(parts.query))
    tls = options.pop("tls", "verify-full")
    if options or tls not in _TLS:
        raise _bad(_("Behind the question mark only tls=verify-full, tls=require or tls=disable may stand."))
    database = unquote(parts.path.strip("/"))
    if not host or not database or not parts.username:
        raise _bad(_("The address names a user, a host and a database: postgresql://user@host:5432/database."))
    return Place(kind, host, port or _PORTS[LookupKind(kind)], database, unquote(parts.username), tls=tls)


def check(url: str, kind: str) -> None:
    """Refuse an address that may not be asked, without asking anybody. Raises Refused (field `url`)."""
    place = parse(url, kind)
    try:
        if kind == LookupKind.HTTP:
            outgoing.check(url)
        elif place.is_socket:
            raise _bad(_("A database is reached by host and port."))
        else:
            literal = f"[{place.host}]" if ":" in place.host else place.host
            outgoing.check(f"http://{literal}:{place.port}/")
    except outgoing.OutgoingError as error:
        raise _bad(str(error.message)) from error


def of(source: LookupSource) -> Place:
    """Return where to ask, its address pinned. Asks a name server. Raises NoAnswer."""
    if source.is_back_office:
        return back_office(source.kind)
    try:
        secret = sealed.open_(source.secret, bound_to(source)) if source.secret else ""
    except sealed.Unreadable as error:
        raise NoAnswer(LookupTrouble.NO_SECRET) from error
    try:
        place = parse(source.url, source.kind)
        if place.kind == LookupKind.HTTP:
            return Place(place.kind, place.host, place.port, secret=secret, url=place.url)
        address = outgoing.pinned(place.host, place.port, within=_RESOLVE_WITHIN)
    except outgoing.TooSlow as error:
        raise NoAnswer(LookupTrouble.TOO_SLOW) from error
    except outgoing.Unreachable as error:
        raise NoAnswer(LookupTrouble.UNREACHABLE) from error
    except Refused as error:
        raise NoAnswer(LookupTrouble.NOT_ALLOWED) from error
    return Place(
        place.kind, place.host, place.port, place.database, place.user, secret, place.tls, address=address
    )


def back_office(kind: str) -> Place:
    """Return the back office that the settings name. Raises NoAnswer."""
    if kind == LookupKind.HTTP:
        if not settings.BACK_OFFICE_URL:
            raise NoAnswer(LookupTrouble.NOT_SET_UP)
        url = settings.BACK_OFFICE_URL.rstrip("/")
        return Place(kind, "", 0, secret=settings.BACK_OFFICE_TOKEN, url=url, is_settings=True)
    parts = urlsplit(settings.BACK_OFFICE_LOOKUPS_URL)
    if _SCHEMES.get(parts.scheme) != kind:
        raise NoAnswer(LookupTrouble.NOT_SET_UP)
    host = unquote(parts.hostname or "")
    # Whoever sets Secondline up names it, so it may lie inside the network; a socket needs no address.
    found = unquote(parts.netloc.rpartition("@")[2].partition(":")[0]) if not host or "%" in parts.netloc else host
    options = dict(parse_qsl(parts.query))
    return Place(
        kind, found, parts.port or _PORTS[LookupKind(kind)], unquote(parts.path.strip("/")),
        unquote(parts.username or ""), unquote(parts.password or ""), options.get("tls", "verify-full"),
        address="" if found.startswith("/") else _first(found), is_settings=True,
    )  # fmt: skip


def _first(host: str) -> str:
    try:
        return str(socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)[0][4][0])
    except OSError as error:
        raise NoAnswer(LookupTrouble.UNREACHABLE) from error


def _bad(sentence: str) -> Refused:
    return Refused(sentence, field="url")
