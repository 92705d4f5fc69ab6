"""The demo company's hand-overs, one in every state, and who waits for whom, told by the usual functions."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import combinations, islice
from typing import Any

from django.db.models import Exists, OuterRef

from accounts import people
from accounts.models import Membership, Role, Team, TeamKind, User
from common import clock
from escalations import access, climbing, handing_over, ticket_clocks, waits
from escalations.hand_over_states import Move, Side
from escalations.models import Alert, HandOver, PartnerAgreement, PartnerForm, State, Ticket
from events.models import Delivery

_ENGINEERING, _RISK, _COMPLIANCE = "Payments Engineering", "Risk Operations", "Compliance"
_OLDEST = timedelta(hours=30)

_FORMS: dict[str, list[dict[str, Any]]] = {
    _ENGINEERING: [
        {
            "key": "request_id", "type": "reference", "required": True,
            "label": {"en": "Request or trace id", "es": "Id de la solicitud o de la traza"},
        },
        {
            "key": "environment", "type": "choice", "required": True,
            "label": {"en": "Environment", "es": "Entorno"},
            "choices": [
                {"value": "live", "label": {"en": "Live", "es": "Producción"}},
                {"value": "sandbox", "label": {"en": "Sandbox", "es": "Pruebas"}},
            ],
        },
        {
            "key": "steps", "type": "steps",
            "label": {"en": "Steps to see it", "es": "Pasos para verlo"},
        },
    ],
    "Logistics": [
        {
            "key": "parcel", "type": "reference", "required": True,
            "label": {"en": "Consignment number", "es": "Número de envío"},
        }
    ],
}  # fmt: skip
_AGREED = {
    _ENGINEERING: (60, 240, 960),
    _RISK: (120, 480, 1440),
    _COMPLIANCE: (240, 960, 2880),
    "Product": (480, 1440, 4320),
    "Logistics": (120, 480, 1440),
}
_ANSWERS = {
    _ENGINEERING: {"request_id": "req_8f21c0aa19", "environment": "live"},
    "Logistics": {"parcel": "PH-2041-778"},
}


def lay_out(now: datetime) -> list[HandOver]:
    """Set the partners up and lay out a hand-over in every state; nothing where there are no such teams."""
    teams = {team.name: team for team in Team.objects.filter(kind=TeamKind.PARTNER)}
    if _ENGINEERING not in teams:
        return []
    for name in ("Product", "Logistics"):
        teams.setdefault(name, Team.objects.get_or_create(name=name, defaults={"kind": TeamKind.PARTNER})[0])
    owed = set(Delivery.objects.values_list("pk", flat=True))
    with clock.replaying(now - timedelta(days=60)):
        _set_up(teams)
    laid: list[HandOver] = []
    tickets = list(islice(_tickets(now), len(_STORIES)))
    for stories, ticket in zip(_STORIES, tickets, strict=False):
        laid += [row for team, told in stories if team in teams and (row := _tell(ticket, teams[team], told, now))]
    _one_waits_for_another(tickets, now)
    with clock.replaying(now):
        ticket_clocks.mark_breaches()
        climbing.take_steps()
    Delivery.objects.exclude(pk__in=owed).delete()  # the past owes nothing
    return laid


def _set_up(teams: dict[str, Team]) -> None:
    for name, (high, medium, low) in _AGREED.items():
        if name not in teams:
            continue
        by_mail = name == "Logistics"
        PartnerAgreement.objects.create(
            team=teams[name], high_minutes=high, medium_minutes=medium, low_minutes=low, version=1,
            email="dispatch@carrier.example" if by_mail else "",
        )  # fmt: skip
    for name, fields in _FORMS.items():
        if name in teams:
            PartnerForm.objects.create(team=teams[name], version=1, fields=fields, created_at=clock.now())


def _tickets(now: datetime) -> Iterator[Ticket]:
    """Yield tickets in work, nobody handed over or alerted of; those first that nobody has touched for longest."""
    free = Ticket.objects.filter(
        ~Exists(Alert.objects.filter(ticket=OuterRef("pk"))),
        state=State.IN_PROGRESS, owner__isnull=False, owner__is_active=True, hand_overs=None, restricted_as="",
        updated_at__lt=now - timedelta(minutes=30),
    )  # fmt: skip
    for ticket in free.select_related("owner").order_by("updated_at", "pk")[:30]:
        if ticket.owner is not None and access.works_on(ticket.owner, ticket):
            yield ticket


#: What is said, and by whom: the step, its text, and whether the partner's people take it by name.
Story = list[tuple[Move | str, str]]


#: Of one escalation each: what is asked of which partner, one after the other.
_STORIES: list[list[tuple[str, Story]]] = [
    [(_ENGINEERING, [
        ("ask:1", "The gateway answers 200, but the charge is not in the settlement file. Where did it go?"),
    ])],
    [("Product", [("ask:3", "Does the new checkout still support instalments?"), ("withdraw", "")]),
     (_RISK, [
         ("ask:2", "May this merchant's rolling reserve be lowered?"), ("take", ""),
         (Move.DECLINE, "Reserves are the acquirer's decision: ask Finance."),
     ]),
     (_ENGINEERING, [
         ("ask:2", "Webhooks of this merchant come twice since Tuesday. What changed?"), ("take", ""),
     ])],
    [("Logistics", [
        ("ask:1", "The reader was sent nine days ago and is not there. Where is it?"),
        ("mail", "It lies in Cebu since Monday: the street number is missing. We deliver once we have it."),
     ]),
     (_ENGINEERING, [
         ("ask:1", "Tokens of this merchant are refused since the rotation of keys."), ("take", ""),
         (Move.ASK_BACK, "Do they sign with the old key? Please send the key id of a refused request."),
     ])],
    [(_ENGINEERING, [
        ("ask:2", "Payouts to this bank time out after 30 seconds. Can the timeout be raised?"), ("take", ""),
        (Move.BEGIN, ""), (Move.SAY, "Reproduced on staging. Looking at the connection pool."),
     ]),
     (_RISK, [("ask:2", "Is the customer's limit the reason?"), ("take", "")]),
     ("Product", [("ask:3", "What does the plan promise about fees of late payouts?")])],
    [(_ENGINEERING, [
        ("ask:3", "Is 00 a valid response code for a partial approval?"), ("take", ""),
        (Move.ANSWER, "No: partial approvals answer 10. Fixed in 4.12.1."), ("close", ""),
     ]),
     (_COMPLIANCE, [
         ("ask:1", "Sixteen transfers just below the limit in two days. May we go on?"), ("take", ""),
     ])],
]  # fmt: skip


def _tell(ticket: Ticket, team: Team, told: Story, now: datetime) -> HandOver | None:
    """Tell one hand-over, its steps spread between the ticket's last change and now."""
    ticket.refresh_from_db()
    begins = max(ticket.updated_at + timedelta(minutes=1), now - _OLDEST)
    member = Membership.objects.filter(team=team, role=Role.PARTNER).select_related("user").order_by("pk").first()
    partner = member.user if member is not None else None
    row: HandOver | None = None
    for number, (step, text) in enumerate(told):
        with clock.replaying(begins + (now - begins) * number / max(len(told), 2)):
            row = _step(ticket, team, row, step, text, partner)
    return row


def _step(
    ticket: Ticket, team: Team, row: HandOver | None, step: Move | str, text: str, partner: User | None
) -> HandOver | None:
    owner = ticket.owner or people.system()
    if row is None:
        return handing_over.ask(
            ticket, by=owner, partner=team, question=text, title=text.split(".")[0].split("?")[0][:80],
            urgency=int(str(step)[-1]), answers=_ANSWERS.get(team.name), shares_ticket=team.reviews_compliance,
        )  # fmt: skip
    if step == "mail":
        note = "\n\n*By mail from dispatch@carrier.example*"
        return handing_over.act(row, Move.ANSWER, by=people.system(), side=Side.PARTNER, text=text + note)
    if step in {Move.CLOSE, Move.WITHDRAW}:
        return handing_over.act(row, Move(step), by=owner)
    if partner is None:
        return row
    if step == "take":
        return handing_over.take(row, by=partner)
    return handing_over.act(row, Move(step), by=partner, text=text)


def _one_waits_for_another(tickets: list[Ticket], now: datetime) -> None:
    for first, second in combinations(tickets, 2):
        owner = first.owner
        if owner is not None and Ticket.objects.visible_to(owner).filter(pk=second.pk).exists():
            with clock.replaying(now - timedelta(minutes=1)):
                waits.depend(first, second, by=owner)
            return
