"""Recall, mistakes and speed of the firewall: `python -m bench.redaction`; bench/README.md explains."""

import argparse

from bench.redaction import measure, negatives
from redaction import OwnIds, redact

_OWN_IDS = OwnIds(negatives.OWN_IDS)


def ours(text: str) -> tuple[str, list[str]]:
    answer = redact(text, _OWN_IDS)
    return answer.text, [finding.kind for finding in answer.findings]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.redaction", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=300, help="samples of each class")
    parser.add_argument("--show", action="store_true", help="print samples that went wrong")
    chosen = parser.parse_args()
    for title, scores in (
        ("found", measure.recall(ours, chosen.seed, chosen.count)),
        ("left alone", measure.mistakes(ours, chosen.seed, chosen.count)),
    ):
        for score in scores:
            if score.share < 1:
                print(f"{title:10} {score.name:28} {score.share:7.2%}")
                for example in score.examples if chosen.show else []:
                    print("      ", repr(example))
        print(
            title, len(scores), "classes", f"{sum(s.right for s in scores) / sum(s.samples for s in scores):.3%}"
        )


if __name__ == "__main__":
    main()
