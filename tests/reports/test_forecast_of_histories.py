"""The forecast on whole histories: the demo company's six weeks, and the real incident log if it is here."""

import csv
import lzma
import os
import zlib
from datetime import UTC, datetime

import pytest
import time_machine
from django.core.management import call_command
from django.db import transaction
from django.urls import reverse

from accounts.models import User
from common import clock
from escalations.models import UNFINISHED, Clock, Metric
from integrations import demo
from reports import calibration, forecast, pasts
from reports.models import Forecast, ForecastMethod
from tests.integrations.incident_logs import REAL_LOG, write

NOW = datetime(2026, 11, 18, 12, 34, 56, tzinfo=UTC)
FULL = os.environ.get("FULL_INCIDENT_LOG") == "1"
#: `make test` takes one incident in so many.
ONE_IN = 1 if FULL else 16


@pytest.fixture(scope="module")
def company(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock(), transaction.atomic(), time_machine.travel(NOW, tick=False):
        demo.load(now=NOW, tickets=900)
        forecast.fit()
        forecast.score()
        yield
        transaction.set_rollback(True)


@pytest.fixture
def told(company, django_db_blocker):
    with django_db_blocker.unblock():
        yield


def test_the_demo_companys_deadlines_have_a_forecast_that_beats_the_base_rate(told):
    fitted = {one.metric: one for one in Forecast.objects.all()}
    for metric in (Metric.ACCEPT, Metric.FIRST_RESPONSE, Metric.FIRST_RESOLUTION):
        trial = fitted[metric].trial
        assert trial["clocks"] > 100
        assert trial["forecast"]["brier"] < trial["base_rate"]["brier"]
        assert trial["base_rate"]["gain_from"] > 0
    assert fitted[Metric.FIRST_RESPONSE].method == ForecastMethod.REGRESSION
    may = Clock.objects.filter(state__in=UNFINISHED, breached_at=None).exclude(due_at__lte=NOW)
    known = may.filter(metric__in=[metric for metric, one in fitted.items() if one.method != "none"])
    assert known.count() > 20
    assert not known.filter(breach_probability=None).exists()
    assert not Clock.objects.exclude(breach_probability=None).exclude(pk__in=may).exists()


def test_the_page_shows_the_trial_of_each(told, client):
    client.force_login(User.objects.get(email=demo.SIGN_INS["team lead"]))
    with time_machine.travel(NOW, tick=False):
        page = client.get(reverse("forecast")).content.decode()
    for text in ("First response", "Brier score", "Calibration error", "Three quarters of the time"):
        assert text in page
    assert page.count('id="calibration-') >= 3


@pytest.mark.django_db
@pytest.mark.skipif(not REAL_LOG.exists(), reason=f"the real incident log is not here ({REAL_LOG.name})")
def test_learnt_from_the_first_months_of_the_real_log_it_beats_both_rivals_on_the_last(tmp_path):
    with lzma.open(REAL_LOG, "rt", encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if zlib.crc32(row["number"].encode()) % ONE_IN == 0]
    call_command("import_incidents", str(write(tmp_path / "log.csv", rows)), verbosity=0)
    history = pasts.read(clock.now())
    assert set(history) >= {Metric.ACCEPT, Metric.FIRST_RESPONSE, Metric.RESOLUTION}
    for moments in history.values():
        trial = calibration.try_out(
            moments, cut=datetime(2016, 5, 1, tzinfo=UTC).timestamp(), until=clock.now().timestamp(), zone="UTC"
        )
        assert trial is not None
        assert trial.method == "regression"
        assert trial.clocks > 200
        for rival in (trial.base_rate, trial.share_used):
            assert trial.forecast.brier < rival.brier
            assert rival.gain_from > 0  # and not by luck
        assert trial.forecast.brier < trial.share_fitted.brier
        assert trial.calibration_error < 0.08
