"""What a trend is called: the name of its category or cause, or the product or error code itself."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.translation import gettext as _

from escalations.models import Category, RootCause
from reports.models import Dimension, Trend


@dataclass(frozen=True)
class Named:
    """A trend with its name in the reader's language."""

    trend: Trend
    label: str


def named(trends: Iterable[Trend]) -> list[Named]:
    """Return the trends with their names, in two questions to the database."""
    found = list(trends)
    names = {
        Dimension.CATEGORY: _names(Category, Dimension.CATEGORY, found),
        Dimension.ROOT_CAUSE: _names(RootCause, Dimension.ROOT_CAUSE, found),
    }
    return [
        Named(trend, names.get(Dimension(trend.dimension), {}).get(trend.value) or _spelled(trend))
        for trend in found
    ]


def _names(model: type[Category] | type[RootCause], dimension: Dimension, trends: list[Trend]) -> dict[str, str]:
    ids = {int(trend.value) for trend in trends if trend.dimension == dimension}
    return {str(row.pk): str(row) for row in model._default_manager.filter(pk__in=ids)} if ids else {}


def _spelled(trend: Trend) -> str:
    if trend.dimension in {Dimension.CATEGORY, Dimension.ROOT_CAUSE}:
        return _("Removed")
    return trend.value
