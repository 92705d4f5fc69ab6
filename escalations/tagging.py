"""Tags: short words by which the second line sorts its tickets."""

import unicodedata
from collections import Counter
from collections.abc import Iterable

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

import redaction
from accounts.models import Role, User
from common.errors import NotAllowed, Refused
from escalations.access import works_on
from escalations.changes import lock, record, save
from escalations.models import Ticket
from escalations.models.ticket import LONGEST_TAG

MOST_TAGS = 12
MOST_SUGGESTED = 12
#: Suggestions come from so many tickets, the newest that have a tag.
LOOKED_AT = 2000


def normalised(text: str) -> str:
    """Return a tag as it is kept: lower case, one space between words, card numbers masked.

    Raises Refused for what is empty or too long.
    """
    plain = unicodedata.normalize("NFKC", text).replace("\x00", "")
    tag = " ".join(redaction.clean(plain).lower().replace(",", " ").split())
    if not tag:
        raise Refused(_("Write a tag."), field="add")
    if len(tag) > LONGEST_TAG:
        raise Refused(_("A tag has at most %d characters.") % LONGEST_TAG, field="add")
    return tag


def several(text: str) -> list[str]:
    """Return the tags in a text that parts them by commas. Raises Refused for one that can't be."""
    return list(dict.fromkeys(normalised(part) for part in text.split(",") if part.strip()))


@transaction.atomic
def change(
    ticket: Ticket,
    *,
    by: User,
    add: Iterable[str] = (),
    remove: Iterable[str] = (),
    version: int | None = None,
) -> Ticket:
    """Add tags to a ticket and take others away; what is so already stays so.

    Raises NotAllowed, Refused for a tag that can't be or one too many, StaleVersion.
    """
    locked = lock(ticket, by=by, version=version)
    if not works_on(by, locked):
        raise NotAllowed(_("You may not tag this escalation."))
    away = {normalised(tag) for tag in remove}
    kept = [tag for tag in locked.tags if tag not in away]
    wanted = list(dict.fromkeys([*kept, *map(normalised, add)]))
    if len(wanted) > MOST_TAGS:
        raise Refused(_("An escalation has at most %d tags.") % MOST_TAGS, field="add")
    added = [tag for tag in wanted if tag not in locked.tags]
    removed = [tag for tag in locked.tags if tag not in wanted]
    if not added and not removed:
        return locked
    locked.tags = sorted(wanted)
    save(locked)
    record(locked, "tagged", by=by, added=added, removed=removed)
    return locked


def read_by(user: User) -> Q:
    """Return the condition that a ticket's tags are for `user` to read: those who work on it, and who read all."""
    return Q() if user.reads_all else Q(team__in=user.teams_as(Role.L2, Role.LEAD))


def suggestions(user: User, beginning: str = "") -> list[str]:
    """Return tags in use that begin so, the most frequent first, of the tickets whose tags `user` may read."""
    tagged = Ticket.objects.visible_to(user).filter(read_by(user)).exclude(tags=[]).order_by("-pk")
    wanted = beginning.strip().lower()
    counts = Counter(
        tag for tags in tagged.values_list("tags", flat=True)[:LOOKED_AT] for tag in tags if tag.startswith(wanted)
    )
    return [tag for tag, _count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:MOST_SUGGESTED]]
