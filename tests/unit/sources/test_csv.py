"""CSV exports as they really come, hostile ones included."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import pytest

from connector.errors import ConfigError
from connector.sources import codes
from tests.unit.sources.conftest import Desk

CSV = "type: csv, path: e.csv, delimiter: ';'"


def test_cells_are_text_as_written(desk: Desk) -> None:
    """Leading zeros, spaces and quotes in the middle stay; only NFC is made."""
    desk.file("e.csv", 'A;B\n0012; x "y" ;\n'.replace(";\n", "\n") + "1;e\u0323\u0302\n")

    records, refusals = desk.results(CSV)

    assert [dict(record.values) for record in records] == [
        {"A": "0012", "B": ' x "y" '},
        {"A": "1", "B": "ệ"},
    ]
    assert not refusals


def test_quoted_cells_hold_lines_and_quotes(desk: Desk) -> None:
    """A record is placed at its first line; the next one after its last."""
    desk.file("e.csv", 'A;B\n"x;\n""y""";1\nz;2\n')

    records, _ = desk.results(CSV)

    assert [(record.place, record.values["A"]) for record in records] == [
        ("e.csv:2", 'x;\n"y"'),
        ("e.csv:4", "z"),
    ]


def test_lines_before_the_header_are_passed_over(desk: Desk) -> None:
    """header_row counts lines as an editor shows them."""
    desk.file("e.csv", "SỔ CÔNG VĂN ĐI\n\nA;B\n1;2\n")

    records, _ = desk.results(f"{CSV}, header_row: 3")

    assert [(record.place, dict(record.values)) for record in records] == [
        ("e.csv:4", {"A": "1", "B": "2"})
    ]


def test_blank_lines_and_empty_rows_are_passed_over(desk: Desk) -> None:
    """Rows without content are nothing, wherever they stand."""
    desk.file("e.csv", "A;B\n\n;\n1;2\n ; \n")

    records, refusals = desk.results(CSV)

    assert [record.place for record in records] == ["e.csv:4"]
    assert not refusals


def test_unnamed_columns_are_left_out(desk: Desk) -> None:
    """A delimiter at the end of every line makes no column."""
    desk.file("e.csv", "A;B;\n1;2;\n")

    records, _ = desk.results(CSV)

    assert dict(records[0].values) == {"A": "1", "B": "2"}
    assert desk.open(CSV).columns() == ("A", "B")


def test_rows_with_another_number_of_cells_are_refused(desk: Desk) -> None:
    """They are refused alone, with both numbers; the others go on."""
    desk.file("e.csv", "A;B\n1\n1;2;3\n4;5\n")

    records, refusals = desk.results(CSV)

    assert [record.values["A"] for record in records] == ["4"]
    assert [(refused.place, refused.findings[0].en) for refused in refusals] == [
        ("e.csv:2", "the row has 1 cells, the header 2"),
        ("e.csv:3", "the row has 3 cells, the header 2"),
    ]


def test_bytes_of_another_charset_refuse_their_row_only(desk: Desk) -> None:
    """The finding names column and byte, never the content."""
    desk.file("e.csv", "A;B\nSố;1\n".encode() + b"C\xabng;2\n" + "Đã;3\n".encode())

    records, refusals = desk.results(CSV)

    assert [record.values["A"] for record in records] == ["Số", "Đã"]
    assert refusals[0].place == "e.csv:3"
    assert refusals[0].findings[0].code == codes.CELL_UNDECODABLE.code
    assert "'A'" in refusals[0].findings[0].en
    assert "0xAB" in refusals[0].findings[0].en


@pytest.mark.parametrize("charset", ["tcvn3", "vni", "cp1258", "viscii"])
def test_legacy_rows_with_undefined_bytes_are_refused(desk: Desk, charset: str) -> None:
    """Strictness holds for every charset; a row of it that is good is read."""
    bad = {"tcvn3": b"\xff", "vni": b"\xff", "cp1258": b"\xd2\x8a", "viscii": b"\x00"}[charset]
    good = {
        "tcvn3": b"\xae\xb7",
        "vni": b"\xf1a\xf5",
        "cp1258": b"\xf0a\xde",
        "viscii": b"\xf0\xe3",
    }
    desk.file("e.csv", b"A;B\n" + good[charset] + b";1\n" + bad + b";2\n")

    records, refusals = desk.results(f"{CSV}, charset: {charset}")

    assert [record.values["A"] for record in records] == ["đã"]
    assert [refused.place for refused in refusals] == ["e.csv:3"]


def test_a_nul_refuses_its_row(desk: Desk) -> None:
    """NUL is a sign of a damaged file, not text."""
    desk.file("e.csv", b"A;B\n1;x\x00y\n2;z\n")

    records, refusals = desk.results(CSV)

    assert [record.values["A"] for record in records] == ["2"]
    assert refusals[0].findings[0].code == codes.CELL_NUL.code


def test_a_broken_quote_on_one_line_refuses_that_line(desk: Desk) -> None:
    """Quotes that are not doubled are not dropped in silence."""
    desk.file("e.csv", 'A;B\n"Khen" thưởng;1\n2;z\n')

    records, refusals = desk.results(CSV)

    assert [record.values["A"] for record in records] == ["2"]
    assert [(r.place, r.findings[0].code) for r in refusals] == [("e.csv:2", codes.ROW_BROKEN.code)]


def test_a_quote_left_open_refuses_the_rest(desk: Desk) -> None:
    """Where rows begin is then unknown: nothing after it is taken for a row."""
    desk.file("e.csv", 'A;B\n0;a\n"1;b\n2;c\n3;d\n')

    records, refusals = desk.results(CSV)

    assert [record.values["A"] for record in records] == ["0"]
    assert [refused.place for refused in refusals] == ["e.csv:3"]


def test_a_huge_cell_is_refused(desk: Desk) -> None:
    """Cells beyond the limit of the csv module refuse their row, the next one is read."""
    desk.file("e.csv", "A;B\n" + "x" * 200_000 + ";1\n2;z\n")

    records, refusals = desk.results(CSV)

    assert [record.values["A"] for record in records] == ["2"]
    assert refusals[0].findings[0].code == codes.ROW_BROKEN.code


@pytest.mark.parametrize(
    "text", ["x" * (5 << 20), '"' + ("x" * 99 + "\n") * 60_000, "1;2" * 3_000_000]
)
def test_memory_is_bounded_by_the_length_of_a_row(desk: Desk, text: str) -> None:
    """A row without end is refused long before it is in memory."""
    desk.file("e.csv", f"A;B\n0;a\n{text}")

    records, refusals = desk.results(CSV)

    assert [record.values["A"] for record in records] == ["0"]
    assert len(refusals) == 1
    assert refusals[0].place == "e.csv:3"


def test_memory_does_not_grow_with_the_file(desk: Desk) -> None:
    """Ten megabytes are read within two."""
    desk.file("e.csv", b"A;B\n" + (b"1;" + b"x" * 998 + b"\n") * 10_000)
    batches = desk.open(CSV).read(None)
    tracemalloc.start()
    try:
        count = sum(len(batch.records) for batch in batches)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert count == 10_000
    assert peak < 2 << 20


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ("A;B;A;B\n1;2;3;4\n", codes.COLUMN_DUPLICATE.code),
        (";;\n1;2;3\n", codes.HEADER_ABSENT.code),
        ("A;" * 5000 + "\n", codes.HEADER_TOO_WIDE.code),
        ("c1234567;" * 1_000_000 + "\n", codes.ROW_TOO_LONG.code),
        ('"A" x;B\n', codes.ROW_BROKEN.code),
    ],
)
def test_a_header_that_names_no_columns_refuses_the_file(
    desk: Desk, header: str, code: str
) -> None:
    """Lint gets a ConfigError at the line, the corridor one refusal for the file."""
    desk.file("e.csv", header)

    with pytest.raises(ConfigError) as caught:
        desk.open(CSV).columns()
    records, refusals = desk.results(CSV)

    assert {finding.code for finding in caught.value.findings} == {code}
    assert caught.value.findings[0].place == "e.csv:1"
    assert not records
    assert [refused.findings for refused in refusals] == [caught.value.findings]


def test_both_duplicates_are_named(desk: Desk) -> None:
    """One finding for each column that stands twice."""
    desk.file("e.csv", "A;B;A;B\n")

    with pytest.raises(ConfigError) as caught:
        desk.open(CSV).columns()

    assert [finding.en for finding in caught.value.findings] == [
        "the column 'A' stands more than once",
        "the column 'B' stands more than once",
    ]


def test_a_header_row_after_the_end_is_a_finding(desk: Desk) -> None:
    """The number of the missing row is named."""
    desk.file("e.csv", "A;B\n")

    with pytest.raises(ConfigError) as caught:
        desk.open(f"{CSV}, header_row: 5").columns()

    assert caught.value.code == codes.HEADER_ABSENT.code


def test_an_empty_file_has_no_records_and_no_columns(desk: Desk) -> None:
    """Nothing was exported; only lint needs columns."""
    desk.file("e.csv", b"")

    assert desk.read(CSV) == []
    with pytest.raises(ConfigError):
        desk.open(CSV).columns()


@pytest.mark.parametrize("charset", ["tcvn4", "base64", "rot13", "hex"])
def test_an_unknown_charset_is_found_at_its_setting(desk: Desk, charset: str) -> None:
    """The place is file:line:col of source.charset; codecs that are not text are unknown too."""
    desk.file("e.csv", "A;B\n1;2\n")
    source = desk.open(f"{CSV}, charset: {charset}")

    with pytest.raises(ConfigError) as caught:
        source.columns()
    with pytest.raises(ConfigError):
        list(source.read(None))

    finding = caught.value.findings[0]
    line = (desk.directory / "adapter.yaml").read_text().splitlines()[1]
    assert finding.code == codes.CHARSET_UNKNOWN.code
    assert finding.place == f"{desk.directory}/adapter.yaml:2:{line.index(charset) + 1}"


@pytest.mark.parametrize("declared", ["utf-8", "cp1252", "latin-1", "vni"])
def test_a_charset_that_the_content_contradicts_is_found_by_lint(desk: Desk, declared: str) -> None:
    """Lint looks at the beginning of the export and names what it seems to be."""
    desk.file("e.csv", b"A;B\n15/Q\xa7-UBND;ph\xb8t tri\xd3n kinh t\xd5 x\xb7 h\xe9i\n" * 3)

    with pytest.raises(ConfigError) as caught:
        desk.open(f"{CSV}, charset: {declared}").columns()

    assert caught.value.code == codes.CHARSET_UNSUITABLE.code
    assert "tcvn3" in caught.value.findings[0].hint_en
    assert desk.open(f"{CSV}, charset: tcvn3").columns() == ("A", "B")


@pytest.mark.parametrize("written", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
def test_unicode_files_are_read_with_and_without_marks(desk: Desk, written: str) -> None:
    """The mark at the beginning is no part of the first column's name."""
    declared = "utf-8" if written == "utf-8-sig" else written
    mark = "\ufeff" if written == "utf-16-le" else ""
    desk.file("e.csv", f"{mark}Số;B\nĐã;2\n".encode(written))

    records, refusals = desk.results(f"{CSV}, charset: {declared}")

    assert [dict(record.values) for record in records] == [{"Số": "Đã", "B": "2"}]
    assert not refusals


@pytest.mark.parametrize(("written", "declared"), [("utf-8-sig", "tcvn3"), ("utf-16", "utf-8")])
def test_a_mark_that_contradicts_the_charset_is_found(
    desk: Desk, written: str, declared: str
) -> None:
    """The mark says what the file is, so nothing is read with another charset."""
    desk.file("e.csv", "Số;B\nĐã;2\n".encode(written))
    settings = f"{CSV}, charset: {declared}"

    with pytest.raises(ConfigError) as caught:
        desk.open(settings).columns()
    records, refusals = desk.results(settings)

    assert caught.value.code == codes.CHARSET_CONTRADICTED.code
    assert not records
    assert len(refusals) == 1


def test_damaged_utf16_refuses_the_rest(desk: Desk) -> None:
    """After half a character nobody knows where the next one begins."""
    desk.file("e.csv", ("A;B\n" + "1;2\n" * 9000).encode("utf-16-le") + b"\x00\xd8\x00\x00x\x00")

    records, refusals = desk.results(f"{CSV}, charset: utf-16-le")

    assert 7000 < len(records) < 9000
    assert [refused.findings[0].code for refused in refusals] == [codes.TEXT_UNDECODABLE.code]
    assert refusals[0].place == f"e.csv:{len(records) + 2}"


def test_the_same_broken_row_is_the_same_refusal(desk: Desk) -> None:
    """The digest is of the row, wherever it stands in the export."""
    desk.file("e.csv", "A;B\n1;2;3\n")
    _, before = desk.results(CSV)
    desk.file("e.csv", "A;B\n0;0\n1;2;3\n9;9;9\n")
    _, after = desk.results(CSV)

    assert before[0].digest == after[0].digest != after[1].digest


def test_delimiter_and_quotechar_must_differ(desk: Desk) -> None:
    """The finding is at the delimiter."""
    with pytest.raises(ConfigError) as caught:
        desk.open("type: csv, path: e.csv, delimiter: '\"'")

    assert caught.value.code == codes.BAD_DIALECT.code


def test_the_path_may_lie_outside(desk: Desk, tmp_path: Path) -> None:
    """An absolute path and one through .. are read, and named so that people find them."""
    desk.file("out/e.csv", "A\na\n")
    inner = Desk(tmp_path / "adapters" / "a")
    inner.file("x", "")

    above, _ = inner.results("type: csv, path: '../../out/*.csv'")
    absolute, _ = inner.results(f"type: csv, path: '{tmp_path}/out/*.csv'")

    assert [record.place for record in above] == ["../../out/e.csv:2"]
    assert [record.place for record in absolute] == [f"{tmp_path}/out/e.csv:2"]


@pytest.mark.parametrize(
    ("charset", "header"),
    [
        ("utf-8", b"S\xe8;B\n"),
        ("utf-16-le", b"A\x00;\x00\x00\xd8x\x00\n\x00"),
        ("tcvn3", b"\xff;B\n"),
    ],
)
def test_a_header_of_another_charset_refuses_the_file(
    desk: Desk, charset: str, header: bytes
) -> None:
    """Lint finds it at the charset's setting, the corridor has one refusal for the file."""
    desk.file("e.csv", header)
    settings = f"{CSV}, charset: {charset}"

    with pytest.raises(ConfigError) as caught:
        desk.open(settings).columns()
    records, refusals = desk.results(settings)

    assert caught.value.code == codes.CHARSET_UNSUITABLE.code
    assert not records
    assert [refused.findings[0].code for refused in refusals] == [codes.CHARSET_UNSUITABLE.code]
