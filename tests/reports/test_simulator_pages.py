"""The simulator's pages, through the front door."""

import csv
import io
import json
import re
from datetime import timedelta
from html import unescape

import pytest
from django.urls import reverse

from accounts.models import Role, Roster, Shift
from common import clock, progress
from escalations import lifecycle, policies
from escalations.models import Metric, Policy, PolicyVersion, Ticket
from reports import days, rosters, simulation
from reports.models import Simulation, SimulationState, Trouble
from tests.escalations import levels
from tests.factories import UserFactory

SIMULATOR = "simulator"


@pytest.fixture
def draft(desk):
    """A draft by which everything is missed; one escalation of three hours was in time."""
    levels.policy("Ours", {Metric.FIRST_RESPONSE: 600, Metric.RESOLUTION: 600})
    with clock.replaying(clock.now() - timedelta(hours=3)):
        ticket = desk.started()
    desk.resolved(ticket)
    policy = Policy.objects.get(name="Ours")
    now = policies.version(policy.current_id)
    targets = [row | {"minutes": 1} for row in now.targets]
    return PolicyVersion.objects.create(policy=policy, number=2, calendar=now.calendar, targets=targets)


def page_of(client, person, address, status=200, **query):
    client.force_login(person)
    response = client.get(address, query)
    assert response.status_code == status
    return response.content.decode()


def found_in(pattern, page):
    """Return the first group of the first place that matches."""
    found = re.search(pattern, page, re.DOTALL)
    assert found, pattern
    return found[1]


def asked(draft, **changes):
    return {"policies": [draft.pk], "span": 30, "last": days.today().isoformat(), **changes}


def started(client, person, draft, **changes):
    client.force_login(person)
    response = client.post(reverse(SIMULATOR), asked(draft, **changes))
    assert response.status_code == 302, response.content.decode()
    return Simulation.objects.get(pk=int(response.headers["Location"].strip("/").rpartition("/")[2]))


@pytest.fixture
def done(client, desk, draft):
    found = started(client, desk.lead, draft)
    simulation.run(found)
    found.refresh_from_db()
    assert found.state == SimulationState.DONE
    return found


def test_without_a_draft_the_page_says_how_to_get_one(client, desk):
    page = page_of(client, desk.lead, reverse(SIMULATOR))
    assert "Save a draft of a policy" in page and '<form class="form"' not in page


def test_a_link_of_the_set_up_chooses_its_draft(client, desk, draft):
    page = page_of(client, desk.lead, reverse("policy", args=[draft.policy_id]))
    address = unescape(found_in(r'href="(/simulator/[^"]*)">\s*Simulate<', page))
    assert re.search(rf'value="{draft.pk}"[^>]* checked', page_of(client, desk.lead, address))
    assert " checked" not in page_of(client, desk.lead, reverse(SIMULATOR)).split('name="span"')[0]
    page_of(client, desk.lead, reverse(SIMULATOR), policy="x", calendar="99999999999999999999", roster="")


def test_a_lead_starts_one_sees_it_come_along_and_reads_what_came_out(client, desk, draft):
    found = started(client, desk.lead, draft)
    address = found.get_absolute_url()
    assert "Waiting for a worker" in page_of(client, desk.lead, address)
    progress.note(simulation.job(found), 1, 4)
    page = page_of(client, desk.lead, address)
    assert "1 of 4 escalations" in page and 'hx-get="' + address in page and "Look again" in page
    part = client.get(address, headers={"HX-Request": "true"}).content.decode()
    assert part.lstrip().startswith('<div id="progress"') and "<html" not in part
    simulation.run(found)
    whole = client.get(address, headers={"HX-Request": "true"}).content.decode()
    assert whole.lstrip().lower().startswith("<!doctype html")  # which htmx.js goes to
    ticket = Ticket.objects.get()
    assert ticket.reference in whole and ticket.get_absolute_url() in whole
    chart = json.loads(found_in(r'<script id="attainment-data"[^>]*>(.*?)</script>', whole))
    assert chart["x"] == ["First response", "Resolution"]
    assert [series["values"] for series in chart["series"]] == [[100.0, 100.0], [0.0, 0.0], [100.0, 100.0]]
    missed = json.loads(found_in(r'<script id="missed-data"[^>]*>(.*?)</script>', whole))
    assert [sum(series["values"]) for series in missed["series"]] == [0, 2]
    assert "−100.0" in whole
    assert address in page_of(client, desk.lead, reverse(SIMULATOR))


def test_filters_narrow_the_figures_and_the_clocks(client, desk, done):
    address = done.get_absolute_url()
    assert page_of(client, desk.lead, address).count('class="row-link') == 2
    assert page_of(client, desk.lead, address, metric=Metric.RESOLUTION).count('class="row-link') == 1
    assert page_of(client, desk.lead, address, change="worse").count('class="row-link') == 2
    better = page_of(client, desk.lead, address, change="better")
    assert "No clock comes out otherwise" in better
    assert page_of(client, desk.lead, address, priority=1).count('class="row-link') == 0
    assert page_of(client, desk.lead, address, team=desk.payments.pk).count('class="row-link') == 2
    for wrong in ({"metric": "x"}, {"team": desk.voice.pk}, {"priority": "9"}, {"change": "?"}):
        page_of(client, desk.lead, address, status=400, **wrong)


def test_every_link_of_a_result_leads_somewhere(client, desk, done):
    page = page_of(client, desk.lead, done.get_absolute_url())
    addresses = {unescape(found) for found in re.findall(r'href="(/simulator[^"#]*)', page)}
    assert len(addresses) > 4
    for address in addresses:
        assert client.get(address).status_code == 200, address


def test_both_tables_are_there_for_a_spreadsheet(client, desk, done):
    ticket = Ticket.objects.get()
    for table, columns, line in (
        ("figures", 12, ["First response", "Payments", "P3", "1", "0", "1", "1", "0", "100.0", "0.0"]),
        ("clocks", 11, [ticket.reference, ticket.subject, "First response", "1", "Payments", "P3", "In time"]),
    ):
        address = reverse("simulation_csv", args=[done.pk, table])
        text = page_of(client, desk.lead, address, metric=Metric.FIRST_RESPONSE)
        rows = list(csv.reader(io.StringIO(text.lstrip("\ufeff"))))
        assert len(rows) == 2 and len(rows[0]) == columns
        assert rows[1][: len(line)] == line
        page_of(client, desk.lead, address, status=404, metric="x")


def test_clocks_of_tickets_that_one_may_not_see_any_more_are_not_listed(client, desk, done):
    Ticket.objects.update(team=desk.accounts)
    assert 'class="row-link' not in page_of(client, desk.lead, done.get_absolute_url())
    text = page_of(client, desk.lead, reverse("simulation_csv", args=[done.pk, "clocks"]))
    assert Ticket.objects.get().reference not in text


def test_simulations_are_seen_by_who_started_them_and_who_reads_all(client, desk, done):
    address = done.get_absolute_url()
    for person in (desk.auditor, UserFactory(is_superuser=True)):
        assert address in page_of(client, person, reverse(SIMULATOR))
        page_of(client, person, address)
    other = desk.person("Another Lead", (desk.accounts, Role.LEAD))
    assert address not in page_of(client, other, reverse(SIMULATOR))
    for path in (address, reverse("simulation_csv", args=[done.pk, "figures"])):
        page_of(client, other, path, status=404)
    assert client.post(reverse("simulation_cancel", args=[done.pk])).status_code == 404
    for person in (desk.l1, desk.l2, desk.partner):
        page_of(client, person, reverse(SIMULATOR), status=404)


def test_an_auditor_looks_and_starts_nothing(client, desk, draft):
    assert '<form class="form"' not in page_of(client, desk.auditor, reverse(SIMULATOR))
    assert client.post(reverse(SIMULATOR), asked(draft)).status_code == 404
    client.force_login(desk.l2)
    assert client.post(reverse(SIMULATOR), asked(draft)).status_code == 404
    assert not Simulation.objects.exists()


def test_what_cannot_be_simulated_is_said_in_the_form(client, desk, draft):
    client.force_login(desk.lead)
    published = draft.policy.current_id
    for changes, sentence in (
        ({"policies": []}, "Choose a draft or a roster to try."),
        ({"policies": [published]}, "A draft was published or discarded meanwhile."),
        ({"policies": ["99999999999999999999"]}, "A draft was published or discarded meanwhile."),
        ({"policies": ["x"]}, "Choose one of the list."),
        ({"span": 31}, "Select a valid choice."),
        ({"last": ""}, "This field is required."),
        ({"last": "2100-01-01"}, "Choose a day between 1990 and today."),
        ({"last": "1989-12-31"}, "Choose a day between 1990 and today."),
        ({"last": "2001-01-01"}, "No escalation that you may see"),
        ({"team": desk.accounts.pk}, "Select a valid choice."),
        ({"rosters": [77]}, "Select a valid choice."),
    ):
        response = client.post(reverse(SIMULATOR), asked(draft, **changes))
        assert response.status_code == 422
        assert sentence in unescape(response.content.decode()), changes
    assert not Simulation.objects.exists()
    started(client, desk.lead, draft)
    second = client.post(reverse(SIMULATOR), asked(draft))
    assert second.status_code == 422 and "is under way" in second.content.decode()


def test_a_failed_and_a_cancelled_one_say_so(client, desk, draft):
    found = started(client, desk.lead, draft)
    assert client.post(reverse("simulation_cancel", args=[found.pk])).status_code == 302
    assert "was cancelled" in page_of(client, desk.lead, found.get_absolute_url())
    again = started(client, desk.lead, draft)
    simulation._end(again, SimulationState.FAILED, Trouble.TOO_LONG)
    assert "longer than seven minutes" in page_of(client, desk.lead, again.get_absolute_url())
    assert client.post(reverse("simulation_cancel", args=[again.pk])).status_code == 302
    again.refresh_from_db()
    assert again.state == SimulationState.FAILED
    page_of(client, desk.lead, reverse("simulation_csv", args=[again.pk, "figures"]), status=404)


def test_a_draft_that_has_changed_since_is_named(client, desk, draft, done):
    assert "since this simulation" not in page_of(client, desk.lead, done.get_absolute_url())
    draft.delete()
    page = page_of(client, desk.lead, done.get_absolute_url())
    assert "discarded since this simulation: Ours" in page


def roster_of(team, person, *shifts):
    roster = Roster.objects.create(team=team, number=team.rosters.count() + 1, zone="UTC", saved_at=clock.now())
    for day, opens, closes in shifts:
        Shift.objects.create(roster=roster, person=person, day=day, opens=opens, closes=closes)
    return roster


def test_a_draft_of_a_roster_is_tried_for_its_team(client, desk):
    office = levels.calendar("Office")
    levels.policy("Ours", {Metric.RESOLUTION: 60}, calendar=office)  # round the clock: three hours for a P3
    now = clock.now()
    with clock.replaying(now - timedelta(hours=10)):
        ticket = desk.started()
    with clock.replaying(now - timedelta(hours=5)):
        desk.resolved(ticket)
    another_day = (now.weekday() + 3) % 7
    roster = roster_of(desk.payments, desk.l2, (another_day, 540, 1020))
    empty = roster_of(desk.accounts, desk.outsider)
    [offered] = rosters.offered([desk.payments, desk.accounts])
    assert (offered.id, offered.is_draft) == (roster.pk, True) and offered.id != empty.pk
    page = page_of(client, desk.lead, reverse("roster_week", args=[desk.payments.pk]))
    address = found_in(r'href="(/simulator/\?roster=\d+)"', page)
    assert "Payments, version 1 (draft)" in page_of(client, desk.lead, address)
    response = client.post(reverse(SIMULATOR), {"rosters": [roster.pk], "span": 30, "last": days.today()})
    assert response.status_code == 302
    found = Simulation.objects.get()
    simulation.run(found)
    page = page_of(client, desk.lead, found.get_absolute_url(), metric=Metric.RESOLUTION)
    assert "Roster of “Payments”, version 1" in page
    row = found.clocks.get(metric=Metric.RESOLUTION)
    assert (row.before, row.after) == ("missed", "met")


#: Session, person, simulation; teams, drafts of policies and calendars; roles; count and page of clocks.
RESULT_QUERIES = 8


def test_a_result_asks_as_few_questions_however_much_came_out(client, desk, draft, django_assert_num_queries):
    def result():
        found = started(client, desk.lead, draft)
        simulation.run(found)
        return found.get_absolute_url()

    address = result()
    client.get(address)
    with django_assert_num_queries(RESULT_QUERIES):
        client.get(address)
    for _ in range(4):
        with clock.replaying(clock.now() - timedelta(hours=3)):
            ticket = lifecycle.start(desk.accepted(), by=desk.l2)
        desk.resolved(ticket)
    address = result()
    with django_assert_num_queries(RESULT_QUERIES):
        page = client.get(address).content.decode()
    assert page.count('class="row-link') == 10
