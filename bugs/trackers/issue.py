"""What a tracker says of an issue, and what Secondline asks of a tracker."""

from dataclasses import dataclass
from typing import Protocol

from django.utils.translation import gettext as _

from bugs.models import State
from common.errors import Refused


@dataclass(frozen=True)
class Issue:
    """An issue as the tracker has it. `state` is OPEN, FIXED or DECLINED; `body` may hold the mark of a report."""

    number: str
    url: str
    state: State
    assignee: str = ""
    body: str = ""


class TrackerError(Refused):
    """The tracker did not do what it was asked. `unsure`: it may have done so all the same."""

    def __init__(self, message: str, *, unsure: bool = False) -> None:
        super().__init__(message)
        self.unsure = unsure


def refused_with(status: int) -> TrackerError:
    """Return the error for an answer of that status."""
    if status in {401, 403}:
        return TrackerError(
            _("The tracker refuses our token (status %d). An admin has to enter another.") % status
        )
    if status == 404:
        return TrackerError(_("The tracker knows no such project or issue."))
    return TrackerError(_("The tracker answered with status %d.") % status, unsure=status >= 500)


class Client(Protocol):
    """Raises TrackerError, whatever goes wrong. Slow: never within a transaction or a request's answer."""

    def create(self, title: str, body: str) -> Issue: ...

    def find(self, mark: str) -> Issue | None:
        """Return the issue whose text holds the mark, looking through the newest ones."""

    def get(self, number: str) -> Issue: ...
