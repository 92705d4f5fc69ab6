"""One question to one source, whatever its kind."""

from collections.abc import Mapping

from investigations.lookups import databases, masking, over_http, parameters, place, statements
from investigations.lookups.answer import NoAnswer, Table
from investigations.lookups.databases import Limits
from investigations.models import LookupKind, LookupSource, LookupTrouble, LookupVersion

CHECK_WITHIN = 5.0  # seconds


def ask(version: LookupVersion, given: Mapping[str, str]) -> tuple[Table, int]:
    """Return the answer as it may be kept, and how many cells were masked. Never within a transaction.

    Raises NoAnswer; Refused, naming the parameter, where a value is none of its type.
    """
    bound = {
        one.name: parameters.value(one, given.get(one.name, "")) for one in parameters.stored(version.parameters)
    }
    where, limits = place.of(version.source), Limits(version.within_seconds, version.most_rows)
    if where.kind == LookupKind.HTTP:
        table = over_http.ask(where, version.statement, bound, limits, version.rows_path)
    else:
        statement = statements.read(version.statement, where.kind)
        ask_database = databases.ask_mysql if where.kind == LookupKind.MYSQL else databases.ask_postgresql
        table = ask_database(where, statement.sql, bound, limits)
    return table, masking.apply(table, version.masks, version.source.masked)


def check(source: LookupSource) -> bool | None:
    """Tell whether the source answers, and whether one could write there. Raises NoAnswer."""
    where = place.of(source)
    if where.kind == LookupKind.POSTGRESQL:
        return databases.postgresql_can_write(where, CHECK_WITHIN)
    if where.kind == LookupKind.MYSQL:
        return databases.mysql_can_write(where, CHECK_WITHIN)
    try:
        over_http.get(where, "/", CHECK_WITHIN)
    except NoAnswer as error:
        if error.trouble != LookupTrouble.STATUS:  # an interface has nothing at its root, as a rule
            raise
    return None
