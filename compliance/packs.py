"""Report packs: asked for on the page, made by a job, kept sealed, taken with a note in the trail."""

import hashlib
import logging

from django.db import DatabaseError, transaction
from django.utils import translation
from django.utils.translation import gettext as _

from accounts import people
from accounts.models import User
from accounts.preferences import supported
from audit.noting import note
from common import clock, progress
from common.errors import Refused
from compliance import changes, report
from compliance.models import Case, Pack, PackContent, PackState
from compliance.sealing import CaseKey, next_number
from events import recording
from events.models import Event

logger = logging.getLogger(__name__)

CONSUMER = "compliance_packs"
REQUESTED, MADE = "compliance.pack_requested", "compliance.pack_made"


@transaction.atomic
def request(case: Case, *, by: User) -> Pack:
    """Have a worker make a pack of the case as it is. Raises Refused while one is under way."""
    case = changes.locked(case, by)
    if case.packs.filter(state=PackState.UNDER_WAY).exists():
        raise Refused(_("A report pack is being made. Wait until it is done."))
    pack = Pack.objects.create(pk=next_number(Pack), case=case, requested_by=by, requested_at=clock.now())
    recording.record(REQUESTED, subject=(changes.SUBJECT, case.pk), by=by, data={"pack": pack.pk})
    return pack


def handle(event: Event) -> None:
    """Make what was asked for. Safe to repeat: what is over is not made again."""
    pack = Pack.objects.select_related("case", "requested_by").filter(pk=event.data["pack"]).first()
    if pack is None or pack.state != PackState.UNDER_WAY:
        return
    try:
        with transaction.atomic(), translation.override(supported(pack.requested_by.language)):
            _make(pack)
    except DatabaseError:
        raise  # an outage: tried again
    except Exception:
        logger.exception("Report pack %s failed.", pack.pk)
        Pack.objects.filter(pk=pack.pk).update(state=PackState.FAILED, finished_at=clock.now())


def job(pack: Pack) -> str:
    """Return the name under which its progress is noted (common.progress)."""
    return f"compliance.pack.{pack.pk}"


def take(pack: Pack, *, by: User) -> bytes:
    """Return the ZIP of a pack that is done, noted before. Raises Unreadable."""
    content = CaseKey(pack.case).open(pack.content, "sealed")
    note(
        "compliance.pack_taken",
        by=by,
        about=(changes.SUBJECT, pack.case_id),
        data={"pack": pack.pk, "sha256": pack.digest},
    )
    return content


def _make(pack: Pack) -> None:
    key = CaseKey(pack.case)

    def tell(done: int, total: int) -> None:
        progress.note(job(pack), done, total)

    content = report.build(pack.case, key, made_by=pack.requested_by, tell=tell)
    held = PackContent(pack=pack)
    held.sealed = key.seal(held, "sealed", content)
    held.save(force_insert=True)
    pack.state, pack.finished_at = PackState.DONE, clock.now()
    pack.size, pack.digest = len(content), hashlib.sha256(content).hexdigest()
    pack.save(update_fields=["state", "finished_at", "size", "digest"])
    data = {"pack": pack.pk, "sha256": pack.digest, "for": pack.requested_by_id}
    recording.record(MADE, subject=(changes.SUBJECT, pack.case_id), by=people.system(), data=data)
