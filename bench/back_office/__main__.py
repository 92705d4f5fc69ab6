"""The program: prepare, seed, make the role that only reads, serve."""

import argparse
import os
import sys
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

import django

READER = "lookups"


class Server(ThreadingMixIn, WSGIServer):
    """One thread for each request; none of them keeps the program from ending."""

    daemon_threads = True
    request_queue_size = 64


class Handler(WSGIRequestHandler):
    """Says nothing of each request, and hands the connection on, so that it can be dropped."""

    def get_environ(self) -> dict[str, Any]:
        return super().get_environ() | {"back_office.connection": self.connection}

    def log_message(self, *_arguments: Any) -> None:
        pass


def prepare() -> None:
    from django.core.management import call_command

    from bench.back_office.models import Account

    call_command("migrate", verbosity=0)
    print(Account.objects.count())


def reader() -> None:
    """Make the role that lookups ask by: it may read the customers' tables, and nothing else."""
    from django.db import connection

    tables = "account, phonechange, ban, transaction, pointsentry, delivery, courierevent, reset"
    names = ", ".join(f"back_office_{name}" for name in tables.split(", "))
    with connection.cursor() as cursor:
        cursor.execute("SELECT FROM pg_roles WHERE rolname = %s", [READER])
        if cursor.fetchone() is None:
            cursor.execute(f"CREATE ROLE {READER} LOGIN")
        cursor.execute(f"ALTER ROLE {READER} SET default_transaction_read_only = on")
        cursor.execute(f"GRANT SELECT ON {names} TO {READER}")


def serve(port: int) -> None:
    from django.core.wsgi import get_wsgi_application

    with Server(("127.0.0.1", port), Handler) as server:
        server.set_app(get_wsgi_application())
        server.serve_forever()


def seed() -> None:
    from bench.back_office import stories

    stories.open_accounts(sys.stdin)


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.back_office")
    parser.add_argument("deeds", nargs="+", choices=["prepare", "seed", "reader", "serve"])
    parser.add_argument("--port", type=int, default=8190)
    asked = parser.parse_args()
    os.environ["DJANGO_SETTINGS_MODULE"] = "bench.back_office.settings"
    django.setup()
    for deed in asked.deeds:
        {"prepare": prepare, "seed": seed, "reader": reader, "serve": lambda: serve(asked.port)}[deed]()


if __name__ == "__main__":
    main()
