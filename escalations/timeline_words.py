"""What the timeline says of each event, in one line, with the names behind the ids that events carry."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import TypeVar

from django.utils.text import get_text_list
from django.utils.translation import gettext as _

from accounts.models import Team, User
from common import durations
from escalations import alerts, routing_words
from escalations.models import Category, HandOverState, Metric, Reason, RestrictionKind, State, Ticket
from events.models import Event

_OF_HAND_OVERS = {"ticket.handed_over", "ticket.hand_over_moved"}

Named = TypeVar("Named", Team, User, Reason)


class Names:
    """The names behind the ids that events carry, fetched once for a whole timeline.

    What comes with the events and with the `ticket`, if they are its own, is not asked for again.
    """

    def __init__(self, events: list[Event], ticket: Ticket | None = None) -> None:
        team_ids = {event.data.get("ticket", {}).get("team") for event in events}
        owner_ids = {event.data.get("ticket", {}).get("owner") for event in events}
        owner_ids |= {person for event in events for person in event.get("people", [])}
        team_ids |= {team for event in events for team in event.get("teams", [])}
        team_ids |= {event.get("partner") for event in events if event.kind in _OF_HAND_OVERS}
        reason_ids = {event.get("reason") or event.get("resolution") for event in events}
        own = (ticket.team, ticket.l1_team, ticket.owner, ticket.created_by, ticket.resolution) if ticket else ()
        actors = [event.actor for event in events]
        self.teams = {pk: team.name for pk, team in _named(Team, team_ids, own).items()}
        self.people = {pk: user.name for pk, user in _named(User, owner_ids, (*own, *actors)).items()}
        self.reasons = {pk: str(reason) for pk, reason in _named(Reason, reason_ids, own).items()}

        # Only a choice by skill names its category.
        category_ids = {event.data["ticket"]["category"] for event in events if event.get("why", {}).get("skill")}
        known = Category.objects.filter(pk__in=category_ids) if category_ids else []
        self.categories = {category.pk: str(category) for category in known}

    def category(self, event: Event) -> str:
        return self.categories.get(event.data["ticket"]["category"], "–")

    def team(self, event: Event) -> str:
        return self.teams.get(event.data["ticket"]["team"], "–")

    def partner(self, event: Event) -> str:
        return self.teams.get(event.get("partner"), "–")

    def owner(self, event: Event) -> str:
        return self.people.get(event.data["ticket"]["owner"], "–")

    def told(self, event: Event) -> str:
        names = [self.people.get(person, "–") for person in event.get("people", [])]
        return get_text_list(names, _("and")) if names else "–"

    def listed(self, event: Event) -> str:
        teams = [self.teams.get(team, "–") for team in event.get("teams", [])]
        names = [*(self.people.get(person, "–") for person in event.get("people", [])), *teams]
        return get_text_list(names, _("and")) if names else "–"

    def reason(self, event: Event) -> str:
        return self.reasons.get(event.get("reason") or event.get("resolution"), "–")


def _named(model: type[Named], ids: Iterable[int | None], known: Iterable[object]) -> dict[int, Named]:
    """Return the rows of these ids, those among `known` without asking for them."""
    found = {row.pk: row for row in known if isinstance(row, model)}
    if missing := {pk for pk in ids if pk is not None} - found.keys():
        found |= model._default_manager.in_bulk(missing)
    return found


def _assigned(event: Event, names: Names) -> str:
    owner = event.data["ticket"]["owner"]
    if event.get("how") == "ladder":
        return _("gave it to %(person)s. %(deadline)s") % {
            "person": names.owner(event),
            "deadline": alerts.deadline_of(event),
        }
    if event.get("how") == "routed":
        return _("gave it to %(person)s: %(why)s") % {
            "person": names.owner(event),
            "why": routing_words.recorded(event.data["why"], names.category(event)),
        }
    if owner is None:
        return _("let go of it")
    if owner == event.actor_id:
        return _("took it")
    return _("assigned it to %s") % names.owner(event)


def _waiting(event: Event, _names: Names) -> str:
    return _("is waiting: %s") % State(event.data["ticket"]["state"]).label


def _moved(event: Event, names: Names) -> str:
    words = {"team": names.partner(event), "state": HandOverState(event.get("hand_over_state")).label}
    if event.get("move") == "share":
        return _("changed what is shown of the hand-over to %(team)s") % words
    if event.get("move") == "give":
        return _("%(team)s: the hand-over is %(people)s's now") % {**words, "people": names.told(event)}
    if event.get("move") == "release":
        return _("%(team)s: the hand-over is nobody's now") % words
    return _("Hand-over to %(team)s: %(state)s") % words


def _breached(event: Event, _names: Names) -> str:
    return _("Deadline missed: %s") % Metric(event.data["metric"]).label


def _deadline_set(event: Event, _names: Names) -> str:
    metric = Metric(event.data["metric"]).label
    if not event.get("due_at"):
        return _("let the policy decide again: %s") % metric
    return _("set a deadline by hand: {metric} on {date}, because: {reason}").format(
        metric=metric,
        date=durations.on_the_second(datetime.fromisoformat(event.get("due_at"))),
        reason=event.get("because"),
    )


def _priority(event: Event, _names: Names) -> str:
    change = {"old": event.get("former"), "new": event.data["ticket"]["priority"]}
    said = _("changed the priority from P%(old)s to P%(new)s") % change
    because = _because(event)
    return f"{said}. {because}" if because else said


def _because(event: Event) -> str:
    """Return why Secondline itself did it, if it did."""
    if "step" in event.data:
        return alerts.deadline_of(event)
    if "reopenings" in event.data:
        return alerts.reopenings_of(event)
    return ""


def _alerted(event: Event, names: Names) -> str:
    return _("alerted %(people)s. %(why)s") % {"people": names.told(event), "why": _because(event)}


def _forgotten(event: Event, names: Names) -> str:
    return _("alerted %(people)s: nobody has touched it for long") % {"people": names.told(event)}


def _rated(event: Event, _names: Names) -> str:
    return _("The customer rated the answer: %s of 5") % str(event.get("score"))


def _issue(event: Event, _names: Names) -> str:
    return _("linked a known issue") if event.get("issue") else _("unlinked the known issue")


def _tagged(event: Event, _names: Names) -> str:
    added, removed = " · ".join(event.get("added")), " · ".join(event.get("removed"))
    if added and removed:
        return _("tagged it %(added)s instead of %(removed)s") % {"added": added, "removed": removed}
    return _("tagged it %s") % added if added else _("took away the tag %s") % removed


def _restricted(event: Event, names: Names) -> str:
    return _("restricted it (%(kind)s) to %(list)s") % {
        "kind": RestrictionKind(event.get("restricted_as")).label,
        "list": names.listed(event),
    }


_LINES: dict[str, Callable[[Event, Names], str]] = {
    "ticket.created": lambda event, names: _("escalated it to %s") % names.team(event),
    "ticket.accepted": lambda _event, _names: _("accepted it"),
    "ticket.returned": lambda event, names: _("returned it to L1: %s") % names.reason(event),
    "ticket.resubmitted": lambda _event, _names: _("completed and resubmitted it"),
    "ticket.assigned": _assigned,
    "ticket.routing_asked": lambda _event, _names: _("asked for it to be given out again"),
    "ticket.started": lambda _event, _names: _("started work"),
    "ticket.waiting": _waiting,
    "ticket.handed_over": _moved,
    "ticket.hand_over_moved": _moved,
    "ticket.nudged": lambda event, names: _("reminded %(people)s") % {"people": names.told(event)},
    "ticket.depends": lambda event, _names: _("waits for ESC-%s") % event.get("on"),
    "ticket.depends_no_longer": lambda event, _names: _("waits for ESC-%s no longer") % event.get("on"),
    "ticket.note_taken_back": lambda _event, _names: _("took a note back"),
    "ticket.resumed": lambda _event, _names: _("resumed work"),
    "ticket.resolved": lambda event, names: _("resolved it: %s") % names.reason(event),
    "ticket.closed": lambda _event, _names: _("closed it"),
    "ticket.reopened": lambda event, names: _("reopened it: %s") % names.reason(event),
    "ticket.cancelled": lambda event, names: _("cancelled it: %s") % names.reason(event),
    "ticket.merged": lambda event, _names: _("merged it into ESC-%s") % event.get("target"),
    "ticket.absorbed": lambda event, _names: _("merged ESC-%s into this one") % event.get("source"),
    "ticket.unmerged": lambda event, _names: _("took the merge into ESC-%s back") % event.get("source"),
    "ticket.released": lambda event, _names: _("took ESC-%s out of this one again") % event.get("source"),
    "ticket.team_changed": lambda event, names: _("passed it to %s") % names.team(event),
    "ticket.priority_changed": _priority,
    "ticket.deadline_set": _deadline_set,
    "ticket.alerted": _alerted,
    "ticket.forgotten": _forgotten,
    "ticket.levels_reapplied": lambda _event, _names: _("applied the service levels in force"),
    "ticket.clocks_repaired": lambda _event, _names: _("repaired its clocks from their ledger"),
    "ticket.diagnosed": lambda event, _names: _("wrote version %s of the diagnosis") % event.get("version"),
    "ticket.known_issue_linked": _issue,
    "ticket.tagged": _tagged,
    "ticket.restricted": _restricted,
    "ticket.unrestricted": lambda _event, _names: _("lifted the restriction"),
    "ticket.access_added": lambda event, names: _("put %s on the access list") % names.listed(event),
    "ticket.access_removed": lambda event, names: _("took %s off the access list") % names.listed(event),
    "ticket.custodian_named": lambda event, names: (
        _("named %s custodian of the access list") % names.listed(event)
    ),
    "ticket.article_linked": lambda _event, _names: _("linked an article"),
    "ticket.checklist_answered": lambda event, _names: alerts.answer_to_checklist(event),
    "ticket.recheck_ended": lambda _event, _names: _("The re-check of the integration ended; it still fails."),
    "ticket.recheck_works": lambda _event, _names: _("The integration works again."),
    "ticket.rating_asked": lambda _event, _names: _("asked the customer for a rating"),
    "ticket.rated": _rated,
    "sla.breached": _breached,
}


def line(event: Event, names: Names) -> str:
    """Return what the timeline says of an event; the bare kind of one that it knows nothing to say of."""
    describe = _LINES.get(event.kind)
    return describe(event, names) if describe else event.kind
