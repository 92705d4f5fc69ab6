"""Setting up calendars: drafts, versions, what can't be, who has one of their own, and a world that changes."""

import shutil
import zoneinfo
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
import tzdata
from django.db import IntegrityError, transaction

from accounts.models import User
from common import zones
from common.errors import NotAllowed, Refused, StaleVersion
from escalations import calendar_checks, calendar_choices, calendar_drafts, calendar_words, calendars
from escalations.models import Calendar, CalendarChoice, CalendarVersion, Clock, Customer
from events.models import Event
from tests.escalations import levels
from tests.escalations.desk import Desk

NINE_TO_FIVE = [{"day": day, "opens": "09:00", "closes": "17:00"} for day in range(5)]


def hours(**columns: Any) -> dict[str, Any]:
    return {
        "zone": "America/Santiago",
        "weekly": NINE_TO_FIVE,
        "holiday_country": "",
        "own_holidays": [],
        "holiday_rule": "shift_start",
    } | columns


def shift(day: int, opens: str, closes: str) -> dict[str, Any]:
    return {"day": day, "opens": opens, "closes": closes}


@pytest.fixture
def santiago(desk: Desk) -> Calendar:
    return levels.calendar("Santiago", zone="America/Santiago", weekly=NINE_TO_FIVE)


def kinds(calendar: Calendar) -> list[str]:
    events = Event.objects.filter(subject_type="calendar", subject_id=calendar.pk).order_by("pk")
    return list(events.values_list("kind", flat=True))


def test_a_draft_is_nothing_until_it_is_published_and_running_clocks_keep_their_hours(desk: Desk):
    calendar = levels.calendar("Santiago", zone="America/Santiago", weekly=NINE_TO_FIVE)
    levels.policy("By Santiago", {"accept": 60}, calendar=calendar)
    ticket = desk.escalated()
    clock = Clock.objects.get(ticket=ticket, metric="accept")
    first, due = calendar.current, clock.due_at

    draft = calendar_drafts.save_draft(calendar, by=desk.lead, **hours(weekly=[shift(0, "22:00", "23:00")]))
    calendar.refresh_from_db()
    assert (draft.number, draft.published_at, calendar.current) == (2, None, first)

    published = calendar_drafts.publish(calendar, by=desk.lead, version=calendar_drafts.token(draft))
    calendar.refresh_from_db()
    assert (calendar.current, published.published_by) == (published, desk.lead)
    clock.refresh_from_db()
    assert (clock.calendar, clock.due_at) == (first, due)
    later = Clock.objects.get(ticket=desk.escalated(), metric="accept")
    assert later.calendar == published
    assert kinds(calendar) == ["calendar.published", "calendar.draft_saved", "calendar.published"]


def test_saving_what_is_said_already_makes_no_draft_and_saving_twice_one_event(desk: Desk, santiago: Calendar):
    assert calendar_drafts.save_draft(santiago, by=desk.lead, **hours()).pk is None
    assert not santiago.versions.filter(published_at=None).exists()
    for _again in range(2):
        calendar_drafts.save_draft(santiago, by=desk.lead, **hours(zone="UTC"))
    assert kinds(santiago).count("calendar.draft_saved") == 1


def test_who_saves_over_what_they_have_not_read_is_told(desk: Desk, santiago: Calendar):
    read = calendar_drafts.token(calendar_drafts.draft_of(santiago))
    calendar_drafts.save_draft(santiago, by=desk.lead, version=read, **hours(zone="UTC"))
    with pytest.raises(StaleVersion) as told:
        calendar_drafts.save_draft(santiago, by=desk.lead, version=read, **hours(zone="Asia/Manila"))
    assert isinstance(told.value.current, CalendarVersion) and told.value.current.zone == "UTC"
    with pytest.raises(StaleVersion):
        calendar_drafts.publish(santiago, by=desk.lead, version=read)
    with pytest.raises(StaleVersion):
        calendar_drafts.discard(santiago, by=desk.lead, version=read)
    assert calendar_drafts.draft_of(santiago).zone == "UTC"


def test_of_two_who_publish_one_is_told(desk: Desk, santiago: Calendar):
    draft = calendar_drafts.save_draft(santiago, by=desk.lead, **hours(zone="UTC"))
    read = calendar_drafts.token(draft)
    calendar_drafts.publish(santiago, by=desk.lead, version=read)
    with pytest.raises(StaleVersion, match="no draft any more"):
        calendar_drafts.publish(santiago, by=desk.lead, version=read)
    assert santiago.versions.count() == 2


def test_discarding_leaves_what_is_published_and_takes_what_never_was(desk: Desk, santiago: Calendar):
    calendar_drafts.save_draft(santiago, by=desk.lead, **hours(zone="UTC"))
    for _again in range(2):
        calendar_drafts.discard(santiago, by=desk.lead)
    assert list(santiago.versions.all()) == [santiago.current]
    made = calendar_drafts.create("Nights", by=desk.lead)
    for _again in range(2):
        calendar_drafts.discard(made, by=desk.lead)
    assert not Calendar.objects.filter(name="Nights").exists()


@pytest.mark.parametrize("column", ["zone", "weekly", "holidays", "published_at"])
def test_the_database_refuses_to_change_or_delete_what_is_published(santiago: Calendar, column: str):
    value = None if column == "published_at" else "UTC" if column == "zone" else []
    rows = santiago.versions.filter(number=1)
    for change in (lambda: rows.update(**{column: value}), lambda: rows._raw_delete(rows.db)):
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            change()


@pytest.mark.parametrize(
    ("columns", "field", "sentence"),
    [
        ({"weekly": []}, "weekly", "would never be open"),
        ({"weekly": [shift(0, "09:00", "13:00"), shift(0, "12:00", "18:00")]}, "weekly",
         "Monday 09:00–13:00 and Monday 12:00–18:00 overlap"),
        ({"weekly": [shift(6, "22:00", "06:00"), shift(0, "05:00", "09:00")]}, "weekly",
         "Monday 05:00–09:00 and Sunday 22:00–06:00 overlap"),
        ({"weekly": [shift(2, "09:00", "09:00")]}, "weekly", "Wednesday 09:00–09:00 is empty"),
        ({"weekly": [shift(2, "9", "17:00")]}, "weekly", "write times such as 09:00"),
        ({"weekly": [shift(2, "09:00", "24:30")]}, "weekly", "write times such as 09:00"),
        ({"weekly": [shift(7, "09:00", "17:00")]}, "weekly", "needs a day"),
        ({"weekly": [shift(0, "09:00", "09:30")]}, "weekly", "in the coming year"),
        ({"zone": "America/Atlantis"}, "zone", "no time zone that this machine knows"),
        ({"holiday_country": "XX"}, "holiday_country", "No holidays are known for “XX”"),
        ({"own_holidays": ["2026-02-30"]}, "own_holidays", "“2026-02-30” is no date"),
        ({"own_holidays": ["1066-10-14"]}, "own_holidays", "lies outside the years"),
        ({"holiday_rule": "never"}, "holiday_rule", "Say what a holiday closes"),
    ],
    ids=str,
)  # fmt: skip
def test_hours_that_can_not_be_are_refused_in_plain_words(
    desk: Desk, santiago: Calendar, columns: dict[str, Any], field: str, sentence: str
):
    with pytest.raises(Refused) as refused:
        calendar_drafts.save_draft(santiago, by=desk.lead, **hours(**columns))
    assert refused.value.field == field
    assert sentence in str(refused.value)
    assert not santiago.versions.filter(published_at=None).exists()


def test_hours_on_closed_days_only_are_refused_without_searching_for_ever(
    desk: Desk, santiago: Calendar, monkeypatch: pytest.MonkeyPatch
):
    mondays = (date(2026, 1, 5) + timedelta(weeks=n) for n in range(3000))
    every_monday = tuple(day.isoformat() for day in mondays)
    monkeypatch.setattr(calendars, "_public_holidays", lambda country: every_monday if country else ())
    with pytest.raises(Refused, match="would not open within ten years"):
        calendar_drafts.save_draft(
            santiago, by=desk.lead, **hours(weekly=[shift(0, "09:00", "17:00")], holiday_country="CL")
        )


@pytest.mark.parametrize(
    ("weekly", "said"),
    [
        (NINE_TO_FIVE, ["Mon–Fri 09:00–17:00"]),
        ([shift(day, *times) for day in (0, 1) for times in (("09:00", "13:00"), ("14:00", "18:00"))],
         ["Mon–Tue 09:00–13:00, 14:00–18:00"]),
        ([shift(4, "16:00", "01:00"), shift(6, "16:00", "01:00")], ["Fri, Sun 16:00–01:00 of the next day"]),
        ([shift(0, "00:00", "24:00"), shift(2, "22:00", "00:00")], ["Mon 00:00–24:00", "Wed 22:00–00:00"]),
        (levels.ROUND_THE_CLOCK, ["Every day 00:00–24:00"]),
    ],
)  # fmt: skip
def test_a_week_in_words(desk: Desk, santiago: Calendar, weekly: list[dict[str, Any]], said: list[str]):
    draft = calendar_drafts.save_draft(santiago, by=desk.lead, **hours(zone="UTC", weekly=weekly))
    assert calendar_words.weekly_in_words(draft.weekly) == said


def test_the_coming_days_show_shifts_across_midnight_and_why_a_day_is_closed(desk: Desk):
    levels.calendar(
        "Nights", zone="America/Santiago", weekly=[shift(day, "20:00", "02:00") for day in range(4)],
        holiday_country="CL", own_holidays=["2026-09-16"],
    )  # fmt: skip
    with time_machine.travel(datetime(2026, 9, 14, 15, tzinfo=UTC), tick=False):
        days = calendar_words.coming_days(calendars.current("Nights"), 5)
    assert [day.hours for day in days] == [
        ["20:00–24:00"],
        ["00:00–02:00", "20:00–24:00"],
        ["00:00–02:00"],
        ["20:00–24:00"],
        ["00:00–02:00"],
    ]
    assert [day.closed for day in days] == ["", "", "own closed day", "", "Independence Day"]


def test_only_leads_and_admins_change_calendars(desk: Desk, santiago: Calendar):
    for user in (desk.l1, desk.l2, desk.partner, desk.auditor):
        for change in (
            lambda: calendar_drafts.create("Mine", by=user),  # noqa: B023
            lambda: calendar_drafts.rename(santiago, "Mine", by=user),  # noqa: B023
            lambda: calendar_drafts.save_draft(santiago, by=user, zone="UTC"),  # noqa: B023
            lambda: calendar_drafts.publish(santiago, by=user),  # noqa: B023
            lambda: calendar_drafts.discard(santiago, by=user),  # noqa: B023
            lambda: calendar_choices.choose_calendar(santiago, team=desk.payments, by=user),  # noqa: B023
        ):
            with pytest.raises(NotAllowed):
                change()


def test_a_name_is_one_calendars_only_and_holds_no_card_number(desk: Desk, santiago: Calendar):
    made = calendar_drafts.create("  For 4111 1111 1111 1111 ", by=desk.lead)
    assert "4111 1111" not in made.name
    for name in ("santiago", " ", "x" * 81):
        with pytest.raises(Refused) as refused:
            calendar_drafts.rename(made, name, by=desk.lead)
        assert refused.value.field == "name"
    assert calendar_drafts.rename(santiago, "SANTIAGO", by=desk.lead).name == "SANTIAGO"


def test_own_calendars_are_chosen_changed_and_cleared(desk: Desk, santiago: Calendar):
    lima = levels.calendar("Lima", zone="America/Lima")
    customer = Customer.objects.get(pk=desk.escalated().customer_id)
    for whose in ({"team": desk.payments}, {"segment": "business"}, {"customer": customer}):
        for calendar in (santiago, lima, lima):
            choice = calendar_choices.choose_calendar(calendar, by=desk.lead, **whose)
        assert CalendarChoice.objects.get(**whose).calendar == lima
        for _again in range(2):
            calendar_choices.clear_choice(choice, by=desk.lead)
        assert not CalendarChoice.objects.filter(**whose).exists()
    assert kinds(lima).count("calendar.chosen") == 3
    assert kinds(lima).count("calendar.unchosen") == 3


def test_a_calendar_without_hours_is_nobodys_and_two_things_at_once_are_none(desk: Desk, santiago: Calendar):
    made = calendar_drafts.create("Nights", by=desk.lead)
    with pytest.raises(Refused, match="no published hours"):
        calendar_choices.choose_calendar(made, team=desk.payments, by=desk.lead)
    with pytest.raises(Refused, match="one team, one segment or one customer"):
        calendar_choices.choose_calendar(santiago, team=desk.payments, segment="business", by=desk.lead)


# What the outside world changes


@pytest.fixture
def other_rules(tmp_path: Path) -> Iterator[None]:
    """The machine's tz data by now have Santiago on the time of Bogotá, which never changes its clocks."""
    bogota = Path(tzdata.__file__).parent / "zoneinfo" / "America" / "Bogota"
    (tmp_path / "America").mkdir()
    shutil.copy(bogota, tmp_path / "America" / "Santiago")
    before = zoneinfo.TZPATH
    zoneinfo.reset_tzpath([str(tmp_path), *before])
    yield
    zoneinfo.reset_tzpath(before)
    zones.read_again()


def test_nothing_is_published_while_the_world_stays_as_it_was(desk: Desk, santiago: Calendar):
    assert calendars.check_zones() == []
    assert santiago.versions.count() == 1


def test_other_rules_of_a_zone_make_the_next_version_once_and_leave_clocks_alone(
    desk: Desk, santiago: Calendar, request: pytest.FixtureRequest
):
    levels.policy("By Santiago", {"accept": 600}, calendar=santiago)
    clock = Clock.objects.get(ticket=desk.escalated(), metric="accept")
    draft = calendar_drafts.save_draft(santiago, by=desk.lead, **hours(own_holidays=["2027-01-04"]))
    read = calendar_drafts.token(draft)
    first, due = santiago.current, clock.due_at

    request.getfixturevalue("other_rules")
    assert [version.calendar for version in calendars.check_zones()] == [santiago]
    assert calendars.check_zones() == []

    santiago.refresh_from_db()
    renewed = santiago.current
    assert (renewed.number, renewed.weekly, renewed.published_by.is_robot) == (2, NINE_TO_FIVE, True)
    assert renewed.offsets != first.offsets and renewed.offsets[-1][1] == -5 * 3600
    assert kinds(santiago)[-2:] == ["calendar.published", "calendar.zone_changed"]
    clock.refresh_from_db()
    assert (clock.calendar, clock.due_at) == (first, due)
    # Whoever was at a draft goes on with it, and publishes it after that.
    assert calendar_drafts.publish(santiago, by=desk.lead, version=read).number == 3


def test_other_public_holidays_make_the_next_version(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    manila = Calendar.objects.get(name="Manila 15:00–24:00")
    known = calendars._public_holidays("PH")
    one_more = lambda country: (*known, "2039-01-31") if country == "PH" else ()  # noqa: E731
    monkeypatch.setattr(calendars, "_public_holidays", one_more)
    assert manila in [version.calendar for version in calendars.check_zones()]
    manila.refresh_from_db()
    assert "2039-01-31" in manila.current.holidays
    assert kinds(manila)[-1] == "calendar.holidays_changed"
    assert calendars.check_zones() == []


def test_holidays_that_are_over_change_nothing(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    known = calendars._public_holidays("PH")
    monkeypatch.setattr(calendars, "_public_holidays", lambda country: known[5:] if country == "PH" else ())
    assert calendars.check_zones() == []


def test_the_end_of_the_known_holidays_is_said_in_time(desk: Desk, santiago: Calendar):
    manila = calendars.current("Manila 15:00–24:00")
    assert calendars.knows_holidays(manila, datetime(2040, 12, 31, 15, tzinfo=UTC))
    assert not calendars.knows_holidays(manila, datetime(2040, 12, 31, 16, tzinfo=UTC))  # New Year in Manila
    assert calendars.knows_holidays(calendars.current("Santiago"), datetime(2090, 1, 1, tzinfo=UTC))
    assert calendar_checks.warnings(manila) == []
    with time_machine.travel(datetime(2039, 1, 2, tzinfo=UTC)):
        assert "only to the end of 2040" in calendar_checks.warnings(manila)[0]
        assert calendar_checks.warnings(calendars.current("Santiago")) == []


def test_the_release_of_the_tz_data_is_that_of_the_files_that_answer(tmp_path: Path):
    before = zoneinfo.TZPATH
    try:
        zoneinfo.reset_tzpath([])
        assert zones.data_version() == tzdata.IANA_VERSION
        (tmp_path / "UTC").touch()
        (tmp_path / "tzdata.zi").write_text("# version 2031c\n# Zones\n")
        zoneinfo.reset_tzpath([str(tmp_path)])
        assert zones.data_version() == "2031c"
    finally:
        zoneinfo.reset_tzpath(before)


def test_a_lead_of_a_team_sets_up_an_admin_too(desk: Desk):
    admin: User = desk.person("Ada Admin")
    admin.is_superuser = True
    for user in (desk.lead, admin):
        assert calendar_drafts.create(f"Of {user.name}", by=user)
