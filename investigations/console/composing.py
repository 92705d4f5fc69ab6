"""A request as somebody composed it, judged before it is kept: secrets stand in it as {{NAME}}."""

import hashlib
import json
import re
from dataclasses import dataclass
from urllib.parse import unquote

from django.utils.translation import gettext as _

import redaction
from common import outgoing
from common.errors import Refused
from investigations.console import environments
from investigations.console.environments import PLACEHOLDER, Headers
from investigations.models import WRITING, Environment

LONGEST_PATH, MOST_HEADERS, LONGEST_HEADER = 4_000, 40, 4_000
LARGEST_BODY = 256 * 1024  # bytes; the webhook tester takes in as much, so that what came can be sent again
_OF_THE_WAY = outgoing.OURS | {
    "accept-encoding", "cookie", "forwarded", "user-agent", "via", "x-real-ip", "x-request-id",
}  # fmt: skip
_OPEN = re.compile(r"(?<!\{)\{[^{}/]{1,60}\}(?!\})")


@dataclass(frozen=True)
class Composed:
    """What is to be sent; `path` with its query. Secrets stand in it as {{NAME}}."""

    environment: Environment
    method: str
    path: str
    headers: Headers
    body: str = ""

    @property
    def digest(self) -> str:
        """The SHA-256 of the exact request and of the environment as it is now."""
        of = self.environment
        whole = [
            of.pk, of.version, environments.base_url(of), of.headers,
            self.method, self.path, self.headers, self.body,
        ]  # fmt: skip
        return hashlib.sha256(json.dumps(whole, ensure_ascii=False).encode()).hexdigest()

    @property
    def all_headers(self) -> dict[str, str]:
        """The environment's headers, and the request's own, which win."""
        own = {name.lower() for name, _value in self.headers}
        pairs = [pair for pair in self.environment.headers if pair[0].lower() not in own] + self.headers
        return dict(pairs)


def replayed(headers: Headers) -> Headers:
    """Return the headers of something that arrived which are sent again: not how it travelled, nor what is masked.

    A signature goes along, but where the environment signs, it is made anew.
    """
    return [
        [name, value]
        for name, value in headers
        if name.lower() not in _OF_THE_WAY and not name.lower().startswith("x-forwarded-") and value.isascii()
    ][:MOST_HEADERS]


def judge(composed: Composed) -> None:
    """Raise Refused, naming the field, where this can't be sent or must not be kept."""
    environment, path = composed.environment, composed.path
    if environment.is_retired:
        raise Refused(_("This environment is not in use any more."), field="environment")
    if composed.method in WRITING and not environment.allows_writes:
        raise Refused(_("%s is for reading only: choose GET, HEAD or OPTIONS.") % environment, field="method")
    if not path.startswith("/") or path.startswith("//") or len(path) > LONGEST_PATH:
        raise Refused(_("A path begins with one /, such as /v1/charges?limit=5."), field="path")
    if {".", ".."} & set(unquote(path.partition("?")[0]).replace("\\", "/").split("/")):
        raise Refused(_("The path must not go upwards."), field="path")
    if left := _OPEN.search(path):
        raise Refused(_("Put a value in place of %s.") % left[0], field="path")
    if len(composed.body.encode()) > LARGEST_BODY or "\x00" in composed.body:
        raise Refused(_("The body may have at most %d KB.") % (LARGEST_BODY // 1024), field="body")
    if composed.body and composed.method in {"GET", "HEAD"}:
        raise Refused(_("GET and HEAD have no body."), field="body")
    if len(composed.headers) > MOST_HEADERS or any(len(value) > LONGEST_HEADER for _n, value in composed.headers):
        raise Refused(_("These are too many headers, or one is too long."), field="headers")
    _known(composed)
    _without_secrets(composed)
    allowed, _inside = environments.lists(environment)
    try:
        outgoing.check(environments.base_url(environment) + PLACEHOLDER.sub("x", path), allowed=allowed)
    except outgoing.OutgoingError as error:
        raise Refused(str(error), field="path") from error
    try:
        headers = {name: PLACEHOLDER.sub("x", value) for name, value in composed.all_headers.items()}
        url = environments.base_url(environment)
        outgoing.check(url, method=composed.method, headers=headers, allowed=allowed)
    except outgoing.OutgoingError as error:
        raise Refused(str(error), field="headers") from error


def _known(composed: Composed) -> None:
    known = environments.names(composed.environment)
    written = [("path", composed.path), ("body", composed.body)]
    written += [("headers", value) for value in composed.all_headers.values()]
    for field, text in written:
        for name in PLACEHOLDER.findall(text):
            if name not in known:
                raise Refused(
                    _("%(environment)s has no secret called %(name)s.")
                    % {"environment": composed.environment, "name": name},
                    field=field,
                )


def _without_secrets(composed: Composed) -> None:
    """What is sent is what is kept, so nothing may be in it that would be masked."""
    texts = [("path", composed.path), ("body", composed.body)]
    texts += [("headers", f"{name}: {value}") for name, value in composed.headers]
    for field, text in texts:
        if redaction.clean(text) != text:
            raise Refused(
                _(
                    "This holds a card number or a secret, which is not kept. Use a test value, or {{NAME}}"
                    " for a secret of the environment."
                ),
                field=field,
            )
