"""The forecast of missed deadlines, learnt from the first months of a history and tried on the last.

Run from the repository's root, on a database into which a history was imported (docs/imports.md):
python -m bench.forecast [--cut 2016-05-01] [--json FILE]
"""

import argparse
import json
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import django


def tried(cut: datetime | None) -> dict[str, dict[str, Any]]:
    """Return the trial of each metric that has enough of a history, with the seconds it took."""
    from common import clock
    from reports import calibration, pasts
    from reports.days import zone

    began, until = time.perf_counter(), clock.now()
    history = pasts.read(until)
    print(f"read in {time.perf_counter() - began:.1f} s")
    found = {}
    for metric, moments in history.items():
        began = time.perf_counter()
        divided = cut.timestamp() if cut else calibration.cut_of(moments)
        trial = calibration.try_out(moments, cut=divided, until=until.timestamp(), zone=zone().key)
        if trial is not None:
            found[str(metric)] = {**trial.to_json(), "seconds": round(time.perf_counter() - began, 2)}
    return found


def show(metric: str, trial: dict[str, Any]) -> None:
    """Print one trial as a table of scores and one of the calibration."""
    cut = f"{datetime.fromtimestamp(trial['cut'], UTC):%Y-%m-%d}"
    print(f"\n{metric}: {trial['method']}, {trial['seconds']} s")
    print(f"  learnt from {trial['learnt_clocks']:,} clocks, tried on {trial['clocks']:,} of tickets since {cut}:")
    print(f"  {trial['moments']:,} moments, {trial['missed_share']:.1%} of them of clocks that were missed")
    print("                            Brier   log loss     AUC   forecast is better by (95 %)")
    names = {
        "forecast": "forecast",
        "base_rate": "base rate",
        "share_used": "share of time used",
        "share_fitted": "  the same, fitted",
    }
    for key, name in names.items():
        score = trial[key]
        better = f"{score['gain']:.4f}  ({score['gain_from']:.4f} to {score['gain_to']:.4f})"
        print(
            f"  {name:<22} {score['brier']:>8.4f}   {score['log_loss']:>8.4f}  {score['auc'] or 0:>6.3f}   "
            f"{better if key != 'forecast' else ''}"
        )
    print(f"  expected calibration error {trial['calibration_error']:.4f}")
    print("  forecast     moments   said    missed")
    for one in trial["bins"]:
        if one["moments"]:
            span = f"{one['low']:.0%}–{one['high']:.0%}"
            print(f"  {span:<10} {one['moments']:>9,}  {one['forecast']:>6.1%}  {one['missed']:>6.1%}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cut", type=lambda day: datetime.fromisoformat(day).replace(tzinfo=UTC))
    parser.add_argument("--json", type=Path, help="write the trials to this file as well")
    options = parser.parse_args()
    django.setup()
    found = tried(options.cut)
    for metric, trial in found.items():
        show(metric, trial)
    if options.json:
        options.json.write_text(json.dumps(found, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
