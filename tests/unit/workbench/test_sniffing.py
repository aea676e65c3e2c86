"""Layouts, names and shapes, each on its own."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
import yaml

from connector.agencies.files import load
from connector.agencies.names import AgencyNames
from connector.errors import PermanentError
from connector.workbench.aliases import alias_of, folded
from connector.workbench.dialect import dialect_of, fixed_layout, header_row
from connector.workbench.evidence import Column
from connector.workbench.meanings import meanings
from connector.workbench.shapes import Shapes, date_patterns
from connector.workbench.sniff import head_of, kind_of, text_kind
from connector.workbench.yaml_text import flow, scalar

SHAPES = Shapes(AgencyNames(load(None)), dt.date(2026, 1, 5))


@pytest.mark.parametrize(
    ("text", "delimiter", "row"),
    [
        ("SoKyHieu;TrichYeu\n1/A;B, C\n2/A;D, E\n", ";", 1),
        ("SỔ VĂN BẢN, NĂM 2025\n\nSo ky hieu,Trich yeu\n1/A,B\n", ",", 3),
        ("SoKyHieu\tTrichYeu\n1/A\tB; C\n", "\\t", 1),
        ('SoKyHieu,TrichYeu\n1/A,"B\nC, D"\n', ",", 1),
        ("Mã|Giá trị\na|1\nb|2\n", "|", 1),
    ],
)
def test_dialects(text: str, delimiter: str, row: int) -> None:
    """The delimiter is the one that gives steady rows below known names; titles are passed."""
    found = dialect_of(text)
    assert found is not None
    assert (found.delimiter, found.header_row) == (delimiter, row)


def test_text_without_layout() -> None:
    """Prose has neither delimiter nor columns."""
    assert dialect_of("một hai ba\nbốn năm") is None
    assert fixed_layout("một\nhai\nba bốn") is None


def test_fixed_widths_with_and_without_header() -> None:
    """Columns begin after what is blank in every line; without names they are numbered."""
    found = fixed_layout("SoKyHieu  NgayVB\n1/A       05/01\n12/B-C    06/01\n")
    assert found is not None
    assert found.columns == (("SoKyHieu", 1, 10), ("NgayVB", 11, 6))
    assert found.skip_lines == 1
    found = fixed_layout("1/A       05/01\n12/B-C    06/01\n3/A       07/01\n")
    assert found is not None
    assert [name for name, _, _ in found.columns] == ["cot_1", "cot_2"]
    assert found.skip_lines == 0


def test_the_header_is_the_row_with_the_most_known_names() -> None:
    """Titles, empty rows and data are no header."""
    assert header_row([["SỔ"], [], ["Số, ký hiệu", "Trích yếu"], ["1/A", "B"]]) == 2
    assert header_row([["1", "2"], ["3", "4"]]) is None


@pytest.mark.parametrize(
    ("name", "meaning"),
    [
        ("Số, ký hiệu", "code"),
        ("SO_KY_HIEU", "code"),
        ("Trích yếu (nội dung)", "subject"),
        ("header_messageheader_signerinfo_fullname", "signer"),
        ("vanBan.trichYeu", "subject"),
        ("@soKyHieu", "code"),
        ("Độ mật", "secrecy"),
        ("tbl_NgayBanHanh", "date"),
    ],
)
def test_names_of_columns(name: str, meaning: str) -> None:
    """Case, diacritics, punctuation, prefixes and paths do not hide a known name."""
    assert alias_of(name)[0][0] == meaning
    assert alias_of("quả táo") == ()
    assert folded("Đơn vị/Người (nhận)") == "donvinguoi"


@pytest.mark.parametrize(
    ("values", "patterns"),
    [
        (["05/01/2020", "13/02/2020"], ("dd/MM/yyyy",)),
        (["2020-01-05 00:00:00.000"], ("yyyy-MM-dd HH:mm:ss.fff",)),
        (["05/01/2020", "05-01-2020"], ("dd/MM/yyyy", "dd-MM-yyyy")),
        (["Hà Nội, ngày 05 tháng 01 năm 2020"], ("text",)),
        (["43835", "43900"], ("excel",)),
        (["01/13/2020", "02/14/2020"], ("MM/dd/yyyy",)),
        (["13/01/2020", "01/14/2020"], ("dd/MM/yyyy",)),
        ([dt.date(2020, 1, 5)], ()),
    ],
)
def test_dates_are_day_first_unless_nothing_else_fits(
    values: list[object], patterns: tuple[str, ...]
) -> None:
    """The month comes first only if every value says so; contradictions stay unread."""
    assert date_patterns(values)[0] == patterns


def column(name: str, *values: str) -> Column:
    """Return a column."""
    return Column(name, values)


def test_values_tell_columns_without_names() -> None:
    """Codes, dates, kinds, names, receivers and files are known by their shapes."""
    found = meanings(
        [
            column("c1", "12/QĐ-UBND", "7816/VPCP-TTĐT"),
            column("c2", "05/01/2020", "06/01/2020"),
            column("c3", "Quyết định", "Công văn"),
            column("c4", "Nguyễn Văn An", "Trần Thị Bình"),
            column("c5", "Bộ Nội vụ; Lưu: VT", "UBND tỉnh Nghệ An"),
            column("c6", "a.pdf", "b.docx"),
            column("c7", "Về việc triển khai kế hoạch năm", "Về việc báo cáo kết quả quý"),
        ],
        SHAPES,
    )
    assert {name: one.column.name for name, one in found.items()} == {
        "code": "c1",
        "date": "c2",
        "type": "c3",
        "signer": "c4",
        "receivers": "c5",
        "files": "c6",
        "type_and_subject": "c7",
    }
    assert all(one.confidence < 0.7 for one in found.values())


def test_secrecy_is_never_told_by_values() -> None:
    """A column of degrees without a known name is no column of secrecy for the workbench."""
    assert "secrecy" not in meanings([column("c1", "Mật", "Thường", "Tối mật")], SHAPES)


def test_a_name_that_the_values_contradict_counts_less() -> None:
    """A column called like the number but full of prose loses against one with codes."""
    found = meanings(
        [column("SoVanBan", "một", "hai"), column("MaSo", "12/QĐ-A", "13/QĐ-A")], SHAPES
    )
    assert found["code"].column.name == "MaSo"


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"SQLite format 3\0" + bytes(99), "sql"),
        (b"\0\1\0\0Standard Jet DB\0" + bytes(99), "access"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(99), "excel"),
        (b"SoKyHieu,TrichYeu\n", None),
    ],
)
def test_binary_kinds(tmp_path: Path, content: bytes, kind: str | None) -> None:
    """The first bytes tell, not the name."""
    path = tmp_path / "mau.dat"
    path.write_bytes(content)
    assert kind_of(path, head_of(path)) == kind


@pytest.mark.parametrize("content", [b"\x7fELF\0\1", b"PK\x03\x04broken", b"PK"])
def test_unknown_binaries_are_refused(tmp_path: Path, content: bytes) -> None:
    """A program or a broken archive is no export."""
    path = tmp_path / "x"
    path.write_bytes(content)
    with pytest.raises(PermanentError) as caught:
        kind_of(path, head_of(path))
    assert caught.value.code == "EDX-9104"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ('{"a": 1}\n{"a": 2}\n', "jsonl"),
        ('[{"a": 1}]', "json"),
        ("<VanBan/>", "xml"),
        ("<?xml version='1.0'?><edXML:edXML/>", "edxml"),
        ("<database xmlns='http://www.lotus.com/dxl'/>", "dxl"),
        ("So;Ngay", "lines"),
    ],
)
def test_kinds_of_text(text: str, kind: str) -> None:
    """Markup, JSON, lines of JSON, and all other text."""
    assert text_kind(text) == kind


@pytest.mark.parametrize(
    "value",
    ["", "Thường", "Số, ký hiệu", "true", "null", "12", "05", "a: b", "a #b", "?", "- x", "{a}",
     "Loại/VB", 'nói "x"', "${HOME}", "\t", "@form", "*", "Ngày\nban", "dd/MM/yyyy", "1e3", "=A1"],
)  # fmt: skip
def test_yaml_reads_back_what_is_written(value: str) -> None:
    """Every text is read back as that text, alone and in flow style."""
    shown = value.replace("${", "$${")
    assert yaml.safe_load(scalar(value)) == shown
    assert yaml.safe_load(flow({"column": value, "list": [value]})) == {
        "column": shown,
        "list": [shown],
    }
