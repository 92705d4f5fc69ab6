"""Storing many rows that exist already, in one statement however many they are.

Django's bulk_update writes a CASE with a branch for each row and column, which PostgreSQL reads a hundred times
slower than arrays.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from django.db import connection, models


def rewrite(rows: Sequence[models.Model], columns: Iterable[str]) -> int:
    """Store these fields of rows of one model, found by their primary keys; return how many there were."""
    if not rows:
        return 0
    meta, quote = rows[0]._meta, connection.ops.quote_name
    stored: list[Any] = [meta.pk, *(meta.get_field(name) for name in columns)]
    arrays = [
        [field.get_db_prep_save(getattr(row, field.attname), connection) for row in rows] for field in stored
    ]
    types = ", ".join(f"%s::{field.db_type(connection)}[]" for field in stored)
    names = ", ".join(quote(field.column) for field in stored)
    sets = ", ".join(f"{quote(field.column)} = fresh.{quote(field.column)}" for field in stored[1:])
    found = quote(stored[0].column)
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {quote(meta.db_table)} AS old SET {sets} "  # noqa: S608  our own names only
            f"FROM unnest({types}) AS fresh ({names}) WHERE old.{found} = fresh.{found}",
            arrays,
        )
        return int(cursor.rowcount)
