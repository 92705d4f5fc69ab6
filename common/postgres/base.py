"""PostgreSQL, whose connections are checked before each request without asking the server anything."""

import select

from django.db.backends.postgresql import base


class DatabaseWrapper(base.DatabaseWrapper):
    """A server that goes away says so, or at least closes: then there is something to read on an idle connection.

    Only then is it asked, as Django does before every request (CONN_HEALTH_CHECKS).
    """

    def is_usable(self) -> bool:
        """Tell whether the connection still works."""
        if self.connection is None or self.connection.closed:
            return False
        readable, _, _ = select.select([self.connection.fileno()], [], [], 0)
        return not readable or bool(super().is_usable())
