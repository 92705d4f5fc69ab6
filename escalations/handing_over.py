"""Handing work over to partner teams: asking, and every step until it is answered or ended.

hand_over_states.py says what leads from where to where. The ticket's own waiting follows its hand-overs. A partner
need not see the ticket: whoever sees the hand-over may do their part in it.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.core.files.base import File
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

import redaction
from accounts import people
from accounts.models import Membership, Role, Team, TeamKind, User
from common import clock, durations
from common.errors import Absent, NotAllowed, Refused, StaleVersion
from escalations import access_list, by_hand, contract, conversation
from escalations.access import DESK, parties, works_on
from escalations.changes import commit, lock, required
from escalations.clocks import whole_second
from escalations.hand_over_states import Move, Side, check, follow, put, told_of
from escalations.models import (
    HandOver,
    HandOverState,
    Level,
    Message,
    MessageKind,
    PartnerAgreement,
    PartnerForm,
    State,
    Ticket,
)
from escalations.models.ticket import WAITING

MOST_OPEN = 12
#: While the ticket is in one of these, partners can be asked.
ASKABLE = WAITING | {State.IN_PROGRESS}


def current_form(team: Team) -> PartnerForm | None:
    """Return what this partner wants to be told at present, if it has a form."""
    return PartnerForm.objects.filter(team=team).order_by("-version").first()


@transaction.atomic
def ask(
    ticket: Ticket,
    *,
    by: User,
    partner: Team | None,
    question: str,
    title: str = "",
    urgency: int | None = None,
    wanted_by: datetime | None = None,
    answers: Mapping[str, Any] | None = None,
    shares_ticket: bool = False,
    shows_l1: bool = False,
    with_form: bool = True,
    uploads: Iterable[File] = (),
    field: str = "question",
    version: int | None = None,
) -> HandOver:
    """Hand a question over to a partner team; several teams may be asked at once, each once at a time.

    `answers` are those to the partner's own form. `wanted_by` is a date instead of the agreed time. Without
    `shares_ticket` the partner sees what is said here and nothing else of the escalation, not even its subject,
    which is the title else where none is given. Nothing that is asked of compliance is shown to the first line.
    Raises NotAllowed, Refused, StaleVersion, contract.Invalid.
    """
    locked = lock(ticket, by=by, version=version)
    if not parties(by, locked) & DESK:
        raise NotAllowed(_("You may not do this on this escalation."))
    team = _partner(locked, partner)
    if shows_l1 and team.reviews_compliance:
        raise Refused(_("What is asked of compliance is never shown to the first line."), field="shows_l1")
    asked = redaction.clean(required(question, field, _("Say what you ask of them.")))
    now = clock.now()
    _check_ahead(wanted_by)
    form = current_form(team) if with_form else None
    agreement = PartnerAgreement.objects.filter(team=team).first()
    urgency = urgency or Level.MEDIUM
    row = HandOver.objects.create(
        ticket=locked,
        team=team,
        title=redaction.clean(title.strip() or (locked.subject if shares_ticket else " ".join(asked.split())))[
            :200
        ],
        question=asked,
        urgency=urgency,
        asked_by=by,
        asked_at=now,
        wanted_by=whole_second(wanted_by) if wanted_by is not None else None,
        agreed_minutes=agreement.minutes(urgency) if agreement is not None else None,
        agreed_business=agreement.business_time if agreement is not None else True,
        state_since=now,
        form=form,
        answers=redaction.redact_json(contract.clean(form, answers or {})) if form is not None else {},
        shares_ticket=shares_ticket,
        shows_l1=shows_l1,
    )
    said = conversation.add(
        locked, by=by, kind=MessageKind.PARTNER, body=asked, uploads=uploads, hand_over=row, field=field
    )
    _with_the_partner(locked, row, said, by=by)
    return row


def go_on(locked: Ticket, row: HandOver, *, by: User, text: str) -> Ticket:
    """Say more to a partner who has been asked already, and wait for them; the ticket is locked."""
    body = required(text, "message", _("Say what you ask of them."))
    said = conversation.add(locked, by=by, kind=MessageKind.PARTNER, body=body, hand_over=row, field="message")
    if row.state == HandOverState.QUESTION_BACK:
        put(row, HandOverState.IN_WORK)
    _with_the_partner(locked, row, said, by=by)
    return locked


@transaction.atomic
def act(
    hand_over: HandOver,
    move: Move,
    *,
    by: User,
    text: str = "",
    uploads: Iterable[File] = (),
    shown_to_l1: bool = False,
    wanted_by: datetime | None = None,
    side: Side | None = None,
    version: int | None = None,
) -> HandOver:
    """Make one step of the table. Raises Absent, NotAllowed, Refused, StaleVersion.

    `shown_to_l1`: the first line may read this one message. `wanted_by`: the date that Move.DUE sets, and that
    Move.ASK_AGAIN may ask for instead of the agreed time. `side` is given where Secondline itself acts for a
    partner that answered by mail.
    """
    ticket, row = _locked(hand_over, by=by, version=version)
    step = check(row, move)
    if move == Move.ASK_AGAIN:
        _check_may_be_asked(ticket, row.team)
        _check_ahead(wanted_by)
    elif move == Move.DUE and wanted_by is None:
        raise Refused(_("Give the date by which you want the answer."), field="wanted_by")
    own = frozenset({side}) if side is not None and by.is_robot else sides(by, row)
    if not own & step.sides:
        raise NotAllowed(_("This is not yours to do on this hand-over."))
    if shown_to_l1 and row.is_walled:
        raise Refused(_("What is asked of compliance is never shown to the first line."), field="shown_to_l1")
    said = None
    if step.asks:
        body = required(text, "text", _("Write something first."))
        if move == Move.DUE and wanted_by is not None:
            new = _("Due date: %s") % durations.exact(whole_second(wanted_by))
            body = f"{body}\n\n*{new}*"
        said = conversation.add(
            ticket, by=by, kind=MessageKind.PARTNER, body=body, uploads=uploads, hand_over=row,
            shown_to_l1=shown_to_l1, field="text",
        )  # fmt: skip
    if step.target is not None:
        put(row, step.target, **_also(row, move, by, wanted_by))
        follow(ticket)
    if move == Move.DUE and wanted_by is not None and said is not None:
        put(row, HandOverState(row.state))
        because = redaction.clean(text.strip())[: by_hand.LONGEST_REASON]
        about = {"message": said.pk, "kind": str(said.kind), "move": str(move), **told_of(row)}
        by_hand.set_partners(ticket, row.team_id, wanted_by, by=by, because=because, **about)
    elif move in {Move.REPLY, Move.ASK_AGAIN}:
        _with_the_partner(ticket, row, said, by=by)
    elif said is not None:
        kind = str(MessageKind.PARTNER)
        commit(ticket, "message", by=by, because=kind, message=said.pk, kind=kind, move=str(move), **told_of(row))
    else:
        commit(ticket, "hand_over_moved", by=by, because=str(move), move=str(move), **told_of(row))
    return row


@transaction.atomic
def take(hand_over: HandOver, *, by: User) -> HandOver:
    """Make somebody of the partner team its owner; who takes what is only asked accepts it by that."""
    ticket, row = _locked(hand_over, by=by)
    if Side.PARTNER not in sides(by, row):
        raise NotAllowed(_("Only the partner's own people take it."))
    if not row.is_owed:
        raise Refused(_("It is over: “%s”.") % row.get_state_display())
    if row.owner_id == by.pk:
        return row
    if row.owner_id is not None:
        raise Refused(_("%s has it already.") % row.owner)
    state = HandOverState.ACCEPTED if row.state == HandOverState.ASKED else HandOverState(row.state)
    put(row, state, owner=by)
    commit(ticket, "hand_over_moved", by=by, because="take", move="take", **told_of(row))
    return row


def may_give(user: User, hand_over: HandOver) -> bool:
    """Tell whether somebody of the partner's gives it to others: who has it, and the leads of their team."""
    if not hand_over.is_owed or Side.PARTNER not in sides(user, hand_over):
        return False
    return hand_over.owner_id == user.pk or user.roles.get(hand_over.team_id) == Role.LEAD


def takers(hand_over: HandOver) -> QuerySet[User]:
    """Return the partner's people who can have it."""
    members = Membership.objects.filter(team=hand_over.team_id, role__in=[Role.PARTNER, Role.LEAD])
    ticket = hand_over.ticket
    people_ = access_list.listed(ticket) if ticket.restricted_as else User.objects.filter(is_active=True)
    return people_.filter(is_robot=False, pk__in=members.values("user")).order_by("name", "pk")


@transaction.atomic
def give(hand_over: HandOver, *, by: User, owner: User | None, version: int | None = None) -> HandOver:
    """Make somebody else of the partner team its owner, or (None) nobody. Raises as `act`."""
    ticket, row = _locked(hand_over, by=by, version=version)
    if not row.is_owed:
        raise Refused(_("It is over: “%s”.") % row.get_state_display())
    if not may_give(by, row):
        raise NotAllowed(_("Only who has it, or a lead of the partner's, gives it to others."))
    if owner is not None and not takers(row).filter(pk=owner.pk).exists():
        raise Refused(_("Choose somebody of the partner's who may see it."), field="owner")
    if row.owner_id == (owner.pk if owner is not None else None):
        return row
    put(row, HandOverState(row.state), owner=owner)
    move = "give" if owner is not None else "release"
    given = [owner.pk] if owner is not None else []
    commit(ticket, "hand_over_moved", by=by, because=move, move=move, people=given, **told_of(row))
    return row


@transaction.atomic
def share(
    hand_over: HandOver, *, by: User, shares_ticket: bool, shows_l1: bool, version: int | None = None
) -> HandOver:
    """Let the partner see the escalation, or the first line the thread; or no longer."""
    ticket, row = _locked(hand_over, by=by, version=version)
    if Side.DESK not in sides(by, row):
        raise NotAllowed(_("Only whoever works the escalation decides what is shown."))
    if shows_l1 and row.is_walled:
        raise Refused(_("What is asked of compliance is never shown to the first line."), field="shows_l1")
    put(row, HandOverState(row.state), shares_ticket=shares_ticket, shows_l1=shows_l1)
    commit(
        ticket, "hand_over_moved", by=by, because="share", move="share", shares_ticket=shares_ticket,
        shows_l1=shows_l1, **told_of(row),
    )  # fmt: skip
    return row


def sides(user: User, hand_over: HandOver) -> frozenset[Side]:
    """Return on which side of the hand-over somebody stands; on none who only reads."""
    if user.is_auditor:
        return frozenset()
    found = set()
    if hand_over.team_id in user.teams_as(Role.PARTNER, Role.LEAD):
        found.add(Side.PARTNER)
    if works_on(user, hand_over.ticket):
        found.add(Side.DESK)
    return frozenset(found)


def _check_ahead(wanted_by: datetime | None) -> None:
    if wanted_by is not None and whole_second(wanted_by) <= clock.now():
        raise Refused(_("This lies in the past: give a later time."), field="wanted_by")


def _also(row: HandOver, move: Move, by: User, wanted_by: datetime | None) -> dict[str, Any]:
    """Return what else changes with a step: who begins has it, and what is asked again begins anew."""
    if move in {Move.ACCEPT, Move.BEGIN} and row.owner_id is None and not by.is_robot:
        return {"owner": by}
    if move == Move.ASK_AGAIN:
        return {"asked_at": clock.now(), "wanted_by": whole_second(wanted_by) if wanted_by is not None else None}
    return {}


def _with_the_partner(ticket: Ticket, row: HandOver, said: Message | None, *, by: User) -> None:
    """Finish a change after which the partner has it: the ticket waits, unless it waits for somebody else."""
    follow(ticket)
    waits = ticket.state == State.WAITING_PARTNER
    commit(
        ticket, "waiting" if waits else "handed_over", by=by, because=str(State.WAITING_PARTNER),
        message=said.pk if said is not None else None, **told_of(row),
    )  # fmt: skip


def _locked(hand_over: HandOver, *, by: User, version: int | None = None) -> tuple[Ticket, HandOver]:
    """Lock the ticket, then the hand-over, as everybody does; raise Absent for who may not see the hand-over."""
    rows = HandOver.objects.all() if by.is_robot else HandOver.objects.visible_to(by)
    seen = rows.select_related("ticket").filter(pk=hand_over.pk).first()
    if seen is None:
        raise Absent(_("There is no such hand-over."))
    ticket = lock(seen.ticket, by=people.system())
    row = (
        rows.select_for_update(of=("self",), no_key=True)
        .select_related("team", "owner", "asked_by")
        .filter(pk=hand_over.pk)
        .first()
    )
    if row is None:
        raise Absent(_("There is no such hand-over."))
    if version is not None and version != row.version:
        raise StaleVersion(
            _("Somebody changed this hand-over while you were writing. Nothing was saved."), current=row
        )
    row.ticket = ticket
    return ticket, row


def _partner(ticket: Ticket, team: Team | None) -> Team:
    if team is None or team.kind != TeamKind.PARTNER or not team.is_active:
        raise Refused(_("Choose the partner team that should answer."), field="partner")
    access_list.require_somebody_of(team, ticket, Role.PARTNER, field="partner")
    _check_may_be_asked(ticket, team)
    return team


def _check_may_be_asked(ticket: Ticket, team: Team) -> None:
    if ticket.state not in ASKABLE:
        raise Refused(_("Partners are asked while it is being worked on: it is “%s” now.") % _state(ticket))
    owed = ticket.hand_overs.owed()
    if owed.filter(team=team).exists():
        raise Refused(_("%s has been asked and owes an answer: write in that hand-over.") % team, field="partner")
    if owed.count() >= MOST_OPEN:
        raise Refused(_("At most %d partners can be asked at once.") % MOST_OPEN, field="partner")


def _state(ticket: Ticket) -> str:
    return str(ticket.get_state_display())
