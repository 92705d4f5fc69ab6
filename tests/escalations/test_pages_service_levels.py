"""The pages on which service levels are set up, through the front door."""

from datetime import UTC, datetime
from html import unescape
from typing import Any

import pytest
import time_machine
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from escalations import calendar_drafts, calendars, policy_drafts
from escalations.models import Calendar, CalendarChoice, Clock, Customer, Policy
from tests.escalations import levels
from tests.escalations.desk import Desk
from tests.escalations.test_pages import signed_in
from tests.robustness.forms import forms_of

OVERVIEW = "/setup/service-levels/"


def standard() -> Policy:
    return Policy.objects.get(name="Standard")


def afternoon() -> Calendar:
    return Calendar.objects.get(name="Manila 15:00–24:00")


def sent_by(client: Any, address: str) -> dict[str, Any]:
    """Return what a browser would send of the edit page as it stands, boxes with all that are ticked."""
    context = client.get(address).context
    forms = [context["form"]]
    if attention := context.get("attention"):
        forms.append(attention)
    for formset in (context.get("ladder"), context.get("shifts")):
        if formset is not None:
            forms += [formset.management_form, *formset]
    values = {field.html_name: field.value() for form in forms for field in form}
    return {name: "" if value is None else value for name, value in values.items() if value is not False}


def test_every_seeded_policy_and_calendar_survives_its_form_unchanged(desk: Desk):
    lead = signed_in(desk.lead)
    things: list[tuple[str, Any]] = [("policy_draft", policy) for policy in Policy.objects.all()]
    for name, thing in [*things, *(("calendar_draft", calendar) for calendar in Calendar.objects.all())]:
        address = reverse(name, args=[thing.pk])
        answer = lead.post(address, sent_by(lead, address))
        assert answer.status_code == 302, (thing, answer.context["form"].errors)
        assert not thing.versions.filter(published_at=None).exists(), thing


def test_a_lead_changes_a_policy_reviews_and_publishes_it(desk: Desk):
    lead, policy = signed_in(desk.lead), standard()
    desk.escalated()
    address = reverse("policy_draft", args=[policy.pk])
    changed = {"accept_1": "20 min", "accept_1_elapsed": "on", "channels": ["email"], "review": "1"}
    ladder = {
        "ladder-0-amount": "2", "ladder-0-unit": "60", "ladder-0-side": "before",
        "ladder-0-metric": "first_resolution", "ladder-0-does": "notify_lead", "forgotten_after": "9 h",
    }  # fmt: skip
    answer = lead.post(address, sent_by(lead, address) | changed | ladder)
    assert answer.headers["Location"] == reverse("policy_publish", args=[policy.pk])
    review = lead.get(answer.headers["Location"]).content.decode()
    said = unescape(review)
    assert "open clocks run by earlier versions and keep them until you re-apply" in said
    assert "0 escalations of the last 90 days match these conditions." in said
    for part in ("20 min elapsed", "Email", "2 h before it is due, alert the lead", "9 h"):
        assert part in said.replace("<mark>", "").replace("</mark>", ""), part
    [form] = [form for form in forms_of(review, answer.headers["Location"]) if "publish" in form.action]
    assert lead.post(form.action, form.fields).status_code == 302
    policy.refresh_from_db()
    current = policy.current
    assert (current.number, current.channels, current.target("accept", 1)) == (2, ["email"], (20, False))
    assert {"metric": "first_resolution", "minutes": -120, "does": "notify_lead"} in current.ladder
    assert current.forgotten_after_minutes == 540
    assert Clock.objects.filter(policy__policy=policy).exclude(policy=current).exists()
    overview = unescape(lead.get(OVERVIEW).content.decode())
    assert "by version 1" in overview


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"accept_1": "soon"}, "Write a time such as 4 h, 1 h 30 min or 90 min."),
        ({"accept_1": "0"}, "A target must be longer than nothing."),
        ({"accept_1": "3000 h"}, "That is too long. At most 2000 h can be set."),
        ({"accept_1": "2 d"}, "Write open time in hours"),
        ({"first_resolution_2": "14 h"}, "P2: the first resolution may take longer than the whole."),
        ({"calendar": "987654"}, "Select a valid choice."),
        ({"categories": ["987654"]}, "Select a valid choice."),
        ({"pauses_in": ["closed"]}, "Select a valid choice."),
        ({"accept_1": "9" * 41}, "at most 40 characters"),
        ({"ladder-0-amount": "-5"}, "greater than or equal to 0"),
        ({"forgotten_after": "0"}, "more than nothing"),
    ],
    ids=str,
)
def test_what_is_wrong_with_a_policy_is_said_and_nothing_is_saved(
    desk: Desk, values: dict[str, Any], sentence: str
):
    lead, policy = signed_in(desk.lead), standard()
    address = reverse("policy_draft", args=[policy.pk])
    answer = lead.post(address, sent_by(lead, address) | values)
    assert answer.status_code == 422
    assert sentence in unescape(answer.content.decode())
    assert policy.versions.count() == 1


def test_who_edits_what_somebody_has_changed_sees_both(desk: Desk):
    lead, policy = signed_in(desk.lead), standard()
    address = reverse("policy_draft", args=[policy.pk])
    mine = sent_by(lead, address) | {"accept_1": "8 min"}
    policy_drafts.save_draft(policy, by=desk.lead, channels=["social"])
    answer = lead.post(address, mine)
    content = answer.content.decode()
    assert answer.status_code == 409
    assert "Social media" in content and "P1 8 min" in content.replace("<mark>", "")
    [form] = [form for form in forms_of(content, address) if form.action == address]
    assert form.fields["version"] != mine["version"]
    assert lead.post(address, mine | {"version": form.fields["version"]}).status_code == 302
    draft = policy_drafts.draft_of(policy)
    assert (draft.channels, draft.target("accept", 1)) == ([], (8, True))


def test_of_two_leads_who_publish_one_is_told(desk: Desk):
    lead, policy = signed_in(desk.lead), standard()
    policy_drafts.save_draft(policy, by=desk.lead, own_calendars=True)
    address = reverse("policy_publish", args=[policy.pk])
    read = lead.get(address).context["token"]
    policy_drafts.save_draft(policy, by=desk.lead, channels=["email"])
    changed = lead.post(address, {"version": read})
    assert changed.status_code == 409
    assert "Below is the draft as it is now." in changed.content.decode()
    policy_drafts.publish(policy, by=desk.lead)
    gone = lead.post(address, {"version": read})
    assert gone.status_code == 409
    assert "somebody has published or discarded it" in gone.content.decode()
    assert policy.versions.count() == 2
    assert lead.get(address).headers["Location"] == reverse("policy", args=[policy.pk])


def test_a_policy_that_can_not_be_published_says_why_and_keeps_its_button_off(desk: Desk):
    lead = signed_in(desk.lead)
    always = Calendar.objects.get(name="24×7")
    answer = lead.post(reverse("new_policy"), {"name": "Mine", "kind": "service", "calendar": str(always.pk)})
    policy = Policy.objects.get(name="Mine")
    assert answer.headers["Location"] == reverse("policy_draft", args=[policy.pk])
    address = reverse("policy_publish", args=[policy.pk])
    page = lead.get(address).content.decode()
    assert "This policy sets no target at all." in page and "disabled" in page
    assert lead.post(address, {"version": lead.get(address).context["token"]}).status_code == 422
    again = lead.post(reverse("new_policy"), {"name": "MINE", "kind": "service", "calendar": str(always.pk)})
    assert again.status_code == 422
    assert "There is one of this name already." in again.content.decode()


def act(client: Any, address: str, thing: Any, verb: str, **sent: str) -> str:
    answer = client.post(reverse(address, args=[thing.pk, verb]), sent)
    assert answer.status_code == 302
    return str(answer.headers["Location"])


def test_a_policy_is_renamed_copied_moved_and_taken_out_of_use(desk: Desk):
    lead, policy = signed_in(desk.lead), standard()
    assert act(lead, "policy_act", policy, "rename", name="Usual") == reverse("policy", args=[policy.pk])
    to = act(lead, "policy_act", policy, "copy", name="Unusual")
    copy = Policy.objects.get(name="Unusual")
    assert to == reverse("policy", args=[copy.pk])
    assert act(lead, "policy_act", policy, "up") == OVERVIEW
    assert act(lead, "policy_act", policy, "retire") == reverse("policy", args=[policy.pk])
    policy.refresh_from_db()
    copy.refresh_from_db()
    assert (policy.name, policy.is_active, policy.position < copy.position) == ("Usual", False, True)
    act(lead, "policy_act", copy, "use")
    assert act(lead, "policy_act", copy, "discard") == OVERVIEW
    assert not Policy.objects.filter(name="Unusual").exists()
    refused = lead.post(reverse("policy_act", args=[policy.pk, "rename"]), {"name": " "}, follow=True)
    assert "Give it a name." in refused.content.decode()
    assert lead.post(reverse("policy_act", args=[policy.pk, "explode"])).status_code == 404


def test_a_policy_behind_one_that_takes_everything_is_marked(desk: Desk):
    levels.policy("Everything", {"accept": 5}, position=0)
    lead = signed_in(desk.lead)
    assert lead.get(OVERVIEW).content.decode().count("Matches nothing") == 4
    page = lead.get(reverse("policy", args=[standard().pk])).content.decode()
    assert "This policy matches nothing: “Everything” comes before it" in page


def week(*rows: tuple[list[int], str, str]) -> dict[str, Any]:
    sent: dict[str, Any] = {"shifts-TOTAL_FORMS": str(len(rows) + 1), "shifts-INITIAL_FORMS": "0"}
    for number, (days, opens, closes) in enumerate([*rows, ([], "", "")]):
        sent |= {f"shifts-{number}-days": days, f"shifts-{number}-opens": opens, f"shifts-{number}-closes": closes}
    return sent


def test_a_new_calendar_with_a_lunch_break_and_a_night_is_written_and_published(desk: Desk):
    lead = signed_in(desk.lead)
    made = lead.post(reverse("new_calendar"), {"name": "Lima office"})
    calendar = Calendar.objects.get(name="Lima office")
    assert made.headers["Location"] == reverse("calendar_draft", args=[calendar.pk])
    address = made.headers["Location"]
    sent = {
        "version": lead.get(address).context["form"]["version"].value(),
        "zone": "America/Lima", "holiday_country": "PE", "own_holidays": "2027-01-04\n\n2027-01-04\n",
        "holiday_rule": "calendar_day", "review": "1",
        **week(([0, 1], "9", "13:00"), ([0, 1], "14:00", "18:00"), ([4], "20:00", "02:00")),
    }  # fmt: skip
    answer = lead.post(address, sent)
    assert answer.status_code == 302, answer.content.decode()
    review = lead.get(answer.headers["Location"])
    assert "Mon–Tue 09:00–13:00, 14:00–18:00" in review.content.decode()
    lead.post(answer.headers["Location"], {"version": review.context["token"]})
    current = Calendar.objects.get(pk=calendar.pk).current
    assert (current.zone, current.own_holidays, current.holiday_rule) == (
        "America/Lima", ["2027-01-04"], "calendar_day",
    )  # fmt: skip
    assert current.weekly[0] == {"day": 0, "opens": "09:00", "closes": "13:00"}
    assert len(current.weekly) == 5 and "2027-07-28" in current.holidays


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        (week(([0], "09:00", "13:00"), ([0, 1], "12:00", "18:00")),
         "Monday 09:00–13:00 and Monday 12:00–18:00 overlap"),
        (week(([2], "09:00", "09:00")), "Wednesday 09:00–09:00 is empty"),
        (week(), "Without opening hours this calendar would never be open"),
        (week(([], "09:00", "17:00")), "Choose the days of this shift."),
        (week(([1], "nine", "17:00")), "Write a time such as 09:00"),
        (week(([1], "09:00", "")), "Write a time such as 09:00"),
        ({"zone": "America/Atlantis"}, "Select a valid choice."),
        ({"holiday_country": "XX"}, "Select a valid choice."),
        ({"own_holidays": "2026-12-24\n24.12.2026"}, "“24.12.2026” is no date such as 2026-12-24."),
        ({"shifts-TOTAL_FORMS": "x"}, "ManagementForm data is missing"),
    ],
    ids=str,
)  # fmt: skip
def test_what_is_wrong_with_hours_is_said_and_nothing_is_saved(desk: Desk, values: dict[str, Any], sentence: str):
    lead, calendar = signed_in(desk.lead), afternoon()
    address = reverse("calendar_draft", args=[calendar.pk])
    answer = lead.post(address, sent_by(lead, address) | values)
    assert answer.status_code == 422
    assert sentence in unescape(answer.content.decode())
    assert calendar.versions.count() == 1


def test_who_edits_hours_that_somebody_has_changed_sees_both(desk: Desk):
    lead, calendar = signed_in(desk.lead), afternoon()
    address = reverse("calendar_draft", args=[calendar.pk])
    mine = sent_by(lead, address) | {"zone": "America/Lima"}
    calendar_drafts.save_draft(calendar, by=desk.lead, own_holidays=["2027-01-04"])
    answer = lead.post(address, mine)
    assert answer.status_code == 409
    assert "America/Lima" in answer.content.decode() and "Mon 4 Jan 2027" in answer.content.decode()


def test_the_calendars_page_shows_versions_with_what_changed_and_the_coming_days(desk: Desk):
    calendar = levels.calendar("Office", zone="Asia/Manila", holiday_country="PH")
    nine = [{"day": day, "opens": "09:00", "closes": "17:00"} for day in range(5)]
    levels.calendar("Office", zone="Asia/Manila", holiday_country="PH", weekly=nine)
    with time_machine.travel(datetime(2026, 6, 10, 3, tzinfo=UTC)):
        page = unescape(signed_in(desk.auditor).get(reverse("calendar", args=[calendar.pk])).content.decode())
    assert "Version 1" in page and "Version 2" in page
    assert "diff-removed" in page and "Every day 00:00–24:00" in page
    assert "Fri 12 Jun" in page and "Independence Day" in page
    assert "Change the hours" not in page


def test_a_calendar_that_the_world_changed_is_shown_as_something_to_re_apply(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
):
    lead = signed_in(desk.lead)
    desk.escalated()
    known = calendars._public_holidays("PH")
    more = lambda country: (*known, "2039-01-31") if country == "PH" else ()  # noqa: E731
    monkeypatch.setattr(calendars, "_public_holidays", more)
    assert "Other public holidays" not in lead.get(OVERVIEW).content.decode()
    calendars.check_zones()
    page = lead.get(OVERVIEW).content.decode()
    assert "Other public holidays are known for <strong>Manila 15:00–24:00</strong> now." in page
    assert page.count("Other public holidays") == 1, "nobody's clocks run by the other calendar"


def test_own_calendars_are_chosen_and_cleared_on_the_pages(desk: Desk):
    lead, calendar = signed_in(desk.lead), afternoon()
    customer = Customer.objects.get(pk=desk.escalated().customer_id)
    base = {"calendar": str(calendar.pk)}
    for sent in (
        {"whose": "team", "team": str(desk.payments.pk)},
        {"whose": "segment", "segment": "business"},
        {"whose": "customer", "customer": customer.external_id},
    ):
        assert lead.post(reverse("own_calendar"), base | sent).status_code == 302
    assert CalendarChoice.objects.count() == 3
    overview = lead.get(OVERVIEW).content.decode()
    assert customer.name in overview and "own calendar of 3" in overview
    for choice in CalendarChoice.objects.all():
        assert lead.post(reverse("clear_own_calendar", args=[choice.pk])).status_code == 302
    assert not CalendarChoice.objects.exists()
    for sent in ({"whose": "customer", "customer": "nobody"}, {"whose": "team"}, {"whose": "moon"}):
        assert lead.post(reverse("own_calendar"), base | sent).status_code == 422


def test_readers_can_not_write_and_others_see_nothing(desk: Desk):
    policy, calendar = standard(), afternoon()
    policy_drafts.save_draft(policy, by=desk.lead, own_calendars=True)
    calendar_drafts.save_draft(calendar, by=desk.lead, zone="UTC")
    for name, args in (
        ("policy_draft", [policy.pk]),
        ("policy_publish", [policy.pk]),
        ("policy_act", [policy.pk, "discard"]),
        ("calendar_draft", [calendar.pk]),
        ("calendar_publish", [calendar.pk]),
        ("calendar_act", [calendar.pk, "discard"]),
        ("new_policy", []),
        ("new_calendar", []),
        ("own_calendar", []),
        ("clear_own_calendar", [1]),
    ):
        assert signed_in(desk.auditor).post(reverse(name, args=args)).status_code == 403, name
        assert signed_in(desk.l2).post(reverse(name, args=args)).status_code == 404, name
    assert policy_drafts.stored_draft(policy) and calendar_drafts.stored_draft(calendar)


@pytest.mark.parametrize(("name", "most"), [("service_levels", 22), ("policy", 24), ("calendar", 20)])
def test_pages_ask_the_database_the_same_however_much_there_is(
    desk: Desk, name: str, most: int, django_assert_max_num_queries: DjangoAssertNumQueries
):
    lead, policy, calendar = signed_in(desk.lead), standard(), afternoon()
    args = {"service_levels": [], "policy": [policy.pk], "calendar": [calendar.pk]}[name]
    for number in range(6):
        policy_drafts.save_draft(policy, by=desk.lead, own_calendars=number % 2 == 0)
        policy_drafts.publish(policy, by=desk.lead)
        calendar_drafts.save_draft(calendar, by=desk.lead, own_holidays=[f"2027-01-0{number + 1}"])
        calendar_drafts.publish(calendar, by=desk.lead)
        levels.policy(f"More {number}", {"accept": 5}, position=number, channels=["other"])
        desk.escalated()
    lead.get(reverse(name, args=args))
    with django_assert_max_num_queries(most):
        assert lead.get(reverse(name, args=args)).status_code == 200
