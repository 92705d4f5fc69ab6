"""The dashboard's tables: one description of each, shown on the page and written as CSV."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from escalations.models import Metric
from reports import figures, links
from reports.figures import Amounts, Attainment, Figures
from reports.live import Standing
from reports.measures import NOTHING, REPORTED
from reports.models import Measure
from reports.selection import Selection
from reports.views import wording

#: As many rows as a page shows of a table; its CSV has all.
ROWS_SHOWN = 25


@dataclass(frozen=True)
class Entry:
    """One cell: what the page shows, what a spreadsheet gets, and where it leads."""

    shown: str
    raw: str | int | float | None
    url: str = ""


@dataclass(frozen=True)
class Table:
    """Rows of entries; the first of each row names it. `empty` is said where there are none.

    The page shows `most` rows.
    """

    key: str
    title: str
    columns: list[str]
    rows: list[list[Entry]]
    empty: str = ""
    csv_url: str = ""
    most: int = ROWS_SHOWN

    @property
    def labelled(self) -> list[list[tuple[str, Entry]]]:
        """The rows, each entry with its column's name: on a narrow screen it stands beside it."""
        return [list(zip(self.columns, row, strict=True)) for row in self.rows[: self.most]]

    @property
    def is_slim(self) -> bool:
        """Whether it fits a narrow screen as it is."""
        return len(self.columns) <= 3

    @property
    def hidden(self) -> int:
        """How many rows only the CSV has."""
        return max(0, len(self.rows) - self.most)


@dataclass(frozen=True)
class Board:
    """All that one dashboard is made of; the mappings name what the figures know by id."""

    selection: Selection
    figures: Figures
    standing: Standing
    agents: Mapping[int, str]
    categories: Mapping[int, str]
    category_keys: Mapping[int, str]
    reasons: Mapping[int, str]

    def behind(self, measure: str, bucket: int | None = None, **narrower: Any) -> str:
        return links.behind(self.selection, measure, bucket, **narrower)

    def queue(self, **filters: Any) -> str:
        return links.queue(self.selection, self.category_keys, **filters)


def flow(board: Board) -> Table:
    """What came, went and stayed, period by period."""
    shown = (
        Measure.CREATED, Measure.ACCEPTED, Measure.RETURNED, Measure.RESOLVED, Measure.REOPENED,
        Measure.CANCELLED,
    )  # fmt: skip
    period = board.figures.period
    rows = []
    for start, backlog in zip(board.figures.starts, board.figures.backlog, strict=True):
        amounts = board.figures.by_period[start]
        bounds = wording.bounds(period, start, board.selection)
        cells = [_count(board, amounts, measure, **bounds) for measure in shown]
        name = Entry(wording.period(period, start), start.isoformat())
        rows.append([name, *cells, Entry(wording.whole(backlog), backlog)])
    headings = [str(measure.label) for measure in shown]
    return Table("flow", _("Flow"), [wording.period_heading(period), *headings, _("Backlog at the end")], rows)


def sla(board: Board) -> Table:
    """How often each clock was met."""
    rows = []
    for metric in REPORTED:
        reached = board.figures.attainment(metric)
        rows.append(
            [
                _text(metric.label),
                _number(reached.met, board.behind(f"met:{metric}")),
                _number(reached.breached, board.behind(f"breached:{metric}")),
                _share(reached),
            ]
        )
    return Table(
        "sla",
        _("Service levels"),
        [_("Clock"), _("In time"), pgettext("counted", "Missed"), _("In time, %")],
        rows,
    )


def outlook(board: Board) -> Table:
    """How many of the open deadlines will probably be missed: the sum of their probabilities."""
    rows = [
        [
            _text(one.metric.label),
            _number(one.open, board.queue(order="risk")),
            Entry(wording.decimal(one.expected), round(one.expected, 2)),
            _percent(100 * one.expected / known if (known := one.open - one.unknown) else None),
            _number(one.unknown),
        ]
        for one in board.standing.outlooks
    ]
    columns = [_("Clock"), _("Open"), _("Expected to be missed"), _("Share, %"), _("Without a forecast")]
    return Table("outlook", _("Expected to be missed"), columns, rows, _("No deadline is open."))


def times(board: Board) -> Table:
    """How long things took: median, ninth decile, mean; in business and in calendar time."""
    rows = []
    for metric in REPORTED:
        for kind, kind_name in (("business", _("business time")), ("calendar", _("calendar time"))):
            measure = f"{metric}_{kind}"
            spread = board.figures.spread(measure)
            rows.append(
                [
                    _text(f"{wording.clock_name(metric)}, {kind_name}"),
                    _number(spread.count, board.behind(measure)),
                    *(_length(seconds) for seconds in (spread.p50, spread.p90, spread.mean)),
                ]
            )
    columns = [_("Time"), _("Escalations"), _("Half within"), _("90 % within"), _("Mean")]
    return Table("times", _("Times"), columns, rows)


def ages(board: Board) -> Table:
    """How old the open escalations are."""
    rows = [
        [
            _text(wording.age(*age.days)),
            _number(age.open, board.queue(created_after=age.first, created_before=age.last)),
        ]
        for age in reversed(board.standing.ages)
    ]
    return Table("ages", _("Age of what is open now"), [_("Escalated"), _("Open")], rows)


def returns(board: Board) -> Table:
    """Why escalations went back to L1."""
    found = board.figures.by_bucket(Measure.RETURNED)
    total = sum(amount.count for amount in found.values())
    ordered = sorted(found.items(), key=lambda item: -item[1].count)
    rows = [
        [
            _text(board.reasons.get(reason, f"#{reason}")),
            _number(amount.count, board.behind(Measure.RETURNED, reason)),
            _percent(100 * amount.count / total),
        ]
        for reason, amount in ordered
    ]
    columns = [_("Reason"), str(Measure.RETURNED.label), _("Share, %")]
    return Table("returns", _("Why escalations were returned"), columns, rows, _("Nothing was returned."))


def ratings(board: Board) -> Table:
    """What customers gave, from 5 down to 1."""
    found = board.figures.by_bucket(Measure.RATED)
    total = sum(amount.count for amount in found.values())
    rows = [
        [
            Entry("★" * score, score),
            _number(found.get(score, NOTHING).count, board.behind(Measure.RATED, score)),
            _percent(100 * found.get(score, NOTHING).count / total),
        ]
        for score in (range(5, 0, -1) if total else ())
    ]
    columns = [_("Score"), _("Ratings"), _("Share, %")]
    return Table("ratings", _("What customers say"), columns, rows, _("No customer has rated an answer."))


def workload(board: Board) -> Table:
    """What each person has and did, who resolved most first."""
    work = dict(board.figures.by_agent)
    present = set(work) | set(board.standing.by_owner)
    people = sorted(
        (agent for agent in present if agent is not None),
        key=lambda agent: (
            -work.get(agent, {}).get(Measure.RESOLVED, NOTHING).count,
            -board.standing.by_owner.get(agent, 0),
            board.agents.get(agent, ""),
        ),
    )
    rows = []
    for agent in people:
        open_now = board.standing.by_owner.get(agent, 0)
        rows.append(
            [
                _text(board.agents.get(agent, f"#{agent}")),
                _number(open_now, board.queue(owner=agent)),
                *(
                    _count(board, work.get(agent, {}), measure, agent=agent)
                    for measure in (Measure.TAKEN, Measure.ACCEPTED, Measure.RETURNED, Measure.RESOLVED)
                ),
                *_quality(board, work.get(agent, {}), agent=agent),
            ]
        )
    columns = [
        _("Person"), _("Open now"), _("Taken"),
        *(str(measure.label) for measure in (Measure.ACCEPTED, Measure.RETURNED, Measure.RESOLVED)),
        _("Resolved in time, %"), _("Rating"),
    ]  # fmt: skip
    return Table("workload", _("Workload"), columns, rows, _("Nobody worked on anything in these days."))


def by_category(board: Board) -> Table:
    """What each category brought."""
    rows = []
    ordered = sorted(
        board.figures.by_category.items(), key=lambda item: -item[1].get(Measure.CREATED, NOTHING).count
    )
    for category, amounts in ordered:
        rows.append(
            [
                _text(board.categories.get(category, f"#{category}")),
                *(
                    _count(board, amounts, measure, category=category)
                    for measure in (Measure.CREATED, Measure.RETURNED, Measure.RESOLVED, Measure.REOPENED)
                ),
                *_quality(board, amounts, category=category),
            ]
        )
    columns = [
        _("Category"),
        *(
            str(measure.label)
            for measure in (Measure.CREATED, Measure.RETURNED, Measure.RESOLVED, Measure.REOPENED)
        ),
        _("Resolved in time, %"), _("Rating"),
    ]  # fmt: skip
    return Table("categories", _("Categories"), columns, rows, _("Nothing happened in these days."))


TABLES: dict[str, Callable[[Board], Table]] = {
    "flow": flow,
    "sla": sla,
    "outlook": outlook,
    "times": times,
    "ages": ages,
    "returns": returns,
    "ratings": ratings,
    "workload": workload,
    "categories": by_category,
}


def build(name: str, board: Board) -> Table:
    """Return one of the TABLES, with the address of its CSV."""
    return replace(TABLES[name](board), csv_url=links.csv(board.selection, name))


def _quality(board: Board, amounts: Amounts, **narrower: Any) -> tuple[Entry, Entry]:
    """Return the share resolved in time, and the mean rating."""
    rated = amounts.get(Measure.RATED, NOTHING)
    mean = figures.mean(rated)
    rating = Entry(
        wording.decimal(mean),
        None if mean is None else round(mean, 2),
        board.behind(Measure.RATED, **narrower) if rated.count else "",
    )
    return _share(figures.attainment(amounts, Metric.RESOLUTION)), rating


def _count(board: Board, amounts: Amounts, measure: Measure, **narrower: Any) -> Entry:
    count = amounts.get(measure, NOTHING).count
    return _number(count, board.behind(measure, **narrower) if count else "")


def _text(text: object) -> Entry:
    return Entry(str(text), str(text))


def _number(number: int, url: str = "") -> Entry:
    return Entry(wording.whole(number), number, url if number else "")


def _share(reached: Attainment) -> Entry:
    return _percent(reached.percent)


def _percent(share: float | None) -> Entry:
    return Entry(wording.percent(share), None if share is None else round(share, 2))


def _length(seconds: float | None) -> Entry:
    return Entry(wording.length(seconds), None if seconds is None else round(seconds))
