"""Whether the trail is intact, as far as is known now, for the page that says so."""

from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings

from audit import checks, rights, verifying
from audit.models import Deletion, Entry, Seal, Verification
from common import clock

CHECKED_WITHIN = timedelta(hours=26)  # every night, and some
SEALED_WITHIN = timedelta(minutes=5)


@dataclass(frozen=True)
class State:
    """What is known: the last check, how far the chain has come, and what weakens it."""

    verification: Verification | None
    last: Seal | None
    deletion: Deletion | None
    is_late: bool  # what was written is not sealed
    owns_tables: bool
    has_own_keys: bool

    @property
    def is_checked_lately(self) -> bool:
        return self.verification is not None and self.verification.finished_at > clock.now() - CHECKED_WITHIN

    @property
    def sentence(self) -> str:
        """Return what is wrong with the trail; empty while nothing is known to be."""
        problem = self.verification.problem if self.verification else ""
        return str(verifying.PROBLEMS[problem]) if problem else ""


def now() -> State:
    """Return the state of the trail."""
    last = Seal.objects.select_related("entry").order_by("-number").first()
    settled = Entry.objects.filter(at__lt=clock.now() - SEALED_WITHIN).select_related("seal")
    newest = settled.order_by("-at", "-id").first()
    return State(
        verification=Verification.objects.select_related("by").order_by("-pk").first(),
        last=last,
        deletion=Deletion.objects.order_by("-last").first(),
        is_late=newest is not None and getattr(newest, "seal", None) is None,
        owns_tables=rights.owns_the_trail(),
        has_own_keys=checks.DERIVED not in {*settings.AUDIT_KEYS, *settings.AUDIT_SIGNING_KEYS},
    )
