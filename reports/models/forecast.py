"""What was learnt about the clocks of one metric, and how it did when it was tried."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from escalations.models import Metric


class ForecastMethod(models.TextChoices):
    """How a clock's probability to be missed is found (reports.breach_model)."""

    REGRESSION = "regression", _("Regression on the history")
    SHARES = "shares", _("Share missed before, by time used")
    NONE = "none", _("None: too little history")


class Forecast(models.Model):
    """The forecast of one metric, replaced at each fit.

    `clocks` ended clocks of tickets created from `since` on were learnt from, `missed` of them missed, each
    looked at from several `moments`. `learnt` is a reports.breach_model.Model; `trial` a
    reports.calibration.Trial, empty where there was too little to try it on; `effects` a list of
    reports.effects.Effect.
    """

    metric = models.CharField(_("metric"), max_length=20, choices=Metric, unique=True)
    method = models.CharField(_("method"), max_length=12, choices=ForecastMethod)
    fitted_at = models.DateTimeField(_("fitted"))
    since = models.DateTimeField(null=True)
    clocks = models.PositiveIntegerField(default=0)
    missed = models.PositiveIntegerField(default=0)
    moments = models.PositiveIntegerField(default=0)
    learnt = models.JSONField(default=dict)
    trial = models.JSONField(default=dict)
    effects = models.JSONField(default=list)

    class Meta:
        verbose_name = _("forecast")
        verbose_name_plural = _("forecasts")
        constraints = [
            models.CheckConstraint(condition=Q(missed__lte=F("clocks")), name="forecast_missed_of_clocks"),
            models.CheckConstraint(
                condition=Q(method="none", learnt={}) | (~Q(method="none") & ~Q(learnt={})),
                name="forecast_has_learnt",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.metric}: {self.method}"
