"""The one way out to other companies' machines, for whatever a person may steer.

A request goes to a host that OUTGOING_HOSTS lists, spelled exactly so, and to no other. Its name is resolved once,
every address that came is judged, and the connection is made to a judged address: a name that answers otherwise
the next moment changes nothing. Private, loopback and reserved addresses are refused unless the list has the
address itself, as `10.0.3.7:9200`; link-local ones, where clouds keep their metadata, always. There are no
redirects, no proxies, no cookies, and one deadline holds for all of it, name look-up and body included.

Never call it within a transaction: an answer may take as long as `within`.
"""

from __future__ import annotations

import re
import socket
import ssl
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPException

from django.conf import settings
from django.utils.translation import gettext as _
from urllib3 import HTTPHeaderDict
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError
from urllib3.response import BaseHTTPResponse

from common.destinations import (
    Address,
    NotAllowedHost,
    NotSendable,
    OutgoingError,
    Target,
    TooSlow,
    Unreachable,
    entry_of,
    judge,
    judged_name,
    pinned,
    resolved,
)

__all__ = [
    "Answer",
    "NotAllowedHost",
    "NotSendable",
    "OutgoingError",
    "Stream",
    "TooSlow",
    "Unreachable",
    "check",
    "entry_of",
    "pinned",
    "send",
    "stream",
]

MIB = 1024 * 1024
CHUNK = 64 * 1024
METHODS = {"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"}
OURS = {
    "host", "content-length", "transfer-encoding", "connection", "keep-alive", "te", "trailer", "upgrade",
    "expect", "proxy-authorization", "proxy-connection",
}  # fmt: skip
"""Headers that say how a request travels: nobody but this module sets them."""

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")


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
    with stream(
        method, url, headers=headers, body=body, within=within, largest=largest, allowed=allowed, inside=inside
    ) as coming:
        content = b"".join(coming.blocks())
    return Answer(coming.status, coming.headers, content, time.monotonic() - began, coming.is_cut)


class Stream:
    """An answer whose body is still coming. `is_cut` is true, at the end, where there was more than asked for."""

    def __init__(self, response: BaseHTTPResponse, target: Target, deadline: _Deadline, largest: int) -> None:
        self.status = response.status
        self.headers: Mapping[str, str] = HTTPHeaderDict(response.headers)
        self.is_cut = False
        self._response, self._target, self._deadline, self._left = response, target, deadline, largest

    def blocks(self) -> Iterator[bytes]:
        """Yield the body, unpacked as it comes. Raises Unreachable, TooSlow."""
        while True:
            try:
                self._deadline.check()
                chunk = self._response.read(min(CHUNK, self._left + 1))
            except (OSError, HTTPError, HTTPException, ValueError) as error:
                raise _translated(error, self._target, self._deadline, was_sent=True) from error
            if not chunk:
                if self._deadline.is_over:
                    raise TooSlow(self._deadline.within, was_sent=True)
                return
            self.is_cut = len(chunk) > self._left
            yield chunk[: self._left]
            self._left -= len(chunk)
            if self.is_cut:
                return


@contextmanager
def stream(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
    within: float = 10.0,
    largest: int = MIB,
    allowed: Iterable[str] | None = None,
    inside: bool = False,
) -> Iterator[Stream]:
    """Do what `send` does, and hand out the answer while its body comes. `within` ends with the block."""
    ends = time.monotonic() + within
    listed = frozenset(settings.OUTGOING_HOSTS if allowed is None else allowed)
    target = judged_name(url, listed)
    sent = _headers(method, headers or {}, target)
    addresses = resolved(target, ends, within)
    judge(target, addresses, listed, inside=inside)
    connection = _connection(target, addresses, ends)
    was_sent = False
    with _deadline(connection, ends, within) as deadline:
        try:
            connection.connect()
            was_sent = True
            connection.request(
                method, target.path, body=body or None, headers=sent, preload_content=False, decode_content=True
            )
            response = connection.getresponse()
        except (OSError, HTTPError, HTTPException, ValueError) as error:
            raise _translated(error, target, deadline, was_sent=was_sent) from error
        try:
            yield Stream(response, target, deadline, largest)
        finally:
            response.close()


def check(
    url: str,
    *,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    allowed: Iterable[str] | None = None,
) -> None:
    """Raise NotSendable or NotAllowedHost where this is nothing to send. Asks no name server."""
    target = judged_name(url, frozenset(settings.OUTGOING_HOSTS if allowed is None else allowed))
    _headers(method, headers or {}, target)


def _headers(method: str, given: Mapping[str, str], target: Target) -> dict[str, str]:
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


def _connection(target: Target, addresses: list[Address], ends: float) -> _Plain | _Secure:
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
    def __init__(self, ends: float, within: float) -> None:
        self.ends, self.within, self.is_over = ends, within, False

    def check(self) -> None:
        if time.monotonic() >= self.ends:
            raise TimeoutError


@contextmanager
def _deadline(connection: _Plain | _Secure, ends: float, within: float) -> Iterator[_Deadline]:
    """Cut the connection when the time is over: a time-out of a socket begins anew with every byte."""
    deadline = _Deadline(ends, within)

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


def _translated(error: Exception, target: Target, deadline: _Deadline, *, was_sent: bool) -> OutgoingError:
    if deadline.is_over or isinstance(error, TimeoutError) or time.monotonic() >= deadline.ends:
        return TooSlow(deadline.within, was_sent=was_sent)
    return Unreachable(_broken(error, target, was_sent=was_sent), was_sent=was_sent)


def _broken(error: Exception, target: Target, *, was_sent: bool) -> str:
    if isinstance(error, ssl.SSLError) or isinstance(error.__cause__, ssl.SSLError):
        return _("%(host)s can't be trusted: its certificate is not valid for it.") % {"host": target.host}
    if was_sent:
        return _("%(host)s broke off, or what it answered can't be read.") % {"host": target.host}
    return _("%(host)s can't be reached.") % {"host": target.host}
