"""What migrations put into the database, kept and restored around tests that commit; and the catalogue, as a copy.

After a test that commits Django empties every table, which the append-only
tables refuse and which would take the seeded rows (categories, calendars, the
system's own person) from every later test. Here the flush sets the triggers
aside and puts the seeded rows back, in the same transaction, so that tests may
run in any order.
"""

from collections.abc import Iterable

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from accounts import people
from escalations import defaults


def remember() -> None:
    """Copy every seeded row aside. To be called once, when the test database has just been made."""
    connection.ops.execute_sql_flush = _flush_and_restore  # type: ignore[method-assign,assignment]
    people.system()  # whoever has it already must not meet another one in the catalogue
    with transaction.atomic(), connection.cursor() as cursor:
        _keep_in("seed", cursor)
        _seeded[:] = _kept_in("seed", cursor)
    defaults.seed()
    with transaction.atomic(), connection.cursor() as cursor:
        _keep_in("catalogue", cursor)
        for table, _columns in _seeded:
            cursor.execute(f"DELETE FROM catalogue.{table} WHERE id IN (SELECT id FROM seed.{table})")  # noqa: S608
        _catalogue[:] = _kept_in("catalogue", cursor)
    _flush_and_restore()


_seeded: list[tuple[str, str]] = []
_catalogue: list[tuple[str, str]] = []


def catalogue() -> None:
    """Give the desk its first catalogue, as `defaults.seed` would. Not twice in a test."""
    copies = ";".join(_copied("catalogue", table, columns) for table, columns in _catalogue)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(copies)
        cursor.execute("SET LOCAL session_replication_role = origin")


def _keep_in(schema: str, cursor: CursorWrapper) -> None:
    """Copy every table that holds something into `schema`, which is made anew."""
    cursor.execute(f"DROP SCHEMA IF EXISTS {schema} CASCADE")
    cursor.execute(f"CREATE SCHEMA {schema}")
    for name in _holding_something(cursor):
        cursor.execute(f"CREATE TABLE {schema}.{name} AS TABLE {name}")


def _flush_and_restore(_sql_list: Iterable[str] = ()) -> None:
    """Empty every table that holds something, then put back what migrations had put there.

    Not by TRUNCATE, as Django would: that makes a file anew for each of the many empty tables and their indexes.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        # Foreign keys and guards are triggers; this rests them until the transaction ends.
        cursor.execute("SET LOCAL session_replication_role = replica")
        held = _holding_something(cursor)
        cursor.execute(
            "SELECT tgrelid::regclass::text, quote_ident(tgname) FROM pg_trigger"
            " WHERE tgenabled = 'A' AND tgrelid = ANY(%s::regclass[])",
            [held],
        )
        always = cursor.fetchall()
        for table, trigger in always:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER {trigger}")
        for table in held:
            cursor.execute(f"DELETE FROM {table}")  # noqa: S608
        for table, columns in _seeded:
            cursor.execute(_copied("seed", table, columns))
        for table, trigger in always:
            cursor.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {trigger}")


def _holding_something(cursor: CursorWrapper) -> list[str]:
    """Return the tables that are not empty."""
    names = connection.introspection.django_table_names(only_existing=True, include_views=False)
    quoted = [connection.ops.quote_name(name) for name in names]
    cursor.execute(" UNION ALL ".join(f"SELECT '{name}' WHERE EXISTS (SELECT FROM {name})" for name in quoted))  # noqa: S608
    return [name for (name,) in cursor.fetchall()]


def _copied(schema: str, table: str, columns: str) -> str:
    return f"INSERT INTO {table} ({columns}) SELECT {columns} FROM {schema}.{table}"  # noqa: S608


def _kept_in(schema: str, cursor: CursorWrapper) -> list[tuple[str, str]]:
    """Return each table kept in `schema`, with those of its columns that are not computed."""
    cursor.execute(
        """
        SELECT quote_ident(copy.table_name), string_agg(quote_ident(real.column_name), ', ')
        FROM information_schema.tables AS copy
        JOIN information_schema.columns AS real USING (table_name)
        WHERE copy.table_schema = %s AND real.table_schema = 'public' AND real.is_generated = 'NEVER'
        GROUP BY copy.table_name
        """,
        [schema],
    )
    return list(cursor.fetchall())
