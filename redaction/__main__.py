"""The firewall in a pipe: `python -m redaction < in > out`, or `--json` for one finding a line."""

import argparse
import json
import sys

from redaction.own_ids import OwnIds
from redaction.streams import redact_stream


def main() -> None:
    """Read the standard input; write it without cards and secrets, or only what was found."""
    parser = argparse.ArgumentParser(prog="python -m redaction", description=__doc__)
    parser.add_argument(
        "--json", action="store_true", help="write kind, start, end and mask of each finding instead"
    )
    parser.add_argument(
        "--own-id", action="append", default=[], metavar="FORMAT", help="such as ORD-################"
    )
    chosen = parser.parse_args()
    try:
        own_ids = OwnIds(chosen.own_id)
    except ValueError as error:
        parser.error(str(error))
    findings = redact_stream(sys.stdin.buffer, None if chosen.json else sys.stdout.buffer, own_ids)
    for finding in findings:
        if chosen.json:
            sys.stdout.buffer.write(json.dumps(finding._asdict(), ensure_ascii=False).encode() + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
