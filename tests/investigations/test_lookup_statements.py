"""What may be a question in SQL, and where its parameters stand."""

import pytest

from common.errors import Refused
from investigations.lookups import statements
from investigations.models import LookupKind


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT 1; DROP TABLE x",
        "SELECT 1;;SELECT 2",
        "DELETE FROM x",
        "COPY x TO PROGRAM 'id'",
        "DO $$ BEGIN END $$",
        "SELECT a INTO b FROM c",
        "SET ROLE postgres",
        "EXPLAIN ANALYZE DELETE FROM x",
        "SELECT 'a; DROP TABLE x",
        "SELECT 1 /* a /* b */ ; DROP TABLE x",
        "SELECT 1 AS a$b$; DROP TABLE x; --$b$",
        "SELECT E'\\''; DROP TABLE x; --'",
        "-- SELECT\nDROP TABLE x",
        "SELECT 1\x00; DROP TABLE x",
        "SELECT 1\x01",
        "SELECT 1\x85",
        "SELECT ';'",
        "SELECT 1 /* ; */",
        "SELECT 1 -- ;\n, 2",
        "SELECT 1;;",
        "SELECT 1; -- one",
        "SELECT $é$ ' $é$ INTO x --'",
        "SELECT E'a'\n'\\'' INTO x --'",
        "SELECT 1 -- \r INTO x",
        "",
    ],
)
def test_what_is_not_one_select_is_refused(statement: str) -> None:
    with pytest.raises(Refused):
        statements.read(statement, LookupKind.POSTGRESQL)


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT 1 /*! ; DROP TABLE x */",
        "SELECT 1 /*M! INTO OUTFILE '/x' */",
        "SELECT * FROM x INTO OUTFILE '/tmp/x'",
        "SELECT 1 --\n; DROP TABLE x",
        "SELECT '\\'; DROP TABLE x; -- '",
        "SELECT 1 --\x01 '\n INTO OUTFILE \"/tmp/x\" -- '",
        "SELECT 1 --\xa0 '\n INTO OUTFILE \"/tmp/x\" -- '",
        "SELECT ' into dumpfile '",
        "HANDLER x OPEN",
        "CALL p()",
    ],
)
def test_what_is_not_one_select_is_refused_of_mysql(statement: str) -> None:
    with pytest.raises(Refused):
        statements.read(statement, LookupKind.MYSQL)


def test_names_are_found_outside_of_literals_only() -> None:
    text = "SELECT ':no', \":no\", $q$ :no $q$, x::text, E'\\':no', a -- :no\n/* :no */ FROM t"
    text += " WHERE a = :yes LIKE 'x%'"
    read = statements.read(text, LookupKind.POSTGRESQL)
    assert read.names == {"yes"}
    assert "%(yes)s" in read.sql
    assert "'x%%'" in read.sql
    # Letters beyond ASCII in a dollar tag, and a literal that goes on in the next line.
    text = "SELECT $é€$ ' :no $é€$, a$b$, E'a'\n  'it\\'s :no', :yes;\n"
    assert statements.read(text, LookupKind.POSTGRESQL).names == {"yes"}
    assert statements.read("SELECT '\\' :no -- ', :yes", LookupKind.MYSQL).names == {"yes"}
