"""What a database says of a question that it refuses, without values of rows: no column's rule masks those there.

Servers quote what they can't work with, be it a name in the question or a cell. Only where it is an error of the
question itself is it told as it was said.
"""

import re

from pymysql.constants import ER

_OPENING, _CLOSING = "\"'`«»„“”‚‘’‹›「『", "\"'`«»“”‘’‹›」』"  # in whatever language the server speaks
_QUOTED = re.compile(f"([{_OPENING}]).*([{_CLOSING}])|([{_OPENING}]).*", re.DOTALL)
_LONGEST = 400  # bytes; MySQL cuts at 512, maybe within what it quotes
#: Errors of the question, which name its tables, columns and functions, or quote it.
_OF_THE_QUESTION = {
    ER.PARSE_ERROR, ER.SYNTAX_ERROR, ER.NO_SUCH_TABLE, ER.BAD_FIELD_ERROR, ER.BAD_DB_ERROR, ER.NON_UNIQ_ERROR,
    ER.TABLEACCESS_DENIED_ERROR, ER.COLUMNACCESS_DENIED_ERROR, ER.PROCACCESS_DENIED_ERROR, ER.SP_DOES_NOT_EXIST,
}  # fmt: skip


def of_postgresql(state: str | None, said: str) -> str:
    """Return what PostgreSQL said under that SQLSTATE. Class 42 is of the question, but for a tsquery."""
    return said if (state or "").startswith("42") and "tsquery" not in said else _without_values(said)


def of_mysql(code: object, said: str) -> str:
    """Return what MySQL or MariaDB said under that number."""
    return said if code in _OF_THE_QUESTION else _without_values(said)


def _without_values(said: str) -> str:
    """Return it with ••• from the first quotation mark to the last, since a value may hold some itself."""
    if len(said.encode("utf-8", "replace")) > _LONGEST:
        said = re.split(f"(?<=[{_OPENING}])", said, maxsplit=1)[0]
    return _QUOTED.sub(lambda found: f"{found[1] or found[3]}•••{found[2] or ''}", said)
