"""The figures as Markdown tables, with what is met and what is missed."""

from collections.abc import Iterator
from typing import Any

from bench.workplace.contestants import BESIDE, BY_EIGHT, READS, WRITES

MOST_STATEMENTS = 10
GROWTH = 1.3
EIGHT = 0.3
#: These are pages, which may ask the database so often; the rest are deeds.
_PAGES = READS

Figures = dict[str, Any]


def tables(sizes: dict[str, Figures]) -> str:
    """Return all tables of the sizes that were measured."""
    return "\n\n".join(
        "\n".join(lines) for lines in (_times(sizes), _details(sizes), _eight(sizes), _verdict(sizes))
    )


def _times(sizes: dict[str, Figures]) -> Iterator[str]:
    yield "Milliseconds of one client, the median:\n"
    yield f"| | {' | '.join(f'{int(size):,}' for size in sizes)} |"
    yield f"| --- |{' --: |' * len(sizes)}"
    for name in ("Secondline", "bare view", "django-helpdesk"):
        for deed in _deeds(sizes, name):
            cells = [_cell(figures.get(name, {}).get(deed), "ms") for figures in sizes.values()]
            yield f"| {name}: {deed} | {' | '.join(cells)} |"
        cells = [_cell(figures, name, "memory_mb") for figures in sizes.values()]
        if any(cell != "–" for cell in cells):
            yield f"| {name}: memory, MB | {' | '.join(cells)} |"
    yield f"| database, MB | {' | '.join(_cell(figures, 'database_mb') for figures in sizes.values())} |"


def _details(sizes: dict[str, Figures]) -> Iterator[str]:
    size, figures = list(sizes.items())[-1]
    yield f"At {int(size):,} tickets, of one request:\n"
    yield "| | Statements | of SQL, ms | Server's processor, ms | p95, ms | Bytes |"
    yield "| --- | --: | --: | --: | --: | --: |"
    for name in ("Secondline", "bare view", "django-helpdesk"):
        for deed in _deeds(sizes, name):
            if found := figures.get(name, {}).get(deed):
                yield (
                    f"| {name}: {deed} | {found['statements']:g} | {found['sql_ms']:,} "
                    f"| {found['processor_ms']:,} "
                    f"| {found['p95_ms']:,} | {found['bytes']:,} |"
                )


def _eight(sizes: dict[str, Figures]) -> Iterator[str]:
    size, figures = list(sizes.items())[-1]
    yield f"Eight clients at {int(size):,} tickets:\n"
    yield "| | Secondline, a second | p95, ms | bare, a second | Share |"
    yield "| --- | --: | --: | --: | --: |"
    for deed in BY_EIGHT:
        own, plain = figures["Secondline"][deed], _plain(figures, deed)
        share = f"{own['eight_a_second'] / plain['eight_a_second']:.2f}" if plain else "–"
        yield (
            f"| {deed} | {own['eight_a_second']:,} | {own['eight_p95_ms']:,} "
            f"| {plain['eight_a_second'] if plain else '–'} | {share} |"
        )


def _verdict(sizes: dict[str, Figures]) -> Iterator[str]:
    size, figures = list(sizes.items())[-1]
    first = next(iter(sizes.values()))
    yield f"Targets at {int(size):,} tickets:\n"
    yield "| | is | may be | |"
    yield "| --- | --: | --: | --- |"
    for deed, (other, times) in BESIDE.items():
        own, plain = figures["Secondline"][deed], figures["bare view"][other]
        yield _row(f"{deed}, times the bare {other}", own["ms"] / plain["ms"], times)
    for deed in BESIDE:
        yield _row(f"{deed}, times itself at {int(next(iter(sizes))):,}",
                   figures["Secondline"][deed]["ms"] / first["Secondline"][deed]["ms"], GROWTH)  # fmt: skip
    for deed in _PAGES:
        yield _row(f"{deed}, statements", figures["Secondline"][deed]["statements"], MOST_STATEMENTS)
    for deed in BY_EIGHT:
        if plain := _plain(figures, deed):
            share = figures["Secondline"][deed]["eight_a_second"] / plain["eight_a_second"]
            if deed == "queue":
                yield _row("queue by eight, share of the bare view's throughput", share, EIGHT, least=True)


def _row(label: str, found: float, allowed: float, *, least: bool = False) -> str:
    met = found >= allowed if least else found <= allowed
    return f"| {label} | {found:.2f} | {allowed:g} | {'met' if met else '**missed**'} |"


def _plain(figures: Figures, deed: str) -> Any:
    found = figures["bare view"].get(BESIDE.get(deed, ("", 0))[0])
    return found if found and "eight_a_second" in found else None


def _deeds(sizes: dict[str, Figures], name: str) -> list[str]:
    known = {deed for figures in sizes.values() for deed in figures.get(name, {}) if deed != "memory_mb"}
    return [deed for deed in (*READS, *WRITES, "insert") if deed in known]


def _cell(found: Any, *path: str) -> str:
    for name in path:
        found = found.get(name) if found else None
    return "–" if found is None else f"{found:,}"
