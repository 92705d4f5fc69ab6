"""Secondline at 1,000 to 1,000,000 tickets, beside a bare Django view and django-helpdesk.

    make bench ARGS="--sizes 1000 1000000 --json figures.json"

What is filled stays in .run/bench for the next run; docs/performance.md says what is measured and what it means.
"""

import argparse
import json
import os
import signal
import sys
import time
from pathlib import Path

from bench.workplace import table
from bench.workplace.measuring import measured
from bench.workplace.serving import FOLDER, PYTHON, ROOT, Services, run

SIZES = (1_000, 10_000, 100_000, 1_000_000)
#: Seconds that filling takes for so many tickets, and measuring beside django-helpdesk, on two free cores.
_FILLING, _MEASURING = 0.0006, 0.0004


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.workplace", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="numbers of tickets, ascending")
    parser.add_argument("--seconds", type=float, default=5, help="how long eight clients do each thing")
    parser.add_argument("--without-helpdesk", action="store_true", help="leave django-helpdesk out")
    parser.add_argument("--fresh", action="store_true", help="fill anew what was filled before")
    parser.add_argument("--fill-only", action="store_true", help="measure nothing")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    parser.add_argument("--markdown", type=Path, help="write the tables to this file")
    arguments = parser.parse_args()
    for folder in ("log", "media"):
        (FOLDER / folder).mkdir(parents=True, exist_ok=True)
    expected = sum(60 + size * (_FILLING + _MEASURING) for size in arguments.sizes)
    print(f"About {expected / 60:.0f} minutes on two free cores, less once filled. Load: {os.getloadavg()[0]:.1f}")
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # a polite kill ends what was started, too
    services = Services()
    found = {}
    try:
        for size in arguments.sizes:
            print(f"{size:,} tickets", flush=True)
            _fill(services, size, fresh=arguments.fresh)
            if arguments.fill_only:
                continue
            services.start(quick=False)
            _front_end(services, size)
            began, load = time.monotonic(), os.getloadavg()[0]
            figures = measured(services, size, arguments.seconds, beside_helpdesk=not arguments.without_helpdesk)
            found[str(size)] = figures | {"load": [round(load, 1), round(os.getloadavg()[0], 1)]}
            print(f"  measured in {time.monotonic() - began:.0f} s", flush=True)
    finally:
        services.stop()
    if arguments.json:
        arguments.json.write_text(json.dumps(found, indent=2) + "\n")
    if found:
        text = table.tables(found)
        print(text)
        if arguments.markdown:
            arguments.markdown.write_text(text + "\n")


def _fill(services: Services, size: int, *, fresh: bool) -> None:
    """Have a filled database of that size; filling trades safety for speed, so the servers start anew for it."""
    name, mark = f"tickets_{size}", FOLDER / f"filled-{size}"
    if mark.exists() and not fresh:
        return
    mark.unlink(missing_ok=True)
    services.start(quick=True)
    services.database(name, fresh=fresh)
    run(PYTHON, "-m", "bench.workplace.filling", str(size), env=services.environment(name))
    mark.touch()


def _front_end(services: Services, size: int) -> None:
    """Collect static files and compile texts, as bin/run does: without them no page can be made."""
    sys.path.insert(0, str(ROOT / "bin"))
    import prepare

    prepare.front_end()
    env = services.environment(f"tickets_{size}")
    prepare.run(PYTHON, ROOT / "bin" / "messages", "compile", env=env)
    prepare.static_files(env, FOLDER / "staticfiles")


if __name__ == "__main__":
    main()
