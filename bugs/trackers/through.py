"""The way on which the trackers' own client libraries reach them: common.outgoing, whatever they ask for.

A library builds its requests itself. They go out by this adapter of requests, which knows the hosts that may be
asked, pins their addresses, follows no redirect and ends in time.
"""

from collections.abc import Mapping

import requests
from django.conf import settings
from django.utils.translation import gettext as _
from requests.adapters import BaseAdapter

from common import outgoing

WITHIN = 15.0
LARGEST = 4 * outgoing.MIB
REDIRECTS = {301, 302, 303, 307, 308}


class Through(BaseAdapter):
    """Carries requests of a session out by common.outgoing. Raises its errors, not those of requests.

    `headers` are those of the last answer: not every library hands them on with its errors.
    """

    def __init__(self) -> None:
        super().__init__()
        self.headers: Mapping[str, str] = {}

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,  # noqa: ARG002  the answer is always read whole
        timeout: object = None,  # noqa: ARG002
        verify: object = True,  # noqa: ARG002
        cert: object = None,  # noqa: ARG002
        proxies: Mapping[str, str] | None = None,  # noqa: ARG002
    ) -> requests.Response:
        """Send one request, once."""
        url, body = request.url or "", request.body or b""
        body = body.encode() if isinstance(body, str) else body
        if not isinstance(body, bytes):
            raise outgoing.NotSendable(_("Files can't be sent to a tracker."))
        theirs = {
            name: value.decode("latin-1") if isinstance(value, bytes) else value
            for name, value in request.headers.items()
            if name.lower() not in {*outgoing.OURS, "accept-encoding"}
        }
        allowed, inside = _listed(url)
        answer = outgoing.send(
            request.method or "GET", url, headers=theirs, within=WITHIN, largest=LARGEST, allowed=allowed,
            body=body, inside=inside,
        )  # fmt: skip
        self.headers = answer.headers
        if answer.status in REDIRECTS:
            # Whoever followed it would take the token along.
            raise outgoing.NotAllowedHost(
                _("The tracker leads to another address, which Secondline does not follow.")
            )
        if answer.is_cut:
            raise outgoing.Unreachable(_("The tracker's answer is too long to be read."), was_sent=True)
        response = requests.Response()
        response.status_code, response.url, response.request = answer.status, url, request
        response.headers.update(answer.headers)
        response.headers.pop("Content-Encoding", None)  # what came is decompressed
        response.encoding = "utf-8"
        response._content = answer.body
        return response

    def close(self) -> None:
        """Nothing is kept open."""


def through(session: requests.Session) -> Through:
    """Leave the session no other way out, and nothing of the environment; return the way."""
    session.trust_env = False
    session.adapters.clear()
    way = Through()
    for scheme in ("http://", "https://"):
        session.mount(scheme, way)
    return way


def _listed(url: str) -> tuple[list[str] | None, bool]:
    """Return what takes the place of OUTGOING_HOSTS: the tracker that the settings name may lie inside."""
    if settings.TRACKER_URL and outgoing.entry_of(url) == outgoing.entry_of(settings.TRACKER_URL):
        return [outgoing.entry_of(url)], True
    return None, False
