"""The live stream's keys say the same as `visible_to`: for random people and tickets, and on a change of team."""

import pytest
from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from accounts.models import Membership, Role, Team, TeamKind, User
from escalations import assignment, audience, defaults, lifecycle
from escalations.models import HandOver, HandOverState, Ticket
from escalations.snapshot import SUBJECT
from events.models import Event
from tests.escalations.desk import Desk
from tests.factories import TeamFactory, UserFactory

KINDS = {Role.L1: TeamKind.L1, Role.L2: TeamKind.L2, Role.LEAD: TeamKind.L2, Role.PARTNER: TeamKind.PARTNER}
PERSON = st.tuples(
    st.lists(
        st.tuples(st.sampled_from(sorted(KINDS)), st.integers(0, 1)), max_size=3, unique_by=lambda role: role
    ),
    st.sampled_from(["", "is_auditor", "is_superuser"]),
)


class TestTheSameAsVisibleTo(TestCase):
    """Hypothesis makes the people; the tickets are one of each kind that `visible_to` tells apart."""

    teams: dict[TeamKind, list[Team]]
    desk: Desk

    @classmethod
    def setUpTestData(cls) -> None:
        defaults.seed()
        desk = Desk()
        cls.desk = desk
        cls.teams = {
            kind: [*own, *(TeamFactory(kind=kind) for _ in range(2 - len(own)))]
            for kind, own in {
                TeamKind.L1: [desk.voice],
                TeamKind.L2: [desk.payments, desk.accounts],
                TeamKind.PARTNER: [desk.engineering],
            }.items()
        }
        desk.escalated()
        handed = lifecycle.wait_for_partner(
            desk.started(), by=desk.l2, partner=desk.engineering, message="Is it down?"
        )
        HandOver.objects.filter(ticket=handed).end(HandOverState.ANSWERED, handed.updated_at)
        assignment.give_to_team(desk.accepted(), desk.accounts, by=desk.l2)

    @settings(max_examples=15, deadline=None)
    @given(made=PERSON)
    def test_ears_and_eyes_agree(self, made: tuple[list[tuple[Role, int]], str]) -> None:
        roles, mark = made
        with transaction.atomic():
            user: User = UserFactory(**({mark: True} if mark else {}))
            for role, which in {(KINDS[role], which): (role, which) for role, which in roles}.values():
                Membership.objects.create(user=user, team=self.teams[KINDS[role]][which], role=role)
            last = {
                event.subject_id: event.pk for event in Event.objects.filter(subject_type=SUBJECT).order_by("pk")
            }
            keys = audience.of_events(last.values())
            seen = set(Ticket.objects.visible_to(user).values_list("pk", flat=True))
            ears = audience.ears(User.objects.get(pk=user.pk))
            moved = Ticket.objects.get(team=self.desk.accounts).pk
            heard = {ticket for ticket, event in last.items() if ears & keys[event]}
            transaction.set_rollback(True)
        # Of a ticket that has just moved, whoever saw it before hears, too.
        former = {moved} if f"with:{self.desk.payments.pk}" in ears else set()
        assert heard == seen | former


@pytest.mark.django_db
def test_a_change_of_team_is_told_to_the_old_and_the_new_team_and_to_nobody_else() -> None:
    defaults.seed()
    desk = Desk()
    ticket = desk.accepted()
    assignment.give_to_team(ticket, desk.accounts, by=desk.l2)
    event = Event.objects.filter(subject_type=SUBJECT, subject_id=ticket.pk).latest("pk")
    keys = audience.of_events([event.pk])[event.pk]
    hears = {person.name for person in User.objects.filter(is_robot=False) if audience.ears(person) & keys}
    assert hears == {
        desk.l1.name,
        desk.l2.name,
        desk.other_l2.name,
        desk.lead.name,
        desk.outsider.name,
        "Aud Itor",
    }
