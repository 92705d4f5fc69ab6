"""Accounts unused for 90 days are switched off; a leaver, their tokens and streams are out at once."""

from datetime import timedelta

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse
from knox.models import AuthToken
from rest_framework.test import APIClient

from accounts import people, unused
from accounts.models import User
from common import clock
from escalations import assignment, live
from events.models import Event
from events.tail import Fact
from tests import seed
from tests.accounts.test_sign_in import sign_in
from tests.escalations.desk import Desk
from tests.factories import MembershipFactory, UserFactory

pytestmark = pytest.mark.django_db


def away(days, **facts):
    then = clock.now() - timedelta(days=days)
    return UserFactory(**{"last_login": then, "date_joined": then} | facts)


def test_only_what_is_unused_for_90_days_is_switched_off(admin):
    sleeping, never = away(91), away(91, last_login=None)
    awake = away(89)
    new = away(10, last_login=None)
    robot = away(400, is_robot=True)
    again = away(200)
    people.deactivate(again, by=admin)
    people.activate(again, by=admin)
    User.objects.filter(pk=admin.pk).update(last_login=clock.now())
    assert unused.disable() == 2
    assert unused.disable() == 0
    active = set(User.objects.filter(is_active=True))
    assert active >= {awake, new, robot, again, admin}
    assert not active & {sleeping, never}
    event = Event.objects.get(kind="person.deactivated", subject_id=sleeping.pk)
    assert (event.actor, event.data) == (people.system(), {"reason": "unused"})


def test_the_last_admin_stays():
    first, last = away(300, is_superuser=True), away(200, is_superuser=True)
    unused.disable()
    assert set(User.objects.filter(is_superuser=True, is_active=True)) == {last}
    assert first != last


def test_leads_of_their_teams_and_admins_are_told_in_their_language(admin):
    member = MembershipFactory(role="l2")
    lead = MembershipFactory(role="lead", team=member.team, user__language="es").user
    MembershipFactory(role="lead")
    event = people.deactivate(member.user, by=people.system(), reason="unused")
    event = Event.objects.get(kind="person.deactivated")
    unused.handle(event)
    assert {to for message in mail.outbox for to in message.to} == {admin.email, lead.email}
    assert str(member.user) in mail.outbox[0].subject
    assert {message.extra_headers["Content-Language"] for message in mail.outbox} == {"en", "es"}
    mail.outbox.clear()
    people.deactivate(lead, by=admin)
    unused.handle(Event.objects.filter(kind="person.deactivated").latest("id"))
    assert mail.outbox == [], "an admin knows what they did"


def test_a_leaver_is_out_everywhere_and_their_escalations_are_the_teams_again(admin):
    seed.catalogue()
    desk = Desk()
    ticket = desk.started()
    leaver = ticket.owner
    assert leaver is not None
    browser = Client()
    sign_in(browser, leaver.email)
    api = APIClient(headers={"Authorization": f"Bearer {AuthToken.objects.create(leaver)[1]}"})
    assert api.get(reverse("api-ticket-list")).status_code == 200

    people.deactivate(leaver, by=admin)
    assert browser.get(reverse("preferences")).status_code == 302
    assert api.get(reverse("api-ticket-list")).status_code == 401
    event = Event.objects.get(kind="person.deactivated")
    told = live.told([Fact(0, event.pk, event.kind, (event.subject_type, event.subject_id))])
    assert told == [live.Message(live.END, frozenset({f"person:{leaver.pk}"}))]
    assignment.handle(event)
    ticket.refresh_from_db()
    assert ticket.owner is None
