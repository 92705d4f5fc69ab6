"""The roster's pages: who is on, a team's week, and changing both by their forms."""

import pytest
import time_machine

from accounts import roster, rostering
from accounts.models import ExceptionKind, Role, Roster, RosterException
from common.business_hours import Interval
from tests.accounts.rosters import AFTERNOON, Crew, day, utc
from tests.factories import UserFactory

NOW = utc("2026-06-01T08:30")  # Monday 16:30 in Manila: both are on


@pytest.fixture(autouse=True)
def _standing_still(db):
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def crew(_standing_still) -> Crew:
    return Crew()


@pytest.fixture
def page_of(client_of):
    return lambda person, address, **query: client_of(person).get(address, query).content.decode()


def form(version: int, *rows: tuple, zone: str = "Asia/Manila", verb: str = "save", **more: str) -> dict:
    """Return what the form of shifts sends: rows of person, days, from, until."""
    sent = {
        "version": version, "zone": zone, "verb": verb,
        "shifts-TOTAL_FORMS": len(rows), "shifts-INITIAL_FORMS": 0, **more,
    }  # fmt: skip
    for number, (person, days, opens, closes) in enumerate(rows):
        sent |= {
            f"shifts-{number}-person": person.pk if person else "", f"shifts-{number}-days": list(days),
            f"shifts-{number}-opens": opens, f"shifts-{number}-closes": closes,
        }  # fmt: skip
    return sent


def test_who_is_on_is_told_in_the_readers_zone(crew, page_of):
    crew.publish()
    crew.lead.time_zone = "Europe/Madrid"
    crew.lead.save()
    page = page_of(crew.lead, "/roster/")
    assert "Times are in your zone, Europe/Madrid." in page and "2 on now · Asia/Manila" in page
    assert "Mon 1 Jun, 18:00 Madrid" in page and "Tue 2 Jun, 09:00 Madrid" in page


def test_without_a_roster_the_page_says_what_to_do(crew, page_of):
    assert "Write a roster" in page_of(crew.lead, "/roster/")
    read = page_of(crew.ana, "/roster/")
    assert "No roster yet" in read and "Write a roster" not in read
    assert "lead writes it" in page_of(crew.ana, f"/roster/{crew.team.pk}/")


def test_the_week_by_person_and_day(crew, page_of):
    crew.publish()
    rostering.take_off(crew.team, crew.ben, ExceptionKind.SICK, day("2026-06-10"), day("2026-06-11"), by=crew.lead)
    rostering.add_extra(crew.team, crew.ben, day("2026-06-13"), 1200, 1440, by=crew.lead)
    address = f"/roster/{crew.team.pk}/"
    seen = page_of(crew.lead, address, week="2026-W24")
    assert (seen.count("15:00–24:00"), seen.count("16:00–01:00"), seen.count("20:00–24:00")) == (5, 3, 1)
    assert seen.count('badge-quiet">Sick<') == 2
    assert "Sick" not in page_of(crew.ana, address, week="2026-W24")  # a colleague knows that, not why
    assert "Sick" in page_of(crew.ben, address, week="2026-W24")
    assert "Nobody is on this week" in page_of(crew.lead, address, week="2026-W20")


@pytest.mark.parametrize("week", ["", "2026-W99", "9999-W01", "0001-W01", "x", "2026-W23-1", "२०२६-W23"])
def test_a_week_that_is_none_is_the_present_one(crew, page_of, week):
    crew.publish()
    assert "1 Jun 2026 – 7 Jun 2026" in page_of(crew.lead, f"/roster/{crew.team.pk}/", week=week)


def test_writing_and_publishing(crew, client_of):
    client, address = client_of(crew.lead), f"/roster/{crew.team.pk}/edit/"
    kept = client.post(address, form(0, (crew.ana, "01234", "15:00", "24:00"), (None, "", "", "")))
    assert kept.url == address
    page = client.get(address).content.decode()
    assert 'value="15:00"' in page and 'value="24:00"' in page and page.count(" checked") == 5
    sent = form(1, (crew.ana, "01234", "15:00", "24:00"), (crew.ben, "56", "16:00", "1:00"), verb="publish")
    assert client.post(address, sent).url == f"/roster/{crew.team.pk}/"
    version = Roster.objects.get(published_at__isnull=False)
    assert (version.number, version.shifts.count()) == (1, 7)
    assert roster.coverage(version) == [
        *(Interval(number, 900, 1440) for number in range(5)), Interval(5, 960, 1500), Interval(6, 960, 1500),
    ]  # fmt: skip
    crew.ana.refresh_from_db()
    assert crew.ana.availability == "available"


def test_throwing_the_draft_away(crew, client_of):
    crew.save()
    answer = client_of(crew.lead).post(f"/roster/{crew.team.pk}/edit/", form(1, verb="discard"))
    assert answer.status_code == 302
    assert not Roster.objects.exists()


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        (("ana", "0", "15:00", "15:00"), "is empty"),
        (("ana", "0", "15:00", ""), "needed too"),
        (("ana", "", "15:00", "16:00"), "needed too"),
        ((None, "0", "15:00", "16:00"), "needed too"),
        (("ana", "0", "25:00", "16:00"), "Write a time like 15:00"),
        (("ana", "0", "24:01", "16:00"), "Write a time like 15:00"),
        (("ana", "0", "24:00", "16:00"), "begins within its day"),
        (("ana", "7", "15:00", "16:00"), "not one of the available choices"),
        (("outsider", "0", "15:00", "16:00"), "not one of the available choices"),
    ],
)
def test_what_is_wrong_stands_beside_the_field_and_nothing_is_kept(crew, client_of, row, sentence):
    person = {"ana": crew.ana, "outsider": UserFactory(), None: None}[row[0]]
    for verb in ("save", "publish"):
        answer = client_of(crew.lead).post(f"/roster/{crew.team.pk}/edit/", form(0, (person, *row[1:]), verb=verb))
        assert answer.status_code == 422
        assert sentence in answer.content.decode()
    assert not Roster.objects.exists()


@pytest.mark.parametrize(
    "more",
    [
        {"zone": "Mars/Base"}, {"version": "-1"}, {"version": "x"}, {"version": str(2**40)},
        {"shifts-TOTAL_FORMS": "100000"}, {"shifts-TOTAL_FORMS": "x"},
    ],
)  # fmt: skip
def test_forms_that_no_page_of_ours_sends(crew, client_of, more):
    sent = form(0, (crew.ana, "0", "15:00", "16:00")) | more
    assert client_of(crew.lead).post(f"/roster/{crew.team.pk}/edit/", sent).status_code == 422
    assert client_of(crew.lead).post(f"/roster/{crew.team.pk}/edit/", sent | {"verb": "x"}).status_code == 404
    assert not Roster.objects.exists()


def test_a_draft_that_cannot_be_published_stays_as_it_was(crew, client_of):
    crew.save(ana=AFTERNOON)
    sent = form(1, (crew.ana, "0", "15:00", "16:00"), (crew.ana, "0", "15:30", "16:00"), verb="publish")
    answer = client_of(crew.lead).post(f"/roster/{crew.team.pk}/edit/", sent)
    assert answer.status_code == 422 and "overlap on Monday" in answer.content.decode()
    assert (rostering.draft(crew.team).saved_count, rostering.draft(crew.team).shifts.count()) == (1, 5)


def test_two_leads_at_the_draft_see_both_versions(crew, client_of):
    crew.save()
    crew.save(ana=[Interval(2, 600, 700)])
    client, address = client_of(crew.lead), f"/roster/{crew.team.pk}/edit/"
    answer = client.post(address, form(1, (crew.ana, "0", "15:00", "16:00")))
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "Wed 10:00–11:40" in page and "Mon 15:00–16:00" in page
    assert 'name="version" value="2"' in page
    assert client.post(address, form(2, (crew.ana, "0", "15:00", "16:00"))).status_code == 302


def test_days_off_and_extra_shifts(crew, client_of):
    crew.publish()
    client, address = client_of(crew.lead), f"/roster/{crew.team.pk}/"
    off = {"person": crew.ana.pk, "kind": "leave", "first_day": "2026-06-03"}
    extra = {"person": crew.ana.pk, "day": "2026-06-06", "opens": "16:00", "closes": "01:00"}
    assert client.post(f"{address}off/", off).url == client.post(f"{address}extra/", extra).url == address
    entries = list(RosterException.objects.order_by("pk"))
    assert (entries[0].first_day, entries[0].last_day) == (day("2026-06-03"), day("2026-06-03"))
    assert (entries[1].starts_at, entries[1].ends_at) == (utc("2026-06-06T08:00"), utc("2026-06-06T17:00"))
    page = client.get(address).content.decode()
    assert page.count("/undo/") == 2
    for entry in entries:
        client.post(f"{address}exceptions/{entry.pk}/undo/")
    assert "already" in client.post(f"{address}exceptions/{entries[0].pk}/undo/", follow=True).content.decode()
    assert "None to come" in client.get(address).content.decode()


@pytest.mark.parametrize(
    ("part", "sent"),
    [
        ("off", {"kind": "leave", "first_day": "2026-06-03", "last_day": "2026-06-02"}),
        ("off", {"kind": "extra", "first_day": "2026-06-03"}),
        ("off", {"kind": "leave", "first_day": "31.02.2026"}),
        ("off", {"kind": "leave", "first_day": "0001-01-01"}),
        ("off", {"kind": "leave", "first_day": "9999-12-31", "last_day": "9999-12-31"}),
        ("off", {}),
        ("extra", {"day": "2026-06-03", "opens": "15:30", "closes": "16:30"}),
        ("extra", {"day": "2026-06-03", "opens": "1", "closes": "2"}),
        ("extra", {"day": "9999-12-31", "opens": "15:30", "closes": "01:00"}),
        ("extra", {"day": "0001-01-01", "opens": "00:00", "closes": "01:00"}),
        ("extra", {"day": "2026-06-03", "opens": "03:00", "closes": "03:00"}),
    ],
)
def test_exceptions_that_cannot_be_are_refused_beside_the_field(crew, client_of, part, sent):
    crew.publish()
    address = f"/roster/{crew.team.pk}/{part}/"
    answer = client_of(crew.lead).post(address, {"person": crew.ana.pk, **sent})
    assert answer.status_code == 422 and "errorlist" in answer.content.decode()
    assert client_of(crew.lead).post(address, {**sent, "person": UserFactory().pk}).status_code == 422
    assert not RosterException.objects.exists()


def test_who_may_not_change_it_finds_nothing_there(crew, client_of):
    crew.publish()
    other = Crew("Risk")
    entry = rostering.add_extra(crew.team, crew.ana, day("2026-06-06"), 600, 700, by=crew.lead)
    address = f"/roster/{crew.team.pk}/"
    auditor = UserFactory(is_auditor=True)
    for who in (crew.ana, other.lead, auditor):
        for part in ("edit/", "off/", "extra/", f"exceptions/{entry.pk}/undo/"):
            assert client_of(who).post(f"{address}{part}").status_code == 404
        assert client_of(who).get(address).status_code == 200
    assert client_of(other.lead).post(f"/roster/{other.team.pk}/exceptions/{entry.pk}/undo/").status_code == 404
    assert client_of(UserFactory()).get(address).status_code == 404


def test_the_api_tells_who_is_on(crew, client_of):
    crew.publish()
    answer = client_of(crew.ana).get("/api/v1/roster/").json()
    assert [(entry["team"], entry["time_zone"]) for entry in answer] == [("Payments", "Asia/Manila")]
    ana = answer[0]["people"][0]
    assert (ana["person"]["name"], ana["on_duty"], ana["until"]) == ("Ana Afternoon", True, "2026-06-01T16:00:00Z")
    assert ana["next_from"] == "2026-06-02T07:00:00Z"
    with time_machine.travel(utc("2026-06-01T20:00"), tick=False):
        off = client_of(crew.ana).get("/api/v1/roster/").json()[0]["people"][0]
    assert (off["on_duty"], off["until"]) == (False, None)


def test_pages_ask_as_often_for_many_teams_as_for_few(crew, client_of, django_assert_max_num_queries):
    for number in range(4):
        other = Crew(f"Team {number}")
        other.member("Third", Role.L2)
        other.publish()
    crew.publish()
    client = client_of(crew.lead)
    with django_assert_max_num_queries(15):
        client.get("/roster/")
    with django_assert_max_num_queries(20):
        client.get(f"/roster/{crew.team.pk}/")
    with django_assert_max_num_queries(16):
        client.get(f"/roster/{crew.team.pk}/edit/")
