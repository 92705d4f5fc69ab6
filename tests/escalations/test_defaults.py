"""The seeded catalogue."""

from datetime import UTC, datetime

import pytest
from django.core.management import call_command
from django.utils import translation

from accounts import people
from escalations import calendars, contract, defaults, sla
from escalations.models import (
    Calendar,
    CalendarVersion,
    Category,
    Metric,
    Policy,
    PolicyVersion,
    Priority,
    PriorityRule,
    Reason,
    ReasonKind,
    RootCause,
)
from escalations.priorities import usual_priority
from tests.escalations import levels

pytestmark = pytest.mark.django_db

COUNTED = (Calendar, CalendarVersion, Category, Policy, PolicyVersion, PriorityRule, Reason, RootCause)


def test_seeding_twice_adds_nothing():
    call_command("seed_catalogue")
    counts = [model.objects.count() for model in COUNTED]
    call_command("seed_catalogue")
    assert [model.objects.count() for model in COUNTED] == counts
    assert not Category.objects.filter(forms__version__gt=1).exists()


def test_an_admins_edit_survives():
    defaults.seed()
    Category.objects.filter(key="other").update(name="Anything else", is_active=False)
    category = Category.objects.get(key="transaction_failure")
    shorter = category.current_form.fields[:3]
    contract.publish(category, shorter, by=people.system())
    levels.policy("Standard", {"accept": 7})
    RootCause.objects.get(key="unknown").delete()

    defaults.seed()

    other = Category.objects.get(key="other")
    assert (other.name, other.is_active) == ("Anything else", False)
    assert category.current_form.fields == shorter
    current = Policy.objects.get(name="Standard").current
    assert current is not None
    assert [target["minutes"] for target in current.targets] == [7, 14, 21, 28]
    assert RootCause.objects.get(key="unknown").parent.key == "process"


def test_every_category_asks_what_was_tried_and_what_is_wanted_in_both_languages():
    defaults.seed()
    assert Category.objects.count() == 14
    for category in Category.objects.all():
        fields = {field["key"]: field for field in category.current_form.fields}
        assert fields["steps_tried"]["required"] and fields["request"]["required"]
        assert category.name_es and category.description_es
        for field in fields.values():
            texts = [field["label"], field.get("help"), *(c["label"] for c in field.get("choices", []))]
            assert all(text["en"] and text["es"] for text in texts if text), field["key"]


def test_a_condition_names_values_that_can_be_chosen():
    defaults.seed()
    for category in Category.objects.all():
        fields = {field["key"]: field for field in category.current_form.fields}
        for field in fields.values():
            if condition := field.get("show_if"):
                possible = {choice["value"] for choice in fields[condition["field"]]["choices"]}
                assert set(condition["in"]) <= possible, (category.key, field["key"])


def test_the_error_code_is_demanded_of_a_declined_payment_only():
    defaults.seed()
    form = Category.objects.get(key="transaction_failure").current_form
    assert form is not None
    answers = {
        "transaction_id": "TXN-8F3K2M9Q", "product": "QR payments", "amount": "120.00 PHP",
        "happened_on": "2026-03-02", "outcome": "declined", "steps_tried": "Retried\nOther network",
        "request": "Why was it declined?",
    }  # fmt: skip
    with pytest.raises(contract.Invalid) as refused:
        contract.clean(form, answers)
    assert set(refused.value.errors) == {"error_code"}

    cleaned = contract.clean(form, {**answers, "error_code": "QR-4102"})
    assert contract.columns(form, cleaned) == {
        "transaction_ref": "TXN-8F3K2M9Q", "product": "QR payments", "error_code": "QR-4102",
    }  # fmt: skip
    pending = contract.clean(form, {**answers, "outcome": "pending", "pending_since": "2026-03-02"})
    assert "error_code" not in pending


def test_the_evening_calendar_ends_on_saturday_at_one_and_keeps_philippine_holidays():
    defaults.seed()
    hours = calendars.hours(calendars.current("Manila 16:00–01:00"))
    saturday_0030 = datetime(2026, 3, 6, 16, 30, tzinfo=UTC)  # Manila is UTC+8
    assert hours.is_open(saturday_0030)
    assert not hours.is_open(datetime(2026, 3, 6, 17, 0, tzinfo=UTC))
    assert not hours.is_open(datetime(2026, 6, 12, 10, 0, tzinfo=UTC))  # Independence Day
    for version in CalendarVersion.objects.all():
        calendars.validate(version)


def test_every_priority_has_every_target_somewhere_and_higher_ones_are_tighter():
    defaults.seed()
    standard = Policy.objects.get(name="Standard")
    assert standard.current is not None
    for metric in set(Metric) - sla.DATED:
        targets = [standard.current.target(metric, priority) for priority in Priority]
        minutes = [target.minutes for target in targets if target is not None]
        assert len(minutes) == len(Priority) and minutes == sorted(minutes)


def test_the_matrix_is_whole_and_the_usual_one():
    defaults.seed()
    rules = {(rule.impact, rule.urgency): rule.priority for rule in PriorityRule.objects.all()}
    assert len(rules) == 9
    assert all(priority == usual_priority(*cell) for cell, priority in rules.items())


def test_codes_of_every_kind_and_leaves_below_every_parent():
    defaults.seed()
    assert set(Reason.objects.values_list("kind", flat=True)) == set(ReasonKind.values)
    tops = RootCause.objects.filter(parent=None)
    assert tops and all(top.children.exists() for top in tops)
    with translation.override("es"):
        assert RootCause.objects.get(key="acquirer_timeout").path == "Pagos › Tiempo agotado en el adquirente"
