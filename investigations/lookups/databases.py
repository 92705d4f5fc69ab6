"""Asking a database: one query, in a read-only transaction, within a time, and no more than can be kept.

The address is judged and pinned like every other (common.outgoing). Values are bound by the driver. A thread cuts
the connection when the time is over: the server's own time-out holds for a statement, not for one that is silent.
"""

import os
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg2
import pymysql
from psycopg2 import errors, sql
from pymysql.constants import CR, ER
from pymysql.cursors import SSCursor

from investigations.lookups import saying
from investigations.lookups.answer import LONGEST_CELL, NoAnswer, Table, unique
from investigations.lookups.place import Place
from investigations.models import LookupTrouble

#: Where Debian and Alpine, Fedora, SUSE, and BSD and macOS keep the authorities that are trusted.
_BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)  # fmt: skip
_GRACE = 2.0  # seconds in which the server may say itself that it took too long
_DENIED = {ER.ACCESS_DENIED_ERROR, ER.DBACCESS_DENIED_ERROR, 1698}
_WRITES = {1792, 1290}  # in a read-only transaction; on a read-only server
_SLOW = {1969, 3024, 1317}  # max_statement_time of MariaDB, max_execution_time of MySQL, interrupted


@dataclass
class Limits:
    """How long a question may take, and how many rows may come."""

    seconds: float
    rows: int


def ask_postgresql(place: Place, statement: str, values: Mapping[str, Any], limits: Limits) -> Table:
    """Return the answer of a PostgreSQL server. Raises NoAnswer."""
    with _postgresql(place, limits.seconds) as connection, connection.cursor() as cursor:
        named = cursor.mogrify(statement, dict(values)).decode()
        # A cursor takes a query and nothing else; its columns are known before a row was made.
        _open(cursor, named)
        cursor.execute("FETCH 0 FROM lookup")
        table = Table(unique([column.name for column in cursor.description or ()]))
        cursor.execute("CLOSE lookup")
        if not table.columns:
            raise NoAnswer(LookupTrouble.REJECTED)
        places = [sql.Identifier(f"c{number}") for number in range(len(table.columns))]
        cells = [sql.SQL("left({}::text, {})").format(one, sql.Literal(LONGEST_CELL + 1)) for one in places]
        query = sql.SQL("SELECT {} FROM (\n{}\n) AS lookup ({}) LIMIT {}").format(
            sql.SQL(", ").join(cells), sql.SQL(named), sql.SQL(", ").join(places), sql.Literal(limits.rows + 1)
        )
        _open(cursor, query.as_string(cursor))
        cursor.execute("FETCH ALL FROM lookup")
        return _filled(table, iter(cursor.fetchone, None), limits.rows)


def _open(cursor: Any, query: str) -> None:
    """Open the cursor `lookup` for a query, which the server gets as a value and refuses if it is more than one.

    psycopg2 sends its text so that several statements may stand in it; PL/pgSQL opens a cursor for a single one.
    """
    cursor.execute("SELECT set_config('secondline.lookup', %s, true)", [query])
    cursor.execute(
        "DO $$ DECLARE lookup refcursor := 'lookup';"
        " BEGIN OPEN lookup NO SCROLL FOR EXECUTE current_setting('secondline.lookup'); END $$"
    )


def postgresql_can_write(place: Place, seconds: float) -> bool:
    """Tell whether the role could change anything, were it not for the read-only transaction. Raises NoAnswer."""
    with _postgresql(place, seconds) as connection, connection.cursor() as cursor:
        cursor.execute(_POSTGRESQL_WRITES)
        row = cursor.fetchone()
        return bool(row and row[0])


_POSTGRESQL_WRITES = """
SELECT (SELECT rolsuper OR rolcreatedb OR rolcreaterole OR rolreplication
        FROM pg_roles WHERE rolname = current_user)
    OR has_database_privilege(current_database(), 'CREATE')
    OR EXISTS (SELECT FROM pg_roles WHERE rolname IN
               ('pg_write_all_data', 'pg_write_server_files', 'pg_execute_server_program')
               AND pg_has_role(current_user, oid, 'MEMBER'))
    OR EXISTS (SELECT FROM pg_namespace WHERE nspname NOT LIKE 'pg\\_%' AND has_schema_privilege(oid, 'CREATE'))
    OR EXISTS (SELECT FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace
               WHERE relkind IN ('r', 'p', 'v', 'f') AND nspname NOT IN ('pg_catalog', 'information_schema')
               AND nspname NOT LIKE 'pg\\_temp%' AND nspname NOT LIKE 'pg\\_toast%'
               AND (has_table_privilege(pg_class.oid, 'INSERT, UPDATE, DELETE, TRUNCATE')
                    OR has_any_column_privilege(pg_class.oid, 'INSERT, UPDATE')))
"""


@contextmanager
def _postgresql(place: Place, seconds: float) -> Iterator[Any]:
    """A connection whose transaction only reads, and is rolled back. Errors become NoAnswer."""
    began, connection, watch = time.monotonic(), None, None
    options = (
        f"-c statement_timeout={int(seconds * 1000)} -c default_transaction_read_only=on "
        "-c standard_conforming_strings=on -c timezone=UTC -c lock_timeout=2000 "
        "-c idle_in_transaction_session_timeout=30000"
    )
    pinned, tls = (None, None) if place.is_socket else (place.address, place.tls)
    try:
        connection = psycopg2.connect(
            host=place.host, port=place.port or None, dbname=place.database, user=place.user,
            password=place.secret or None, connect_timeout=max(2, int(seconds)), application_name="secondline",
            client_encoding="utf8", options=options, hostaddr=pinned,
            sslmode=tls, sslrootcert=_authorities() if tls == "verify-full" else None,
        )  # fmt: skip
        line = socket.socket(fileno=os.dup(connection.fileno()))
        watch = _Watch(line, began + seconds + _GRACE)
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION READ ONLY")
        yield connection
        connection.rollback()
    except psycopg2.Error as error:
        raise _of_postgresql(error, over=watch is not None and watch.is_over) from error
    except (UnicodeError, ValueError, MemoryError) as error:
        raise NoAnswer(LookupTrouble.UNREADABLE) from error
    finally:
        if watch is not None:
            watch.stop()
        if connection is not None:
            connection.close()


#: What libpq says of a certificate, or of there being none.
_UNTRUSTED = (
    "certificate verify failed", "server certificate", "root certificate", "server does not support SSL",
)  # fmt: skip


def _authorities() -> str:
    """Return the file of whom this machine trusts, or SSL_CERT_FILE, as for everything else that is asked.

    Only libpq has to be told: the one that comes with psycopg2 looks where it was built. If there is no such file,
    `system` is what it looks for, and no certificate is trusted.
    """
    named = ssl.get_default_verify_paths().cafile
    return next((name for name in (named, *_BUNDLES) if name and Path(name).is_file()), "system")


def _of_postgresql(error: psycopg2.Error, *, over: bool) -> NoAnswer:
    said = saying.of_postgresql(error.pgcode, (error.diag.message_primary or "") if error.diag else "")
    if over or isinstance(error, errors.QueryCanceled | errors.LockNotAvailable):
        return NoAnswer(LookupTrouble.TOO_SLOW)
    if isinstance(error, errors.ReadOnlySqlTransaction | errors.InvalidCursorDefinition):
        return NoAnswer(LookupTrouble.WRITES, said)
    if isinstance(error, errors.InsufficientPrivilege | errors.SyntaxErrorOrAccessRuleViolation):
        return NoAnswer(LookupTrouble.REJECTED, said)
    if error.pgcode:
        return NoAnswer(LookupTrouble.REJECTED, said)
    words = str(error)
    if any(said in words for said in _UNTRUSTED):
        return NoAnswer(LookupTrouble.UNTRUSTED)
    if "password authentication failed" in words or "no pg_hba.conf entry" in words or "does not exist" in words:
        return NoAnswer(LookupTrouble.SIGN_IN)
    if "timeout expired" in words:
        return NoAnswer(LookupTrouble.TOO_SLOW)
    return NoAnswer(LookupTrouble.UNREACHABLE)


def ask_mysql(place: Place, statement: str, values: Mapping[str, Any], limits: Limits) -> Table:
    """Return the answer of a MySQL or MariaDB server. Raises NoAnswer."""
    with _mysql(place, limits.seconds) as connection, _unread(connection) as cursor:
        cursor.execute(f"SET SESSION sql_select_limit = {limits.rows + 1}")
        began = time.monotonic()
        cursor.execute(statement, dict(values))
        table = Table(unique([column[0] for column in cursor.description or ()]))
        if not table.columns:
            raise NoAnswer(LookupTrouble.REJECTED)
        _filled(table, iter(cursor.fetchone, None), limits.rows)
        if (
            time.monotonic() - began >= limits.seconds
        ):  # MariaDB ends some functions early and calls that an answer
            raise NoAnswer(LookupTrouble.TOO_SLOW)
        return table


@contextmanager
def _unread(connection: Any) -> Iterator[Any]:
    """A cursor that reads row by row, and leaves the rest: a LIMIT of the question's own beats sql_select_limit.

    Closing it, or forgetting what it got, would read all of that. So the connection is closed first.
    """
    cursor = connection.cursor(SSCursor)
    try:
        yield cursor
    finally:
        connection.close()
        if cursor._result is not None:
            cursor._result.unbuffered_active = False
        with suppress(Exception):
            cursor.close()


def mysql_can_write(place: Place, seconds: float) -> bool | None:
    """Tell whether the account could change anything; None where roles hide it. Raises NoAnswer."""
    with _mysql(place, seconds) as connection, connection.cursor() as cursor:
        cursor.execute("SHOW GRANTS FOR CURRENT_USER")
        grants = [str(row[0]) for row in cursor.fetchall()]
    given = [grant.partition(" ON ")[0].removeprefix("GRANT ") for grant in grants if " ON " in grant]
    rights = {right.partition("(")[0].strip() for one in given for right in one.split(",")}
    if rights - {"USAGE", "SELECT", "SHOW VIEW", "SHOW DATABASES", "PROCESS"}:
        return True
    return None if any(" ON " not in grant for grant in grants if grant.startswith("GRANT ")) else False


@contextmanager
def _mysql(place: Place, seconds: float) -> Iterator[Any]:
    """A connection whose transaction only reads. Errors become NoAnswer."""
    ends = time.monotonic() + seconds + _GRACE
    connection, watch, line = None, None, None
    try:
        line = socket.create_connection((place.address, place.port), timeout=seconds)
        watch = _Watch(line.dup(), ends)
        connection = pymysql.Connection(
            host=place.host, user=place.user, password=place.secret, database=place.database, charset="utf8mb4",
            connect_timeout=seconds, read_timeout=seconds + _GRACE, write_timeout=seconds, defer_connect=True,
            ssl=None if place.tls == "disable" else ssl.create_default_context(), local_infile=False,
            autocommit=False,
        )  # fmt: skip
        connection.connect(line)
        with connection.cursor() as cursor:
            cursor.execute(
                "SET SESSION sql_mode = 'STRICT_TRANS_TABLES'"
            )  # quotes and backslashes mean what they do
            cursor.execute("SET SESSION time_zone = '+00:00'")  # times are bound as UTC
            cursor.execute("SELECT @@version")
            if "mariadb" in str(cursor.fetchone()).lower():
                cursor.execute(f"SET SESSION max_statement_time = {float(seconds)}")
            else:
                cursor.execute(f"SET SESSION max_execution_time = {int(seconds * 1000)}")
            cursor.execute("START TRANSACTION READ ONLY")
        yield connection
    except (pymysql.MySQLError, OSError) as error:
        raise _of_mysql(error, over=watch is not None and watch.is_over) from error
    except (
        ValueError,
        LookupError,
        MemoryError,
        TypeError,
        AssertionError,
    ) as error:  # rubbish where packets should be
        raise NoAnswer(LookupTrouble.UNREADABLE) from error
    finally:
        if watch is not None:
            watch.cut()  # closing would read on through what is left of an endless answer
            watch.stop()
        if connection is not None and connection.open:
            connection.close()
        elif line is not None:
            line.close()


def _of_mysql(error: Exception, *, over: bool) -> NoAnswer:
    code, whole = (*error.args, "", "")[:2]
    said = saying.of_mysql(code, str(whole))
    if over or code in _SLOW or isinstance(error, TimeoutError):
        return NoAnswer(LookupTrouble.TOO_SLOW)
    is_untrusted = isinstance(getattr(error, "original_exception", None), ssl.SSLCertVerificationError)
    if is_untrusted or code == CR.CR_SSL_CONNECTION_ERROR:
        return NoAnswer(LookupTrouble.UNTRUSTED)
    if code in _WRITES:
        return NoAnswer(LookupTrouble.WRITES, said)
    if code in _DENIED:
        return NoAnswer(LookupTrouble.SIGN_IN)
    if isinstance(
        error, pymysql.ProgrammingError | pymysql.DataError | pymysql.IntegrityError | pymysql.NotSupportedError
    ):
        return NoAnswer(LookupTrouble.REJECTED, said)
    if isinstance(error, pymysql.OperationalError) and isinstance(code, int) and code < 2000:
        return NoAnswer(LookupTrouble.REJECTED, said)
    if isinstance(error, pymysql.OperationalError | OSError):
        return NoAnswer(LookupTrouble.UNREACHABLE)
    return NoAnswer(LookupTrouble.UNREADABLE)


def _filled(table: Table, rows: Iterator[Any], most: int) -> Table:
    for row in rows:
        if len(table.rows) == most:
            table.is_cut = True
            break
        table.add(list(row))
    return table


class _Watch:
    """Cuts a connection when the time is over. `line` is a descriptor of the watch's own."""

    def __init__(self, line: socket.socket, ends: float) -> None:
        self.line, self.is_over = line, False
        self._timer = threading.Timer(max(0.0, ends - time.monotonic()), self._end)
        self._timer.daemon = True
        self._timer.start()

    def _end(self) -> None:
        self.is_over = True
        self.cut()

    def cut(self) -> None:
        try:
            self.line.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # it has ended meanwhile

    def stop(self) -> None:
        self._timer.cancel()
        self._timer.join()
        self.line.close()
