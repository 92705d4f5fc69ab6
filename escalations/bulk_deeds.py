"""What can be done to many tickets at once: each deed by the very function that does it to one, and its way back.

Parameters are kept as JSON; `load` makes of them what the function takes.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Team, User
from common.errors import Refused
from escalations import assignment, knowledge, lifecycle, macros, tagging
from escalations.models import Macro, Priority, Reason, Ticket
from escalations.transitions import BY_VERB, Verb
from knowledgebase.models import KnownIssue

Given = dict[str, Any]

ASSIGN, TEAM, PRIORITY, TAG = "assign", "team", "priority", "tag"
KNOWN_ISSUE, MACRO = "known_issue", "macro"


@dataclass(frozen=True)
class Deed:
    """One thing to do with each of many tickets.

    `change` does it; `words` says it in short. `remember` notes of a ticket what `take_back` needs in order to
    undo it, provided that the ticket still has the version that the deed left. Without `take_back` there is no
    way back. `warning` is what to know before.
    """

    key: str
    label: str | Promise
    change: Callable[[Ticket, User, Given], Ticket]
    load: Callable[[Given, User], Given]
    words: Callable[[Given], str]
    remember: Callable[[Ticket], Given] = lambda _ticket: {}
    take_back: Callable[[Ticket, User, Given, int], Ticket] | None = None
    warning: str | Promise = ""

    @property
    def has_way_back(self) -> bool:
        return self.take_back is not None


def _row(model: Any, pk: int | None) -> Any:
    """Return the row of that id, None for None. Raises Refused when it is no longer there."""
    found = model.objects.filter(pk=pk).first() if pk else None
    if pk and found is None:
        raise Refused(_("What was chosen is no longer there."))
    return found


def _assign(ticket: Ticket, by: User, given: Given) -> Ticket:
    if given["owner"] == by and ticket.owner_id is None:
        return assignment.take(ticket, by=by)
    return assignment.assign(ticket, given["owner"], by=by)


def _tag_words(given: Given) -> str:
    signs = [f"+{tag}" for tag in given["add"]] + [f"−{tag}" for tag in given["remove"]]
    return " ".join(signs)


def _tags_back(ticket: Ticket, by: User, before: Given, version: int) -> Ticket:
    had = set(before["tags"])
    return tagging.change(
        ticket, by=by, add=had - set(ticket.tags), remove=set(ticket.tags) - had, version=version
    )


def _issue_of(given: Given, by: User) -> Given:
    issues = KnownIssue.objects.visible_to(by)
    found = issues.filter(pk=given["issue"]).first() if given["issue"] else None
    if given["issue"] and found is None:
        raise Refused(_("What was chosen is no longer there."))
    return {"issue": found}


def _use_macro(ticket: Ticket, by: User, given: Given) -> Ticket:
    macros.apply(ticket, given["macro"], by=by)
    return Ticket.objects.get(pk=ticket.pk)


_OF_TICKETS = (
    Deed(
        ASSIGN, gettext_lazy("Assign"), _assign,
        load=lambda given, _by: {"owner": _row(User, given["owner"])},
        words=lambda given: _("Assign to %s") % (given["owner"] or _("nobody")),
        remember=lambda ticket: {"owner": ticket.owner_id},
        take_back=lambda ticket, by, before, version: assignment.take_back(
            ticket, _row(User, before["owner"]), by=by, version=version
        ),
    ),
    Deed(
        PRIORITY, gettext_lazy("Priority"),
        lambda ticket, by, given: assignment.set_priority(ticket, given["priority"], by=by),
        load=lambda given, _by: given,
        words=lambda given: _("Priority %s") % Priority(given["priority"]).label,
        remember=lambda ticket: {"priority": ticket.priority},
        take_back=lambda ticket, by, before, version: assignment.set_priority(
            ticket, before["priority"], by=by, version=version
        ),
    ),
    Deed(
        TAG, gettext_lazy("Tag"),
        lambda ticket, by, given: tagging.change(ticket, by=by, **given),
        load=lambda given, _by: given,
        words=lambda given: _("Tags: %s") % _tag_words(given),
        remember=lambda ticket: {"tags": ticket.tags},
        take_back=_tags_back,
    ),
    Deed(
        KNOWN_ISSUE, gettext_lazy("Link to a known issue"),
        lambda ticket, by, given: knowledge.link_known_issue(ticket, given["issue"], by=by),
        load=_issue_of,
        words=lambda given: _("Known issue: %s") % (given["issue"] or _("none")),
        remember=lambda ticket: {"issue": ticket.known_issue_id},
        take_back=lambda ticket, by, before, version: knowledge.link_known_issue(
            ticket, _row(KnownIssue, before["issue"]), by=by, version=version
        ),
    ),
    Deed(
        MACRO, gettext_lazy("Use a macro"), _use_macro,
        load=lambda given, _by: {"macro": _row(Macro, given["macro"])},
        words=lambda given: _("Macro: %s") % given["macro"],
        warning=gettext_lazy("Each gets its text, with its own values, at once. This can't be undone."),
    ),
    Deed(
        TEAM, gettext_lazy("Pass to a team"),
        lambda ticket, by, given: assignment.give_to_team(ticket, given["team"], by=by),
        load=lambda given, _by: {"team": _row(Team, given["team"])},
        words=lambda given: _("Pass to %s") % given["team"],
        warning=gettext_lazy("This can't be undone here: they are the other team's from then on."),
    ),
)  # fmt: skip

_FINAL = gettext_lazy("This can't be undone.")
_SAID = gettext_lazy("Undoing resumes the work; what was written stays.")
_MAILED = gettext_lazy("Every customer gets a mail. Undoing resumes the work; what was written stays.")
_MAILED_FINAL = gettext_lazy("Every customer gets the answer by mail. This can't be undone.")

#: Accepting and returning rate each escalation by itself, and a merge has one target each: they are not here.
_OF_VERBS: dict[Verb, tuple[Callable[..., Ticket], str | Promise]] = {
    Verb.START: (lifecycle.start, _FINAL),
    Verb.WAIT_CUSTOMER: (lifecycle.wait_for_customer, _MAILED),
    Verb.WAIT_L1: (lifecycle.wait_for_l1, _SAID),
    Verb.WAIT_PARTNER: (lifecycle.wait_for_partner, _SAID),
    Verb.RESUME: (lifecycle.resume, _FINAL),
    Verb.RESOLVE: (lifecycle.resolve, _MAILED_FINAL),
    Verb.CLOSE: (lifecycle.close, _FINAL),
    Verb.REOPEN: (lifecycle.reopen, _FINAL),
    Verb.CANCEL: (lifecycle.cancel, _FINAL),
}
_WAITS = {Verb.WAIT_CUSTOMER, Verb.WAIT_L1, Verb.WAIT_PARTNER}


def _of_verb(verb: Verb, function: Callable[..., Ticket], warning: str | Promise) -> Deed:
    def words(given: Given) -> str:
        label = str(BY_VERB[verb].label)
        code = given.get("reason") or given.get("resolution") or 0
        chosen = given.get("partner") or Reason.objects.filter(pk=code).first()
        return f"{label}: {chosen}" if chosen else label

    def load(given: Given, _by: User) -> Given:
        return given | {"partner": _row(Team, given["partner"])} if "partner" in given else given

    def resume(ticket: Ticket, by: User, _before: Given, version: int) -> Ticket:
        return lifecycle.resume(ticket, by=by, version=version)

    return Deed(
        verb,
        BY_VERB[verb].label,
        lambda ticket, by, given: function(ticket, by=by, **given),
        load=load,
        words=words,
        take_back=resume if verb in _WAITS else None,
        warning=warning,
    )


#: Every deed by its key, in the order in which they are offered.
DEEDS: dict[str, Deed] = {deed.key: deed for deed in _OF_TICKETS} | {
    str(verb): _of_verb(verb, function, warning) for verb, (function, warning) in _OF_VERBS.items()
}
