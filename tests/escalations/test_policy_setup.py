"""Setting up policies: drafts, versions, order, and what can't be or matches nothing."""

from typing import Any

import pytest
from django.db import IntegrityError, transaction

from common import clock
from common.errors import NotAllowed, Refused, StaleVersion
from escalations import policies, policy_checks, policy_drafts, policy_order, policy_words
from escalations.forms.policy_setup import minutes_of
from escalations.models import Calendar, Category, Clock, Policy, PolicyVersion, Priority
from events.models import Event
from tests.escalations import levels
from tests.escalations.desk import Desk


def target(metric: str, priority: int, minutes: int, *, business_time: bool = True) -> dict[str, Any]:
    return {"metric": metric, "priority": priority, "minutes": minutes, "business_time": business_time}


def standard() -> Policy:
    return Policy.objects.get(name="Standard")


def current() -> PolicyVersion:
    version = standard().current
    assert version is not None
    return version


def kinds(policy: Policy) -> list[str]:
    events = Event.objects.filter(subject_type="policy", subject_id=policy.pk).order_by("pk")
    return list(events.values_list("kind", flat=True))


def new(desk: Desk, name: str = "Mine", kind: str = "service", **columns: Any) -> Policy:
    """A policy that was never published, with a draft of these columns."""
    policy = policy_drafts.create(name, kind=kind, calendar=Calendar.objects.get(name="24×7"), by=desk.lead)
    policy_drafts.save_draft(policy, by=desk.lead, **{"targets": [target("accept", 1, 5)], **columns})
    return policy


def order(kind: str = "service") -> list[str]:
    return [policy.name for policy in Policy.objects.filter(kind=kind)]


def test_publishing_is_for_clocks_that_begin_from_now_on(desk: Desk):
    policy = standard()
    ticket = desk.escalated()
    running = Clock.objects.get(ticket=ticket, metric="accept")
    first = policy.current
    assert running.policy == first
    targets = [one | {"minutes": 7} if one["metric"] == "accept" else one for one in policy.current.targets]
    draft = policy_drafts.save_draft(policy, by=desk.lead, targets=targets)
    assert policies.rulebook().policies_for(ticket)["service"] == first
    published = policy_drafts.publish(policy, by=desk.lead, version=policy_drafts.token(draft))
    assert (published.number, published.published_by, published.ladder) == (2, desk.lead, first.ladder)
    running.refresh_from_db()
    assert running.policy == first
    assert Clock.objects.get(ticket=desk.escalated(), metric="accept").target_seconds == 7 * 60
    assert kinds(policy)[-2:] == ["policy.draft_saved", "policy.published"]


def test_a_form_leaves_alone_what_it_does_not_set(desk: Desk):
    policy = standard()
    policy_drafts.save_draft(policy, by=desk.lead, raise_after_reopens=2)
    draft = policy_drafts.save_draft(policy, by=desk.lead, own_calendars=True)
    assert (draft.raise_after_reopens, draft.own_calendars, draft.number) == (2, True, 2)


def test_who_saves_or_publishes_what_they_have_not_read_is_told(desk: Desk):
    policy = standard()
    read = policy_drafts.token(policy_drafts.draft_of(policy))
    draft = policy_drafts.save_draft(policy, by=desk.lead, version=read, own_calendars=True)
    for change in (
        lambda: policy_drafts.save_draft(policy, by=desk.lead, version=read, pauses_in=[]),
        lambda: policy_drafts.publish(policy, by=desk.lead, version=read),
        lambda: policy_drafts.discard(policy, by=desk.lead, version=read),
    ):
        with pytest.raises(StaleVersion):
            change()
    policy_drafts.publish(policy, by=desk.lead, version=policy_drafts.token(draft))
    with pytest.raises(StaleVersion, match="no draft any more"):
        policy_drafts.publish(policy, by=desk.lead, version=policy_drafts.token(draft))
    assert policy.versions.count() == 2


def test_a_draft_that_says_the_same_is_not_published(desk: Desk):
    policy = standard()
    policy_drafts.save_draft(policy, by=desk.lead, own_calendars=True)
    policy_drafts.save_draft(policy, by=desk.lead, own_calendars=False)
    with pytest.raises(Refused, match="says what version 1 says already"):
        policy_drafts.publish(policy, by=desk.lead)


def test_discarding_leaves_what_is_published_and_takes_what_never_was(desk: Desk):
    policy = standard()
    policy_drafts.save_draft(policy, by=desk.lead, own_calendars=True)
    made = new(desk)
    for _again in range(2):
        policy_drafts.discard(policy, by=desk.lead)
        policy_drafts.discard(made, by=desk.lead)
    assert policy.versions.count() == 1
    assert not Policy.objects.filter(name="Mine").exists()


@pytest.mark.parametrize("column", ["targets", "priorities", "pauses_in"])
def test_the_database_refuses_to_change_or_delete_what_is_published(desk: Desk, column: str):
    rows = PolicyVersion.objects.filter(pk=current().pk)
    for change in (lambda: rows.update(**{column: []}), lambda: rows._raw_delete(rows.db)):
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            change()


@pytest.mark.parametrize(
    ("columns", "field", "sentence"),
    [
        ({"targets": [target("accept", 1, 0)]}, "targets", "Accept, P1: a target must be longer than nothing"),
        ({"targets": [target("accept", 1, -5)]}, "targets", "longer than nothing"),
        ({"targets": [target("accept", 1, 1.5)]}, "targets", "whole number of minutes"),  # type: ignore[arg-type]
        ({"targets": [target("accept", 1, True)]}, "targets", "whole number of minutes"),
        ({"targets": [target("accept", 1, 2001 * 60)]}, "targets", "At most 2000 h"),
        ({"targets": [target("accept", 1, 367 * 1440, business_time=False)]}, "targets", "At most 366 d"),
        ({"targets": [target("accept", 9, 5)]}, "targets", "needs a metric, a priority"),
        ({"targets": [target("speed", 1, 5)]}, "targets", "needs a metric, a priority"),
        ({"targets": [target("regulatory", 1, 5)]}, "targets", "sets no such target"),
        ({"targets": [target("update", 1, 5)]}, "targets", "sets no such target"),
        ({"targets": [target("accept", 1, 5), target("accept", 1, 6)]}, "targets", "there are two targets"),
        ({"targets": [target("first_resolution", 2, 61), target("resolution", 2, 60)]}, "targets",
         "P2: the first resolution may take longer than the whole"),
        ({"categories": [987654]}, "categories", "not there any more"),
        ({"channels": ["pigeon"]}, "channels", "not there any more"),
        ({"pauses_in": ["closed"]}, "pauses_in", "only in a state of an open escalation"),
    ],
    ids=str,
)  # fmt: skip
def test_what_can_not_be_is_refused_in_plain_words(desk: Desk, columns: dict[str, Any], field: str, sentence: str):
    policy = standard()
    with pytest.raises(Refused) as refused:
        policy_drafts.save_draft(policy, by=desk.lead, **columns)
    assert refused.value.field == field
    assert sentence in str(refused.value)
    assert policy.versions.count() == 1


def test_a_policy_without_targets_can_be_drafted_but_not_published(desk: Desk):
    policy = new(desk, targets=[], priorities=[1])
    with pytest.raises(Refused, match="sets no target at all"):
        policy_drafts.publish(policy, by=desk.lead)
    policy_drafts.save_draft(policy, by=desk.lead, targets=[target("accept", 2, 5)])
    with pytest.raises(Refused, match="None of the priorities that this policy is for has a target"):
        policy_drafts.publish(policy, by=desk.lead)


def test_a_policy_for_what_is_retired_only_matches_nothing(desk: Desk):
    Category.objects.filter(key="other").update(is_active=False)
    retired, active = Category.objects.get(key="other").pk, Category.objects.get(key="chargeback").pk
    policy = new(desk, categories=[retired])
    with pytest.raises(Refused, match="none of its categories is in use") as refused:
        policy_drafts.publish(policy, by=desk.lead)
    assert refused.value.field == "categories"
    policy_drafts.save_draft(policy, by=desk.lead, categories=[retired, active])
    assert "Not in use any more: Other." in policy_checks.warnings(policy_drafts.draft_of(policy))
    assert policy_drafts.publish(policy, by=desk.lead)


@pytest.mark.parametrize(
    ("columns", "hidden"),
    [
        ({}, False),
        ({"priorities": [1]}, True),
        ({"priorities": [1], "channels": ["email"]}, True),
        ({"priorities": [1, 2]}, False),
        ({"segments": ["business"]}, True),
        ({"segments": ["business", "consumer"]}, False),
        ({"categories": "security_alert"}, True),
    ],
    ids=str,
)
def test_a_policy_wholly_behind_an_earlier_one_matches_nothing(desk: Desk, columns: dict[str, Any], hidden: bool):
    """Before it stand: security alerts; P1; business and enterprise."""
    if "categories" in columns:
        columns = {"categories": [Category.objects.get(key="security_alert").pk]}
    policy = new(desk, **columns)
    if not hidden:
        assert policy_drafts.publish(policy, by=desk.lead)
        return
    with pytest.raises(Refused, match="comes before it and takes everything"):
        policy_drafts.publish(policy, by=desk.lead)
    policy_order.set_in_use(policy, False, by=desk.lead)  # what is not in use hides behind nobody
    assert policy_drafts.publish(policy, by=desk.lead)


def test_all_values_ticked_are_as_good_as_none(desk: Desk):
    wide = new(desk, "All priorities", priorities=Priority.values)
    policy_drafts.publish(wide, by=desk.lead)
    assert policy_checks.hidden_behind(standard(), current()) == wide


def test_warnings_say_how_many_escalations_it_is_about_and_who_gets_no_clock(desk: Desk):
    tickets = [desk.escalated() for _ in range(3)]
    old = tickets[0]
    type(old).objects.filter(pk=old.pk).update(created_at=clock.now() - policy_checks.LOOKED_BACK * 2)
    type(old).objects.filter(pk=tickets[1].pk).update(priority=1)
    policy = new(desk, channels=["chat"])
    said = policy_checks.warnings(policy_drafts.draft_of(policy))
    assert said == [
        "2 escalations of the last 90 days match these conditions.",
        "1 of them goes by a policy that comes earlier.",
        "No target at P2, P3, P4: such escalations match this policy and get no clock.",
    ]
    policy_drafts.save_draft(policy, by=desk.lead, channels=["social"])
    assert policy_checks.warnings(policy_drafts.draft_of(policy))[0] == (
        "0 escalations of the last 90 days match these conditions."
    )


def test_a_new_policy_comes_before_the_one_that_takes_everything(desk: Desk):
    before = order()
    assert before[-1] == "Standard"
    new(desk)
    assert order() == [*before[:-1], "Mine", "Standard"]


def test_moving_goes_one_place_and_stops_at_the_ends(desk: Desk):
    first, second, *rest = order()
    policy = Policy.objects.get(name=second)
    policy_order.move(policy, "up", by=desk.lead)
    assert order() == [second, first, *rest]
    policy_order.move(policy, "up", by=desk.lead)
    assert order() == [second, first, *rest]
    policy_order.move(policy, "down", by=desk.lead)
    assert order() == [first, second, *rest]
    assert kinds(policy).count("policy.moved") == 2


def test_the_order_decides_who_wins(desk: Desk):
    policy = levels.policy("Mine", {"accept": 3}, position=900)
    assert policies.rulebook().policies_for(desk.escalated())["service"].policy.name == "Standard"
    policy_order.move(policy, "up", by=desk.lead)
    assert policies.rulebook().policies_for(desk.escalated())["service"].policy == policy


def test_in_and_out_of_use_is_recorded_once(desk: Desk):
    policy = standard()
    for in_use in (False, False, True, True):
        policy_order.set_in_use(policy, in_use, by=desk.lead)
    assert kinds(policy)[-2:] == ["policy.taken_out_of_use", "policy.put_in_use"]


def test_a_copy_is_a_draft_out_of_use(desk: Desk):
    policy = standard()
    copy = policy_drafts.copy(policy, "Standard, stricter", by=desk.lead)
    draft = policy_drafts.draft_of(copy)
    assert (copy.is_active, copy.current, draft.targets) == (False, None, policy.current.targets)
    with pytest.raises(Refused, match="of this name already"):
        policy_drafts.copy(policy, "standard", by=desk.lead)


def test_only_leads_and_admins_change_policies(desk: Desk):
    policy = standard()
    calendar = policy.current.calendar
    for user in (desk.l1, desk.l2, desk.partner, desk.auditor):
        for change in (
            lambda: policy_drafts.create("Mine", kind="service", calendar=calendar, by=user),  # noqa: B023
            lambda: policy_drafts.copy(policy, "Mine", by=user),  # noqa: B023
            lambda: policy_drafts.rename(policy, "Mine", by=user),  # noqa: B023
            lambda: policy_drafts.save_draft(policy, by=user, own_calendars=True),  # noqa: B023
            lambda: policy_drafts.publish(policy, by=user),  # noqa: B023
            lambda: policy_drafts.discard(policy, by=user),  # noqa: B023
            lambda: policy_order.move(policy, "up", by=user),  # noqa: B023
            lambda: policy_order.set_in_use(policy, False, by=user),  # noqa: B023
        ):
            with pytest.raises(NotAllowed):
                change()


@pytest.mark.parametrize(
    ("text", "minutes"),
    [("4 h", 240), ("4h", 240), ("1 h 30 min", 90), ("1h30", 90), ("90", 90), ("2 horas", 120), (" 15m ", 15)],
)
def test_lengths_as_people_write_them(text: str, minutes: int):
    assert minutes_of(text, business_time=True) == minutes


@pytest.mark.parametrize("text", ["soon", "4 hx", "-4", "1.5 h", "4 h and a bit", "2 d"])
def test_lengths_that_are_none(text: str):
    with pytest.raises(ValueError):
        minutes_of(text, business_time=True)


@pytest.mark.parametrize("minutes", [1, 59, 60, 90, 1439, 1440, 2880, 2881, 21_600])
@pytest.mark.parametrize("business_time", [True, False])
def test_a_length_in_words_reads_back_as_the_same(minutes: int, business_time: bool):
    written = policy_words.span(minutes, business_time=business_time)
    assert minutes_of(written, business_time=business_time) == minutes
