"""What migrations put into the database, kept and restored around tests that commit.

A test that commits is followed by a TRUNCATE of every table, which the
append-only tables refuse and which would take the seeded rows (categories,
calendars, the system's own person) from every later test. Here the flush sets
the triggers aside and puts the seeded rows back, in the same transaction, so
that tests may run in any order.
"""

from collections.abc import Iterable

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper


def remember() -> None:
    """Copy every seeded row aside. To be called once, when the test database has just been made."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DROP SCHEMA IF EXISTS seed CASCADE")
        cursor.execute("CREATE SCHEMA seed")
        for table in connection.introspection.django_table_names(only_existing=True, include_views=False):
            name = connection.ops.quote_name(table)
            cursor.execute(f"SELECT EXISTS (SELECT FROM {name})")  # noqa: S608
            if cursor.fetchone() == (True,):
                cursor.execute(f"CREATE TABLE seed.{name} AS TABLE {name}")
    connection.ops.execute_sql_flush = _flush_and_restore  # type: ignore[method-assign]


def _flush_and_restore(sql_list: Iterable[str]) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        # Foreign keys and guards are triggers; this rests them until the transaction ends.
        cursor.execute("SET LOCAL session_replication_role = replica")
        for sql in sql_list:
            cursor.execute(sql)
        for table, columns in _seeded(cursor):
            cursor.execute(f"INSERT INTO {table} ({columns}) SELECT {columns} FROM seed.{table}")  # noqa: S608


def _seeded(cursor: CursorWrapper) -> list[tuple[str, str]]:
    """Return each remembered table, with those of its columns that are not computed."""
    cursor.execute(
        """
        SELECT quote_ident(copy.table_name), string_agg(quote_ident(real.column_name), ', ')
        FROM information_schema.tables AS copy
        JOIN information_schema.columns AS real USING (table_name)
        WHERE copy.table_schema = 'seed' AND real.table_schema = 'public' AND real.is_generated = 'NEVER'
        GROUP BY copy.table_name
        """
    )
    return list(cursor.fetchall())
