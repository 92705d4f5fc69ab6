"""Groups the lines of real logs as `manage.py analyze_log` does: accuracy per system, speed and memory for 100 MB.

Run from the repository's root, with its virtual environment:
python -m bench.logs [--data loghub.tar.xz] [--json FILE] [--megabytes 100]

The data are loghub's samples of 2,000 lines a system with the true template of each. What is read are the raw
lines (`_2k.log`), not the message that the truth has cut out of them, so layouts are measured, too. Grouping
accuracy as LogPAI's benchmark has it: a line is right when its group holds the lines that its true group holds.

Beside it the published results of Drain (Zhu et al., "Tools and Benchmarks for Automated Log Parsing", ICSE-SEIP
2019, table II), which were reached with expressions and thresholds made for each system.
Here nothing is. Where drain3 is installed (it is no dependency), it is measured on the same messages, too.
"""

import argparse
import csv
import io
import json
import re
import resource
import subprocess
import sys
import tarfile
import tempfile
import time
from collections import defaultdict
from collections.abc import Hashable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench import services
from investigations.logs import reading
from investigations.logs.analysis import analyze

DATA = services.ROOT.parent / "shared" / "data" / "loghub.tar.xz"
#: Drain's published grouping accuracy; over all sixteen systems of loghub it is 0.865.
PUBLISHED = {
    "HDFS": 0.998, "Hadoop": 0.948, "Spark": 0.920, "Zookeeper": 0.967, "OpenStack": 0.733, "HealthApp": 0.780,
    "Apache": 1.000, "OpenSSH": 0.788, "BGL": 0.963, "HPC": 0.887, "Thunderbird": 0.955, "Windows": 0.997,
    "Linux": 0.690, "Android": 0.911, "Proxifier": 0.527, "Mac": 0.787,
}  # fmt: skip
MEGABYTE = 1024**2


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=DATA, help="the archive with the logs")
    parser.add_argument("--json", type=Path, help="write the figures to this file, too")
    parser.add_argument("--megabytes", type=int, default=100, help="of the log whose speed is measured; 0: none")
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        print(json.dumps(_timed(arguments.child)))
        return
    if not arguments.data.exists():
        print(f"{arguments.data} is not there: nothing was measured. bench/README.md says what it holds.")
        sys.exit(1)
    logs = list(_logs(arguments.data))
    figures: dict[str, Any] = {"accuracy": accuracy(logs)}
    if arguments.megabytes:
        figures["speed"] = speed(logs, arguments.megabytes)
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=2) + "\n")


def _logs(archive: Path) -> Iterator[tuple[str, bytes, list[dict[str, str]]]]:
    """Yield (system, raw log, its lines with their truth)."""
    with tarfile.open(archive) as tar:
        contents = {
            Path(member.name).name: file.read() for member in tar if (file := tar.extractfile(member)) is not None
        }
    for name, raw in sorted(contents.items()):
        if name.endswith("_2k.log"):
            truth = csv.DictReader(io.StringIO(contents[f"{name}_structured.csv"].decode("utf-8", "replace")))
            yield name.removesuffix("_2k.log"), raw, list(truth)


def grouping_accuracy(found: Sequence[Hashable], truth: Sequence[Hashable]) -> float:
    """Return the share of lines whose group holds the very lines that their true group holds."""
    groups: dict[Hashable, set[int]] = defaultdict(set)
    true_groups: dict[Hashable, set[int]] = defaultdict(set)
    for line, (group, true_group) in enumerate(zip(found, truth, strict=True)):
        groups[group].add(line)
        true_groups[true_group].add(line)
    right = (len(lines) for lines in groups.values() if true_groups[truth[next(iter(lines))]] == lines)
    return sum(right) / len(truth)


def accuracy(logs: list[tuple[str, bytes, list[dict[str, str]]]]) -> dict[str, dict[str, float]]:
    """Print and return the grouping accuracy per system."""
    other = _drain3()
    print(f"{'system':<12}{'here':>8}{'Drain, published':>18}{'drain3' if other else '':>10}")
    rows: dict[str, dict[str, float]] = {}
    for system, raw, truth in logs:
        lines = list(reading.lines_of([raw]))
        found = analyze(lines, zone=UTC, now=datetime.now(UTC))
        row = {"here": grouping_accuracy(found.template, [line["EventId"] for line in truth])}
        row["published"] = PUBLISHED[system]
        if other:
            groups = other([line["Content"] for line in truth])
            row["drain3"] = grouping_accuracy(groups, [line["EventId"] for line in truth])
        rows[system] = row
        _print(system, row)
    mean = {key: sum(row[key] for row in rows.values()) / len(rows) for key in next(iter(rows.values()))}
    _print("mean", mean)
    print(f"{'':<12}{'':>8}{0.865:>18.3f}  Drain's mean over all sixteen systems")
    return rows | {"mean": mean}


def _print(system: str, row: dict[str, float]) -> None:
    drain3 = f"{row['drain3']:>10.3f}" if "drain3" in row else ""
    print(f"{system:<12}{row['here']:>8.3f}{row['published']:>18.3f}{drain3}")


def _drain3() -> Any:
    """Return what groups messages with drain3 as it comes, numbers and addresses masked; None where it is not."""
    try:
        from drain3 import TemplateMiner
        from drain3.masking import MaskingInstruction
        from drain3.template_miner_config import TemplateMinerConfig
    except ImportError:
        return None

    def group(messages: list[str]) -> list[int]:
        config = TemplateMinerConfig()
        config.masking_instructions = [
            MaskingInstruction(r"((?<=[^A-Za-z0-9])|^)(\d{1,3}\.){3}\d{1,3}(:\d+)?", "IP"),
            MaskingInstruction(r"0x[a-f0-9A-F]+", "HEX"),
            MaskingInstruction(r"-?\d+", "NUMBER"),
        ]
        miner = TemplateMiner(config=config)
        return [miner.add_log_message(message)["cluster_id"] for message in messages]

    return group


def speed(logs: list[tuple[str, bytes, list[dict[str, str]]]], megabytes: int) -> list[dict[str, Any]]:
    """Print and return how long `megabytes` of each system's log take, in a process of its own."""
    print(f"\n{megabytes} MB of{'':<10}{'lines':>10}{'seconds':>9}{'of CPU':>8}{'MB of memory':>14}")
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for system, raw, _truth in logs:
            path = Path(folder) / "big.log"
            _grown(raw, megabytes * MEGABYTE, path)
            command = [sys.executable, "-m", "bench.logs", "--child", str(path)]
            done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=services.ROOT)
            row = {"system": system, **json.loads(done.stdout)}
            rows.append(row)
            print(f"{system:<16}{row['lines']:>10}{row['seconds']:>9.1f}{row['cpu']:>8.1f}{row['memory']:>14.0f}")
    return rows


def _grown(raw: bytes, size: int, path: Path) -> None:
    """Write a log of that size: the sample again and again, with other digits in its longer numbers each time."""
    text = raw if raw.endswith(b"\n") else raw + b"\n"
    with path.open("wb") as file:
        turn = 0
        while file.tell() < size:
            digits = f"{turn:03}".encode()[-3:]
            file.write(re.sub(rb"(?<=\d\d)\d{3}(?=\d\d)", digits, text))
            turn += 1


def _timed(path: Path) -> dict[str, float]:
    began, cpu = time.monotonic(), time.process_time()
    with path.open("rb") as file:
        found = [
            analyze(member.lines, zone=UTC, now=datetime.now(UTC)) for member in reading.members(file, path.name)
        ]
    return {
        "lines": sum(map(len, found)),
        "seconds": time.monotonic() - began,
        "cpu": time.process_time() - cpu,
        "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


if __name__ == "__main__":
    main()
