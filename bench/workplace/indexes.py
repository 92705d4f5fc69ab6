"""Indexes set aside while a million rows come in, and made again when all are there."""

from collections.abc import Iterable

from django.db import connection

_LARGE = (
    "escalations_ticket", "escalations_message", "escalations_clock", "escalations_clockentry", "events_event",
    "reports_ticketfact", "escalations_tickettext",
)  # fmt: skip


def set_aside() -> None:
    """Drop the indexes of the large tables that no constraint needs, and remember them."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE SCHEMA IF NOT EXISTS bench")
        cursor.execute("CREATE TABLE IF NOT EXISTS bench.index (name text PRIMARY KEY, made_by text)")
        cursor.execute(
            """
            INSERT INTO bench.index
            SELECT c.relname, pg_get_indexdef(i.indexrelid) FROM pg_index AS i
            JOIN pg_class AS c ON c.oid = i.indexrelid
            WHERE i.indrelid = ANY(%s::regclass[]) AND NOT i.indisunique
            ON CONFLICT DO NOTHING RETURNING name
            """,
            [list(_LARGE)],
        )
        for (name,) in cursor.fetchall():
            cursor.execute(f"DROP INDEX public.{connection.ops.quote_name(name)}")


def missing() -> list[str]:
    """Return the definitions of the indexes set aside that are not there again."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT made_by FROM bench.index WHERE to_regclass(quote_ident(name)) IS NULL ORDER BY name"
        )
        return [made_by for (made_by,) in cursor.fetchall()]


def make(definitions: Iterable[str]) -> None:
    """Make indexes by their definitions."""
    with connection.cursor() as cursor:
        cursor.execute("SET maintenance_work_mem = '1GB'")
        for definition in definitions:
            cursor.execute(definition)
