"""Recall, mistakes and speed of the firewall: `python -m bench.redaction`; bench/README.md explains."""

import argparse
import json
from pathlib import Path

from bench.redaction import contenders, measure, negatives, speed
from bench.redaction.measure import Score
from redaction import OwnIds, redact

_OWN_IDS = OwnIds(negatives.OWN_IDS)
#: The forms of which at least 99.5 % must be found.
_USUAL = ("plain", "separated", "json", "url", "html", "track")


def ours(text: str) -> tuple[str, list[str]]:
    answer = redact(text, _OWN_IDS)
    return answer.text, [finding.kind for finding in answer.findings]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.redaction", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=300, help="samples of each class")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="the folder of the real logs")
    parser.add_argument("--show", action="store_true", help="print samples that went wrong")
    parser.add_argument("--no-speed", action="store_true", help="leave the speeds out")
    parser.add_argument("--contender", action="store_true", help="judge the common recipe instead of the firewall")
    parser.add_argument("--json", type=Path)
    chosen = parser.parse_args()
    tool = contenders.pattern_and_check if chosen.contender else ours
    found = measure.recall(tool, chosen.seed, chosen.count)
    alone = measure.mistakes(tool, chosen.seed, chosen.count)
    _print("Found", found, show=chosen.show)
    usual = [score for score in found if score.name.startswith(_USUAL)]
    print(f"  {', '.join(_USUAL)}: {_share(usual):.2%}; the worst class: {min(s.share for s in found):.2%}\n")
    _print("Left alone", alone, show=chosen.show)
    hits = speed.hits(tool, chosen.data)
    size = sum(hit.megabytes for hit in hits)
    if hits:
        print(f"\nReal logs: {sum(len(hit.found) for hit in hits)} findings in {size:.1f} MB")
    numbers = list(speed.published(chosen.data))
    if numbers:
        missed = [number for number in numbers if not tool(f"n. {number} 03/30")[1]]
        print(f"Published numbers: {len(numbers) - len(missed)} of {len(numbers)} found", *missed)
    speeds = [] if chosen.no_speed else speed.speeds(tool, chosen.data)
    for one in speeds:
        print(f"  {one.name:40} {one.megabytes_a_second:8.1f} MB/s")
    if chosen.json:
        answer = {"found": found, "left_alone": alone, "hits": hits, "speeds": speeds}
        chosen.json.write_text(
            json.dumps({name: [one._asdict() for one in all_] for name, all_ in answer.items()})
        )


def _share(scores: list[Score]) -> float:
    return sum(score.right for score in scores) / sum(score.samples for score in scores)


def _print(title: str, scores: list[Score], *, show: bool) -> None:
    print(f"{title}: {_share(scores):.3%} in {len(scores)} classes")
    for score in scores:
        print(f"  {score.name:40} {score.share:8.2%}")
        for example in score.examples if show else []:
            print("       ", repr(example))


if __name__ == "__main__":
    main()
