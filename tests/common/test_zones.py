"""The offsets read from the tz data, against asking the zone hour by hour."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from common.zones import CalendarError, first_shown, zone_offsets

HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    "zone",
    [
        "Africa/Casablanca",  # back for Ramadan, forward after it
        "Africa/Cairo",  # in 2010 and 2014 both for summer and for Ramadan within it
        "America/Noronha",  # one week of summer time in 2000
        "America/New_York",
        "America/Santiago",
        "America/Sao_Paulo",
        "Asia/Gaza",
        "Asia/Manila",
        "Asia/Pyongyang",
        "Australia/Lord_Howe",
        "Europe/London",
        "Pacific/Apia",
        "UTC",
    ],
)
def test_every_change_is_found(zone: str) -> None:
    info = ZoneInfo(zone)
    at, end = datetime(1999, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)
    changes = {datetime.fromtimestamp(instant, UTC): offset for instant, offset in zone_offsets(zone, 1999, 2026)}
    held = changes.pop(min(changes))
    while at < end:
        at += HOUR
        passed = [change for change in changes if at - HOUR < change <= at]
        for change in passed:
            just_before = change - timedelta(seconds=1)
            assert just_before.astimezone(info).utcoffset() == timedelta(seconds=held)
            held = changes.pop(change)
        assert at.astimezone(info).utcoffset() == timedelta(seconds=held), at
    assert not changes


def test_far_years_follow_the_rule_of_today() -> None:
    """New York changes twice a year up to the last one."""
    changes = [instant for instant, _ in zone_offsets("America/New_York") if instant > 4_102_444_800]
    assert len(changes) == 2 * 100


def test_unknown_zones_are_refused() -> None:
    with pytest.raises(CalendarError, match="unknown zone 'Mars/Olympus'"):
        zone_offsets("Mars/Olympus")


def test_first_shown() -> None:
    """At 1000 the clock goes from +0 to +100, at 2000 back: 1000 to 1099 are skipped, 2000 to 2099 shown twice."""
    instant = first_shown(((0, 0), (1000, 100), (2000, 0)))
    assert [instant(wall) for wall in (-5, 999)] == [-5, 999]
    assert [instant(wall) for wall in (1000, 1050, 1099)] == [1000, 1000, 1000]
    assert [instant(wall) for wall in (1100, 2000, 2099)] == [1000, 1900, 1999]
    assert [instant(wall) for wall in (2100, 5000)] == [2100, 5000]
