"""The process that hands deliveries from the database to the workers."""

import signal
import threading
from typing import Any

from celery import current_app
from django.core.management.base import BaseCommand
from kombu import Connection
from kombu.exceptions import OperationalError

from events import relay


class Queue:
    """The workers' queue. A failure is told at once: waiting is the relay's own business."""

    def __init__(self) -> None:
        self._connection: Connection | None = None

    def put(self, delivery_id: int) -> None:
        """Queue one delivery for a worker. Raises BrokerUnreachable when Redis doesn't take it."""
        if self._connection is None:
            self._connection = current_app.connection_for_write(transport_options={"max_retries": 0})
        try:
            current_app.send_task(
                "events.tasks.deliver", args=[delivery_id], connection=self._connection, retry=False
            )
        except (OperationalError, OSError) as error:
            self.close()
            raise relay.BrokerUnreachable from error

    def close(self) -> None:
        if self._connection is not None:
            self._connection.release()
            self._connection = None


class Command(BaseCommand):
    help = "Hand recorded events on to the workers, until stopped. Any number may run side by side."

    requires_system_checks = []  # it serves no page

    def handle(self, *args: Any, **options: Any) -> None:
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        self.stdout.write("The relay is running.")
        queue = Queue()
        relay.run(queue.put, stop)
        queue.close()
        self.stdout.write("The relay has stopped.")
