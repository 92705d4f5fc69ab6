"""What Django and PostgreSQL can do at best: one ideal statement and a plain table. A project of its own.

/queue/TEAM/         the 50 most urgent open tickets of a team, as the product's queue shows them
/search/?q=WORD      the 50 best of all tickets that hold the word, through the GIN index
/insert/             a ticket and its event, in one transaction (POST)
"""

import json
import os
from datetime import UTC, datetime
from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils.html import escape

_ADDRESS = urlsplit(os.environ["DATABASE_URL"])
settings.configure(
    SECRET_KEY=os.environ["SECRET_KEY"],
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    MIDDLEWARE=[],
    USE_TZ=True,
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": _ADDRESS.path.lstrip("/"),
            "USER": "bare",
            "HOST": unquote(_ADDRESS.hostname or ""),
            "CONN_MAX_AGE": None,
        }
    },
)

from django.core.wsgi import get_wsgi_application  # noqa: E402  # after the settings
from django.db import connection, transaction  # noqa: E402

QUEUE = """
    SELECT t.id, t.subject, t.priority, t.state, t.next_due_at, t.next_due_metric, t.created_at,
        customer.name, category.name, owner.name
    FROM escalations_ticket AS t
    JOIN escalations_customer AS customer ON customer.id = t.customer_id
    JOIN escalations_category AS category ON category.id = t.category_id
    LEFT JOIN accounts_user AS owner ON owner.id = t.owner_id
    WHERE t.team_id = %s AND t.state IN (
        'accepted', 'in_progress', 'new', 'reopened', 'returned', 'waiting_customer', 'waiting_l1',
        'waiting_partner')
    ORDER BY t.priority, COALESCE(t.next_due_at, '9999-12-31 00:00:00+00'::timestamptz), t.id
    LIMIT 50
"""
SEARCH = """
    SELECT t.id, t.subject, t.priority, t.state, t.next_due_at, t.next_due_metric, t.created_at
    FROM websearch_to_tsquery('secondline_en', %s) AS asked
    JOIN escalations_tickettext AS text ON text.words @@ asked
    JOIN escalations_ticket AS t ON t.id = text.ticket_id
    ORDER BY ts_rank(text.words, asked) DESC LIMIT 50
"""
TICKET = "SELECT * FROM escalations_ticket WHERE id = (SELECT max(id) FROM escalations_ticket)"


def _table(rows: list[tuple[object, ...]]) -> HttpResponse:
    cells = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return HttpResponse(f"<!doctype html><title>Bare</title><table>{cells}</table>")


def queue(_request: HttpRequest, team: int) -> HttpResponse:
    with connection.cursor() as cursor:
        cursor.execute(QUEUE, [team])
        return _table(cursor.fetchall())


def search(request: HttpRequest) -> HttpResponse:
    with connection.cursor() as cursor:
        cursor.execute(SEARCH, [request.GET["q"]])
        return _table(cursor.fetchall())


_model: dict[str, object] = {}


def insert(_request: HttpRequest) -> HttpResponse:
    """Insert what the newest ticket holds once more, and an event about it."""
    if not _model:
        _remember()
    now = datetime.now(UTC)
    row = _model | {"created_at": now, "updated_at": now, "state": "new", "state_since": now}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO escalations_ticket ({', '.join(row)}) "
            f"VALUES ({', '.join(['%s'] * len(row))}) RETURNING id",
            list(row.values()),
        )
        (number,) = cursor.fetchone()
        cursor.execute(
            "INSERT INTO events_event (kind, subject_type, subject_id, actor_id, at, recorded_at, data) "
            "VALUES ('ticket.created', 'ticket', %s, %s, %s, %s, %s)",
            [number, row["created_by_id"], now, now, json.dumps({"ticket": {"state": "new"}})],
        )
    return HttpResponse(str(number))


def _remember() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT attname FROM pg_attribute WHERE attrelid = 'escalations_ticket'::regclass "
            "AND attgenerated = '' AND attnum > 0 AND NOT attisdropped AND attname <> 'id'"
        )
        names = [name for (name,) in cursor.fetchall()]
        cursor.execute(f"SELECT {', '.join(names)} FROM escalations_ticket ORDER BY id DESC LIMIT 1")
        _model.update(zip(names, cursor.fetchone(), strict=True))


urlpatterns = [path("queue/<int:team>/", queue), path("search/", search), path("insert/", insert)]
application = get_wsgi_application()
