"""Where Secondline may connect to: an address is judged before anything is sent to it.

A host has to stand in OUTGOING_HOSTS, spelled exactly so. Every address that its name leads to is judged: private,
loopback and reserved ones are refused unless the list has the address itself, as `10.0.3.7:9200`; link-local ones,
where clouds keep their metadata, always.
"""

from __future__ import annotations

import ipaddress
import re
import socket
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from django.conf import settings
from django.utils.translation import gettext as _

from common.errors import Refused

_NAME = re.compile(r"[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?)*")
_NUMBER = re.compile(r"(?:0x[0-9a-f]*|[0-9]+)")
_PATH = "/%:@!$&'()*+,;=-._~?[]"
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_RELAYS = ipaddress.ip_network("192.88.99.0/24")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class OutgoingError(Refused):
    """There is no answer."""


class NotSendable(OutgoingError):
    """The request is not one that can be sent. Nothing was."""


class NotAllowedHost(OutgoingError):
    """The address is not one that Secondline may ask. Nothing was sent."""


class Unreachable(OutgoingError):
    """No connection, or it broke, or what came is no answer. `was_sent`: the request may have arrived."""

    def __init__(self, message: str, *, was_sent: bool = False) -> None:
        super().__init__(message)
        self.was_sent = was_sent


class TooSlow(OutgoingError):
    """The time was over before the answer was whole. `was_sent`: the request may have arrived."""

    def __init__(self, within: float, *, was_sent: bool) -> None:
        super().__init__(_("There was no whole answer within %(seconds)s seconds.") % {"seconds": f"{within:g}"})
        self.was_sent = was_sent


@dataclass(frozen=True)
class Target:
    scheme: str
    host: str
    port: int
    path: str

    @property
    def header(self) -> str:
        """The Host header: without the port where it is the scheme's own."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _own_port(self.scheme) else f"{host}:{self.port}"


def pinned(host: str, port: int, *, within: float, allowed: Iterable[str] | None = None) -> str:
    """Return the address to connect to for a protocol other than HTTP, judged by the same rules: the first one.

    The list must have `host:port`. Raises NotSendable, NotAllowedHost, Unreachable, TooSlow.
    """
    literal = f"[{host}]" if ":" in host else host
    listed = frozenset(settings.OUTGOING_HOSTS if allowed is None else allowed)
    target = judged_name(f"http://{literal}:{port}/", listed)
    addresses = resolved(target, time.monotonic() + within, within)
    judge(target, addresses, listed, inside=False)
    return str(addresses[0])


def entry_of(url: str) -> str:
    """Return what the list must have for `url`: `host`, or `host:port`. Raises NotSendable."""
    target = _parsed(url)
    literal = f"[{target.host}]" if ":" in target.host else target.host
    return target.host if target.scheme == "https" and target.port == 443 else f"{literal}:{target.port}"


def _own_port(scheme: str) -> int:
    return 443 if scheme == "https" else 80


def _parsed(url: str) -> Target:
    # urlsplit drops tabs and newlines, and programs differ about backslashes: what is odd is refused, not mended.
    if any(ord(letter) <= 0x20 or ord(letter) == 0x7F or letter == "\\" for letter in url):
        raise NotSendable(_("The address holds a space, a backslash or an unprintable character."))
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise NotSendable(_("This is not a web address.")) from error
    if parts.scheme not in {"http", "https"} or not host:
        raise NotSendable(_("This is not a web address: it must begin with https:// or http://."))
    if "@" in parts.netloc:
        raise NotSendable(_("The address must not hold a user name or password."))
    if port == 0 or not _is_host(host):
        raise NotSendable(_("The host of this address is not written plainly: %(host)s.") % {"host": host[:100]})
    path = quote(parts.path or "/", safe=_PATH) + (f"?{quote(parts.query, safe=_PATH)}" if parts.query else "")
    return Target(parts.scheme, host, port or _own_port(parts.scheme), path)


def _is_host(host: str) -> bool:
    """Tell whether it is a name or an address in its usual form; 0x7f.1, 2130706433 and 127.1 are neither."""
    if "%" in host:
        return False
    if ":" in host or _NUMBER.fullmatch(host.rpartition(".")[2]):
        try:
            return str(ipaddress.ip_address(host)) == host
        except ValueError:
            return False
    return len(host) <= 253 and _NAME.fullmatch(host) is not None


def judged_name(url: str, listed: frozenset[str]) -> Target:
    target = _parsed(url)
    if entry_of(url) not in listed:
        raise NotAllowedHost(
            _("Secondline may not ask %(host)s. Whoever runs it can add that to OUTGOING_HOSTS.")
            % {"host": entry_of(url)}
        )
    return target


def resolved(target: Target, ends: float, within: float) -> list[Address]:
    """Return the host's addresses. Raises Unreachable, TooSlow."""
    found: list[Address] = []
    failed: list[OSError] = []

    def look_up() -> None:
        try:
            answers = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
            found.extend(ipaddress.ip_address(str(answer[4][0]).partition("%")[0]) for answer in answers)
        except OSError as error:
            failed.append(error)
        except UnicodeError as error:
            failed.append(OSError(str(error)))

    thread = threading.Thread(target=look_up, daemon=True)  # a name server has no deadline of its own
    thread.start()
    thread.join(max(0.0, ends - time.monotonic()))
    if thread.is_alive():
        raise TooSlow(within, was_sent=False)
    if failed or not found:
        raise Unreachable(_("There is no machine called %(host)s.") % {"host": target.host})
    return list(dict.fromkeys(found))


def judge(target: Target, addresses: list[Address], listed: frozenset[str], *, inside: bool) -> None:
    for address in addresses:
        if not _may_be_asked(address, target.port, listed, inside=inside):
            raise NotAllowedHost(
                _("%(host)s leads to an address inside a network (%(address)s), which Secondline does not ask.")
                % {"host": target.host, "address": address}
            )


def _may_be_asked(address: Address, port: int, listed: frozenset[str], *, inside: bool) -> bool:
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped:
            return _may_be_asked(address.ipv4_mapped, port, listed, inside=inside)
        if address.sixtofour or address.teredo or address in _NAT64:
            return False  # an IPv4 address inside, reached by whoever translates
    elif address in _RELAYS:
        return False
    if address.is_link_local or address.is_multicast or address.is_unspecified:
        return False
    if address.is_global and not address.is_reserved and not getattr(address, "is_site_local", False):
        return True
    metadata = str(address) in {"fd00:ec2::254", "100.100.100.200"}
    literal = f"[{address}]:{port}" if address.version == 6 else f"{address}:{port}"
    return (inside or literal in listed) and not metadata
