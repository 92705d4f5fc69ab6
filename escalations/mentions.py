"""Mentions: "@Ana Cruz" in what only the desk reads tells Ana of it.

A mention is kept by the person and not by the name. Nobody is mentioned who can't read the message.
"""

import re

from django.db.models import Q, QuerySet
from django.db.models.functions import Lower
from django.utils.translation import gettext as _

from accounts.models import Role, User
from common.errors import Refused
from escalations import access_list, alerts
from escalations.access import reads_internal
from escalations.models import AlertKind, Mention, Message, MessageKind, Ticket
from events.models import Event

#: Kinds of message in which an @ names a colleague.
KINDS = frozenset({MessageKind.NOTE, MessageKind.PARTNER})

MOST_SUGGESTED = 8
_AT = re.compile(r"(?<![\w@.])@([^\s@](?:[^\n@]|(?<=\w)@(?=\w))*)")
_MOST_WORDS = 5


def readers(ticket: Ticket, kind: str) -> QuerySet[User]:
    """Return the people who may read a message of `kind` on the ticket, by name."""
    team = Q(memberships__team=ticket.team_id, memberships__role__in=[Role.L2, Role.LEAD])
    who = team | Q(is_superuser=True) | Q(is_auditor=True)
    if kind == MessageKind.PARTNER:
        handed_to = ticket.hand_overs.values("team")
        who |= Q(memberships__team__in=handed_to, memberships__role=Role.PARTNER)
    if ticket.restricted_as:
        # Second line of other teams and compliance read it, too, once they are on its list.
        second_line = Q(memberships__role__in=[Role.L2, Role.LEAD]) | Q(memberships__team__reviews_compliance=True)
        who = (who | second_line) & Q(pk__in=access_list.listed(ticket).order_by().values("pk"))
    return User.objects.filter(who, is_active=True, is_robot=False).distinct().order_by("name", "pk")


def suggested(ticket: Ticket, kind: str, typed: str, *, by: User) -> list[User]:
    """Return whom "@`typed`" may mean, the first few."""
    if kind not in KINDS:
        return []
    found = readers(ticket, kind).exclude(pk=by.pk)
    return list(found.filter(Q(name__icontains=typed) | Q(email__istartswith=typed))[:MOST_SUGGESTED])


def people_in(ticket: Ticket, kind: str, body: str) -> list[User]:
    """Return whom the text names. Raises Refused when one of them can't read it."""
    if kind not in KINDS or "@" not in body:
        return []
    spellings = [_spellings(match[1]) for match in _AT.finditer(body)]
    every = {spelling for found in spellings for spelling in found}
    known: dict[str, list[User]] = {}
    people = User.objects.annotate(lower_name=Lower("name"), lower_email=Lower("email")).filter(
        Q(lower_name__in=every) | Q(lower_email__in=every), is_active=True, is_robot=False
    )
    for person in people:
        for spelling in {person.name.lower(), person.email.lower()}:
            known.setdefault(spelling, []).append(person)
    named: dict[int, User] = {}
    for found in spellings:
        longest = next((spelling for spelling in found if spelling in known), None)
        if longest is None:
            continue
        reading = [person for person in known[longest] if may_read(person, ticket, kind)]
        if not reading:
            raise Refused(_("%s can't see this. Take the mention out.") % known[longest][0], field="body")
        named |= {person.pk: person for person in reading}
    return list(named.values())


def may_read(person: User, ticket: Ticket, kind: str) -> bool:
    """Tell whether the person may see the ticket, and messages of `kind` on it."""
    if not Ticket.objects.visible_to(person).filter(pk=ticket.pk).exists():
        return False
    if reads_internal(person, ticket):
        return True
    partner_teams = person.teams_as(Role.PARTNER)
    return kind == MessageKind.PARTNER and ticket.hand_overs.filter(team__in=partner_teams).exists()


def keep(message: Message, *, event: Event) -> None:
    """Keep whom a message mentions, and alert them. Raises Refused as `people_in` does."""
    named = people_in(message.ticket, message.kind, message.body)
    Mention.objects.bulk_create(Mention(message=message, person=person) for person in named)
    others = [person for person in named if person.pk != message.author_id]
    if others:
        alerts.tell(message.ticket, others, AlertKind.MENTIONED, event=event)


def _spellings(text: str) -> list[str]:
    """Return what a text after an @ may name, the longest first: up to five words, without marks at the end."""
    words = text.lower().split()[:_MOST_WORDS]
    joined = [" ".join(words[:count]) for count in range(len(words), 0, -1)]
    return list(dict.fromkeys(way for one in joined for way in (one, one.rstrip(".,;:!?)]'’"))))
