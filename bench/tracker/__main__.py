"""Serve on 127.0.0.1."""

import argparse
import os
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from bench.tracker.program import Tracker


class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class Handler(WSGIRequestHandler):
    def log_message(self, *_arguments: Any) -> None:
        pass


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.tracker")
    parser.add_argument("--port", type=int, required=True)
    port = parser.parse_args().port
    file = os.environ.get("TRACKER_FILE")
    tracker = Tracker(
        f"http://127.0.0.1:{port}", os.environ["TRACKER_TOKEN"], os.environ["TRACKER_SECRET"],
        os.environ.get("TRACKER_HOOK", ""), Path(file) if file else None,
    )  # fmt: skip
    if not tracker.issues:
        tracker.begin("acme/payments")
    server = Server(("127.0.0.1", port), Handler)
    server.set_app(tracker)
    server.serve_forever()


main()
