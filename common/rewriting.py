"""Storing many rows that exist already, in one statement however many they are.

Django's bulk_update writes a CASE with a branch for each row and column, which PostgreSQL reads a hundred times
slower than arrays.
"""

from collections.abc import Iterable, Sequence

from django.db import connection, models


def rewrite(rows: Sequence[models.Model], columns: Iterable[str]) -> int:
    """Store these fields of rows of one model, found by their primary keys; return how many there were."""
    if not rows:
        return 0
    meta = rows[0]._meta
    fields = [meta.get_field(name) for name in columns]
    quote = connection.ops.quote_name
    stored = [(field, field.attname) for field in (meta.pk, *fields)]
    arrays = [[field.get_db_prep_save(getattr(row, name), connection) for row in rows] for field, name in stored]
    types = ", ".join(
        f"%s::{field.rel_db_type(connection) if field.is_relation else field.db_type(connection)}[]"
        for field, _name in stored
    )
    names = ", ".join(quote(field.column) for field, _name in stored)
    sets = ", ".join(f"{quote(field.column)} = fresh.{quote(field.column)}" for field in fields)
    key = quote(meta.pk.column)
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {quote(meta.db_table)} AS old SET {sets} "  # noqa: S608  our own names only
            f"FROM unnest({types}) AS fresh ({names}) WHERE old.{key} = fresh.{key}",
            arrays,
        )
        return int(cursor.rowcount)
