"""Everything that a database holds as text, found by asking it: tables, columns, and rows in pieces."""

from dataclasses import dataclass
from typing import Any, Protocol

#: What is read, by type; the rest (dates, numbers of up to nine digits, flags) can hold no card.
READ = (
    "'text', 'varchar', 'bpchar', 'citext', 'json', 'jsonb', 'xml', 'bytea', 'tsvector', 'int8', 'numeric', 'name'"
)
MASKED = {"text", "varchar", "bpchar", "citext", "json", "jsonb"}

COLUMNS = f"""
SELECT class.relname, attribute.attname, type.typname,
       coalesce(attribute.attnum = ANY(key.indkey), false) AS is_key,
       EXISTS (
           SELECT FROM pg_trigger AS guard JOIN pg_proc AS called ON called.oid = guard.tgfoid
           WHERE guard.tgrelid = class.oid AND called.proname = 'secondline_append_only'
               AND guard.tgqual IS NULL AND guard.tgtype & 16 <> 0
       ) AS only_grows,
       attribute.attgenerated <> '' AS is_made
FROM pg_class AS class
JOIN pg_attribute AS attribute ON attribute.attrelid = class.oid
JOIN pg_type AS type ON type.oid = attribute.atttypid
LEFT JOIN pg_type AS element ON element.oid = type.typelem AND type.typcategory = 'A'
LEFT JOIN pg_index AS key ON key.indrelid = class.oid AND key.indisprimary
WHERE class.relnamespace = 'public'::regnamespace AND class.relkind IN ('r', 'm')
    AND attribute.attnum > 0 AND NOT attribute.attisdropped
    AND (coalesce(element.typname, type.typname) IN ({READ}) OR attribute.attnum = ANY(key.indkey))
ORDER BY class.relname, attribute.attnum
"""  # noqa: S608  our own words


class Source(Protocol):
    """A connection to the database that is read: ours, or one to a restored backup."""

    def cursor(self) -> Any: ...


@dataclass(frozen=True)
class Column:
    """A column that may hold a text."""

    name: str
    type: str
    can_be_masked: bool


@dataclass(frozen=True)
class Table:
    """A table with what is to be read of it, and what names its rows."""

    name: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    only_grows: bool


@dataclass(frozen=True)
class Row:
    """One row: what names it, and its texts in the order of the columns."""

    key: tuple[Any, ...]
    texts: tuple[str, ...]

    @property
    def named(self) -> str:
        return "/".join(str(part) for part in self.key)


def quoted(name: str) -> str:
    """Return an identifier as SQL writes it."""
    return '"' + name.replace('"', '""') + '"'


def tables(source: Source) -> dict[str, Table]:
    """Return every table that holds texts, by name."""
    found: dict[str, list[tuple[Any, ...]]] = {}
    with source.cursor() as cursor:
        cursor.execute(COLUMNS)
        for row in cursor.fetchall():
            found.setdefault(row[0], []).append(row[1:])
    made = {
        name: Table(
            name=name,
            key=tuple(column for column, _type, is_key, *_ in rows if is_key),
            columns=tuple(
                Column(column, kind, kind in MASKED and not is_key and not is_made)
                for column, kind, is_key, _grows, is_made in rows
                if not (is_key and kind in {"int8", "int4", "int2", "uuid"})
            ),
            only_grows=rows[0][3],
        )
        for name, rows in found.items()
    }
    return {name: table for name, table in made.items() if table.columns}


def rows(source: Source, table: Table, after: list[Any] | None, most: int) -> list[Row]:
    """Return the next rows after that key, in the order of their keys; a table without one is read by place."""
    key = [quoted(name) for name in table.key] or ["ctid"]
    texts = [_as_text(column) for column in table.columns]
    where, values = "", []
    if after is not None:
        where = f"WHERE ({', '.join(key)}) > ({', '.join(['%s'] * len(after))})"
        values = list(after)
    statement = (
        f"SELECT {', '.join([*(f'{part}::text' for part in key), *texts])}"  # noqa: S608  names from the catalogue
        f" FROM public.{quoted(table.name)} {where} ORDER BY {', '.join(key)} LIMIT {int(most)}"
    )
    if table.key == () and after is not None:
        statement = statement.replace("(%s)", "(%s::tid)")
    with source.cursor() as cursor:
        cursor.execute(statement, values)
        return [
            Row(tuple(row[: len(key)]), tuple(_text(value) for value in row[len(key) :]))
            for row in cursor.fetchall()
        ]


def _as_text(column: Column) -> str:
    return quoted(column.name) if column.type == "bytea" else f"{quoted(column.name)}::text"


def _text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else bytes(value).decode("latin-1")


def masked(source: Source, table: Table, column: Column, row: Row, before: str, after: str) -> bool:
    """Put `after` in the place of `before`, unless somebody has changed it meanwhile; return whether it was."""
    where = " AND ".join(f"{quoted(name)} = %s" for name in table.key)
    name = quoted(column.name)
    with source.cursor() as cursor:
        cursor.execute(
            f"UPDATE public.{quoted(table.name)} SET {name} = %s WHERE {where} AND {name}::text = %s",  # noqa: S608
            [after, *row.key, before],
        )
        return bool(cursor.rowcount)
