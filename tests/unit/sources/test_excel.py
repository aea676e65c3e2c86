"""Worksheets as register keepers leave them."""

from __future__ import annotations

import datetime as dt
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path

import openpyxl
import pytest

from connector.errors import ConfigError
from connector.sources import codes, workbook
from connector.text.codecs import register
from tests.unit.sources.conftest import Desk

EXCEL = "type: excel, path: e.xlsx"


def save(desk: Desk, rows: Sequence[Sequence[object]], title: str = "Sổ") -> Path:
    """Write a workbook with one sheet."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = title
    for row in rows:
        sheet.append(list(row))
    path = desk.directory / "e.xlsx"
    book.save(path)
    return path


def rewrite(path: Path, part: str, old: str, new: str) -> None:
    """Change the text of one part of a workbook."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    assert old.encode() in parts[part]
    parts[part] = parts[part].replace(old.encode(), new.encode())
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)


def test_cells_are_values(desk: Desk) -> None:
    """Texts keep leading zeros, whole numbers are ints, dates are dates."""
    moment = dt.datetime(2026, 1, 5, 8, 30, 1)  # noqa: DTZ001 - spreadsheets have no zone
    save(
        desk, [["A", "B", "C", "D", "E", "F"], ["012", 12, 1.5, dt.date(2026, 1, 5), moment, True]]
    )

    records, _ = desk.results(EXCEL)

    assert dict(records[0].values) == {
        "A": "012",
        "B": 12,
        "C": 1.5,
        "D": dt.date(2026, 1, 5),
        "E": moment,
        "F": True,
    }
    assert type(records[0].values["B"]) is int
    assert records[0].place == "e.xlsx!Sổ:2"


def test_times_and_durations(desk: Desk) -> None:
    """A time of day is a time; a duration is given as text."""
    save(desk, [["A", "B"], [dt.time(8, 5), dt.timedelta(hours=30)]])

    records, _ = desk.results(EXCEL)

    assert dict(records[0].values) == {"A": dt.time(8, 5), "B": "1 day, 6:00:00"}


def test_a_table_may_stand_anywhere(desk: Desk) -> None:
    """Rows are numbered as the program shows them; empty ones are passed over."""
    save(desk, [[], [None, "SỔ ĐI"], [], [None, "A", "B"], [], [None, "x", 1], [None, "y"]])

    records, refusals = desk.results(f"{EXCEL}, header_row: 4")

    assert [(record.place, dict(record.values)) for record in records] == [
        ("e.xlsx!Sổ:6", {"A": "x", "B": 1}),
        ("e.xlsx!Sổ:7", {"A": "y", "B": ""}),
    ]
    assert not refusals


@pytest.mark.parametrize("row", [1, 3, 99])
def test_a_header_row_without_names_is_a_finding(desk: Desk, row: int) -> None:
    """Before, between and after what the sheet has."""
    save(desk, [[], ["A"], [], ["x"]])

    with pytest.raises(ConfigError) as caught:
        desk.open(f"{EXCEL}, header_row: {row}").columns()
    records, refusals = desk.results(f"{EXCEL}, header_row: {row}")

    assert caught.value.code == codes.HEADER_ABSENT.code
    assert caught.value.findings[0].place == f"e.xlsx!Sổ:{row}"
    assert not records
    assert len(refusals) == 1


def test_an_empty_sheet_has_no_header(desk: Desk) -> None:
    """Not even the library's own complaint gets out."""
    save(desk, [])

    with pytest.raises(ConfigError) as caught:
        desk.open(EXCEL).columns()

    assert caught.value.code == codes.HEADER_ABSENT.code


@pytest.mark.parametrize("sheet", ["2026", "2", "'2'"])
def test_sheets_are_chosen_by_name_or_number(desk: Desk, sheet: str) -> None:
    """A name goes before a number; numbers count from 1."""
    path = save(desk, [["A"], ["first"]])
    book = openpyxl.load_workbook(path)
    second = book.create_sheet("2026")
    second.append(["A"])
    second.append(["second"])
    book.save(path)

    records, _ = desk.results(f"{EXCEL}, sheet: {sheet}")

    assert [record.values["A"] for record in records] == ["second"]


@pytest.mark.parametrize("sheet", ["Đến", "0", "2"])
def test_an_absent_sheet_is_found_at_its_setting(desk: Desk, sheet: str) -> None:
    """The hint lists the sheets that there are."""
    save(desk, [["A"]])

    with pytest.raises(ConfigError) as caught:
        desk.open(f"{EXCEL}, sheet: {sheet}").columns()

    finding = caught.value.findings[0]
    assert finding.code == codes.SHEET_ABSENT.code
    assert finding.place.startswith(f"{desk.directory}/adapter.yaml:2:")
    assert "Sổ" in finding.hint_en


def test_formulas_without_a_result_refuse_their_row(desk: Desk) -> None:
    """A formula that was never calculated is not an empty cell; one with a result is it."""
    path = save(desk, [["A", "B"], ["x", "=1+1"], ["y", "=2+2"], ["z", "=3+3"]])
    part = "xl/worksheets/sheet1.xml"
    rewrite(path, part, "<f>2+2</f><v></v>", "<f>2+2</f><v>4</v>")
    rewrite(path, part, '<c r="B4"><f>3+3</f>', '<c r="B4" t="str"><f>3+3</f>')

    records, refusals = desk.results(EXCEL)

    assert [dict(record.values) for record in records] == [
        {"A": "y", "B": 4},
        {"A": "z", "B": ""},
    ]
    assert [(r.place, r.findings[0].code) for r in refusals] == [
        ("e.xlsx!Sổ:2", codes.CELL_ERROR.code)
    ]
    assert "'B'" in refusals[0].findings[0].en


def test_error_values_refuse_their_row(desk: Desk) -> None:
    """#REF! is not an empty cell either."""
    path = save(desk, [["A", "B"], ["x", 1], ["y", 2]])
    rewrite(
        path, "xl/worksheets/sheet1.xml", '<c r="B3" t="n"><v>2</v>', '<c r="B3" t="e"><v>#REF!</v>'
    )

    records, refusals = desk.results(EXCEL)

    assert [record.values["A"] for record in records] == ["x"]
    assert [refused.place for refused in refusals] == ["e.xlsx!Sổ:3"]


def test_a_stray_cell_far_away_is_refused_before_memory_is(desk: Desk) -> None:
    """A rectangle of billions of cells is not laid out."""
    path = save(desk, [["A"], ["x"]])
    rewrite(
        path,
        "xl/worksheets/sheet1.xml",
        "</sheetData>",
        '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>',
    )

    with pytest.raises(ConfigError) as caught:
        desk.open(EXCEL).columns()

    assert caught.value.code == codes.WORKBOOK_TOO_LARGE.code


def test_a_workbook_that_unpacks_to_too_much_is_refused(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sizes are summed before anything is unpacked."""
    save(desk, [["A"], ["x"]])
    monkeypatch.setattr(workbook, "MAX_BYTES", 100)

    records, refusals = desk.results(EXCEL)

    assert not records
    assert refusals[0].findings[0].code == codes.WORKBOOK_TOO_LARGE.code


@pytest.mark.parametrize("data", [b"", b"SoKyHieu;NgayBanHanh\n", b"PK\x03\x04" + b"x" * 99])
def test_what_is_not_a_workbook_is_refused_once(desk: Desk, data: bytes) -> None:
    """A file under the wrong name or half a file is a finding, not a crash."""
    desk.file("e.xlsx", data)

    records, refusals = desk.results(EXCEL)
    with pytest.raises(ConfigError):
        desk.open(EXCEL).columns()

    assert not records
    assert [refused.findings[0].code for refused in refusals] == [codes.BAD_WORKBOOK.code]


@pytest.mark.parametrize("cut", range(0, 100, 7))
def test_half_a_workbook_is_refused(desk: Desk, cut: int) -> None:
    """However much of the file is missing, nothing but findings comes out."""
    path = save(desk, [["A"], ["x"]])
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * cut // 100])

    records, refusals = desk.results(EXCEL)

    assert not records
    assert len(refusals) == 1


def test_cells_typed_with_tcvn3_fonts_are_read(desk: Desk) -> None:
    """With charset the look-alikes are undone; what cannot be one refuses its row."""
    register()
    alike = "Công văn".encode("tcvn3").decode("latin-1")
    save(desk, [["A", "B"], [alike, 1], ["Quyết định", 2]])

    records, refusals = desk.results(f"{EXCEL}, charset: tcvn3")

    assert [dict(record.values) for record in records] == [{"A": "Công văn", "B": 1}]
    assert refusals[0].findings[0].code == codes.CELL_UNREPAIRABLE.code


def test_a_charset_without_look_alikes_is_found(desk: Desk) -> None:
    """Only charsets that fonts stood for can be meant in a workbook."""
    save(desk, [["A"]])

    with pytest.raises(ConfigError) as caught:
        desk.open(f"{EXCEL}, charset: utf-16").columns()

    assert caught.value.code == codes.CHARSET_UNKNOWN.code


def test_a_missing_package_is_named_with_its_extra(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without python-calamine the finding says what to install."""
    monkeypatch.setitem(sys.modules, "python_calamine", None)
    monkeypatch.delitem(sys.modules, "connector.sources.excel", raising=False)

    with pytest.raises(ConfigError) as caught:
        desk.open(EXCEL)

    finding = caught.value.findings[0]
    assert finding.code == codes.EXTRA_MISSING.code
    assert "connector[excel]" in finding.hint_en
    assert finding.place.startswith(f"{desk.directory}/adapter.yaml:2:")
