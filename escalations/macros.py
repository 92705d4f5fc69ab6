"""Macros: prepared answers with checked placeholders, and what is done along with them."""

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.core.files.base import File
from django.db import transaction
from django.db.models import Count, Max, Q, QuerySet
from django.utils.translation import gettext as _

from accounts.models import Team, TeamKind, User
from common import clock
from common.errors import NotAllowed, Refused
from escalations import assignment, attachments, conversation, knowledge, lifecycle, macro_setup
from escalations.macro_setup import PLACEHOLDER
from escalations.models import Macro, MacroUse, Message, MessageKind, Ticket
from escalations.transitions import Verb
from knowledgebase.models import KnownIssue

#: What stands where a placeholder has no value: it must be filled in before it is sent.
_MISSING = re.compile(r"\[\[([^\[\]\n]+)\]\]")


def usable_by(user: User, ticket: Ticket) -> QuerySet[Macro]:
    """Return the macros that the person may use on the ticket as it stands, each with `used` and `last_used`."""
    kinds = conversation.kinds_for(user, ticket)
    fits = (Q(categories=None) | Q(categories=ticket.category_id)) & (
        Q(states=[]) | Q(states__contains=[ticket.state])
    )
    found = offered_to(user).filter(fits, kind__in=kinds)
    return with_use(Macro.objects.filter(pk__in=found.values("pk")))


def offered_to(user: User) -> QuerySet[Macro]:
    """Return the macros that the person may use on some ticket."""
    roles = list(set(user.roles.values()))
    fits = (Q(teams=None) | Q(teams__in=user.roles.keys())) & (Q(roles=[]) | Q(roles__overlap=roles))
    found = Macro.objects.filter(fits, is_active=True)
    return Macro.objects.filter(pk__in=found.values("pk")).order_by("folder", "name")


def with_use(found: QuerySet[Macro]) -> QuerySet[Macro]:
    """Return the macros with how often, and when last, each was used."""
    return found.annotate(used=Count("uses"), last_used=Max("uses__at")).order_by("folder", "name")


def text_for(macro: Macro, ticket: Ticket, *, by: User) -> str:
    """Return the macro's text for this ticket, in the reader's language; "[[name]]" where there is no value."""
    spanish = macro.kind == MessageKind.TO_CUSTOMER and ticket.customer.language == "es"
    body = (macro.body_es if spanish else macro.body_en) or macro.body_en or macro.body_es

    def value(match: re.Match[str]) -> str:
        found = macro_setup.value_of(match[1], ticket, by)
        return found if found else f"[[{match[1]}]]"

    return PLACEHOLDER.sub(value, body)


def missing_in(text: str) -> list[str]:
    """Return the placeholders that had no value and are not filled in yet."""
    return list(dict.fromkeys(name for name in _MISSING.findall(text) if macro_setup.is_placeholder(name)))


def apply(ticket: Ticket, macro: Macro, *, by: User) -> Message | None:
    """Say a macro's text on the ticket and do what it does, at once, in one transaction.

    Nothing is kept when any part of it is refused. Raises NotAllowed when `by` may not use it on this ticket,
    Refused when a placeholder has no value, and what the actions raise.
    """
    if not usable_by(by, ticket).filter(pk=macro.pk).exists():
        raise NotAllowed(_("The macro “%s” can't be used on this escalation.") % macro)
    return carry_out(
        ticket,
        by=by,
        kind=MessageKind(macro.kind),
        body=text_for(macro, ticket, by=by),
        actions=macro.actions,
        macro=macro,
    )


@transaction.atomic
def carry_out(
    ticket: Ticket,
    *,
    by: User,
    kind: MessageKind,
    body: str,
    uploads: Iterable[File] = (),
    promise: datetime | None = None,
    actions: dict[str, Any] | None = None,
    macro: Macro | None = None,
) -> Message | None:
    """Say something and do what `actions` names with it; all of it or nothing.

    The message is written by the verb where there is one: asking and resolving say something themselves.
    Returns the message; None where there is no text. Raises NotAllowed, Refused.
    """
    todo = dict(actions or {})
    if missing := missing_in(body):
        raise Refused(_("Fill this in first: %s.") % ", ".join(missing), field="body")
    if "priority" in todo:
        assignment.set_priority(ticket, int(todo["priority"]), by=by)
    if "known_issue" in todo:
        _link(ticket, int(todo["known_issue"]), by=by)
    if todo.get("owner") == "me":
        assignment.take(ticket, by=by)
    message = _say(ticket, todo, by=by, kind=kind, body=body, uploads=uploads, promise=promise)
    if "team" in todo:
        team = Team.objects.filter(pk=todo["team"], kind=TeamKind.L2, is_active=True).first()
        if team is None:
            raise Refused(_("The team that it should go to is no longer there."))
        assignment.give_to_team(ticket, team, by=by)
    if macro is not None:
        MacroUse.objects.create(macro=macro, ticket=ticket, by=by, at=clock.now())
    return message


def _say(
    ticket: Ticket,
    todo: dict[str, Any],
    *,
    by: User,
    kind: MessageKind,
    body: str,
    uploads: Iterable[File],
    promise: datetime | None,
) -> Message | None:
    verb = todo.get("verb")
    before = ticket.messages.order_by("-pk").values_list("pk", flat=True).first() or 0
    if verb and kind != macro_setup.VERBS[Verb(verb)]:
        raise Refused(_("This action goes with a message of another kind."))
    if verb == Verb.WAIT_CUSTOMER:
        lifecycle.wait_for_customer(ticket, by=by, message=body, promise=promise)
    elif verb == Verb.WAIT_L1:
        lifecycle.wait_for_l1(ticket, by=by, message=body)
    elif verb == Verb.RESOLVE:
        lifecycle.resolve(
            ticket,
            by=by,
            resolution=todo.get("resolution"),
            root_cause=todo.get("root_cause"),
            answer_to_l1=body,
            answer_to_customer=body,
        )
    elif body.strip():
        return conversation.write(ticket, by=by, kind=kind, body=body, uploads=uploads, promise=promise)
    else:
        return None
    message: Message | None = ticket.messages.filter(pk__gt=before, kind=kind).order_by("pk").first()
    if message is not None:
        for upload in uploads:
            attachments.attach(ticket, upload, by=by, message=message)
    return message


def _link(ticket: Ticket, number: int, *, by: User) -> None:
    issue = KnownIssue.objects.visible_to(by).filter(pk=number).first()
    if issue is None:
        raise Refused(_("The known issue is no longer there."))
    knowledge.link_known_issue(ticket, issue, by=by)
