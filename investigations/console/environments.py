"""Environments: who may set them up, what they hold sealed, and filling it in where a request goes out."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

import redaction
from accounts.models import User
from common import clock, outgoing, sealed
from common.errors import NotAllowed, Refused, StaleVersion
from escalations.models import Ticket
from events import recording
from investigations.models import Environment, Scheme
from investigations.webhooks import signatures
from investigations.webhooks.signatures import Signing

SUBJECT = "environment"
ADDED, CHANGED = "environment.added", "environment.changed"
TOKEN = "BACK_OFFICE_TOKEN"  # noqa: S105  a name
#: The secret that writes are signed with: sealed beside the others, and named by no request.
SIGNING = "SIGNING_SECRET"
PLACEHOLDER = re.compile(r"\{\{\s*([A-Z][A-Z0-9_]{0,39})\s*\}\}")
NAME = re.compile(r"[A-Z][A-Z0-9_]{0,39}")
MOST_SECRETS = 20
SHORTEST_SECRET, LONGEST_SECRET = 4, 4000

Headers = list[list[str]]


def may_read(user: User) -> bool:
    """Tell whether the person may read the set-up: leads, auditors and admins."""
    return user.is_lead or user.reads_all


def may_change(user: User) -> bool:
    """Tell whether the person may set environments up: leads and admins."""
    return (user.is_lead or user.is_superuser) and not (user.is_auditor or user.is_robot)


def usable(ticket: Ticket) -> QuerySet[Environment]:
    """Return the environments that a request from this escalation may go to."""
    found = Environment.objects.filter(Q(teams=[]) | Q(teams__contains=[ticket.team_id]), is_retired=False)
    return found if settings.BACK_OFFICE_URL else found.filter(is_back_office=False)


@dataclass(frozen=True)
class Wanted:
    """What an environment is to be. `secrets` are those entered now; the others stay, but for `dropped`."""

    name: str
    is_back_office: bool
    base_url: str
    headers: Headers
    secrets: Mapping[str, str]
    dropped: Iterable[str] = ()
    allows_writes: bool = False
    is_retired: bool = False
    scheme: Scheme = Scheme.NONE
    signing_header: str = ""
    teams: Iterable[int] = ()


@transaction.atomic
def save(environment: Environment | None, wanted: Wanted, *, by: User, version: int = 0) -> Environment:
    """Add an environment, or change one. Raises NotAllowed, StaleVersion, Refused (naming the field).

    Where the address leads to another host, the secrets that are not entered anew are dropped: whoever may change
    an address can't have them sent somewhere else.
    """
    if not may_change(by):
        raise NotAllowed(_("Only leads and admins set environments up."))
    made = Environment() if environment is None else _locked(environment, version)
    former_host = _host(made.base_url)
    _judge(made, wanted)
    made.name, made.is_back_office = wanted.name.strip(), wanted.is_back_office
    made.base_url = "" if wanted.is_back_office else wanted.base_url.rstrip("/")
    made.headers, made.allows_writes, made.is_retired = wanted.headers, wanted.allows_writes, wanted.is_retired
    kept = {} if _host(made.base_url) != former_host else dict(made.secrets)
    for name in [*wanted.dropped, *([SIGNING] if wanted.scheme == Scheme.NONE else [])]:
        kept.pop(name, None)
    made.scheme, made.signing_header = wanted.scheme, wanted.signing_header
    made.teams = sorted(wanted.teams)
    made.changed_by, made.changed_at = by, clock.now()
    if environment is not None:
        made.version += 1
    made.save()
    made.secrets = kept | {name: sealed.seal(text, _place(made, name)) for name, text in wanted.secrets.items()}
    if len(made.secrets) > MOST_SECRETS:
        raise Refused(_("An environment can have at most %d secrets.") % MOST_SECRETS, field="secrets")
    if made.scheme != Scheme.NONE and SIGNING not in made.secrets:
        raise Refused(_("Enter the secret that writes are signed with."), field="signing_secret")
    made.save(update_fields=["secrets"])
    recording.record(
        ADDED if environment is None else CHANGED,
        subject=(SUBJECT, made.pk),
        by=by,
        data={
            "name": made.name, "version": made.version, "address": made.base_url, "writes": made.allows_writes,
            "retired": made.is_retired, "signed": made.scheme, "teams": made.teams,
            "secrets": sorted(made.secrets), "entered": sorted(wanted.secrets),
        },
    )  # fmt: skip
    return made


def _locked(environment: Environment, version: int) -> Environment:
    locked = Environment.objects.select_for_update().get(pk=environment.pk)
    if locked.version != version:
        raise StaleVersion(_("Somebody changed this environment meanwhile. Nothing was saved."), current=locked)
    return locked


def _judge(environment: Environment, wanted: Wanted) -> None:
    if not wanted.name.strip():
        raise Refused(_("Give it a name."), field="name")
    if Environment.objects.exclude(pk=environment.pk).filter(name=wanted.name.strip()).exists():
        raise Refused(_("There is an environment of this name."), field="name")
    if wanted.is_back_office and (wanted.allows_writes or wanted.secrets):
        raise Refused(
            _("The back office is only read here, with its own token: what it carries out are sensitive actions."),
            field="allows_writes",
        )
    for name, text in wanted.secrets.items():
        if not NAME.fullmatch(name) or name == TOKEN:
            raise Refused(_("A secret's name is of capitals, digits and _, such as API_KEY."), field="secrets")
        if not SHORTEST_SECRET <= len(text) <= LONGEST_SECRET or "\x00" in text:
            raise Refused(
                _("A secret has %(least)d to %(most)d characters.")
                % {"least": SHORTEST_SECRET, "most": LONGEST_SECRET},
                field="secrets",
            )
    signatures.judge(wanted.scheme, wanted.signing_header, "signing_header")
    try:
        if not wanted.is_back_office:
            if urlsplit(wanted.base_url).query or urlsplit(wanted.base_url).fragment:
                raise Refused(_("The address ends with its path."), field="base_url")
            outgoing.check(wanted.base_url)
    except (outgoing.OutgoingError, ValueError) as error:
        raise Refused(str(error), field="base_url") from error
    for name, value in wanted.headers:
        line = f"{name}: {value}"
        if redaction.clean(line) != line:
            raise Refused(
                _("The header “%s” holds a secret. Enter it as a secret and write its name here, as {{API_KEY}}.")
                % name,
                field="headers",
            )


def _host(base_url: str) -> str:
    return outgoing.entry_of(base_url) if base_url else ""


def _place(environment: Environment, name: str) -> str:
    return f"environment:{environment.pk}:{name}"


@dataclass(frozen=True)
class Way:
    """How a request to an environment goes out: its address, its secrets in clear, and who lists its host.

    Made where a request is sent, and never kept.
    """

    base_url: str
    values: dict[str, str]
    allowed: list[str] | None
    inside: bool

    def fill(self, text: str) -> str:
        """Return the text with the secrets in their places."""
        return PLACEHOLDER.sub(lambda match: self.values[match[1]], text)

    def fill_path(self, text: str) -> str:
        """Return the path with the secrets in their places, so that none ends the place it stands in."""
        return PLACEHOLDER.sub(lambda match: quote(self.values[match[1]], safe=""), text)

    def fill_json(self, text: str) -> str:
        """Return the JSON text with the secrets in their places, within strings."""
        return PLACEHOLDER.sub(lambda match: json.dumps(self.values[match[1]])[1:-1], text)


def signing(environment: Environment, way: Way) -> Signing | None:
    """Return how writes to it are signed, the secret in clear; None where they are not."""
    if environment.scheme == Scheme.NONE:
        return None
    return Signing(Scheme(environment.scheme), way.values[SIGNING], environment.signing_header)


def base_url(environment: Environment) -> str:
    """Return the address that requests begin with."""
    return (settings.BACK_OFFICE_URL if environment.is_back_office else environment.base_url).rstrip("/")


def names(environment: Environment) -> list[str]:
    """Return which secrets may be written as {{NAME}}."""
    return [TOKEN] if environment.is_back_office else sorted(set(environment.secrets) - {SIGNING})


def lists(environment: Environment) -> tuple[list[str] | None, bool]:
    """Return the hosts in place of OUTGOING_HOSTS, and whether they may lie inside the network."""
    if not environment.is_back_office:
        return None, False
    return [outgoing.entry_of(settings.BACK_OFFICE_URL)], True


def way(environment: Environment) -> Way:
    """Return how a request goes there. Raises common.sealed.Unreadable."""
    allowed, inside = lists(environment)
    if environment.is_back_office:
        values = {TOKEN: settings.BACK_OFFICE_TOKEN}
    else:
        values = {
            name: sealed.open_(text, _place(environment, name)) for name, text in environment.secrets.items()
        }
    return Way(base_url(environment), values, allowed, inside)
