"""One size measured: every deed by one client, turn by turn with what it is set beside, then by eight."""

import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from bench.workplace import helpdesk_setup
from bench.workplace.clients import middle, several
from bench.workplace.contestants import BESIDE, BY_EIGHT, READS, WRITES, Contestant, bare, helpdesk, product
from bench.workplace.serving import PYTHON, Services, memory_mb, processor_seconds, run, served, web_command

PRODUCT_PORT, BARE_PORT, HELPDESK_PORT = 8160, 8161, 8162
#: Statements that are no question of ours: they open and close transactions, or are the checks of foreign keys.
_CONTROL = r"^\s*(BEGIN|COMMIT|ROLLBACK|SAVEPOINT|RELEASE|SET |SELECT pg_catalog.set_config|SELECT \S+ FROM ONLY)"
_TURNS, _SLOW_TURNS = 40, 3
#: Above this many seconds an answer counts as slow, and is asked for less often.
_SLOW = 1.0

Figures = dict[str, Any]


def measured(services: Services, size: int, seconds: float, *, beside_helpdesk: bool) -> Figures:
    """Serve the database of that size, ask everything, and return the figures by contestant and deed."""
    database = f"tickets_{size}"
    env = services.environment(database)
    for role in ("bare", "helpdesk"):
        if not services.psql(database, f"SELECT 1 FROM pg_roles WHERE rolname = '{role}'"):
            services.psql(database, f"CREATE ROLE {role} SUPERUSER LOGIN")
    run(PYTHON, "manage.py", "migrate", "--verbosity", "0", env=env)
    services.psql(database, "CHECKPOINT")
    with ExitStack() as stack:
        pids = {
            "Secondline": stack.enter_context(
                served(web_command(PRODUCT_PORT), PRODUCT_PORT, env, path="/healthz")
            ),
            "bare view": stack.enter_context(
                served(
                    web_command(BARE_PORT, application="bench.workplace.bare:application"), BARE_PORT,
                    {**env, "DJANGO_SETTINGS_MODULE": ""},
                )
            ),
        }  # fmt: skip
        one, plain = product(services, database, PRODUCT_PORT), bare(services, database, BARE_PORT)
        contestants = [one, plain]
        if beside_helpdesk:
            helpdesk_setup.ready(services, database, env)
            pids["django-helpdesk"] = stack.enter_context(
                served(*helpdesk_setup.command(HELPDESK_PORT, env), path="/login/", cwd=helpdesk_setup.FOLDER)
            )
            contestants.append(helpdesk(services, database, HELPDESK_PORT))
        figures: Figures = {contestant.name: {} for contestant in contestants}
        for deed in (*READS, *WRITES):
            _alone(services, database, contestants, pids, deed, figures)
        for name, pid in pids.items():
            figures[name]["memory_mb"] = round(memory_mb(pid))
        for deed in BY_EIGHT:
            _by_eight(contestants, deed, seconds, figures)
    figures["database_mb"] = round(
        int(services.psql(database, "SELECT pg_database_size(current_database())")) / 1e6
    )
    return figures


def _alone(
    services: Services,
    database: str,
    contestants: list[Contestant],
    pids: dict[str, int],
    deed: str,
    figures: Figures,
) -> None:
    """Let one client of each do it turn by turn, and count statements in the database."""
    asked = {}
    for contestant in contestants:
        own = BESIDE.get(deed, ("", 0))[0] if contestant.name == "bare view" else deed
        if own in contestant.deeds and own not in figures[contestant.name]:
            asked[contestant.name] = (contestant, own)
    took: dict[str, list[float]] = {name: [] for name in asked}
    used = dict.fromkeys(asked, 0.0)
    sizes: dict[str, int] = {}
    for contestant, own in asked.values():  # warm caches and connections, of both workers
        for turn in range(1 if contestant.name == "django-helpdesk" else 6):
            _ask(contestant, own, 1_000_060 + turn)
    services.psql(database, "SELECT pg_stat_statements_reset()")
    for turn in range(_TURNS):
        for name, (contestant, own) in asked.items():
            if len(took[name]) >= _SLOW_TURNS and middle(took[name]) > _SLOW:
                continue
            used[name] -= processor_seconds(pids[name])
            answer = _ask(contestant, own, turn)
            used[name] += processor_seconds(pids[name])
            took[name].append(answer.seconds)
            sizes[name] = answer.size
    for name, (contestant, own) in asked.items():
        statements, sql_ms = _statements(services, database, contestant.role)
        count = len(took[name])
        figures[name][own] = {
            "ms": round(1000 * middle(took[name]), 2),
            "p95_ms": round(1000 * middle(took[name], 0.95), 2),
            "processor_ms": round(1000 * used[name] / count, 1),
            "statements": round(statements / count, 1),
            "sql_ms": round(sql_ms / count, 2),
            "bytes": sizes[name],
            "asked": count,
        }
    print(
        f"    {deed}: " + ", ".join(f"{name} {figures[name][own]['ms']} ms" for name, (_c, own) in asked.items()),
        flush=True,
    )


def _ask(contestant: Contestant, deed: str, turn: int) -> Any:
    address, data = contestant.deeds[deed](0, turn)
    answer = contestant.clients(deed)[0].ask(address, data)
    if answer.status >= 400 or "login" in answer.location:
        raise SystemExit(f"{contestant.name}, {deed}: {address} was answered {answer.status} {answer.location}")
    return answer


def _statements(services: Services, database: str, role: str) -> tuple[int, float]:
    """Return how many statements that role has sent since the reset, and the milliseconds they took."""
    counted = services.psql(
        database,
        "SELECT coalesce(sum(calls) FILTER (WHERE query !~* $re$" + _CONTROL + "$re$), 0) || ' ' || "
        "coalesce(sum(total_exec_time + total_plan_time), 0) FROM pg_stat_statements "
        f"WHERE userid = '{role}'::regrole AND query NOT LIKE '%pg_stat_statements%' "
        "AND query NOT LIKE '%pg_snapshot_xmin%'",  # the live stream's, which reads on ten times a second
    )
    calls, milliseconds = counted.split()
    return int(calls), float(milliseconds)


def _by_eight(contestants: list[Contestant], deed: str, seconds: float, figures: Figures) -> None:
    """Let eight people do it at once, Secondline and the bare view one after the other, twice."""
    said = []
    for contestant in contestants[:2]:
        own = BESIDE.get(deed, ("", 0))[0] if contestant.name == "bare view" else deed
        if own not in contestant.deeds or "eight_a_second" in figures[contestant.name].get(own, {}):
            continue
        rate, took = several(contestant.clients(own), _numbered(contestant.deeds[own]), seconds)
        figures[contestant.name][own] |= {
            "eight_a_second": round(rate, 1),
            "eight_ms": round(1000 * middle(took), 1),
            "eight_p95_ms": round(1000 * middle(took, 0.95), 1),
        }
        said.append(f"{contestant.name} {rate:.0f} a second")
    print(f"    {deed} by eight: {', '.join(said)}", flush=True)
    time.sleep(0.2)


def _numbered(deed: Callable[[int, int], Any]) -> Callable[[int, int], Any]:
    """Return the deed with turns that no single client had before."""
    return lambda client, turn: deed(client, 10_000 * (client + 1) + turn)
