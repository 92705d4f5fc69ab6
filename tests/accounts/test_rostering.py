"""Changing rosters: what is refused, what a published version keeps, and who may do it."""

import pytest
import time_machine
from django.db import DatabaseError, transaction

from accounts import roster, rostering
from accounts.models import ExceptionKind, Role, Roster, RosterException, Shift, TeamKind
from accounts.rostering import WeeklyShift
from common.business_hours import Interval
from common.errors import NotAllowed, Refused, StaleVersion
from events.models import Event
from tests.accounts.rosters import AFTERNOON, EVENING, MANILA, Crew, day, utc
from tests.factories import MembershipFactory, TeamFactory, UserFactory

LEAVE, SICK, EXTRA = ExceptionKind.LEAVE, ExceptionKind.SICK, ExceptionKind.EXTRA
NOW = utc("2026-06-01T00:00")  # a Monday


@pytest.fixture(autouse=True)
def _standing_still(db):
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def crew(_standing_still) -> Crew:
    return Crew()


def test_a_draft_is_kept_and_saved_again(crew):
    first = crew.save()
    again = crew.save(ana=AFTERNOON)
    assert (again.pk, again.number, again.saved_count) == (first.pk, 1, 2)
    assert again.shifts.count() == 5
    assert not roster.on_now(crew.team, utc("2026-06-01T08:00"))
    assert [event.kind for event in Event.objects.filter(subject_type="roster")] == ["roster.draft_saved"] * 2


def test_publishing_makes_versions(crew):
    first = crew.publish()
    second = crew.publish(ana=EVENING)
    assert (first.number, second.number, second.published_by) == (1, 2, crew.lead)
    assert rostering.published(crew.team) == second
    assert rostering.draft(crew.team) is None


def test_a_discarded_draft_leaves_the_published_version(crew):
    first = crew.publish()
    draft = crew.save()
    rostering.discard_draft(crew.team, by=crew.lead, version=draft.saved_count)
    assert rostering.published(crew.team) == first
    with pytest.raises(Refused):
        rostering.discard_draft(crew.team, by=crew.lead, version=0)


@pytest.mark.parametrize("late", ["save", "publish", "discard"])
def test_a_stale_draft_is_refused(crew, late):
    crew.save()
    crew.save(ana=AFTERNOON)
    act = {
        "save": lambda: crew.save(version=1),
        "publish": lambda: rostering.publish(crew.team, by=crew.lead, version=1),
        "discard": lambda: rostering.discard_draft(crew.team, by=crew.lead, version=1),
    }[late]
    with pytest.raises(StaleVersion):
        act()
    assert rostering.draft(crew.team).saved_count == 2


@pytest.mark.parametrize(
    ("shifts", "sentence"),
    [
        ([], "at least one shift"),
        ([Interval(0, 900, 900)], "is empty"),
        ([Interval(0, 900, 800)], "is empty"),
        ([Interval(7, 900, 1000)], "within its day"),
        ([Interval(0, 1440, 1500)], "within its day"),
        ([Interval(0, 0, 1441)], "at most 24 hours"),
        ([Interval(0, 900, 1000), Interval(0, 999, 1100)], "overlap"),
        ([Interval(0, 900, 1500), Interval(1, 0, 100)], "overlap on Tuesday"),
        ([Interval(6, 900, 1500), Interval(0, 59, 100)], "overlap on Monday"),
        ([Interval(0, 900, 1000), Interval(0, 900, 1000)], "overlap"),
        ([Interval(number % 7, 0, 1) for number in range(701)], "at most 700"),
    ],
)
def test_shifts_that_cannot_be_are_refused(crew, shifts, sentence):
    with pytest.raises(Refused, match=sentence):
        rostering.save_draft(
            crew.team, MANILA, [WeeklyShift(crew.ana, one) for one in shifts], by=crew.lead, version=0
        )
    assert not Roster.objects.exists()


def test_shifts_that_touch_or_are_two_peoples_are_taken(crew):
    crew.save(ana=[Interval(6, 900, 1500), Interval(0, 60, 100)], ben=[Interval(0, 60, 100)])


def test_an_unknown_zone_is_refused(crew):
    with pytest.raises(Refused, match="time zone"):
        crew.save(zone="Mars/Base", ana=AFTERNOON)


@pytest.mark.parametrize("away", ["outsider", "inactive"])
def test_who_is_not_in_the_team_is_refused(crew, away):
    person = UserFactory() if away == "outsider" else crew.ana
    if away == "inactive":
        crew.ana.is_active = False
        crew.ana.save()
    with pytest.raises(Refused, match="not in the team"):
        rostering.save_draft(crew.team, MANILA, [WeeklyShift(person, Interval(0, 1, 2))], by=crew.lead, version=0)


def test_shifts_for_two_teams_may_not_overlap_whatever_their_zones(crew):
    crew.publish()
    other = Crew("Risk")
    MembershipFactory(user=crew.ana, team=other.team, role=Role.L2)
    other.ana = crew.ana
    with pytest.raises(Refused, match="on duty for Payments already: 1 Jun 2026, 15:00"):
        other.save(ana=[Interval(0, 840, 901)])
    with pytest.raises(
        Refused, match="on duty for Payments"
    ):  # 08:00 in London is 15:00 in Manila: in summer only
        other.save(zone="Europe/London", ana=[Interval(0, 420, 481)])
    other.save(zone="Europe/London", ana=[Interval(0, 300, 420)])
    assert other.publish(ana=[Interval(0, 840, 900)]).is_published


def test_publishing_looks_at_other_teams_once_more(crew):
    other = Crew("Risk")
    MembershipFactory(user=crew.ana, team=other.team, role=Role.L2)
    other.ana = crew.ana
    draft = other.save(ana=AFTERNOON)
    crew.publish()
    with pytest.raises(Refused, match="on duty for Payments"):
        rostering.publish(other.team, by=other.lead, version=draft.saved_count)
    assert not rostering.published(other.team)


def test_a_published_version_is_changed_by_nothing(crew):
    version = crew.publish()
    shift = version.shifts.first()
    draft = crew.save(ana=AFTERNOON)
    acts = [
        lambda: Roster.objects.filter(pk=version.pk).update(zone="UTC"),
        lambda: Roster.objects.filter(pk=version.pk).update(published_at=None, published_by=None),
        lambda: Roster.objects.filter(pk=version.pk).delete(),
        lambda: Shift.objects.filter(pk=shift.pk).update(opens=1),
        lambda: Shift.objects.filter(pk=shift.pk).update(roster=draft),
        lambda: Shift.objects.filter(roster=draft).update(roster=version),
        lambda: Shift.objects.filter(pk=shift.pk).delete(),
        lambda: Shift.objects.create(roster=version, person=crew.ana, day=6, opens=1, closes=2),
    ]
    for act in acts:
        with pytest.raises(DatabaseError, match="the roster is published"), transaction.atomic():
            act()
    assert draft.shifts.update(opens=1) == 5


# Exceptions


@pytest.mark.parametrize(
    ("first", "last", "kind", "sentence"),
    [
        ("2026-06-03", "2026-06-02", LEAVE, "before the first"),
        ("2026-06-03", "2027-06-04", LEAVE, "At most a year"),
        ("2026-05-24", "2026-06-04", LEAVE, "a week ago to two years"),
        ("9999-12-31", "9999-12-31", LEAVE, "a week ago to two years"),
        ("0001-01-01", "0001-01-01", SICK, "a week ago to two years"),
        ("2026-06-03", "2026-06-03", EXTRA, "one of the list"),
    ],
)
def test_days_off_that_cannot_be_are_refused(crew, first, last, kind, sentence):
    crew.publish()
    with pytest.raises(Refused, match=sentence):
        rostering.take_off(crew.team, crew.ana, kind, day(first), day(last), by=crew.lead)
    assert not RosterException.objects.exists()


def test_a_day_is_off_once(crew):
    rostering.take_off(crew.team, crew.ana, SICK, day("2026-06-03"), day("2026-06-05"), by=crew.lead)
    with pytest.raises(Refused, match="already"):
        rostering.take_off(crew.team, crew.ana, LEAVE, day("2026-06-05"), day("2026-06-09"), by=crew.lead)


@pytest.mark.parametrize(
    ("on", "opens", "closes", "sentence"),
    [
        ("2026-06-03", 600, 600, "after it begins"),
        ("2026-06-03", 600, 2041, "at most 24 hours"),
        ("2026-06-03", 600, 901, "on duty for Payments already: 3 Jun 2026, 15:00"),
        ("2030-06-03", 600, 700, "two years"),
    ],
)
def test_extra_shifts_that_cannot_be_are_refused(crew, on, opens, closes, sentence):
    crew.publish()
    with pytest.raises(Refused, match=sentence):
        rostering.add_extra(crew.team, crew.ana, day(on), opens, closes, by=crew.lead)


def test_an_extra_shift_means_what_the_clock_on_the_wall_shows(crew):
    with time_machine.travel(utc("2026-03-02T00:00"), tick=False):
        crew.publish(zone="America/New_York", ana=[Interval(0, 540, 600)])
        skipped = rostering.add_extra(crew.team, crew.ana, day("2026-03-08"), 150, 240, by=crew.lead)
        with pytest.raises(Refused, match="no length"):
            rostering.add_extra(crew.team, crew.ben, day("2026-03-08"), 120, 180, by=crew.lead)
    assert (skipped.starts_at, skipped.ends_at) == (utc("2026-03-08T07:00"), utc("2026-03-08T08:00"))


def test_an_extra_shift_needs_a_roster(crew):
    with pytest.raises(Refused, match="no published roster"):
        rostering.add_extra(crew.team, crew.ana, day("2026-06-03"), 1, 2, by=crew.lead)


def test_exceptions_are_recorded_and_undone_once(crew):
    crew.publish()
    entry = rostering.add_extra(crew.team, crew.ana, day("2026-06-03"), 600, 700, by=crew.lead)
    rostering.undo(entry, by=crew.lead)
    with pytest.raises(Refused, match="undone already"):
        rostering.undo(entry, by=crew.lead)
    events = Event.objects.filter(kind__startswith="roster.exception", subject_id=crew.ana.pk)
    assert [event.kind for event in events] == ["roster.exception_entered", "roster.exception_undone"]


def test_an_exception_outlives_the_version(crew):
    crew.publish()
    rostering.take_off(crew.team, crew.ana, LEAVE, day("2026-06-03"), day("2026-06-03"), by=crew.lead)
    crew.publish()
    assert roster.shift_of(crew.ana, utc("2026-06-03T08:00")) is None


# Who may


def test_only_leads_of_the_team_and_admins_change_it(crew):
    crew.publish()
    stranger = Crew("Risk").lead
    auditor_lead = crew.member("Aud Lead", Role.LEAD)
    auditor_lead.is_auditor = True
    admin = UserFactory(is_superuser=True)
    for who in (crew.ana, stranger, auditor_lead):
        with pytest.raises(NotAllowed):
            rostering.save_draft(crew.team, MANILA, [], by=who, version=0)
        with pytest.raises(NotAllowed):
            rostering.add_extra(crew.team, crew.ana, day("2026-06-03"), 600, 700, by=who)
        with pytest.raises(NotAllowed):
            rostering.take_off(crew.team, crew.ana, SICK, day("2026-06-03"), day("2026-06-03"), by=who)
    rostering.add_extra(crew.team, crew.ana, day("2026-06-03"), 600, 700, by=admin)


def test_only_the_second_line_has_rosters(crew):
    first_line = TeamFactory(kind=TeamKind.L1)
    with pytest.raises(NotAllowed):
        rostering.save_draft(first_line, MANILA, [], by=UserFactory(is_superuser=True), version=0)
