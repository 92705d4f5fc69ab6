"""Alerts, escalation paths and the form of a ladder, as people use them."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from accounts.models import Role, User
from escalations import assignment, climbing, contacts, policy_drafts
from escalations.models import Alert, Metric, Policy, Ticket
from events.models import Event
from tests.escalations.desk import Desk
from tests.escalations.ladders import MONDAY, policy, step
from tests.escalations.test_pages_service_levels import sent_by


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def alerted(desk: Desk, *, tickets: int = 1) -> list[Ticket]:
    """Let the deadlines of so many tickets pass, of which their team hears."""
    policy(step(Metric.RESOLUTION, 0, "notify_team"))
    with time_machine.travel(MONDAY, tick=False) as now:
        found = [desk.started(impact=1, urgency=1) for _ in range(tickets)]
        now.shift(timedelta(hours=5))
        climbing.take_steps()
    return found


def test_everybody_reads_their_own_alerts_and_marks_them_read(desk: Desk) -> None:
    first, second = alerted(desk, tickets=2)
    page = signed_in(desk.lead)
    html = page.get(reverse("alerts")).content.decode()
    assert html.index(second.reference) < html.index(first.reference)
    assert "Resolution: missed, it was due Mon 2 Mar, 12:00 UTC." in html
    assert 'nav-count"><span class="visually-hidden">unread:</span> 2<' in html
    one = Alert.objects.get(recipient=desk.lead, ticket=first)
    answer = page.post(reverse("read_alerts"), {"alert": one.pk, "show": "unread"})
    assert answer.headers["Location"] == reverse("alerts") + "?show=unread"
    unread = page.get(answer.headers["Location"]).content.decode()
    assert second.reference in unread and first.reference not in unread
    page.post(reverse("read_alerts"))
    assert "Nothing unread" in page.get(reverse("alerts") + "?show=unread").content.decode()
    assert 'nav-count">' not in page.get(reverse("queue")).content.decode()
    assert Alert.objects.filter(recipient=desk.l2, read_at=None).count() == 2


def test_nobody_reads_or_marks_the_alerts_of_others(desk: Desk) -> None:
    alerted(desk)
    page, theirs = signed_in(desk.outsider), Alert.objects.get(recipient=desk.lead)
    assert "No notifications" in page.get(reverse("alerts")).content.decode()
    page.post(reverse("read_alerts"), {"alert": theirs.pk})
    page.post(reverse("read_alerts"))
    theirs.refresh_from_db()
    assert theirs.read_at is None
    assert page.post(reverse("read_alerts"), {"alert": "9" * 30}).status_code == 404
    assert page.get(reverse("alerts") + "?show=all").status_code == 404


def test_an_alert_about_what_one_may_no_longer_see_is_gone(desk: Desk) -> None:
    (ticket,) = alerted(desk)
    assignment.give_to_team(ticket, desk.accounts, by=desk.lead)
    html = signed_in(desk.other_l2).get(reverse("alerts")).content.decode()
    assert ticket.reference not in html and 'nav-count">' not in html


def test_the_alerts_cost_the_same_however_many(
    desk: Desk, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    alerted(desk, tickets=8)
    page = signed_in(desk.lead)
    page.get(reverse("alerts"))
    with django_assert_num_queries(6):
        page.get(reverse("alerts"))


def test_the_ticket_page_names_the_next_step_to_whoever_works_on_it(desk: Desk) -> None:
    policy(step(Metric.RESOLUTION, -30, "notify_lead"))
    ticket = desk.started(impact=1, urgency=1)
    address = reverse("ticket_work", args=[ticket.reference])
    assert "Next step: alert the lead (Resolution)" in " ".join(
        signed_in(desk.l2).get(address).content.decode().split()
    )
    assert "Next step" not in signed_in(desk.l1).get(address).content.decode()


def path_form(desk: Desk, *persons: User, seen: str = "") -> dict[str, Any]:
    rows = {f"path-{number}-person": person.pk for number, person in enumerate(persons)}
    return {"seen": seen, "path-TOTAL_FORMS": len(persons), "path-INITIAL_FORMS": 0, **rows}


def test_a_lead_sets_up_the_path_of_the_own_team(desk: Desk) -> None:
    page, address = signed_in(desk.lead), reverse("edit_escalation_path", args=[desk.payments.pk])
    assert "Accounts" not in page.get(reverse("escalation_paths")).content.decode()
    assert page.get(reverse("edit_escalation_path", args=[desk.accounts.pk])).status_code == 404
    assert page.post(address, path_form(desk, desk.other_l2, desk.l2)).status_code == 302
    assert contacts.path_of(desk.payments) == [desk.other_l2, desk.l2]
    changed = Event.objects.get(kind="team.escalation_path_changed")
    assert (changed.actor, changed.data["people"]) == (desk.lead, [desk.other_l2.pk, desk.l2.pk])
    html = page.get(reverse("escalation_paths")).content.decode()
    assert html.index("Otis Second") < html.index("Sam Second")


def test_a_path_that_is_stale_double_or_blind_is_refused(desk: Desk) -> None:
    page, address = signed_in(desk.lead), reverse("edit_escalation_path", args=[desk.payments.pk])
    twice = page.post(address, path_form(desk, desk.l2, desk.l2))
    assert twice.status_code == 422 and "stands there twice" in twice.content.decode()
    assert page.post(address, path_form(desk, desk.outsider)).status_code == 422
    contacts.change(desk.payments, [desk.other_l2], by=desk.lead, seen=[])
    stale = page.post(address, path_form(desk, desk.l2))
    assert stale.status_code == 409
    html = stale.content.decode()
    assert "Somebody changed this path" in html and f'name="seen" value="{desk.other_l2.pk}"' in html
    assert contacts.path_of(desk.payments) == [desk.other_l2]
    assert page.post(address, path_form(desk, desk.l2, seen=str(desk.other_l2.pk))).status_code == 302


def test_who_leaves_the_team_may_stay_on_the_list_until_it_is_changed(desk: Desk) -> None:
    contacts.change(desk.payments, [desk.l2, desk.other_l2], by=desk.lead, seen=[])
    desk.l2.memberships.all().delete()
    page, address = signed_in(desk.lead), reverse("edit_escalation_path", args=[desk.payments.pk])
    html = page.get(address).content.decode()
    assert f'value="{desk.l2.pk} {desk.other_l2.pk}"' in html
    sent = path_form(desk, desk.other_l2, seen=f"{desk.l2.pk} {desk.other_l2.pk}")
    assert page.post(address, sent).status_code == 302
    assert contacts.path_of(desk.payments) == [desk.other_l2]


@pytest.mark.parametrize("who", ["l1", "l2", "partner", "outsider"])
def test_others_find_no_paths(desk: Desk, who: str) -> None:
    page = signed_in(getattr(desk, who))
    assert page.get(reverse("escalation_paths")).status_code == 404
    address = reverse("edit_escalation_path", args=[desk.payments.pk])
    assert page.post(address, path_form(desk, desk.l2)).status_code == 404
    assert contacts.path_of(desk.payments) == []


def test_an_auditor_reads_every_path_and_changes_none(desk: Desk) -> None:
    page = signed_in(desk.auditor)
    html = page.get(reverse("escalation_paths")).content.decode()
    assert "Payments" in html and "Accounts" in html
    address = reverse("edit_escalation_path", args=[desk.payments.pk])
    assert page.post(address, path_form(desk, desk.l2)).status_code == 404


def ladder_data(*rows: tuple[str, str, int, str, str], **more: object) -> dict[str, Any]:
    data: dict[str, Any] = {"ladder-TOTAL_FORMS": len(rows), "ladder-INITIAL_FORMS": 0, **more}
    for number, row in enumerate(rows):
        for name, value in zip(("metric", "amount", "unit", "side", "does"), row, strict=True):
            data[f"ladder-{number}-{name}"] = value
    return data


ROWS = [
    ("resolution", "2", 60, "after", "climb"),
    ("accept", "10", 1, "before", "notify_team"),
    ("accept", "", 1, "before", "notify_lead"),
]
STEPS = [step(Metric.ACCEPT, -10, "notify_team"), step(Metric.RESOLUTION, 120, "climb")]


def ladder_page(policy: Policy) -> str:
    return reverse("policy_draft", args=[policy.pk])


def ladder_sent(
    page: Client, policy: Policy, *rows: tuple[str, str, int, str, str], **more: object
) -> dict[str, Any]:
    """Return what a browser would send of the draft's page with these steps instead of its own."""
    kept = {name: value for name, value in sent_by(page, ladder_page(policy)).items() if "ladder-" not in name}
    return kept | ladder_data(*rows, **more)


def test_a_lead_writes_a_ladder_and_publishes_it(desk: Desk) -> None:
    flat, page = policy(step(Metric.ACCEPT, 0, "climb"), forgotten_after_minutes=90), signed_in(desk.lead)
    html = page.get(ladder_page(flat)).content.decode()
    assert html.count("data-formset-row>") == 3  # the step, an empty one, the template
    assert 'value="1 h 30 min"' in html
    sent = ladder_sent(page, flat, *ROWS, forgotten_after="18 h", raise_after_reopens="3")
    assert page.post(ladder_page(flat), {**sent, "review": "1"}).headers["Location"].endswith("/publish/")
    draft = flat.versions.get(published_at=None)
    assert (draft.ladder, draft.forgotten_after_minutes, draft.raise_after_reopens) == (STEPS, 1080, 3)
    assert all(draft.target(target["metric"], target["priority"]) for target in flat.current.targets)
    html = page.get(reverse("policy_publish", args=[flat.pk])).content.decode()
    assert "Accept: 10 min before it is due, alert the team" in html
    assert "Resolution: 2 h after it was due, alert the next person of the escalation path" in html


def test_a_ladder_written_on_a_stale_draft_shows_both(desk: Desk) -> None:
    flat, page = policy(), signed_in(desk.lead)
    sent = ladder_sent(page, flat, *ROWS, raise_after_reopens="3")
    policy_drafts.save_draft(flat, by=desk.lead, raise_after_reopens=5)
    answer = page.post(ladder_page(flat), sent)
    assert answer.status_code == 409
    html = answer.content.decode()
    assert "5 reopenings" in html and "3 reopenings" in html
    again = ladder_sent(page, flat, *ROWS, raise_after_reopens="3")
    assert page.post(ladder_page(flat), again).status_code == 302


@pytest.mark.parametrize(
    ("rows", "more", "sentence"),
    [
        ([("accept", "60", 1, "after", "climb"), ("accept", "1", 60, "after", "climb")], {}, "stands there twice"),
        ([("accept", "1441", 60, "before", "climb")], {}, "at most 60 days"),
        ([("accept", "99999999", 1, "before", "climb")], {}, "at most 60 days"),
        ([("accept", str(number), 1, "after", "climb") for number in range(21)], {}, "at most 20"),
        ([("regulatory", "1", 60, "after", "climb")], {}, "Select a valid choice"),
        ([], {"forgotten_after": "soon"}, "Write a time such as 4 h"),
        ([], {"forgotten_after": "0"}, "more than nothing"),
        ([], {"raise_after_reopens": "0"}, "greater than or equal to 1"),
    ],
)
def test_a_ladder_that_nobody_could_climb_says_why(
    desk: Desk, rows: list[Any], more: dict[str, Any], sentence: str
) -> None:
    flat, page = policy(), signed_in(desk.lead)
    answer = page.post(ladder_page(flat), ladder_sent(page, flat, *rows, **more))
    assert answer.status_code == 422 and sentence in answer.content.decode()
    assert not flat.versions.filter(published_at=None).exists()


def test_regulatory_deadlines_have_a_ladder_of_their_own(desk: Desk) -> None:
    found = Policy.objects.filter(kind="regulatory").earliest("pk")
    page = signed_in(desk.lead)
    html = page.get(ladder_page(found)).content.decode()
    assert 'value="regulatory" selected' in html and 'value="accept"' not in html
    assert "forgotten_after" not in html
    rows = [("regulatory", "24", 60, "before", "notify_team")]
    assert page.post(ladder_page(found), ladder_sent(page, found, *rows)).status_code == 302
    assert found.versions.get(published_at=None).ladder == [step(Metric.REGULATORY, -1440, "notify_team")]


def test_admins_without_a_team_stand_on_paths_too(desk: Desk) -> None:
    admin = desk.person("Ada Admin")
    User.objects.filter(pk=admin.pk).update(is_superuser=True)
    auditing = desk.person("Max Mute", (desk.payments, Role.LEAD))
    User.objects.filter(pk=auditing.pk).update(is_auditor=True)
    names = [person.name for person in contacts.eligible(desk.payments)]
    assert names == ["Ada Admin", "Lea Lead", "Otis Second", "Sam Second"]
