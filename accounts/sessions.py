"""Sessions end after 15 minutes in which nobody did anything (SESSION_ENGINE).

A session's end is its row's `expire_date`, so that nothing has to be asked beside the session itself; the live
stream goes by it too. What a page asks for by itself is quiet: it reads the session and leaves its end alone.
"""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.sessions.backends import db
from django.contrib.sessions.models import Session

from common import clock

IDLE = timedelta(seconds=settings.SESSION_COOKIE_AGE)
STEP = timedelta(seconds=20)  # an end that is nearly as late as it can be is not written anew


class SessionStore(db.SessionStore):
    """Django's, which also knows when it ends."""

    ends_at: datetime | None = None
    is_quiet = False  # whether nobody has a hand in this request

    def _get_session_from_db(self) -> Session | None:
        found: Session | None = super()._get_session_from_db()  # type: ignore[misc]  # Django's stubs leave it out
        if found is not None:
            self.ends_at = found.expire_date
        return found

    def get_expiry_date(self, **kwargs: Any) -> datetime:
        """Return when it ends if it is saved now."""
        if self.is_quiet and self.ends_at is not None:
            return self.ends_at
        return super().get_expiry_date(**kwargs)

    def seconds_left(self) -> int:
        """Return for how long it still lasts, were nothing to happen."""
        self.get("")  # reads it, unless it was read
        return max(0, round((self.ends_at - clock.now()).total_seconds())) if self.ends_at else 0

    def go_on(self) -> None:
        """Somebody did something: it lasts another 15 minutes from now."""
        self.get("")
        end = clock.now() + IDLE
        if self.ends_at is not None and end - self.ends_at > STEP:
            Session.objects.filter(session_key=self.session_key).update(expire_date=end)
            self.ends_at = end
