"""The model of breaches: what it learns, what it must not, and that its numbers are probabilities."""

from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from reports import breach_model, calibration, effects, logistic
from reports.breach_model import Method, Model
from reports.moments import COLUMNS, STATES
from tests.reports.pasts_of_clocks import HOUR, START, simulated

UNTIL = (START + timedelta(days=180)).timestamp()


@pytest.fixture(scope="module")
def moments():
    return simulated()


@pytest.fixture(scope="module")
def model(moments):
    found = breach_model.learn(moments, UNTIL, "UTC")
    assert found is not None
    return found


def true_chance(row) -> float:
    """The chance that an exponential time outlasts what is left of the eight hours."""
    mean = 8 * HOUR * (0.4 if row["team"] == 1 else 1.5) * (1.6 if row["priority"] == 1 else 1.0)
    return float(np.exp(-(row["target"] - row["used"]) / mean))


def test_it_finds_the_chances_that_are_there(moments, model):
    truth = np.array([true_chance(row) for row in moments])
    found = breach_model.predict(model, moments)
    assert model.method == Method.REGRESSION
    assert np.abs(found - truth).mean() < 0.05
    assert np.corrcoef(found, truth)[0, 1] > 0.98


def test_it_says_what_it_goes_by(moments, model):
    told = {one.what: one for one in effects.of_model(model, moments)}
    assert told["time"].odds > 2
    assert told["team"].odds > 2
    assert (told["team"].low or 0) < (told["team"].high or 0)
    assert told["priority:1"].odds > 1.2


def test_it_is_the_same_after_being_kept(moments, model):
    again = Model.from_json(model.to_json())
    assert (breach_model.predict(again, moments) == breach_model.predict(model, moments)).all()


def test_nothing_that_came_later_is_learnt(moments):
    cut = (START + timedelta(days=60)).timestamp()
    changed = moments.copy()
    later = changed["at"] >= cut
    undecided = changed["decided"] >= cut
    changed["team"][later] = 9
    changed["used"][later] = 1
    changed["breached"][undecided] = ~changed["breached"][undecided]
    changed["decided"][undecided] += 12345
    before, after = (breach_model.learn(one, cut, "UTC") for one in (moments, changed))
    assert before is not None
    assert before == after


def test_a_past_rate_is_what_was_known_then(moments):
    """A team's rate beside each moment is counted from ends before that moment alone."""
    known = moments[:400]
    rates = breach_model._rate_then(known, "team")
    for number in range(0, len(known), 23):
        row = known[number]
        ended = {}
        for other in known:
            if other["decided"] < row["at"]:
                ended[other["clock"]] = (other["team"], other["breached"])
        all_missed = sum(breached for _team, breached in ended.values())
        own = [breached for team, breached in ended.values() if team == row["team"]]
        overall = (all_missed + 1) / (len(ended) + 2)
        assert rates[number] == pytest.approx((sum(own) + 20 * overall) / (len(own) + 20))


def test_recent_clocks_that_ended_soon_do_not_flatter(moments):
    """Cut off while many are open, the weighted share missed is near the true one, the plain one is not."""
    started = moments["at"] < START.timestamp() + 2 * 24 * HOUR
    few = simulated(1500, seed=5, days=1)
    cut = START.timestamp() + 10 * HOUR
    seen = few[few["at"] < cut]
    weights = breach_model.known_weights(seen, cut)
    truth = np.mean(seen["breached"])
    plain = seen["breached"][weights > 0].mean()
    weighted = np.average(seen["breached"], weights=weights)
    assert started.any()
    assert plain < truth - 0.05
    assert abs(weighted - truth) < abs(plain - truth) / 2


@pytest.mark.parametrize(
    ("clocks", "method"), [(10, None), (90, Method.SHARES), (breach_model.LEAST_CLOCKS * 2, Method.REGRESSION)]
)
def test_too_little_history_is_said_and_not_made_up_for(clocks, method):
    found = breach_model.learn(simulated(clocks), UNTIL, "UTC")
    assert (found and found.method) == method


def test_the_shares_by_eighths_are_those_of_what_ended():
    few = simulated(90)
    found = breach_model.learn(few, UNTIL, "UTC")
    assert found is not None
    probabilities = breach_model.predict(found, few)
    eighth = (few["used"] / few["target"] * 8).astype(int)
    overall = (few["breached"].sum() + 0.5) / (len(few) + 1)
    for number in range(8):
        here = eighth == number
        share = (few["breached"][here].sum() + overall) / (here.sum() + 1)
        assert probabilities[here] == pytest.approx(share)
    assert effects.of_model(found, few) == []


SPANS = {"at": (0, 4e9), "target": (1, 1e8), "used": (0, 2e8), "due": (0, 4e9), "state_since": (0, 4e9)}


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_whatever_a_clock_is_like_it_gets_a_probability(model, data):
    odd = np.zeros(data.draw(st.integers(1, 5)), dtype=COLUMNS)
    for name, (low, high) in SPANS.items():
        odd[name] = data.draw(arrays.arrays(float, len(odd), elements=st.floats(low, high)))
    odd["state"] = data.draw(st.integers(0, len(STATES) - 1))
    odd["priority"] = data.draw(st.integers(1, 4))
    for name in ("team", "category", "moves", "reopens"):
        odd[name] = data.draw(st.integers(0, 2**31 - 1))
    found = breach_model.predict(model, odd)
    assert ((found >= 0) & (found <= 1)).all()


def test_the_rhythm_of_the_week_is_that_of_the_zone():
    few = simulated(90)
    few["breached"] = False
    few["decided"] = START.timestamp() + 3 * HOUR  # Monday 12:00 in UTC, 20:00 in Manila
    for zone, hour in (("UTC", 12), ("Asia/Manila", 20)):
        found = breach_model.learn(few[few["at"] < few["decided"]], UNTIL, zone)
        rhythm = breach_model._rhythm(few, zone)
        assert int(np.argmax(rhythm)) == hour
        assert found is None or sum(found.rhythm) == pytest.approx(1)


def test_a_fit_is_where_its_loss_is_level():
    chance = np.random.default_rng(3)
    design = np.column_stack([np.ones(500), chance.normal(size=(500, 4))])
    outcomes = (chance.random(500) < 0.3).astype(float)
    weights = chance.random(500) * 2
    found = logistic.fit(design, outcomes, weights)
    expected = logistic.probability(design @ found)
    slope = design.T @ (weights * (outcomes - expected))
    slope[1:] -= logistic.RIDGE * found[1:]
    assert np.abs(slope).max() < 1e-4


def test_a_fit_ends_where_outcomes_are_separated():
    design = np.column_stack([np.ones(40), np.linspace(-1, 1, 40)])
    found = logistic.fit(design, (design[:, 1] > 0).astype(float), np.ones(40))
    assert np.isfinite(found).all()
    assert found[1] > 0


# Trials


def test_a_trial_keeps_tickets_and_times_apart(moments):
    cut = calibration.cut_of(moments)
    trial = calibration.try_out(moments, cut=cut, until=UNTIL, zone="UTC")
    assert trial is not None
    changed = moments.copy()
    after = changed["created"] >= cut
    changed["breached"][after] = ~changed["breached"][after]
    other = calibration.try_out(changed, cut=cut, until=UNTIL, zone="UTC")
    assert other is not None
    assert trial.learnt_clocks == other.learnt_clocks
    assert trial.forecast.brier < 0.2 < other.forecast.brier  # what is tried did not teach
    assert trial.clocks == len(np.unique(moments["clock"][after]))


def test_a_good_forecast_beats_what_anybody_could_say(moments):
    trial = calibration.try_out(moments, cut=calibration.cut_of(moments), until=UNTIL, zone="UTC")
    assert trial is not None
    for rival in (trial.base_rate, trial.share_used, trial.share_fitted):
        assert trial.forecast.brier < rival.brier
        assert rival.gain == pytest.approx(rival.brier - trial.forecast.brier)
        assert rival.gain_from < rival.gain < rival.gain_to
    assert trial.base_rate.auc == pytest.approx(0.5)
    assert trial.calibration_error < 0.05
    assert sum(one.moments for one in trial.bins) == trial.moments


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(st.booleans(), st.sampled_from([0.1, 0.4, 0.4001, 0.9]), st.floats(0.5, 3)),
        min_size=1,
        max_size=15,
    )
)
def test_auc_is_the_chance_to_be_ordered_rightly(rows):
    missed, forecasts, weights = (np.array(column) for column in zip(*rows, strict=True))
    pairs = [
        (w * v, 1.0 if p > q else 0.5 if p == q else 0.0) for m, p, w in rows for n, q, v in rows if m and not n
    ]
    found = calibration._auc(missed, forecasts, weights)
    if not pairs:
        assert found is None
    else:
        assert found == pytest.approx(sum(w * won for w, won in pairs) / sum(w for w, _ in pairs))


def test_too_little_is_not_tried():
    few = simulated(60)
    assert calibration.try_out(few, cut=calibration.cut_of(few), until=UNTIL, zone="UTC") is None
