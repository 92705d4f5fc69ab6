"""How good the forecast of missed deadlines is: what it learnt from, how it did on later ones, what it goes by."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from escalations.models import State
from reports import access, breach_model, calibration
from reports.models import Forecast, ForecastMethod
from reports.views import wording
from reports.views.asking import reader
from reports.views.dashboard import Tile
from reports.views.tables import Entry, Table

#: What a forecast goes by is many things; so many are told.
EFFECTS_SHOWN = 8


@dataclass(frozen=True)
class Shown:
    """The forecast of one metric as the page shows it. What needs a trial is None without one."""

    forecast: Forecast
    cut: datetime | None
    tiles: list[Tile]
    scores: Table | None
    chart: dict[str, Any] | None
    effects: Table
    beats_all: bool
    tried_by: str  # the method, if there was only enough for another one then


@require_safe
def forecast(request: HttpRequest) -> HttpResponse:
    """Show every metric's forecast with its trial; those with too little history by name."""
    if not access.reads_forecast(reader(request)):
        raise Http404
    forecasts = list(Forecast.objects.defer("learnt").order_by("pk"))
    context = {
        "forecasts": [_shown(one) for one in forecasts if one.method != ForecastMethod.NONE],
        "without": [one for one in forecasts if one.method == ForecastMethod.NONE],
        "fitted_at": max((one.fitted_at for one in forecasts), default=None),
        "least_clocks": breach_model.LEAST_FOR_SHARES,
        "least_tried": calibration.LEAST_TRIED,
    }
    return render(request, "reports/forecast.html", context)


def _shown(forecast: Forecast) -> Shown:
    trial = forecast.trial
    rivals = ("base_rate", "share_used")
    return Shown(
        forecast=forecast,
        cut=datetime.fromtimestamp(trial["cut"], UTC) if trial else None,
        tiles=_tiles(forecast),
        scores=_scores(trial) if trial else None,
        chart=_calibration(trial) if trial else None,
        effects=_effects(forecast),
        beats_all=bool(trial) and all(trial["forecast"]["brier"] < trial[rival]["brier"] for rival in rivals),
        tried_by=str(ForecastMethod(trial["method"]).label)
        if trial and trial["method"] != forecast.method
        else "",
    )


def _tiles(forecast: Forecast) -> list[Tile]:
    trial = forecast.trial
    tiles = [
        Tile(
            _("Learnt from"),
            wording.whole(forecast.clocks),
            _("ended deadlines, %s of them missed") % wording.percent(100 * forecast.missed / forecast.clocks),
        )
    ]
    if trial:
        ours, base, used = (trial[name]["brier"] for name in ("forecast", "base_rate", "share_used"))
        tiles += [
            Tile(_("Tried on"), wording.whole(trial["clocks"]), _("later deadlines")),
            Tile(
                _("Brier score"),
                _fine(ours),
                _("base rate %(base)s, time used %(used)s") % {"base": _fine(base), "used": _fine(used)},
                tone="good" if ours < min(base, used) else "bad",
            ),
            Tile(
                _("Calibration error"),
                wording.percent(100 * trial["calibration_error"]),
                _("how far a forecast is off on average"),
            ),
        ]
    return tiles


def _scores(trial: Mapping[str, Any]) -> Table:
    """The forecast beside what anybody could say."""
    rows = []
    for key, label in (
        ("forecast", _("This forecast")),
        ("base_rate", _("The share missed before (base rate)")),
        ("share_used", _("The share of time used")),
        ("share_fitted", _("The same, fitted to the past")),
    ):
        score = trial[key]
        rows.append(
            [
                Entry(label, label),
                _number(score["brier"]),
                _number(score["log_loss"]),
                _number(score["auc"], 2),
                _gain(score) if key != "forecast" else Entry(wording.NONE, None),
            ]
        )
    columns = [_("On later deadlines"), _("Brier score"), _("Log loss"), _("AUC"), _("We are better by")]
    return Table("scores", _("On later deadlines"), columns, rows)


def _gain(score: Mapping[str, float]) -> Entry:
    shown = _("%(gain)s (%(low)s to %(high)s)") % {
        "gain": _fine(score["gain"]), "low": _fine(score["gain_from"]), "high": _fine(score["gain_to"]),
    }  # fmt: skip
    return Entry(shown, round(score["gain"], 4))


def _calibration(trial: Mapping[str, Any]) -> dict[str, Any]:
    """What was forecast, and what came of it; bins that nothing fell into are left out."""
    bins = [one for one in trial["bins"] if one["moments"]]
    return {
        "type": "line",
        "x": [f"{round(100 * one['low'])}–{round(100 * one['high'])} %" for one in bins],
        "unit": "%",
        "series": [
            {"name": _("Missed in the end"), "values": [round(100 * one["missed"], 1) for one in bins]},
            {
                "name": _("Forecast"),
                "values": [round(100 * one["forecast"], 1) for one in bins],
                "tone": "grey",
                "dashed": True,
            },
        ],
    }


def _effects(forecast: Forecast) -> Table:
    rows = []
    for effect in forecast.effects[:EFFECTS_SHOWN]:
        words = _effect_words(effect)
        odds = f"× {number_format(effect['odds'], 1 if effect['odds'] >= 1 else 2)}"
        rows.append([Entry(words, words), Entry(odds, round(effect["odds"], 2))])
    columns = [_("All else alike"), _("Odds of a miss")]
    return Table("effects", _("What it goes by"), columns, rows, _("Nothing but the time used."))


def _effect_words(effect: Mapping[str, Any]) -> str:
    what, _colon, which = effect["what"].partition(":")
    if what == "state":
        return _("“%(state)s” instead of “%(usual)s”") % {
            "state": State(which).label,
            "usual": breach_model.USUAL_STATE.label,
        }
    if what == "priority":
        return _("P%(one)s instead of P%(usual)s") % {"one": which, "usual": breach_model.USUAL_PRIORITY}
    if what in {"team", "category"}:
        span = {"high": wording.percent(100 * effect["high"]), "low": wording.percent(100 * effect["low"])}
        if what == "team":
            return _("A team that missed %(high)s before instead of %(low)s") % span
        return _("A category of which %(high)s were missed before instead of %(low)s") % span
    return {
        "time": _("Three quarters of the time used instead of one"),
        "unowned": _("Nobody owns it"),
        "paused": _("Its clock stands still"),
        "moves": _("It was passed to another team twice"),
        "reopened": _("It was reopened"),
        "in_state": _("In its state for a day instead of an hour"),
    }[what]


def _number(value: float | None, places: int = 3) -> Entry:
    return Entry(wording.decimal(value, places), None if value is None else round(value, 4))


def _fine(value: float) -> str:
    return number_format(value, 3)
