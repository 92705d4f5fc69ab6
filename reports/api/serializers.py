"""Figures and trends as JSON."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from reports.models import Measure, Trend
from reports.summaries import GROUPS


class CommaSeparated(serializers.Field):
    """Several of a set of words in one parameter: `day,team`."""

    default_error_messages = {"invalid_choice": _("“{input}” is not one of {choices}.")}

    def __init__(self, *, choices: list[str], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.choices = choices

    def to_internal_value(self, data: Any) -> list[str]:
        words = [word.strip() for word in str(data).split(",") if word.strip()]
        for word in words:
            if word not in self.choices:
                self.fail("invalid_choice", input=word[:60], choices=", ".join(self.choices))
        return list(dict.fromkeys(words))

    def to_representation(self, value: list[str]) -> str:
        return ",".join(value)


class QuestionSerializer(serializers.Serializer[Any]):
    """What to answer, besides the dashboard's own filters."""

    measure = CommaSeparated(choices=list(Measure.values), help_text="Which figures, separated by commas.")
    group_by = CommaSeparated(
        choices=list(GROUPS), required=False, default=list, help_text="How to divide them, separated by commas."
    )


class RowSerializer(serializers.Serializer[Any]):
    """One figure in one group. Seconds in durations; scores in ratings."""

    group = serializers.DictField(help_text="The value of each part of `group_by`; ids for people and things.")
    measure = serializers.ChoiceField(choices=Measure.choices)
    count = serializers.IntegerField()
    total = serializers.IntegerField(help_text="The sum of what was measured: seconds, or scores.")
    mean = serializers.FloatField(allow_null=True)
    p50 = serializers.FloatField(allow_null=True, help_text="The median of a duration, within 1 %.")
    p90 = serializers.FloatField(allow_null=True, help_text="The ninth decile of a duration, within 1 %.")


class MetricsSerializer(serializers.Serializer[Any]):
    """The answer: the days it is about (in the desk's own zone), and the rows."""

    since = serializers.DateField()
    until = serializers.DateField()
    time_zone = serializers.CharField()
    rows = RowSerializer(many=True)


class TrendSerializer(serializers.ModelSerializer[Trend]):
    """A rise, as it stood on its last unusual day. The context's `names` name each by id."""

    name = serializers.SerializerMethodField(help_text="What rises, in the reader's language.")
    url = serializers.CharField(source="get_absolute_url", read_only=True, help_text="The trend's page.")

    class Meta:
        model = Trend
        fields = [
            "id", "dimension", "value", "name", "status", "since", "last_day", "expected", "threshold",
            "seen", "total_seen", "total_expected", "customers", "p_value", "q_value", "first_flagged_at",
            "updated_at", "dismissed_because", "url",
        ]  # fmt: skip
        read_only_fields = fields

    def get_name(self, trend: Trend) -> str:
        names: dict[int, str] = self.context["names"]
        return names[trend.pk]
