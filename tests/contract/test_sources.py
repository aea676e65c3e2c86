"""One suite for every built-in source: the same rows in every shape that legacy systems write.

Access is read through a stand-in for mdb-export, because no free program writes such files.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import os
import sqlite3
import struct
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import openpyxl
import pytest

from connector.config.load import load_yaml
from connector.edxml.writer import write as write_packet
from connector.errors import RecordError, UnavailableError
from connector.model.content import read_all
from connector.model.envelope import (
    Document,
    DocumentCode,
    DocumentType,
    Organization,
    OtherInfo,
    Promulgation,
    Signer,
)
from connector.model.record import Record
from connector.sources.base import Batch, Source
from connector.sources.registry import BUILT_IN, open_source
from connector.text.codecs import register

COLUMNS = ("SoKyHieu", "TrichYeu", "Trang")
Rows = Sequence[tuple[str, str, int]]


def rows(count: int) -> list[tuple[str, str, int]]:
    """Return distinct rows with Vietnamese letters."""
    return [(f"{i:03}/QĐ-UBND", f"Về việc thứ {i} đã ký", i) for i in range(1, count + 1)]


def _write_csv(directory: Path, content: Rows) -> None:
    lines = [";".join(COLUMNS), *(f'{key};"{text}";{pages}' for key, text, pages in content)]
    (directory / "export.csv").write_text("\r\n".join(lines), encoding="utf-8-sig")


def _write_tcvn3(directory: Path, content: Rows) -> None:
    lines = ["\t".join(COLUMNS), *("\t".join(map(str, row)) for row in content)]
    register()
    (directory / "out").mkdir(exist_ok=True)
    (directory / "out" / "export.txt").write_text("\n".join(lines), encoding="tcvn3")


def _write_xlsx(directory: Path, content: Rows) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "Sổ đi"
    sheet.append(["SỔ CÔNG VĂN ĐI"])
    sheet.append(list(COLUMNS))
    for row in content:
        sheet.append(list(row))
    book.save(directory / "export.xlsx")


def _write_xls(directory: Path, content: Rows) -> None:
    book: Any = importlib.import_module("xlwt").Workbook()
    sheet = book.add_sheet("Sổ đi")
    for y, row in enumerate([COLUMNS, *content]):
        for x, cell in enumerate(row):
            sheet.write(y, x, cell)
    book.save(str(directory / "export.xls"))


def _write_table(directory: Path, content: Rows) -> None:
    with sqlite3.connect(directory / "qlvb.db") as connection:
        connection.execute("DROP TABLE IF EXISTS VanBan")
        connection.execute("CREATE TABLE VanBan (SoKyHieu TEXT, TrichYeu TEXT, Trang INTEGER)")
        connection.executemany("INSERT INTO VanBan VALUES (?, ?, ?)", content)
    connection.close()


def _write_fixed(directory: Path, content: Rows) -> None:
    register()
    lines = [f"{key:<16}{text:<40}{pages:>6}" for key, text, pages in content]
    (directory / "export.txt").write_text("\r\n".join(["Sổ đi", *lines]), encoding="tcvn3")


def _objects(content: Rows) -> list[dict[str, object]]:
    return [dict(zip(COLUMNS, row, strict=True)) for row in content]


def _write_json(directory: Path, content: Rows) -> None:
    value = {"status": 0, "data": {"items": _objects(content)}}
    (directory / "export.json").write_text(json.dumps(value, ensure_ascii=False), encoding="utf-8")


def _write_json_lines(directory: Path, content: Rows) -> None:
    lines = [json.dumps(row) for row in _objects(content)]
    (directory / "out").mkdir(exist_ok=True)
    (directory / "out" / "export.jsonl").write_text("\n".join(lines), encoding="utf-8")


def _write_xml(directory: Path, content: Rows) -> None:
    body = "".join(
        f"<VanBan trang='{pages}'><So>{escape(key)}</So><Ve><ND>{text}</ND></Ve></VanBan>\n"
        for key, text, pages in content
    )
    text = f"<?xml version='1.0' encoding='UTF-16'?><a xmlns='urn:x'><b>{body}</b></a>"
    (directory / "export.xml").write_text(text, encoding="utf-16")


def _write_dxl(directory: Path, content: Rows) -> None:
    body = "".join(
        f"<document form='VanBan'><noteinfo unid='U{pages}'/>"
        f"<item name='SoKyHieu'><text>{key}</text></item>"
        f"<item name='TrichYeu'><richtext><pardef id='1'/><par def='1'><run>{text}</run></par>"
        f"</richtext></item><item name='Trang'><number>{pages}</number></item></document>"
        for key, text, pages in content
    )
    head = "<?xml version='1.0' encoding='utf-8'?><!DOCTYPE database SYSTEM 'domino.dtd'>"
    text = f"{head}<database xmlns='http://www.lotus.com/dxl'>{body}</database>"
    (directory / "export.dxl").write_text(text, encoding="utf-8")


def _write_dbf(directory: Path, content: Rows) -> None:
    register()
    fields = [("SoKyHieu", b"C", 20), ("TrichYeu", b"C", 60), ("Trang", b"N", 6)]
    length = 1 + sum(width for _, _, width in fields)
    head = struct.pack("<BBBBLHH20x", 3, 126, 1, 5, len(content), 32 * 4 + 1, length)
    head += b"".join(struct.pack("<11sc4xBB14x", n.encode(), t, w, 0) for n, t, w in fields)
    body = b"".join(
        b" "
        + key.encode("tcvn3").ljust(20)
        + text.encode("tcvn3").ljust(60)
        + str(pages).rjust(6).encode()
        for key, text, pages in content
    )
    (directory / "EXPORT.DBF").write_bytes(head + b"\r" + body + b"\x1a")


def _write_access(directory: Path, content: Rows) -> None:
    lines = [",".join(COLUMNS), *(f'"{key}","{text}",{pages}' for key, text, pages in content)]
    (directory / "qlvb.mdb").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _write_packets(directory: Path, content: Rows) -> None:
    (directory / "packets").mkdir(exist_ok=True)
    organization = Organization(organ_id="G22", organ_name="Văn phòng Chính phủ")
    for key, text, pages in content:
        number, _, notation = key.partition("/")
        document = Document(
            sender=organization,
            receivers=(organization,),
            code=DocumentCode(number, notation),
            promulgation=Promulgation("Hà Nội", date(2026, 1, 5)),
            document_type=DocumentType(type=2, type_name="Quyết định"),
            subject=text,
            signer=Signer(full_name="Nguyễn Văn A"),
            document_id=f"G22,2026/01/05,{key}",
            other_info=OtherInfo(page_amount=pages),
        )
        (directory / "packets" / f"{number}.edxml").write_bytes(write_packet(document))


@dataclass(frozen=True)
class Legacy:
    """One way to export: the adapter's settings, how to write, what a number becomes.

    `names` are the columns in which the three values stand; `apart` means a file for each row.
    """

    kind: str
    settings: str
    write: Callable[[Path, Rows], None]
    number: Callable[[int], object] = int
    names: tuple[str, ...] = COLUMNS
    apart: bool = False


SQL = "{type: sql, url: 'sqlite:///qlvb.db', attachments_directory: files, %s}"
LEGACY = {
    "csv": Legacy(
        "csv",
        "{type: csv, path: export.csv, delimiter: ';', attachments_directory: files}",
        _write_csv,
        str,
    ),
    "csv-tcvn3": Legacy(
        "csv",
        "{type: csv, path: 'out/exp*.txt', charset: tcvn3, delimiter: \"\\t\", quotechar: null,"
        " attachments_directory: files}",
        _write_tcvn3,
        str,
    ),
    "xlsx": Legacy(
        "excel",
        "{type: excel, path: export.xlsx, sheet: Sổ đi, header_row: 2,"
        " attachments_directory: files}",
        _write_xlsx,
    ),
    "xls": Legacy(
        "excel",
        "{type: excel, path: export.xls, sheet: 1, attachments_directory: files}",
        _write_xls,
    ),
    "fixed": Legacy(
        "fixed",
        "{type: fixed, path: export.txt, charset: tcvn3, skip_lines: 1, columns: "
        "[{name: SoKyHieu, width: 16}, {name: TrichYeu, width: 40}, {name: Trang, width: 6}],"
        " attachments_directory: files}",
        _write_fixed,
        str,
    ),
    "json": Legacy(
        "json",
        "{type: json, path: export.json, records: data.items, attachments_directory: files,"
        " columns: [SoKyHieu, TrichYeu, Trang]}",
        _write_json,
    ),
    "json-lines": Legacy(
        "json",
        "{type: json, path: 'out/*.jsonl', lines: true, attachments_directory: files,"
        " columns: [SoKyHieu, TrichYeu, Trang]}",
        _write_json_lines,
    ),
    "xml": Legacy(
        "xml",
        "{type: xml, path: export.xml, record: b/VanBan, attachments_directory: files,"
        " columns: {SoKyHieu: So, TrichYeu: Ve/ND, Trang: '@trang'}}",
        _write_xml,
        str,
    ),
    "dxl": Legacy(
        "dxl",
        "{type: dxl, path: export.dxl, form: VanBan, attachments_directory: files,"
        " columns: [SoKyHieu, TrichYeu, Trang]}",
        _write_dxl,
    ),
    "dbf": Legacy(
        "dbf",
        "{type: dbf, path: EXPORT.DBF, charset: tcvn3, attachments_directory: files}",
        _write_dbf,
    ),
    "access": Legacy(
        "access",
        "{type: access, path: qlvb.mdb, table: VanBan, attachments_directory: files}",
        _write_access,
        str,
    ),
    "edxml": Legacy(
        "edxml",
        "{type: edxml, path: 'packets/*.edxml', attachments_directory: files}",
        _write_packets,
        names=("code", "subject", "other_info.page_amount"),
        apart=True,
    ),
    "sql": Legacy("sql", SQL % "query: SELECT * FROM VanBan ORDER BY SoKyHieu", _write_table),
    "sql-cursor": Legacy(
        "sql",
        SQL
        % "cursor_column: Trang, query: SELECT * FROM VanBan WHERE Trang > :cursor ORDER BY Trang",
        _write_table,
    ),
}


@dataclass(frozen=True)
class Export:
    """An adapter's directory with its export; each opening is a new process, as it were."""

    directory: Path
    legacy: Legacy

    def write(self, content: Rows) -> None:
        """Export these rows, in place of what was there."""
        self.legacy.write(self.directory, content)

    def open(self) -> Source:
        """Open the source as a new process does."""
        path = self.directory / "adapter.yaml"
        path.write_text(f"source: {self.legacy.settings}\n", encoding="utf-8")
        return open_source(load_yaml(path), ("source",), self.directory)

    def read(self, cursor: str | None = None, size: int = 100) -> list[Batch]:
        """Return every batch after a cursor."""
        source = self.open()
        try:
            return list(source.read(cursor, batch_size=size))
        finally:
            source.close()

    def expected(self, content: Rows) -> list[list[object]]:
        """Return the values that the rows have when they are read."""
        return [[key, text, self.legacy.number(pages)] for key, text, pages in content]

    def values(self, batches: Sequence[Batch]) -> list[list[object]]:
        """Return the values of all records in the order of reading."""
        found = [dict(record.values) for batch in batches for record in batch.records]
        if not self.legacy.apart:
            assert all(tuple(one) == COLUMNS for one in found)
        return [[one[name] for name in self.legacy.names] for one in found]


STAND_IN = """#!{python}
import pathlib, sys
options, (path, table) = sys.argv[1:-3], sys.argv[-2:]
assert sys.argv[-3] == "--" and table == "VanBan" and "-b" in options
sys.stdout.buffer.write(pathlib.Path(path).read_bytes())
"""


@pytest.fixture(params=LEGACY)
def export(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Export:
    """Give one export after the other."""
    adapter = tmp_path / "adapter"
    (adapter / "files").mkdir(parents=True)
    if LEGACY[request.param].kind == "access":
        program = tmp_path / "bin" / "mdb-export"
        program.parent.mkdir()
        program.write_text(STAND_IN.format(python=sys.executable), encoding="utf-8")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    return Export(adapter, LEGACY[request.param])


def test_every_built_in_kind_is_tried() -> None:
    """A new kind cannot be forgotten here."""
    assert {legacy.kind for legacy in LEGACY.values()} == set(BUILT_IN)


def test_columns_are_those_of_the_header(export: Export) -> None:
    """Lint sees the columns without reading the rows."""
    export.write(rows(2))

    columns = export.open().columns()

    assert set(export.legacy.names) <= set(columns)
    assert export.legacy.apart or columns == COLUMNS


def test_every_row_is_read_once_in_order(export: Export) -> None:
    """Batches hold at most the size asked for, nothing is lost or doubled between them."""
    export.write(rows(7))

    batches = export.read(size=3)

    assert export.values(batches) == export.expected(rows(7))
    sizes = [len(batch.records) for batch in batches]
    assert sizes == ([1] * 7 if export.legacy.apart else [3, 3, 1])
    assert not any(batch.refusals for batch in batches)


def test_places_are_distinct(export: Export) -> None:
    """Every record can be found again in its export."""
    export.write(rows(5))

    places = [record.place for batch in export.read() for record in batch.records]

    assert len(set(places)) == 5
    assert all(":" in place for place in places)


@pytest.mark.parametrize("size", [1, 2, 3, 6, 7])
def test_a_finished_export_gives_nothing(export: Export, size: int) -> None:
    """After the last cursor there is nothing, wherever the batches ended."""
    export.write(rows(6))

    last = export.read(size=size)[-1]

    assert export.read(last.cursor) == []


@pytest.mark.parametrize("taken", [1, 2, 3])
def test_reading_goes_on_after_any_committed_batch(export: Export, taken: int) -> None:
    """A crash after any commit loses nothing and repeats nothing."""
    export.write(rows(8))
    before = export.read(size=2)[:taken]

    after = export.read(before[-1].cursor, size=3)

    assert export.values(before) + export.values(after) == export.expected(rows(8))


def test_reading_can_be_left_and_begun_again(export: Export) -> None:
    """Who stops after one batch and closes finds the rest with that batch's cursor."""
    export.write(rows(5))
    source = export.open()
    batches = source.read(None, batch_size=2)
    first = next(iter(batches))
    source.close()

    assert export.values([first]) + export.values(export.read(first.cursor)) == export.expected(
        rows(5)
    )


def test_added_rows_are_found(export: Export) -> None:
    """A grown export gives its new rows; rows given again are equal to what they were."""
    export.write(rows(3))
    cursor = export.read()[-1].cursor

    export.write(rows(5))
    again = export.values(export.read(cursor))

    assert again[-2:] == export.expected(rows(5))[-2:]
    assert all(value in export.expected(rows(5)) for value in again)


def test_an_export_without_rows_gives_nothing(export: Export) -> None:
    """A header alone is a good export."""
    export.write([])

    assert export.read() == []
    assert export.legacy.apart or export.open().columns() == COLUMNS


def test_a_strange_cursor_means_from_the_beginning(export: Export) -> None:
    """A cursor that another kind of source wrote is not an error; keys prevent doubles."""
    export.write(rows(2))

    for cursor in ("", "[]", "{}", "nonsense", '{"rows": "x"}', json.dumps({"files": 1})):
        assert export.values(export.read(cursor)) == export.expected(rows(2))


def test_acknowledging_is_idempotent(export: Export) -> None:
    """The same cursor may be acknowledged again and again."""
    export.write(rows(2))
    source = export.open()
    cursor = list(source.read(None))[-1].cursor

    source.acknowledge(cursor)
    source.acknowledge(cursor)
    source.close()
    source.close()

    assert export.read(cursor) == []


def test_an_absent_export_is_unavailable(export: Export) -> None:
    """A file, directory or database that is not there is tried again later, and not created."""
    with pytest.raises(UnavailableError):
        export.read()
    with pytest.raises(UnavailableError):
        export.open().columns()
    assert sorted(path.name for path in export.directory.iterdir()) == ["adapter.yaml", "files"]


def test_attachments_are_read_beside_the_export(export: Export) -> None:
    """A relative path under the attachments' directory gives the bytes, digest and size."""
    (export.directory / "files" / "2026").mkdir()
    (export.directory / "files" / "2026" / "quyết định.pdf").write_bytes(b"%PDF-1.7")
    record = Record("export:1", {})

    content = export.open().attachment(record, "2026\\quyết định.pdf")

    assert read_all(content) == read_all(content) == b"%PDF-1.7"
    assert content.size == 8
    assert content.sha256 == hashlib.sha256(b"%PDF-1.7").hexdigest()


def test_attachments_that_are_not_there_refuse_the_record(export: Export) -> None:
    """The record is refused at its own place."""
    with pytest.raises(RecordError) as caught:
        export.open().attachment(Record("export:7", {}), "none.pdf")

    assert caught.value.findings[0].place == "export:7"
