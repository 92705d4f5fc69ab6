"""Documents of a review: checked and cleaned like every attachment, then sealed; each view is noted before it."""

import hashlib
from dataclasses import dataclass
from typing import Any

from django.core.files.base import File
from django.db import transaction
from django.db.models import Count, Sum
from django.db.models.functions import Coalesce, Length
from django.utils.translation import gettext as _

from accounts.models import User
from audit.models import Result
from audit.noting import note
from common import clock
from common.errors import Refused
from compliance import changes
from compliance.models import Case, Document, DocumentContent
from compliance.sealing import CaseKey, Unreadable, next_number
from escalations import attachments

MOST = 200  # documents of one case
MOST_BYTES = 100 * 1024**2  # of all of them: a report pack is made in memory


@dataclass(frozen=True)
class About:
    """What is known of a document: its name and what is in it. `sha256` is that of its bytes."""

    row: Document
    name: str
    content_type: str
    size: int
    sha256: str

    @property
    def is_image(self) -> bool:
        """Whether it is an image that was made anew, which alone is shown in the page."""
        return self.content_type in attachments.IMAGE_FORMATS.values()


@transaction.atomic
def add(case: Case, upload: File, *, by: User) -> Document:
    """Seal one file into the case: of the kinds that are taken, without cards, pictures made anew.

    Raises Refused.
    """
    case = changes.locked_open(case, by)
    held_so_far = DocumentContent.objects.filter(document__case=case).aggregate(
        count=Count("pk"), size=Coalesce(Sum(Length("sealed")), 0)
    )
    if held_so_far["count"] >= MOST or held_so_far["size"] + (upload.size or 0) > MOST_BYTES:
        raise Refused(
            _("A review holds at most %(count)d documents of %(size)d MB together.")
            % {"count": MOST, "size": MOST_BYTES // 1024**2},
            field="uploads",
        )
    cleaned, content_type = attachments.prepared(upload)
    cleaned.seek(0)
    content = cleaned.read()
    about = {
        "name": attachments.safe_name(upload.name or ""),
        "type": content_type,
        "size": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
    }
    key = CaseKey(case)
    document = Document(pk=next_number(Document), case=case, by=by, at=clock.now())
    document.about = key.seal_json(document, "about", about)
    document.save(force_insert=True)
    held = DocumentContent(document=document)
    held.sealed = key.seal(held, "sealed", content)
    held.save(force_insert=True)
    changes.commit_content(case, "compliance.document_added", by=by, data={"document": document.pk})
    return document


def of(case: Case, key: CaseKey) -> list[About]:
    """Return what the case's documents are, the oldest first. Raises Unreadable."""
    return [_about(row, key) for row in case.documents.select_related("by").order_by("pk")]


def read(document: Document, *, by: User, shown: bool) -> tuple[About, bytes]:
    """Return a document and its bytes, for somebody who may know of it; noted before. Raises Unreadable.

    `shown`: it is shown in the page and not taken away as a file. That it could not be opened is noted, too.
    """
    case = document.case
    data: dict[str, Any] = {"document": document.pk, "how": "shown" if shown else "taken"}
    try:
        key = CaseKey(case)
        about = _about(document, key)
        content = key.open(document.content, "sealed")
        if hashlib.sha256(content).hexdigest() != about.sha256:
            raise Unreadable
    except Unreadable:
        note("compliance.document_read", by=by, about=(changes.SUBJECT, case.pk), result=Result.FAILED, data=data)
        raise
    note("compliance.document_read", by=by, about=(changes.SUBJECT, case.pk), data=data)
    return about, content


def _about(row: Document, key: CaseKey) -> About:
    known = key.json(row, "about")
    return About(row, known["name"], known["type"], known["size"], known["sha256"])
