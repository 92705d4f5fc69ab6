"""Reading tables: whatever is in a file ends in rows, bad rows with lines, or one clear sentence."""

import lzma
import zipfile
import zlib
from datetime import datetime
from pathlib import Path

import pytest
from openpyxl import Workbook

from integrations import sources
from integrations.sources import BadRow, Row, Unreadable


def read(path: Path, **options: str) -> list[Row | BadRow]:
    return list(sources.rows(path, **options))


def made(tmp_path: Path, content: bytes, name: str = "table.csv") -> Path:
    path = tmp_path / name
    path.write_bytes(content)
    return path


def test_rows_carry_their_first_line(tmp_path: Path) -> None:
    path = made(tmp_path, b'id,text\r\n1,"two\r\nlines"\r\n\r\n2,plain\n')
    assert read(path) == [
        Row(2, {"id": "1", "text": "two\r\nlines"}),
        Row(5, {"id": "2", "text": "plain"}),
    ]


def test_a_byte_order_mark_is_no_part_of_the_first_name(tmp_path: Path) -> None:
    assert read(made(tmp_path, "﻿id,text\n1,é\n".encode())) == [Row(2, {"id": "1", "text": "é"})]


@pytest.mark.parametrize("preset", [0, 9])
def test_xz_is_known_by_its_content(tmp_path: Path, preset: int) -> None:
    content = b"id\n" + b"".join(b"%d\n" % number for number in range(20_000))
    rows = read(made(tmp_path, lzma.compress(content, preset=preset), "named.csv"))
    assert len(rows) == 20_000
    assert rows[-1] == Row(20_001, {"id": "19999"})


def test_several_xz_streams_are_one_file(tmp_path: Path) -> None:
    packed = lzma.compress(b"id\n1\n") + b"\0\0\0\0" + lzma.compress(b"2\n")
    assert [row.values for row in read(made(tmp_path, packed)) if isinstance(row, Row)] == [
        {"id": "1"},
        {"id": "2"},
    ]


@pytest.mark.parametrize(
    ("content", "options", "sentence"),
    [
        (b"", {}, "The file is empty"),
        (b"id,id\n1,2\n", {}, "“id” is there more than once"),
        (b"other\n1\n", {"needs": ["id", "name"]}, "no column “id”, “name”. Its columns are: other"),
        (b"folder/\0\0\0\0ustar\n", {}, "not a table of text"),
        ("id\n1\n".encode("utf-16"), {"needs": ["id"]}, "not a table of text|no column"),
        (b"id\n", {"encoding": "klingon"}, "“klingon” is not an encoding"),
        (b",".join(b"c%d" % number for number in range(600)) + b"\n", {}, "More than 500 columns"),
        (lzma.compress(b"id\n" + bytes(range(48, 58)) * 9999)[:-40], {}, "damaged or cut off"),
        (lzma.compress(b"id\n1\n" * 9999)[:20] + b"junk" * 20, {}, "damaged or cut off"),
        (b"id\n" + b"9" * (sources.LONGEST_LINE + 2), {}, "Line 2 is longer than"),
        (b"PK\x03\x04 and nothing more", {}, "XLSX file is damaged"),
    ],
)
def test_what_cannot_be_read_says_why(
    tmp_path: Path, content: bytes, options: dict[str, str], sentence: str
) -> None:
    with pytest.raises(Unreadable, match=sentence):
        read(made(tmp_path, content), **options)


def test_a_missing_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match="can't be read"):
        read(tmp_path / "absent.csv")
    with pytest.raises(Unreadable, match="can't be read"):
        read(tmp_path)


def test_bad_rows_are_told_and_the_others_read(tmp_path: Path) -> None:
    content = (
        b"id,text\n1,fine\n2\n3,a,b\n4,NUL\x00\n5,caf\xe9\n6," + b"x" * 200_000 + b"\n7,\xed\xa0\x80\n8,fine\n"
    )
    rows = read(made(tmp_path, content))
    assert [row.line for row in rows] == [2, 3, 4, 5, 6, 7, 8, 9]
    assert {row.line: row.reason for row in rows if isinstance(row, BadRow)} == {
        3: "1 columns instead of 2",
        4: "3 columns instead of 2",
        5: "a NUL character",
        6: "text in another encoding than was stated",
        7: "field larger than field limit (131072)",
        8: "text in another encoding than was stated",
    }


def test_a_quote_never_closed_costs_no_row_silently(tmp_path: Path) -> None:
    content = b'id,text\n1,fine\n2,"open\n' + b"3,swallowed\n" * 20_000
    rows = read(made(tmp_path, content))
    told = {line for row in rows if isinstance(row, BadRow) for line in range(row.line, (row.last_line or 0) + 1)}
    used = {row.line for row in rows if isinstance(row, Row)}
    assert told | used == set(range(2, 20_004))


def test_a_bomb_of_packed_nothing_is_refused_in_little_memory(tmp_path: Path) -> None:
    packer = lzma.LZMACompressor(preset=1)
    zeros = b"0" * 1_000_000
    packed = packer.compress(b"id\n") + b"".join(packer.compress(zeros) for _ in range(64)) + packer.flush()
    with pytest.raises(Unreadable, match="Line 2 is longer than"):
        read(made(tmp_path, packed))


def test_a_file_that_asks_for_much_memory_is_refused(tmp_path: Path) -> None:
    filters = [{"id": lzma.FILTER_LZMA2, "preset": 0, "dict_size": 512 * 1024 * 1024}]
    # Packing with such a dictionary needs much memory itself: only its size in the header matters.
    packed = bytearray(lzma.compress(b"id\n1\n", filters=[{**filters[0], "dict_size": 1 << 20}]))
    assert packed[12 + 4] == 16  # the dictionary's size, coded: 1 MiB
    packed[12 + 4] = 34  # 512 MiB
    packed[12 + 8 : 12 + 12] = _crc32(bytes(packed[12 : 12 + 8]))
    with pytest.raises(Unreadable, match="damaged or cut off after line 0: Memory usage limit"):
        read(made(tmp_path, bytes(packed)))


def _crc32(header: bytes) -> bytes:
    return zlib.crc32(header).to_bytes(4, "little")


def sheet(tmp_path: Path, *rows: list[object]) -> Path:
    book = Workbook()
    for row in rows:
        book.active.append(row)
    book.save(path := tmp_path / "table.xlsx")
    return path


def test_a_sheet_is_read_as_text(tmp_path: Path) -> None:
    path = sheet(
        tmp_path,
        ["id", "at", "note"],
        [17.0, datetime(2024, 2, 29, 13, 5), '=HYPERLINK("http://evil.example")'],
        [18.5, None, None],
        [None, None, None],
        [19, True, "x", "beyond the header"],
    )
    assert read(path) == [
        Row(2, {"id": "17", "at": "2024-02-29 13:05:00", "note": '=HYPERLINK("http://evil.example")'}),
        Row(3, {"id": "18.5", "at": "", "note": ""}),
        BadRow(5, "4 columns instead of 3", 5),
    ]


def test_a_sheet_that_unpacks_to_too_much_is_refused(tmp_path: Path) -> None:
    path = sheet(tmp_path, ["id"], [1])
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as book:
        book.writestr("xl/media/image.png", b"\0" * (sources.XLSX_PART + 1))
    with pytest.raises(Unreadable, match="unpacks to too much"):
        read(path)


def test_a_sheet_that_unpacks_without_a_bound_is_refused(tmp_path: Path) -> None:
    path = sheet(tmp_path, ["id"], [1])
    with zipfile.ZipFile(path, "a", zipfile.ZIP_BZIP2) as book:
        book.writestr("xl/media/image.png", b"hello")
    with pytest.raises(Unreadable, match="packed in an unusual way"):
        read(path)


@pytest.mark.parametrize("part", ["xl/workbook.xml", "xl/worksheets/sheet1.xml", "[Content_Types].xml"])
@pytest.mark.parametrize("content", [b"", b"<unfinished", b"<a/>", b"\xff\xfe"])
def test_a_damaged_sheet_says_so(tmp_path: Path, part: str, content: bytes) -> None:
    whole, path = sheet(tmp_path, ["id"], [1]), tmp_path / "damaged.xlsx"
    with zipfile.ZipFile(whole) as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            new.writestr(name, content if name == part else old.read(name))
    with pytest.raises(Unreadable, match="XLSX file is damaged|file is empty|can't be read"):
        read(path)
