"""The one way out to other companies' machines, for whatever a person may steer.

A request goes to a host that OUTGOING_HOSTS lists, spelled exactly so, and to no other. Its name is resolved once,
every address that came is judged, and the connection is made to a judged address: a name that answers otherwise
the next moment changes nothing. Private, loopback and reserved addresses are refused unless the list has the
address itself, as `10.0.3.7:9200`; link-local ones, where clouds keep their metadata, always. There are no
redirects, no proxies, no cookies, and one deadline holds for all of it, name look-up and body included.

Never call it within a transaction: an answer may take as long as `within`.
"""

from __future__ import annotations

import ipaddress
import re
import socket
import ssl
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPException
from urllib.parse import quote, urlsplit

from django.conf import settings
from django.utils.translation import gettext as _
from urllib3 import HTTPHeaderDict
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError
from urllib3.response import BaseHTTPResponse

from common.errors import Refused

MIB = 1024 * 1024
CHUNK = 64 * 1024
METHODS = {"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"}
OURS = {
    "host", "content-length", "transfer-encoding", "connection", "keep-alive", "te", "trailer", "upgrade",
    "expect", "proxy-authorization", "proxy-connection",
}  # fmt: skip
"""Headers that say how a request travels: nobody but this module sets them."""

_NAME = re.compile(r"[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?)*")
_NUMBER = re.compile(r"(?:0x[0-9a-f]*|[0-9]+)")
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")
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
class Answer:
    """What came back. `headers` are found in any spelling; `body` is decompressed and not longer than asked for.

    `is_cut`: there was more. `seconds`: until the last byte that was read.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    seconds: float
    is_cut: bool


@dataclass(frozen=True)
class _Target:
    scheme: str
    host: str
    port: int
    path: str

    @property
    def header(self) -> str:
        """The Host header: without the port where it is the scheme's own."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _own_port(self.scheme) else f"{host}:{self.port}"


def send(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
    within: float = 10.0,
    largest: int = MIB,
    allowed: Iterable[str] | None = None,
    inside: bool = False,
) -> Answer:
    """Send one request, once, and return the answer, whatever its status. `within`: seconds; `largest`: bytes.

    `allowed` takes the place of OUTGOING_HOSTS. `inside`: private addresses may be asked, too; only where the
    settings name the host, and no person, as BACK_OFFICE_URL does.
    Raises NotSendable, NotAllowedHost, Unreachable, TooSlow.
    """
    began = time.monotonic()
    ends = began + within
    listed = frozenset(settings.OUTGOING_HOSTS if allowed is None else allowed)
    target = _target(url, listed)
    sent = _headers(method, headers or {}, target)
    addresses = _resolved(target, ends, within)
    _judge(target, addresses, listed, inside=inside)
    connection = _connection(target, addresses, ends)
    was_sent = False
    with _deadline(connection, ends) as deadline:
        try:
            connection.connect()
            was_sent = True
            connection.request(
                method, target.path, body=body or None, headers=sent, preload_content=False, decode_content=True
            )
            response = connection.getresponse()
            content, is_cut = _content(response, largest, ends)
        except (OSError, HTTPError, HTTPException, ValueError) as error:
            if deadline.is_over or isinstance(error, TimeoutError) or time.monotonic() >= ends:
                raise TooSlow(within, was_sent=was_sent) from error
            raise Unreachable(_broken(error, target, was_sent=was_sent), was_sent=was_sent) from error
        if deadline.is_over and not is_cut:
            raise TooSlow(within, was_sent=True)
    return Answer(response.status, HTTPHeaderDict(response.headers), content, time.monotonic() - began, is_cut)


def pinned(host: str, port: int, *, within: float, allowed: Iterable[str] | None = None) -> str:
    """Return the address to connect to for a protocol other than HTTP, judged by the same rules: the first one.

    The list must have `host:port`. Raises NotSendable, NotAllowedHost, Unreachable, TooSlow.
    """
    literal = f"[{host}]" if ":" in host else host
    listed = frozenset(settings.OUTGOING_HOSTS if allowed is None else allowed)
    target = _target(f"http://{literal}:{port}/", listed)
    addresses = _resolved(target, time.monotonic() + within, within)
    _judge(target, addresses, listed, inside=False)
    return str(addresses[0])


def entry_of(url: str) -> str:
    """Return what the list must have for `url`: `host`, or `host:port`. Raises NotSendable."""
    target = _parsed(url)
    literal = f"[{target.host}]" if ":" in target.host else target.host
    return target.host if target.scheme == "https" and target.port == 443 else f"{literal}:{target.port}"


def check(
    url: str,
    *,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    allowed: Iterable[str] | None = None,
) -> None:
    """Raise NotSendable or NotAllowedHost where this is nothing to send. Asks no name server."""
    target = _target(url, frozenset(settings.OUTGOING_HOSTS if allowed is None else allowed))
    _headers(method, headers or {}, target)


def _own_port(scheme: str) -> int:
    return 443 if scheme == "https" else 80


def _parsed(url: str) -> _Target:
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
    return _Target(parts.scheme, host, port or _own_port(parts.scheme), path)


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


def _target(url: str, listed: frozenset[str]) -> _Target:
    target = _parsed(url)
    if entry_of(url) not in listed:
        raise NotAllowedHost(
            _("Secondline may not ask %(host)s. Whoever runs it can add that to OUTGOING_HOSTS.")
            % {"host": entry_of(url)}
        )
    return target


def _headers(method: str, given: Mapping[str, str], target: _Target) -> dict[str, str]:
    if method not in METHODS:
        raise NotSendable(_("%(method)s is not a method that can be sent.") % {"method": method[:20]})
    for name, value in given.items():
        if not _TOKEN.fullmatch(name) or name.lower() in OURS:
            raise NotSendable(_("The header “%(name)s” can't be sent.") % {"name": name[:60]})
        if (
            not value.isascii()
            or any(ord(letter) < 0x20 and letter != "\t" for letter in value)
            or "\x7f" in value
        ):
            raise NotSendable(_("The header “%(name)s” holds a letter that can't be sent.") % {"name": name[:60]})
    named = {name.lower() for name in given}
    own = {"Host": target.header, "User-Agent": "Secondline", "Accept-Encoding": "identity"}
    return {name: value for name, value in own.items() if name.lower() not in named} | dict(given)


def _resolved(target: _Target, ends: float, within: float) -> list[Address]:
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


def _judge(target: _Target, addresses: list[Address], listed: frozenset[str], *, inside: bool) -> None:
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


class _Pinned:
    """Connects to the judged addresses, in their order, and to nothing that a name might mean by now."""

    addresses: list[Address]
    ends: float
    line: socket.socket | None = None  # the same connection once more, to be cut by another thread

    def _new_conn(self) -> socket.socket:
        error: OSError = TimeoutError()
        for address in self.addresses:
            family = socket.AF_INET6 if address.version == 6 else socket.AF_INET
            made = socket.socket(family, socket.SOCK_STREAM)
            try:
                made.settimeout(max(0.001, self.ends - time.monotonic()))
                made.connect((str(address), self.port))  # type: ignore[attr-defined]
            except OSError as failed:
                made.close()
                error = failed
                continue
            made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.line = made.dup()
            return made
        raise error


class _Plain(_Pinned, HTTPConnection):
    pass


class _Secure(_Pinned, HTTPSConnection):
    pass


def _connection(target: _Target, addresses: list[Address], ends: float) -> _Plain | _Secure:
    timeout = max(0.001, ends - time.monotonic())
    made: _Plain | _Secure
    if target.scheme == "http":
        made = _Plain(target.host, target.port, timeout=timeout)
    else:
        made = _Secure(
            target.host, target.port, timeout=timeout,
            ssl_context=ssl.create_default_context(), server_hostname=target.host,
        )  # fmt: skip
    made.addresses, made.ends = addresses, ends
    return made


class _Deadline:
    is_over = False


@contextmanager
def _deadline(connection: _Plain | _Secure, ends: float) -> Iterator[_Deadline]:
    """Cut the connection when the time is over: a time-out of a socket begins anew with every byte."""
    deadline = _Deadline()

    def cut() -> None:
        deadline.is_over = True
        if connection.line is not None:
            try:
                connection.line.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # it has ended meanwhile

    timer = threading.Timer(max(0.0, ends - time.monotonic()), cut)
    timer.daemon = True
    timer.start()
    try:
        yield deadline
    finally:
        timer.cancel()
        timer.join()
        connection.close()
        if connection.line is not None:
            connection.line.close()


def _content(response: BaseHTTPResponse, largest: int, ends: float) -> tuple[bytes, bool]:
    """Return at most `largest` bytes of the body, unpacked as they come, and whether there was more."""
    content = bytearray()
    try:
        while len(content) <= largest:
            if time.monotonic() >= ends:
                raise TimeoutError
            if not (chunk := response.read(min(CHUNK, largest + 1 - len(content)))):
                break
            content += chunk
    finally:
        response.close()
    return bytes(content[:largest]), len(content) > largest


def _broken(error: Exception, target: _Target, *, was_sent: bool) -> str:
    if isinstance(error, ssl.SSLError) or isinstance(error.__cause__, ssl.SSLError):
        return _("%(host)s can't be trusted: its certificate is not valid for it.") % {"host": target.host}
    if was_sent:
        return _("%(host)s broke off, or what it answered can't be read.") % {"host": target.host}
    return _("%(host)s can't be reached.") % {"host": target.host}
