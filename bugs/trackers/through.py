"""The way on which the trackers' own client libraries reach them: common.outgoing, whatever they ask for.

A library builds its requests itself. They go out by this adapter of requests, which knows the hosts that may be
asked, pins their addresses, follows no redirect and ends in time.
"""

from collections.abc import Mapping

import requests
from django.conf import settings
from requests.adapters import BaseAdapter

from common import outgoing

WITHIN = 15.0
LARGEST = 4 * outgoing.MIB


class Through(BaseAdapter):
    """Carries requests of a session out by common.outgoing. Raises its errors, not those of requests."""

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
        theirs = {name: value for name, value in request.headers.items() if name.lower() not in outgoing.OURS}
        allowed, inside = _listed(url)
        answer = outgoing.send(
            request.method or "GET", url, headers=theirs, within=WITHIN, largest=LARGEST, allowed=allowed,
            body=body.encode() if isinstance(body, str) else body, inside=inside,
        )  # fmt: skip
        response = requests.Response()
        response.status_code, response.url, response.request = answer.status, url, request
        response.headers.update(answer.headers)
        response.headers.pop("Content-Encoding", None)  # what came is decompressed
        response.encoding = "utf-8"
        response._content = answer.body
        return response

    def close(self) -> None:
        """Nothing is kept open."""


def _listed(url: str) -> tuple[list[str] | None, bool]:
    """Return what takes the place of OUTGOING_HOSTS: the tracker that the settings name may lie inside."""
    if settings.TRACKER_URL and outgoing.entry_of(url) == outgoing.entry_of(settings.TRACKER_URL):
        return [outgoing.entry_of(url)], True
    return None, False
