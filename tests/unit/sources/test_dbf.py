"""Tables of dBase and FoxPro, built byte by byte."""

from __future__ import annotations

import datetime as dt
import struct
from pathlib import Path

import pytest

from connector.errors import ConfigError
from connector.sources import codes, file_codes
from connector.text.codecs import register
from tests.unit.sources.conftest import Desk

DBF = "type: dbf, path: vb.dbf, charset: tcvn3"
Field = tuple[str, str, int]


def table(fields: list[Field], rows: list[bytes], *, version: int = 3, count: int = -1) -> bytes:
    """Return a table; rows begin with their flag."""
    length = 1 + sum(width for _, _, width in fields)
    head = struct.pack(
        "<BBBBLHH20x",
        version,
        126,
        1,
        5,
        len(rows) if count < 0 else count,
        32 * (len(fields) + 1) + 1,
        length,
    )
    described = [struct.pack("<11sc4xBB14x", n.encode(), t.encode(), w, 0) for n, t, w in fields]
    return head + b"".join(described) + b"\r" + b"".join(rows) + b"\x1a"


def text(value: str, width: int) -> bytes:
    """Return a field of TCVN3."""
    register()
    return value.encode("tcvn3").ljust(width)


ONE: list[Field] = [("So", "C", 6)]


def test_fields_have_their_types(desk: Desk) -> None:
    """Texts of our charsets, numbers, days and truth values; blanks are nothing."""
    fields: list[Field] = [
        ("So", "C", 10),
        ("Trang", "N", 4),
        ("Phi", "N", 6),
        ("Ngay", "D", 8),
        ("Khan", "L", 1),
    ]
    full = b" " + text("đường", 10) + b"  12" + b"  1.50" + b"20260105" + b"T"
    blank = b" " + text("x", 10) + b"    " + b"      " + b"        " + b"?"
    desk.file("vb.dbf", table(fields, [full, blank]))

    records, refusals = desk.results(DBF)

    assert [list(record.values.values()) for record in records] == [
        ["đường", 12, 1.5, dt.date(2026, 1, 5), True],
        ["x", None, None, None, None],
    ]
    assert not refusals


def test_deleted_rows_are_passed_over(desk: Desk) -> None:
    """They count in the numbers of the rows, as in the legacy program."""
    desk.file("vb.dbf", table(ONE, [b"*dead  ", b" alive "]))

    records, _ = desk.results(DBF)

    assert [(record.place, record.values["So"]) for record in records] == [("vb.dbf:2", "alive")]


def foxpro_memo(*memos: tuple[int, bytes]) -> bytes:
    """Return an .fpt file with blocks of 64 bytes; memos begin at block 8."""
    data = bytearray(struct.pack(">LHH504x", 0, 0, 64))
    for kind, memo in memos:
        data += struct.pack(">LL", kind, len(memo)) + memo
        data += bytes(-len(data) % 64)
    return bytes(data)


def test_memos_of_foxpro_are_read(desk: Desk) -> None:
    """Texts as text, binaries as bytes; the file is found in any case of its name."""
    fields: list[Field] = [("So", "C", 6), ("Memo", "M", 10), ("Tep", "M", 10)]
    register()
    row = b" " + text("1", 6) + b"         8" + b"         9"
    desk.file("vb.dbf", table(fields, [row], version=0xF5))
    desk.file("VB.FPT", foxpro_memo((1, "Trích yếu".encode("tcvn3")), (0, b"\x00\x01")))

    records, _ = desk.results(DBF)

    assert dict(records[0].values) == {"So": "1", "Memo": "Trích yếu", "Tep": b"\x00\x01"}


@pytest.mark.parametrize(("version", "kind"), [(0x83, 3), (0x8B, 4)])
def test_memos_of_dbase_are_read(desk: Desk, version: int, kind: int) -> None:
    """III ends them with a mark, IV tells their length."""
    memo = text("Trích yếu", 9)
    block = memo + b"\x1a\x1a" if kind == 3 else struct.pack("<LL", 0x8FFFF, len(memo) + 8) + memo
    desk.file("vb.dbf", table([("Memo", "M", 10)], [b" " + b"         1"], version=version))
    desk.file("vb.dbt", bytes(512) + block)

    records, refusals = desk.results(DBF)

    assert not refusals
    assert records[0].values["Memo"] == "Trích yếu"


def test_a_changed_memo_file_is_a_changed_export(desk: Desk) -> None:
    """The table itself is the same; what it says is not."""
    fields: list[Field] = [("Memo", "M", 10)]
    desk.file("vb.dbf", table(fields, [b" " + b"         8"], version=0xF5))
    desk.file("vb.fpt", foxpro_memo((1, b"one")))
    cursor = desk.read(DBF)[-1].cursor
    assert desk.read(DBF, cursor) == []

    desk.file("vb.fpt", foxpro_memo((1, b"two")))

    assert desk.read(DBF, cursor)[0].records[0].values["Memo"] == "two"


def test_a_missing_memo_file_refuses_the_table(desk: Desk) -> None:
    """Otherwise every text in it would seem empty."""
    desk.file("vb.dbf", table([("Memo", "M", 10)], [b" " + b"         8"], version=0xF5))

    _, refusals = desk.results(DBF)

    assert refusals[0].findings[0].code == file_codes.MEMO_ABSENT.code


BAD_ROWS = {
    "date": ([("A", "D", 8)], b" 20261305"),
    "number": ([("A", "N", 4)], b" 12x4"),
    "infinity": ([("A", "N", 5)], b" 1e999"),
    "truth": ([("A", "L", 1)], b" x"),
}


@pytest.mark.parametrize("name", BAD_ROWS)
def test_a_bad_value_refuses_its_row_only(desk: Desk, name: str) -> None:
    """The finding names the column; the row after it is read."""
    fields, bad = BAD_ROWS[name]
    desk.file("vb.dbf", table(fields, [bad, b" ".ljust(len(bad))]))

    _, refusals = desk.results(DBF)

    assert [(r.place, r.findings[0].code) for r in refusals] == [
        ("vb.dbf:1", file_codes.DBF_CELL.code)
    ]
    assert "'A'" in refusals[0].findings[0].en


def test_undecodable_bytes_refuse_their_row(desk: Desk) -> None:
    """In the table's own words: column and byte."""
    desk.file("vb.dbf", table(ONE, [b" a\xffb   ", b" ok    "]))

    records, refusals = desk.results(DBF)

    assert [record.values["So"] for record in records] == ["ok"]
    assert refusals[0].findings[0].code == codes.CELL_UNDECODABLE.code


def test_a_cut_table_says_so(desk: Desk) -> None:
    """The header tells how many rows there should be."""
    desk.file("vb.dbf", table(ONE, [b" 1     ", b" 2     "], count=9)[:-4])

    records, refusals = desk.results(DBF)

    assert len(records) == 1
    assert refusals[-1].findings[0].code == file_codes.ROW_CUT.code


GOOD = table(ONE, [b" 1     "])
BAD_TABLES = {
    "empty": b"",
    "short": GOOD[:40],
    "text": b"SoKyHieu;TrichYeu\n" * 20,
    "no-end-of-fields": GOOD.replace(b"\r", b"\x41"),
    "record-length-0": GOOD[:10] + b"\0\0" + GOOD[12:],
    "record-length-other": GOOD[:10] + b"\xff\xff" + GOOD[12:],
    "unknown-type": GOOD.replace(b"C", b"?", 1),
}


@pytest.mark.parametrize("name", BAD_TABLES)
def test_what_is_no_table_is_refused_whole(desk: Desk, name: str) -> None:
    """A length of nothing would read the same bytes for ever."""
    desk.file("vb.dbf", BAD_TABLES[name])

    records, refusals = desk.results(DBF)

    assert not records
    assert {refused.findings[0].code for refused in refusals} == {file_codes.BAD_DBF.code}
    with pytest.raises(ConfigError):
        desk.open(DBF).columns()


def test_a_memo_cannot_be_longer_than_its_file(desk: Desk, tmp_path: Path) -> None:
    """Its length comes from the file, and may be four gigabytes."""
    desk.file("vb.dbf", table([("Memo", "M", 10)], [b" " + b"         8"], version=0xF5))
    desk.file("vb.fpt", bytes(6) + b"\0\x40" + bytes(504) + b"\0\0\0\1\xff\xff\xff\xff" + b"x" * 9)

    _, refusals = desk.results(DBF)

    assert refusals[0].findings[0].code == file_codes.DBF_CELL.code


def test_the_charset_must_be_known_and_given(desk: Desk) -> None:
    """What a table says of it is mostly wrong, so there is no default."""
    desk.file("vb.dbf", GOOD)

    with pytest.raises(ConfigError):
        desk.open("type: dbf, path: vb.dbf")
    with pytest.raises(ConfigError) as caught:
        desk.open("type: dbf, path: vb.dbf, charset: tcvn9").columns()
    assert caught.value.code == codes.CHARSET_UNKNOWN.code
