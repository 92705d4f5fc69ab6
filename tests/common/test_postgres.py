"""Connections that stay open are checked before each request without asking the server anything."""

import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext

from tests.waiting import wait_until


@pytest.mark.django_db(transaction=True)
def test_a_connection_that_the_server_has_ended_is_known_not_to_work() -> None:
    fresh = connections.create_connection("default")
    try:
        fresh.settings_dict = {**connection.settings_dict}
        fresh.ensure_connection()
        with CaptureQueriesContext(fresh) as asked:
            assert fresh.is_usable()
        assert len(asked) == 0
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s)", [fresh.connection.info.backend_pid])
        wait_until(lambda: not fresh.is_usable(), seconds=5)
    finally:
        fresh.close()
