"""Files are taken by ending and contents alike."""

import gzip
from io import BytesIO

import openpyxl
import pytest
from PIL import Image

from common import file_kinds


def picture(kind):
    made = BytesIO()
    Image.new("RGB", (3, 3)).save(made, kind)
    return made.getvalue()


def table():
    made = BytesIO()
    openpyxl.Workbook().save(made)
    return made.getvalue()


PROGRAM = b"MZ\x90\x00\x03\x00\x00\x00"


@pytest.mark.parametrize("name", ["a.exe", "a.js", "a.txt.exe", "a.lnk", "a.docm", "a.hta", "a.bat"])
def test_what_could_run_is_not_taken(name):
    assert not file_kinds.is_taken(name)


@pytest.mark.parametrize(
    ("name", "contents"),
    [
        ("log", b"a log"), ("v1.2", b"a log"),
        ("A.TXT", "ñandú\x1b[0m".encode()), ("a.csv", "a,b".encode("utf-16")),
        ("a.log", "naïve".encode("latin-1")), ("a.png", picture("PNG")), ("a.jpg", picture("JPEG")),
        ("a.webp", picture("WEBP")), ("a.pdf", b"%PDF-1.7\n"), ("a.xlsx", table()),
        ("a.gz", gzip.compress(b"x", mtime=0)),
        ("a.msg", bytes.fromhex("d0cf11e0a1b11ae1") + bytes(512)),
    ],
)  # fmt: skip
def test_what_support_needs_is_taken(name, contents):
    assert file_kinds.is_taken(name)
    assert file_kinds.is_what_it_says(name, contents)


@pytest.mark.parametrize(
    ("name", "contents"),
    [
        ("a.pdf", PROGRAM), ("a.txt", PROGRAM), ("a.html", PROGRAM),
        ("a.png", picture("JPEG")), ("a.png", b"<svg onload='x'/>"),
        ("a.xlsx", b"a,b"), ("a.zip", b"%PDF-1.7"), ("a.docx", b""),
    ],
)  # fmt: skip
def test_what_is_something_else_is_not(name, contents):
    assert not file_kinds.is_what_it_says(name, contents)
