"""The kit's suite on every built-in source: the same rows in every shape that legacy systems write.

Access is read through a stand-in for mdb-export, because no free program writes such files. Web
services answer on a real socket. The databases that are servers have their suite in
tests/integration/sources.
"""

from __future__ import annotations

import importlib
import json
import os
import re
import sqlite3
import struct
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import openpyxl
import pytest

from connector.edxml.writer import write as write_packet
from connector.model.envelope import (
    Document,
    DocumentCode,
    DocumentType,
    Organization,
    OtherInfo,
    Promulgation,
    Signer,
)
from connector.sources.registry import BUILT_IN
from connector.testing.contract import SourceContract
from connector.testing.exports import COLUMNS, Export, Rows, SourceCase
from connector.text.codecs import register
from tests.integration.sources.services import Asked, Reply, Service, reply, serving


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


def _write_table_of_changes(directory: Path, content: Rows) -> None:
    """Write all rows but the first with one moment of change."""
    _write_table(directory, content)
    with sqlite3.connect(directory / "qlvb.db") as connection:
        connection.execute("ALTER TABLE VanBan ADD COLUMN Sua TEXT DEFAULT '2026-01-05 08:00:00'")
        connection.execute("UPDATE VanBan SET Sua = '2026-01-04' WHERE Trang = 1")
    connection.close()


def _write_table_with_marks(directory: Path, content: Rows) -> None:
    _write_table(directory, content)
    with sqlite3.connect(directory / "qlvb.db") as connection:
        connection.execute("ALTER TABLE VanBan ADD COLUMN DaChuyen INTEGER")
    connection.close()


def _write_objects(directory: Path, content: Rows) -> None:
    (directory.parent / "objects").write_text(json.dumps(_objects(content)), encoding="utf-8")


SQL = "{type: sql, url: 'sqlite:///qlvb.db', attachments_directory: files, %s}"
CASES = {
    "csv": SourceCase(
        "{type: csv, path: export.csv, delimiter: ';', attachments_directory: files}",
        _write_csv,
        str,
    ),
    "csv-tcvn3": SourceCase(
        "{type: csv, path: 'out/exp*.txt', charset: tcvn3, delimiter: \"\\t\","
        " quotechar: null,"
        " attachments_directory: files}",
        _write_tcvn3,
        str,
    ),
    "xlsx": SourceCase(
        "{type: excel, path: export.xlsx, sheet: Sổ đi, header_row: 2,"
        " attachments_directory: files}",
        _write_xlsx,
    ),
    "xls": SourceCase(
        "{type: excel, path: export.xls, sheet: 1, attachments_directory: files}",
        _write_xls,
    ),
    "fixed": SourceCase(
        "{type: fixed, path: export.txt, charset: tcvn3, skip_lines: 1, columns: "
        "[{name: SoKyHieu, width: 16}, {name: TrichYeu, width: 40}, {name: Trang, width: 6}],"
        " attachments_directory: files}",
        _write_fixed,
        str,
    ),
    "json": SourceCase(
        "{type: json, path: export.json, records: data.items,"
        " attachments_directory: files, columns: [SoKyHieu, TrichYeu, Trang]}",
        _write_json,
    ),
    "json-lines": SourceCase(
        "{type: json, path: 'out/*.jsonl', lines: true,"
        " attachments_directory: files, columns: [SoKyHieu, TrichYeu, Trang]}",
        _write_json_lines,
    ),
    "xml": SourceCase(
        "{type: xml, path: export.xml, record: b/VanBan,"
        " attachments_directory: files, columns: {SoKyHieu: So, TrichYeu: Ve/ND, Trang: '@trang'}}",
        _write_xml,
        str,
    ),
    "dxl": SourceCase(
        "{type: dxl, path: export.dxl, form: VanBan, attachments_directory: files,"
        " columns: [SoKyHieu, TrichYeu, Trang]}",
        _write_dxl,
    ),
    "dbf": SourceCase(
        "{type: dbf, path: EXPORT.DBF, charset: tcvn3, attachments_directory: files}",
        _write_dbf,
    ),
    "access": SourceCase(
        "{type: access, path: qlvb.mdb, table: VanBan, attachments_directory: files}",
        _write_access,
        str,
    ),
    "edxml": SourceCase(
        "{type: edxml, path: 'packets/*.edxml', attachments_directory: files}",
        _write_packets,
        names=("code", "subject", "other_info.page_amount"),
        apart=True,
    ),
    "sql": SourceCase(SQL % "query: SELECT * FROM VanBan ORDER BY SoKyHieu", _write_table),
    "sql-cursor": SourceCase(
        SQL
        % "cursor_column: Trang, query: SELECT * FROM VanBan WHERE Trang > :cursor ORDER BY Trang",
        _write_table,
    ),
    "sql-time": SourceCase(
        SQL % "cursor_column: Sua, id_column: SoKyHieu, cursor_start: '',"
        " query: 'SELECT * FROM VanBan WHERE Sua >= :cursor ORDER BY Sua, SoKyHieu'",
        _write_table_of_changes,
        names=COLUMNS,
        exact=False,
    ),
    "sql-sent": SourceCase(
        SQL % "query: SELECT * FROM VanBan WHERE DaChuyen IS NULL ORDER BY SoKyHieu, sent: "
        "{key_column: SoKyHieu, statement: UPDATE VanBan SET DaChuyen = 1 WHERE SoKyHieu = :key}",
        _write_table_with_marks,
        exact=False,
    ),
    "rest": SourceCase(
        "{type: rest, url: '${SERVICE}/api/van-ban', records: items, attachments_directory: files,"
        " columns: [SoKyHieu, TrichYeu, Trang],"
        " paging: {by: page, parameter: page, size_parameter: size, size: 2}}",
        _write_objects,
    ),
    "rest-cursor": SourceCase(
        "{type: rest, url: '${SERVICE}/api/van-ban', records: items, attachments_directory: files,"
        " columns: [SoKyHieu, TrichYeu, Trang], cursor_column: Trang, cursor_parameter: after,"
        " paging: {by: token, parameter: token, path: token}}",
        _write_objects,
    ),
    "odoo": SourceCase(
        "{type: odoo, url: '${SERVICE}', database: d, user: u, secret: {env: KEY}, model: vb,"
        " fields: [SoKyHieu, TrichYeu, Trang], attachments_directory: files}",
        _write_objects,
        exact=False,
    ),
}


class Web:
    """A web service over the records that were written last; away before that."""

    def __init__(self, directory: Path) -> None:
        self._file = directory / "objects"

    def __call__(self, asked: Asked) -> Reply:
        """Answer as REST with pages, or as Odoo."""
        if not self._file.exists():
            return Reply(b"", 503)
        records = json.loads(self._file.read_text(encoding="utf-8"))
        if asked.method == "POST":
            return reply({"result": self._odoo(asked.json["params"]["args"], records)})
        query = asked.query
        start = (int(query.get("page", 1)) - 1) * 2 + int(query.get("token", 0))
        found = [one for one in records if one["Trang"] > int(query.get("after", 0))]
        token = str(start + 2) if start + 2 < len(found) else None
        return reply({"items": found[start : start + 2], "token": token})

    def _odoo(self, call: list[Any], records: list[dict[str, Any]]) -> Any:
        if len(call) == 4:
            return 5
        arguments, options = call[5:]
        if call[4] == "fields_get":
            return {name: {"type": "char"} for name in arguments[0]}
        since = [limit for _, _, limit in arguments[0]]
        found = [
            {**one, "id": one["Trang"], "write_date": "2026-01-05 08:00:00"} for one in records
        ]
        found = [one for one in found if all(one["write_date"] >= limit for limit in since)]
        return found[options["offset"] :][: options["limit"]]


STAND_IN = """#!{python}
import pathlib, sys
options, (path, table) = sys.argv[1:-3], sys.argv[-2:]
assert sys.argv[-3] == "--" and table == "VanBan" and "-b" in options
sys.stdout.buffer.write(pathlib.Path(path).read_bytes())
"""


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    """Give a web service over the objects of the adapter's directory."""
    with serving(Web(tmp_path)) as running:
        yield running


@pytest.fixture
def mdb_export(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put the stand-in on the PATH."""
    program = tmp_path / "bin" / "mdb-export"
    program.parent.mkdir()
    program.write_text(STAND_IN.format(python=sys.executable), encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")


class TestBuiltIn(SourceContract):
    """Every case of every kind."""

    @pytest.fixture(params=CASES)
    def export(
        self, request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> Export:
        """Give one export after the other."""
        case = CASES[request.param]
        if request.param == "access":
            request.getfixturevalue("mdb_export")
        if "${SERVICE}" in case.settings:
            monkeypatch.setenv("SERVICE", request.getfixturevalue("service").url)
            monkeypatch.setenv("KEY", "secret")
        return Export.under(tmp_path, case)


def test_every_built_in_kind_is_tried() -> None:
    """A new kind cannot be forgotten here."""
    tried = {re.match(r"\{type: (\w+)", case.settings) for case in CASES.values()}
    assert {found[1] for found in tried if found} == set(BUILT_IN)
