"""The exact content of a review: what a decision is about, and its digest.

Anything that belongs to it makes another digest: a note, an answer, a document's bytes, a sign of risk, a link.
What does not is who owns the case, when it is due, and which key of the ring its own is sealed by.
"""

import hashlib
from typing import Any

from audit import canonical
from compliance import documents
from compliance.models import Case
from compliance.sealing import CaseKey


def exact(case: Case, key: CaseKey) -> dict[str, Any]:
    """Return the content as a JSON object. Raises Unreadable."""
    return {
        "case": case.pk,
        "kind": case.kind,
        "customer": case.customer_id,
        "opened": {"by": case.opened_by_id, "at": canonical.moment(case.opened_at)},
        "procedure": case.procedure.number,
        "checklist": [
            {
                "id": one.pk,
                "item": one.item,
                "value": one.value,
                "note": key.text(one, "note"),
                "document": one.document_id,
                "by": one.by_id,
                "at": canonical.moment(one.at),
            }
            for one in case.answers.order_by("pk")
        ],
        "indicators": key.json(case, "indicators"),
        "notes": [
            {"id": one.pk, "text": key.text(one, "text"), "by": one.by_id, "at": canonical.moment(one.at)}
            for one in case.notes.order_by("pk")
        ],
        "documents": [
            {
                "id": one.row.pk,
                "name": one.name,
                "size": one.size,
                "sha256": one.sha256,
                "by": one.row.by_id,
                "at": canonical.moment(one.row.at),
            }
            for one in documents.of(case, key)
        ],
        "tickets": list(case.tickets.order_by("ticket").values_list("ticket", flat=True)),
        "customers": list(case.customers.order_by("customer").values_list("customer", flat=True)),
    }


def digest(case: Case, key: CaseKey) -> str:
    """Return the SHA-256 of the content, in hexadecimal. Raises Unreadable."""
    return hashlib.sha256(canonical.spelled(exact(case, key))).hexdigest()
