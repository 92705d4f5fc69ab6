"""What the worker process does, here in a thread of its own, since Playwright's loop holds the test's."""

import threading

from django.db import connection

from events import relay
from events.models import Delivery


def work_off(*consumers: str) -> None:
    """Deliver to these consumers what they are owed, and what comes of it."""

    def work() -> None:
        try:
            while pending := list(owed.values_list("pk", flat=True)):
                failed.extend(number for number in pending if not relay.deliver(number))
                if failed:
                    break
        finally:
            connection.close()

    owed = Delivery.objects.filter(consumer__in=consumers, delivered_at=None)
    failed: list[int] = []
    worker = threading.Thread(target=work)
    worker.start()
    worker.join()
    assert not failed, Delivery.objects.get(pk=failed[0]).last_error
