"""A simulation's result in words, tables and charts."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Any, NamedTuple
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from accounts.models import Team
from common.csv_export import Value
from escalations.models import Metric, Priority
from reports import periods
from reports.models import SimulatedClock, Simulation
from reports.outcomes import Cell, Tally
from reports.trial import Trial
from reports.views import wording
from reports.views.charts import Chart
from reports.views.dashboard import Tile
from reports.views.tables import Entry, Table


def names(trial: Trial) -> list[str]:
    """Return what was tried, in words."""
    patterns = {
        "policies": _("Policy “%(name)s”, version %(number)d"),
        "calendars": _("Calendar “%(name)s”, version %(number)d"),
        "rosters": _("Roster of “%(name)s”, version %(number)d"),
    }
    return [pattern % row for kind, pattern in patterns.items() for row in trial[kind]]


def pages(trial: Trial) -> list[tuple[str, str]]:
    """Return the name and the address of the pages on which what was tried is set up."""
    addresses = [
        *(reverse("policy", args=[row["policy"]]) for row in trial["policies"]),
        *(reverse("calendar", args=[row["calendar"]]) for row in trial["calendars"]),
        *(reverse("roster_week", args=[row["team"]]) for row in trial["rosters"]),
    ]
    rows = [row for kind in ("policies", "calendars", "rosters") for row in trial[kind]]
    return [(row["name"], address) for row, address in zip(rows, addresses, strict=True)]


def teams(simulation: Simulation) -> list[Team]:
    """Return the teams whose clocks the simulation counted."""
    counted = {row[1] for row in simulation.result.get("cells", [])}
    return list(Team.objects.filter(pk__in=counted).order_by("name"))


class Sum(NamedTuple):
    """Tallies by today's rules, with what was tried, and as it really happened; how many clocks changed sides."""

    today: Tally = Tally()
    tried: Tally = Tally()
    real: Tally = Tally()
    worse: int = 0
    better: int = 0

    def plus(self, other: "Sum") -> "Sum":
        return Sum(
            self.today.plus(other.today),
            self.tried.plus(other.tried),
            self.real.plus(other.real),
            self.worse + other.worse,
            self.better + other.better,
        )


@dataclass
class Board:
    """All that one result's page is made of. `chosen` is the valid filter."""

    simulation: Simulation
    teams: Mapping[int, str]
    chosen: dict[str, Any]

    @cached_property
    def cells(self) -> dict[Cell, Sum]:
        """The sums that pass the filter."""
        wanted = (self.chosen["metric"], self.chosen["team"], self.chosen["priority"])
        found = {}
        for metric, team, priority, today, tried, real, changes in self.simulation.result["cells"]:
            cell = Cell(metric, team, priority)
            if all(not want or want == value for want, value in zip(wanted, cell, strict=True)):
                found[cell] = Sum(Tally(*today), Tally(*tried), Tally(*real), *changes)
        return found

    @cached_property
    def total(self) -> Sum:
        return _total(self.cells.values())

    @cached_property
    def by_metric(self) -> dict[Metric, Sum]:
        """The sums of each clock, in the usual order."""
        sums: defaultdict[str, Sum] = defaultdict(Sum)
        for cell, found in self.cells.items():
            sums[cell.metric] = sums[cell.metric].plus(found)
        return {metric: sums[metric] for metric in Metric if metric in sums}

    @property
    def tiles(self) -> list[Tile]:
        """Return the result in five figures."""
        today, tried, real, worse, better = self.total
        gain = today.missed - tried.missed
        tone = "good" if gain > 0 else "bad" if gain < 0 else ""
        by_today = _("%s by today's rules")
        return [
            Tile(
                _("In time, tried"), wording.percent(tried.percent), by_today % wording.percent(today.percent),
                tone=tone,
            ),
            Tile(
                _("Missed, tried"), wording.whole(tried.missed), by_today % wording.whole(today.missed), tone=tone
            ),
            Tile(_("Newly missed"), wording.whole(worse), _("in time today"), self.address(change="worse")),
            Tile(
                _("No longer missed"), wording.whole(better), _("missed today"), self.address(change="better")
            ),
            Tile(
                _("What really happened"), wording.percent(real.percent),
                _("%s missed") % wording.whole(real.missed),
            ),
        ]  # fmt: skip

    @property
    def summary(self) -> Table:
        """Clock by clock."""
        rows = [
            [Entry(str(metric.label), str(metric.label)), *self._entries(sums)]
            for metric, sums in self.by_metric.items()
        ]
        return Table("summary", _("Clock by clock"), [_("Clock"), *_columns()], rows)

    @property
    def figures(self) -> Table:
        """Every clock, team and priority, in a row's name; what changes most comes first."""
        rows = [
            [
                Entry(name := " · ".join(self._names(cell)), name),
                *self._entries(sums, metric=cell.metric, team=cell.team, priority=cell.priority),
            ]
            for cell, sums in self._most_changed
        ]
        csv_url = f"{reverse('simulation_csv', args=[self.simulation.pk, 'figures'])}?{self._query()}"
        title = _("By clock, team and priority")
        return Table("figures", title, [_("Clock"), *_columns()], rows, csv_url=csv_url, most=10)

    @property
    def sheet(self) -> tuple[list[str], list[list[Value]]]:
        """The columns and rows of the figures for a spreadsheet, in which names have columns of their own."""
        rows: list[list[Value]] = [
            [*self._names(cell), *(entry.raw for entry in self._entries(sums))]
            for cell, sums in self._most_changed
        ]
        return [_("Clock"), _("Team"), _("Priority"), *_columns()], rows

    @property
    def _most_changed(self) -> list[tuple[Cell, Sum]]:
        return sorted(self.cells.items(), key=lambda item: (-(item[1].worse + item[1].better), _place(item[0])))

    def _names(self, cell: Cell) -> tuple[str, str, str]:
        team = self.teams.get(cell.team, wording.NONE)
        return str(Metric(cell.metric).label), team, str(Priority(cell.priority).label)

    @property
    def attainment(self) -> Chart:
        """How much of each clock's time was kept, in percent."""
        return {
            "type": "bar",
            "unit": "%",
            "x": [str(metric.label) for metric in self.by_metric],
            "series": [
                {"name": _("Today's rules"), "tone": "grey", "values": self._shares(lambda sums: sums.today)},
                {"name": _("Tried"), "tone": "accent", "values": self._shares(lambda sums: sums.tried)},
                {
                    "name": _("What really happened"),
                    "tone": "teal",
                    "values": self._shares(lambda sums: sums.real),
                },
            ],
        }

    @property
    def missed(self) -> Chart:
        """How many clocks were missed, by the day or week on which the escalations came."""
        period = periods.suited(self.simulation.first, self.simulation.last)
        starts = periods.starts(period, self.simulation.first, self.simulation.last)
        sums = {start: [0, 0] for start in starts}
        for day, *missed in self.simulation.result["days"]:
            found = sums[period.start(date.fromisoformat(day))]
            found[0] += missed[0]
            found[1] += missed[1]
        return {
            "type": "line",
            "x": [wording.period(period, start) for start in starts],
            "series": [
                {"name": _("Today's rules"), "tone": "grey", "values": [sums[start][0] for start in starts]},
                {"name": _("Tried"), "tone": "accent", "values": [sums[start][1] for start in starts]},
            ],
        }

    def address(self, **different: Any) -> str:
        """Return the address of the list of clocks, with other filters."""
        return f"{self.simulation.get_absolute_url()}?{self._query(**different)}#clocks"

    @property
    def clocks_csv_url(self) -> str:
        return f"{reverse('simulation_csv', args=[self.simulation.pk, 'clocks'])}?{self._query()}"

    def _query(self, **different: Any) -> str:
        return urlencode({name: value for name, value in (self.chosen | different).items() if value})

    def _shares(self, tally: Callable[[Sum], Tally]) -> list[float | None]:
        shares = [tally(sums).percent for sums in self.by_metric.values()]
        return [None if share is None else round(share, 1) for share in shares]

    def _entries(self, sums: Sum, **narrower: Any) -> list[Entry]:
        before, after = sums.today.percent, sums.tried.percent
        difference = None if before is None or after is None else round(after - before, 1)
        return [
            _count(sums.tried.clocks),
            _count(sums.today.missed),
            _count(sums.tried.missed),
            _count(sums.worse, self.address(change="worse", **narrower) if sums.worse else ""),
            _count(sums.better, self.address(change="better", **narrower) if sums.better else ""),
            _share(before),
            _share(after),
            Entry(wording.points(difference), difference),
            _share(sums.real.percent),
        ]


def clock_sheet(
    clocks: QuerySet[SimulatedClock], teams: Mapping[int, str]
) -> tuple[list[str], Iterator[list[Value]]]:
    """Return the columns and the rows of the clocks that come out otherwise, for a spreadsheet. Times are UTC."""
    columns = [
        _("Reference"), _("Subject"), _("Clock"), _("Cycle"), _("Team"), _("Priority"), _("Today's rules"),
        _("Due by today's rules"), _("Tried"), _("Due as tried"), _("Stopped"),
    ]  # fmt: skip
    rows: Iterator[list[Value]] = (
        [
            row.ticket.reference,
            row.ticket.subject,
            row.get_metric_display(),
            row.cycle,
            teams.get(row.team_id, ""),
            row.get_priority_display(),
            row.get_before_display(),
            _iso(row.due_before),
            row.get_after_display(),
            _iso(row.due_after),
            _iso(row.stopped_at),
        ]
        for row in clocks.iterator(2000)
    )
    return columns, rows


def _iso(moment: datetime | None) -> str:
    return moment.isoformat() if moment else ""


def _total(sums: Iterable[Sum]) -> Sum:
    total = Sum()
    for one in sums:
        total = total.plus(one)
    return total


def _place(cell: Cell) -> tuple[int, int, int]:
    return list(Metric).index(Metric(cell.metric)), cell.priority, cell.team


def _columns() -> list[str]:
    return [
        _("Clocks"),
        _("Missed today"),
        _("Missed, tried"),
        _("Newly missed"),
        _("No longer missed"),
        _("In time today, %"),
        _("In time, tried, %"),
        pgettext("of two percentages", "Difference"),
        _("Really in time, %"),
    ]


def _count(number: int, url: str = "") -> Entry:
    return Entry(wording.whole(number), number, url)


def _share(percent: float | None) -> Entry:
    shown = wording.decimal(percent)
    return Entry(shown, None if percent is None else round(percent, 1))
