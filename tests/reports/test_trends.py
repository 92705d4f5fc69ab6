"""Finding what rises, once."""

from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.core.management import CommandError, call_command

from common.errors import NotAllowed, Refused
from escalations.models import Category, Channel, Customer, RootCause, Ticket
from events.models import Event
from reports import detection, trends
from reports.models import Trend, TrendStatus
from tests.factories import UserFactory

BEGAN = date(2026, 3, 2)
TODAY = BEGAN + timedelta(days=41)


class Days:
    """Writes tickets down as if they had come on past days, each of another customer unless told."""

    def __init__(self, desk):
        self.desk = desk
        self.customers = Customer.objects.bulk_create(
            Customer(external_id=f"T-{number}", name=f"Customer {number}", created_at=datetime.now(UTC))
            for number in range(60)
        )
        self.written = 0

    def write(self, day, count, *, customers=60, **fields):
        rows = []
        for _ in range(count):
            self.written += 1
            at = datetime(day.year, day.month, day.day, 9, tzinfo=UTC)
            rows.append(
                Ticket(
                    subject="It fails", description="It fails.", category=self.desk.category,
                    customer=self.customers[self.written % customers], channel=Channel.CHAT, priority=3,
                    team=self.desk.payments, created_by=self.desk.l1, state="new", state_since=at,
                    team_since=at, created_at=at, updated_at=at, **fields,
                )
            )  # fmt: skip
        Ticket.objects.bulk_create(rows)

    def usual(self, until=TODAY):
        for offset in range((until - BEGAN).days):
            self.write(BEGAN + timedelta(days=offset), 2 + offset % 2, error_code="E-1")


@pytest.fixture
def past(desk):
    return Days(desk)


@pytest.fixture(autouse=True)
def now():
    with time_machine.travel(datetime(2026, 4, 12, 18, tzinfo=UTC), tick=False):
        yield


def errors():
    return Trend.objects.filter(dimension="error_code")


def test_a_usual_day_flags_nothing(past):
    past.usual()
    past.write(TODAY, 3, error_code="E-1")
    assert detection.detect(TODAY) == []


def test_a_rise_is_flagged_once_and_brought_up_to_date(past, desk):
    past.usual()
    past.write(TODAY, 12, error_code="E-77")
    detection.detect(TODAY)
    trend = errors().get()
    assert (trend.value, trend.since, trend.seen, trend.customers) == ("E-77", TODAY, 12, 12)
    assert trend.expected < 1 <= trend.threshold < 12
    assert set(trend.examples) <= set(Ticket.objects.filter(error_code="E-77").values_list("pk", flat=True))
    assert trend.chart["days"][-1] == TODAY.isoformat() and trend.chart["seen"][-1] == 12

    past.write(TODAY, 4, error_code="E-77")
    detection.detect(TODAY)
    assert errors().get().seen == 16
    past.write(TODAY + timedelta(days=1), 9, error_code="E-77")
    detection.detect(TODAY + timedelta(days=1))
    again = errors().get()
    assert (again.pk, again.since, again.total_seen) == (trend.pk, TODAY, 25)
    assert Event.objects.filter(kind="trend.flagged", subject_id=trend.pk).count() == 1


def test_a_category_and_a_root_cause_can_rise_too(past, desk):
    past.usual(until=TODAY)
    cause = RootCause.objects.filter(children=None).earliest("pk")
    at = datetime(2026, 4, 12, 9, tzinfo=UTC)
    past.write(TODAY, 20, root_cause=cause, resolved_at=at)
    detection.detect(TODAY)
    assert {(trend.dimension, trend.value) for trend in Trend.objects.all()} == {
        ("category", str(desk.category.pk)),
        ("root_cause", str(cause.pk)),
    }


def test_one_customer_alone_is_no_trend(past):
    past.usual()
    past.write(TODAY, 12, customers=1, error_code="E-77")
    detection.detect(TODAY)
    assert not errors().exists()


def test_too_few_to_speak_of(past):
    past.usual()
    past.write(TODAY, 4, error_code="E-77")
    detection.detect(TODAY)
    assert not errors().exists()


def test_before_there_is_a_past_nothing_is_unusual(past):
    past.write(TODAY, 30, error_code="E-77")
    assert detection.detect(TODAY) == []


def test_a_quiet_week_ends_it_and_the_next_rise_is_another(past):
    past.usual()
    past.write(TODAY, 12, error_code="E-77")
    detection.detect(TODAY)
    for offset in (7, 8):
        detection.detect(TODAY + timedelta(days=offset))
        assert errors().get().status == (TrendStatus.OPEN if offset == 7 else TrendStatus.OVER)
    later = TODAY + timedelta(days=20)
    past.write(later, 14, error_code="E-77")
    detection.detect(later)
    assert list(errors().order_by("since").values_list("since", "status")) == [
        (TODAY, TrendStatus.OVER),
        (later, TrendStatus.OPEN),
    ]


def test_looking_at_the_past_again_changes_nothing(past):
    past.usual()
    past.write(TODAY - timedelta(days=3), 12, error_code="E-77")
    call_command("detect_trends", "--from", "2026-03-02", "--to", TODAY.isoformat())
    before = list(Trend.objects.order_by("pk").values("pk", "since", "last_day", "seen", "status"))
    assert before
    call_command("detect_trends", "--from", "2026-03-02", "--to", TODAY.isoformat())
    assert list(Trend.objects.order_by("pk").values("pk", "since", "last_day", "seen", "status")) == before
    assert Event.objects.filter(kind="trend.flagged").count() == len(before)


def test_an_older_rise_can_be_found_beside_a_present_one(past):
    past.usual()
    past.write(TODAY - timedelta(days=10), 15, error_code="E-77")
    past.write(TODAY, 30, error_code="E-77")
    detection.detect(TODAY)
    detection.detect(TODAY - timedelta(days=10))
    assert errors().filter(status=TrendStatus.OPEN).get().since == TODAY
    assert errors().filter(status=TrendStatus.OVER).get().since == TODAY - timedelta(days=10)


def test_the_command_refuses_days_in_the_wrong_order(db):
    with pytest.raises(CommandError, match="first day"):
        call_command("detect_trends", "--from", "2026-04-02", "--to", "2026-04-01")


def test_only_a_lead_dismisses_with_a_reason_and_it_stays_dismissed(past, desk):
    past.usual()
    past.write(TODAY, 12, error_code="E-77")
    (trend,) = [one for one in detection.detect(TODAY) if one.dimension == "error_code"]
    with pytest.raises(NotAllowed):
        trends.dismiss(trend, by=desk.l2, because="Known")
    with pytest.raises(NotAllowed):
        trends.dismiss(trend, by=desk.auditor, because="Known")
    with pytest.raises(Refused):
        trends.dismiss(trend, by=desk.lead, because="  ")
    trends.dismiss(trend, by=desk.lead, because="The bank told us, card 4111 1111 1111 1111")
    past.write(TODAY + timedelta(days=1), 20, error_code="E-77")
    detection.detect(TODAY + timedelta(days=1))
    kept = errors().get()
    assert (kept.status, kept.seen, kept.dismissed_by) == (TrendStatus.DISMISSED, 20, desk.lead)
    assert "1111 1111 1111" not in kept.dismissed_because
    with pytest.raises(Refused):
        trends.dismiss(kept, by=desk.lead, because="Once more")


def test_who_sees_trends(past, desk):
    Trend.objects.all().delete()
    past.usual()
    past.write(TODAY, 12, error_code="E-77")
    detection.detect(TODAY)
    for person in (desk.l2, desk.lead, desk.auditor, UserFactory(is_superuser=True)):
        assert trends.shown_to(person).exists()
    for person in (desk.l1, desk.partner, UserFactory()):
        assert not trends.shown_to(person).exists()


def test_a_cancelled_escalation_is_no_case(past):
    past.usual()
    past.write(TODAY, 12, error_code="E-77")
    Ticket.objects.filter(error_code="E-77").update(state="cancelled")
    detection.detect(TODAY)
    assert not errors().exists()


def test_categories_that_were_never_used_do_not_matter(past):
    assert Category.objects.count() > 5
    past.usual()
    assert detection.detect(TODAY) == []
