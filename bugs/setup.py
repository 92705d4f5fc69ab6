"""Setting trackers up: their address, project, token and webhook secret."""

import re
from dataclasses import dataclass

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from accounts.models import User
from bugs.models import Tracker, TrackerKind
from common import clock, outgoing, sealed
from common.errors import NotAllowed, Refused, StaleVersion
from events import recording

SUBJECT = "tracker"
_GITHUB = re.compile(r"[\w.-]+/[\w.-]+", re.ASCII)
_GITLAB = re.compile(r"[\w.-]+(?:/[\w.-]+)+", re.ASCII)
_JIRA = re.compile(r"[A-Z][A-Z0-9_]{1,99}")
ADDED, CHANGED = "tracker.added", "tracker.changed"


def may_change(user: User) -> bool:
    """Tell whether the person sets trackers up: admins."""
    return user.is_superuser and not (user.is_auditor or user.is_robot)


def usable() -> QuerySet[Tracker]:
    """Return the trackers that reports may go to."""
    found = Tracker.objects.filter(is_retired=False)
    return found if settings.TRACKER_URL else found.filter(is_of_settings=False)


@dataclass(frozen=True)
class Wanted:
    """What a tracker is to be. An empty `token` or `webhook_secret` leaves the one there is."""

    name: str
    kind: TrackerKind
    base_url: str
    project: str
    token: str = ""
    webhook_secret: str = ""
    is_retired: bool = False


@transaction.atomic
def save(tracker: Tracker | None, wanted: Wanted, *, by: User, version: int = 0) -> Tracker:
    """Add a tracker, or change one. Raises NotAllowed, StaleVersion, Refused (naming the field).

    Where the address leads to another host, a token that is not entered anew is dropped.
    """
    if not may_change(by):
        raise NotAllowed(_("Only admins set trackers up."))
    made = Tracker() if tracker is None else Tracker.objects.select_for_update().get(pk=tracker.pk)
    if tracker is not None and made.version != version:
        raise StaleVersion(_("Somebody changed this tracker meanwhile. Nothing was saved."), current=made)
    _judge(made, wanted)
    former = outgoing.entry_of(made.base_url) if made.base_url else ""
    made.name, made.kind, made.project = wanted.name.strip(), wanted.kind, wanted.project.strip().strip("/")
    made.is_retired = wanted.is_retired
    made.changed_by, made.changed_at = by, clock.now()
    if not made.is_of_settings:
        made.base_url = wanted.base_url.rstrip("/")
        if outgoing.entry_of(made.base_url) != former:
            made.token = ""
    made.version += 0 if tracker is None else 1
    made.save()
    if not made.is_of_settings:
        if wanted.token:
            made.token = sealed.seal(wanted.token, f"tracker:{made.pk}:token")
        if wanted.webhook_secret:
            made.webhook_secret = sealed.seal(wanted.webhook_secret, f"tracker:{made.pk}:webhook")
        made.save(update_fields=["token", "webhook_secret"])
    data = {
        "name": made.name, "kind": made.kind, "address": made.base_url, "project": made.project,
        "retired": made.is_retired, "token_entered": bool(wanted.token),
    }  # fmt: skip
    recording.record(ADDED if tracker is None else CHANGED, subject=(SUBJECT, made.pk), by=by, data=data)
    return made


def _judge(tracker: Tracker, wanted: Wanted) -> None:
    if not wanted.name.strip():
        raise Refused(_("Give it a name."), field="name")
    if Tracker.objects.exclude(pk=tracker.pk).filter(name=wanted.name.strip()).exists():
        raise Refused(_("There is a tracker of this name."), field="name")
    project = wanted.project.strip().strip("/")
    if wanted.kind == TrackerKind.GITHUB and not _GITHUB.fullmatch(project):
        raise Refused(_("A project of GitHub is written as owner/name."), field="project")
    if wanted.kind == TrackerKind.GITLAB and not _GITLAB.fullmatch(project):
        raise Refused(_("A project of GitLab is written as group/name."), field="project")
    if wanted.kind == TrackerKind.JIRA and not _JIRA.fullmatch(project):
        raise Refused(_("A project of Jira is written as its key, such as PAY."), field="project")
    if tracker.is_of_settings and wanted.kind != TrackerKind.GITHUB:
        raise Refused(_("The tracker of the settings is a GitHub."), field="kind")
    if not tracker.is_of_settings:
        try:
            outgoing.check(wanted.base_url)
        except outgoing.OutgoingError as error:
            raise Refused(str(error), field="base_url") from error


@dataclass(frozen=True)
class Way:
    """How to reach a tracker. Made where it is asked, never kept."""

    base_url: str
    project: str
    token: str


def way(tracker: Tracker) -> Way:
    """Return how a tracker is reached. Raises common.sealed.Unreadable, Refused without a token."""
    if tracker.is_of_settings:
        return Way(settings.TRACKER_URL, tracker.project, settings.TRACKER_TOKEN)
    if not tracker.token:
        raise Refused(_("The tracker “%s” has no token. An admin has to enter it.") % tracker.name)
    token = sealed.open_(tracker.token, f"tracker:{tracker.pk}:token")
    return Way(tracker.base_url, tracker.project, token)


def base_url(tracker: Tracker) -> str:
    """Return the address of its API."""
    return str(settings.TRACKER_URL) if tracker.is_of_settings else tracker.base_url


def webhook_secret(tracker: Tracker) -> str:
    """Return what signs its webhooks, "" where none may come."""
    if tracker.is_of_settings:
        return str(settings.TRACKER_SECRET)
    return sealed.open_(tracker.webhook_secret, f"tracker:{tracker.pk}:webhook") if tracker.webhook_secret else ""
