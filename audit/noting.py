"""Writing down what leaves no event: sign-ins, refusals, reads and exports.

Changes need no call: every event becomes an entry by a trigger, in the event's own transaction.
"""

from typing import TYPE_CHECKING, Any

import redaction
from audit.models import Entry, Result
from common import origin

if TYPE_CHECKING:
    from accounts.models import User

LONGEST_NAME = 254


def note(
    action: str,
    *,
    by: "User | None",
    name: str = "",
    about: tuple[str, int | None] = ("", None),
    result: str = Result.DONE,
    data: dict[str, Any] | None = None,
) -> Entry:
    """Note that `by` did `action` to the object `about`; within a transaction, the note is part of it.

    Without a person, `name` is what somebody called themselves. Call it before what is read goes out: what
    can't be noted is not handed over.
    """
    comes = origin.current()
    called = by.name or by.email if by is not None else name
    entry = Entry(
        person_id=by.pk if by is not None else None,
        name=redaction.clean(called)[:LONGEST_NAME],
        action=action,
        object_type=about[0],
        object_id=about[1],
        address=comes.address if comes else None,
        agent=comes.agent if comes else "",
        request=comes.request if comes else "",
        result=result,
        data=redaction.redact_json(data or {}),
    )
    entry.save(force_insert=True)
    return entry
