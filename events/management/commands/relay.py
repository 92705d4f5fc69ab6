"""The process that hands deliveries from the database to the workers."""

import signal
import threading
from typing import Any

from celery import current_app
from django.core.management.base import BaseCommand
from kombu.exceptions import OperationalError

from events import relay


def publish(delivery_id: int) -> None:
    """Queue one delivery for a worker. Raises BrokerUnreachable when Redis doesn't take it."""
    try:
        current_app.send_task("events.tasks.deliver", args=[delivery_id], retry=False)
    except (OperationalError, OSError) as error:
        raise relay.BrokerUnreachable from error


class Command(BaseCommand):
    help = "Hand recorded events on to the workers, until stopped. Any number may run side by side."

    def handle(self, *args: Any, **options: Any) -> None:
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        self.stdout.write("The relay is running.")
        relay.run(publish, stop)
        self.stdout.write("The relay has stopped.")
