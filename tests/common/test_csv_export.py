"""A table taken along does nothing in a spreadsheet but stand there."""

import csv
import io

import pytest

from common import csv_export


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "  =1", "＝1+1", "-2+3+cmd|' /C calc'!A0"]
)
def test_no_text_begins_a_formula(text):
    assert csv_export.defused(text) == f"'{text}"


@pytest.mark.parametrize("value", ["1 - 1", "a=b", "", "Ñandú", -3, 2.5, None])
def test_anything_else_stays_as_it_is(value):
    assert csv_export.defused(value) == value


def test_what_is_written_is_read_back():
    text = csv_export.write(["Name", "=Count"], [['Comma, "quote"\nline', -3], ["Ñandú", None]])
    assert text.startswith("\ufeff")
    rows = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))
    assert rows == [["Name", "'=Count"], ['Comma, "quote"\nline', "-3"], ["Ñandú", ""]]
