"""Setting up macros: what a text may name, what may be done along with it, and who may change it."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

import redaction
from accounts.models import Role, Team, TeamKind, User
from common.errors import Absent, Refused, StaleVersion
from escalations import contract, tipping_off
from escalations.changes import required
from escalations.models import (
    Category,
    ContractForm,
    Macro,
    MessageKind,
    Priority,
    Reason,
    ReasonKind,
    RootCause,
    State,
    Ticket,
)
from escalations.transitions import BY_VERB, Verb
from events import recording
from knowledgebase.models import KnownIssue

SUBJECT = "macro"

PLACEHOLDER = re.compile(r"\{([A-Za-z_][\w.-]*)\}")

#: The verbs that a macro may use, and the kind of message that each of them says itself.
VERBS = {
    Verb.WAIT_CUSTOMER: MessageKind.TO_CUSTOMER,
    Verb.WAIT_L1: MessageKind.TO_L1,
    Verb.RESOLVE: MessageKind.TO_CUSTOMER,
}

_VALUES: dict[str, Callable[[Ticket, User], str]] = {
    "customer.name": lambda ticket, _by: ticket.customer.name,
    "customer.id": lambda ticket, _by: ticket.customer.external_id,
    "customer.email": lambda ticket, _by: ticket.customer.email,
    "ticket.reference": lambda ticket, _by: ticket.reference,
    "ticket.subject": lambda ticket, _by: ticket.subject,
    "ticket.category": lambda ticket, _by: str(ticket.category),
    "ticket.team": lambda ticket, _by: ticket.team.name,
    "agent.name": lambda _ticket, by: by.name,
    "requester.name": lambda ticket, _by: ticket.created_by.name,
}
_ANSWER = "answer."


def names() -> list[str]:
    """Return the placeholders that every ticket knows."""
    return [*_VALUES, "answer.KEY"]


def is_placeholder(name: str) -> bool:
    """Tell whether a text may name this."""
    return name in _VALUES or name.startswith(_ANSWER)


def value_of(name: str, ticket: Ticket, by: User) -> str:
    """Return what a placeholder stands for on the ticket; "" when it has no value there."""
    if name in _VALUES:
        return _VALUES[name](ticket, by)
    key = name.removeprefix(_ANSWER)
    if ticket.form is None or key not in ticket.answers:
        return ""
    field = next((field for field in ticket.form.fields if field["key"] == key), None)
    return contract.as_text(field, ticket.answers[key]) if field else ""


@dataclass(frozen=True)
class Draft:
    """A macro as somebody wants it."""

    name: str
    kind: str
    folder: str = ""
    body_en: str = ""
    body_es: str = ""
    actions: dict[str, Any] | None = None
    teams: tuple[Team, ...] = ()
    roles: tuple[str, ...] = ()
    categories: tuple[Category, ...] = ()
    states: tuple[str, ...] = ()
    is_active: bool = True


def sets_up(user: User) -> bool:
    """Tell whether the person may read the set-up: leads, auditors and admins."""
    return user.is_lead or user.reads_all


def shown_to(user: User) -> QuerySet[Macro]:
    """Return the macros that the person sees in the set-up: everyone's, and those of the own teams."""
    if user.reads_all:
        return Macro.objects.all()
    own = Q(teams=None) | Q(teams__in=user.teams_as(Role.LEAD))
    return Macro.objects.filter(pk__in=Macro.objects.filter(own).values("pk"))


def may_change(user: User, macro: Macro) -> bool:
    """Tell whether the person may change the macro: admins, and leads where it is only their teams'."""
    teams = set(macro.teams.values_list("pk", flat=True))
    return _may_give(user, teams)


def _may_give(user: User, teams: set[int]) -> bool:
    if user.is_auditor:
        return False
    return user.is_superuser or (bool(teams) and teams <= set(user.teams_as(Role.LEAD)))


@transaction.atomic
def save(macro: Macro | None, draft: Draft, *, by: User, version: int | None = None) -> Macro:
    """Store a macro, a new one for None. Raises Absent, Refused naming what is wrong, StaleVersion."""
    former: dict[str, Any] = {}
    if macro is not None:
        macro = Macro.objects.select_for_update().filter(pk=macro.pk).first()
        if macro is None or not may_change(by, macro):
            raise Absent(_("There is no such macro."))
        if version is not None and version != macro.version:
            raise StaleVersion(
                _("Somebody changed this macro while you were writing. Nothing was saved."), current=macro
            )
        former = {"name": macro.name, "body_en": macro.body_en, "body_es": macro.body_es, "actions": macro.actions}
        macro.version += 1
    if not _may_give(by, {team.pk for team in draft.teams}):
        raise Refused(_("Choose a team that you lead: only admins make macros for everyone."), field="teams")
    found = macro or Macro()
    check(draft, by=by)
    found.name = redaction.clean(required(draft.name, "name", _("Give it a name.")))
    found.folder, found.kind = redaction.clean(draft.folder.strip()), draft.kind
    found.body_en, found.body_es = redaction.clean(draft.body_en), redaction.clean(draft.body_es)
    found.actions, found.is_active = draft.actions or {}, draft.is_active
    found.roles, found.states = list(draft.roles), list(draft.states)
    found.save()
    found.teams.set(draft.teams)
    found.categories.set(draft.categories)
    kind = "macro.changed" if macro else "macro.created"
    recording.record(kind, subject=(SUBJECT, found.pk), by=by, data={"version": found.version, "former": former})
    return found


def check(draft: Draft, *, by: User) -> None:
    """Raise Refused, naming the field, for a text or an action that can't be."""
    if not (draft.body_en.strip() or draft.body_es.strip()):
        raise Refused(_("Write the text, in one language at least."), field="body_en")
    for field in ("body_en", "body_es"):
        for name in PLACEHOLDER.findall(getattr(draft, field)):
            if not _is_known(name):
                raise Refused(_("There is no placeholder {%s}.") % name, field=field)
    if draft.kind == MessageKind.TO_CUSTOMER:
        tipping_off.check(draft.body_en, field="body_en")
        tipping_off.check(draft.body_es, field="body_es")
    actions = draft.actions or {}
    if "priority" in actions and actions["priority"] not in Priority.values:
        raise Refused(_("Choose one of the list."), field="priority")
    if (
        "team" in actions
        and not Team.objects.filter(pk=actions["team"], kind=TeamKind.L2, is_active=True).exists()
    ):
        raise Refused(_("Only a second-line team can take it."), field="team")
    if (
        "known_issue" in actions
        and not KnownIssue.objects.visible_to(by).filter(pk=actions["known_issue"]).exists()
    ):
        raise Refused(_("Choose one of the list."), field="known_issue")
    if actions.get("verb"):
        _check_verb(Verb(actions["verb"]), draft, actions)


def _check_verb(verb: Verb, draft: Draft, actions: dict[str, Any]) -> None:
    """Hold the action to the transition table: its message, its states, and what it needs."""
    transition = BY_VERB[verb]
    if VERBS.get(verb) != draft.kind:
        said = MessageKind(VERBS[verb]).label
        raise Refused(
            _("“%(action)s” goes with “%(kind)s”.") % {"action": transition.label, "kind": said}, field="verb"
        )
    for state in draft.states:
        if state not in transition.sources:
            raise Refused(
                _("“%(action)s” is not possible in the state “%(state)s”.")
                % {"action": transition.label, "state": State(state).label},
                field="states",
            )
    if verb != Verb.RESOLVE:
        return
    codes = Reason.objects.filter(kind=ReasonKind.RESOLUTION, is_active=True)
    if not codes.filter(pk=actions.get("resolution") or 0).exists():
        raise Refused(_("Choose how it was resolved."), field="resolution")
    if not RootCause.objects.filter(is_active=True, children=None, pk=actions.get("root_cause") or 0).exists():
        raise Refused(_("Choose the root cause."), field="root_cause")
    if "team" in actions:
        raise Refused(_("What is resolved can't be passed on."), field="team")


def _is_known(name: str) -> bool:
    if name in _VALUES:
        return True
    key = name.removeprefix(_ANSWER)
    return name.startswith(_ANSWER) and ContractForm.objects.filter(fields__contains=[{"key": key}]).exists()


def in_words(actions: dict[str, Any]) -> list[tuple[str, str]]:
    """Return (key, words) of each thing that a macro does."""
    words: list[tuple[str, str]] = []
    if "priority" in actions:
        words.append(("priority", _("Priority P%d") % actions["priority"]))
    if actions.get("owner"):
        words.append(("owner", _("Becomes mine")))
    if "known_issue" in actions:
        issue = KnownIssue.objects.filter(pk=actions["known_issue"]).first()
        words.append(("known_issue", _("Known issue: %s") % (issue or "–")))
    if actions.get("verb"):
        words.append(("verb", str(BY_VERB[Verb(actions["verb"])].label)))
    if "team" in actions:
        team = Team.objects.filter(pk=actions["team"]).first()
        words.append(("team", _("To %s") % (team or "–")))
    return words
