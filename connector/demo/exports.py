"""Write the three legacy exports: CSV in TCVN3, an Excel register, an SQLite database.

Each is laid out as such systems export: its own column names, its own way to write dates,
receivers and attachments.
"""

from __future__ import annotations

import contextlib
import csv
import datetime as dt
import io
import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from connector.demo.agencies import NAMES
from connector.demo.corpus import Scene, Sending
from connector.demo.files import LegacyFile
from connector.demo.workbook import saved
from connector.text import codecs

__all__ = ["EXPORTERS", "Exporter", "Row"]

_CSV_COLUMNS: Final = (
    "SoKyHieu",
    "NgayBanHanh",
    "LoaiVanBan",
    "TrichYeu",
    "ThamQuyen",
    "ChucVu",
    "NguoiKy",
    "DoKhan",
    "DoMat",
    "NoiNhan",
    "SoTrang",
    "TepDinhKem",
)
_REGISTER_TITLES: Final = ("BỘ NỘI VỤ", "SỔ ĐĂNG KÝ VĂN BẢN ĐI", "Dữ liệu mẫu")
_REGISTER_SHEET: Final = "Văn bản đi"
_REGISTER_COLUMNS: Final = (
    "Số, ký hiệu",
    "Ngày tháng văn bản",
    "Tên loại",
    "Trích yếu nội dung",
    "Thẩm quyền",
    "Chức vụ",
    "Người ký",
    "Nơi nhận văn bản",
    "Đơn vị nhận bản lưu",
    "Số lượng bản",
    "Số trang",
    "Độ khẩn",
    "Độ mật",
    "Tệp đính kèm",
    "Ghi chú",
)
_URGENCIES: Final = ("Thường", "Khẩn", "Thượng khẩn", "Hỏa tốc")
_SECRECIES: Final = ("Thường", "Mật", "Tối mật", "Tuyệt mật")
_LEGACY_CODES: Final = {"G22": "000.00.00.G22"}
_SQLITE_VERSION_AT: Final = slice(96, 100)
_TABLES: Final = """
CREATE TABLE DM_LoaiVanBan (Ma INTEGER PRIMARY KEY, Ten TEXT NOT NULL);
CREATE TABLE DM_DoKhan (Ma INTEGER PRIMARY KEY, Ten TEXT NOT NULL);
CREATE TABLE DM_DoMat (Ma INTEGER PRIMARY KEY, Ten TEXT NOT NULL);
CREATE TABLE DM_CoQuan (Ma INTEGER PRIMARY KEY, MaDinhDanh TEXT NOT NULL, Ten TEXT NOT NULL);
CREATE TABLE VanBanDi (
    ID INTEGER PRIMARY KEY, SoVanBan TEXT NOT NULL, KyHieu TEXT NOT NULL,
    NgayBanHanh TEXT NOT NULL, MaLoai INTEGER NOT NULL REFERENCES DM_LoaiVanBan (Ma),
    TrichYeu TEXT NOT NULL, ThamQuyen TEXT, ChucVu TEXT, NguoiKy TEXT NOT NULL,
    MaDoKhan INTEGER NOT NULL REFERENCES DM_DoKhan (Ma),
    MaDoMat INTEGER NOT NULL REFERENCES DM_DoMat (Ma),
    SoTrang INTEGER, ThayTheID INTEGER REFERENCES VanBanDi (ID)
);
CREATE TABLE NoiNhan (
    VanBanID INTEGER NOT NULL REFERENCES VanBanDi (ID), ThuTu INTEGER NOT NULL,
    MaCoQuan INTEGER NOT NULL REFERENCES DM_CoQuan (Ma), PRIMARY KEY (VanBanID, ThuTu)
);
CREATE TABLE TepDinhKem (
    VanBanID INTEGER NOT NULL REFERENCES VanBanDi (ID), ThuTu INTEGER NOT NULL,
    TenTep TEXT NOT NULL, NoiDung BLOB NOT NULL, PRIMARY KEY (VanBanID, ThuTu)
);
"""


@dataclass(frozen=True, slots=True)
class Row:
    """One row of an export: what is sent, and the files it carries."""

    sending: Sending
    files: tuple[LegacyFile, ...]

    @property
    def pages(self) -> int:
        """Pages of the document itself: all its parts, or the page of a sample."""
        parts = self.files if self.sending.document.is_cited else self.files[:1]
        return sum(file.pages for file in parts)


Exporter = Callable[[Path, Sequence[Row]], list[str]]
"""Writes rows below a directory and returns the place of each, as the adapter will name it."""


def _write_csv(directory: Path, rows: Sequence[Row]) -> list[str]:
    codecs.register()
    (directory / "export").mkdir(parents=True)
    places: list[str] = []
    for number, part in enumerate(_split(rows), 1):
        name = f"export/van-ban-di-{number}.csv"
        text = io.StringIO(newline="")
        writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
        writer.writerow(_CSV_COLUMNS)
        writer.writerows(_csv_values(row) for row in part)
        (directory / name).write_bytes(text.getvalue().encode("tcvn3"))
        places += [f"{name}:{line}" for line in range(2, len(part) + 2)]
    _write_files(directory / "files", rows)
    return places


def _split(rows: Sequence[Row]) -> list[Sequence[Row]]:
    at = [n for n, row in enumerate(rows) if row.sending.scene is Scene.REPETITION]
    return [rows[: at[0]], rows[at[0] :]] if at else [rows]


def _csv_values(row: Row) -> tuple[str, ...]:
    sending, document = row.sending, row.sending.document
    return (
        document.code,
        document.day,
        document.type,
        document.subject,
        document.competence,
        document.position,
        document.signer,
        sending.urgency,
        sending.secrecy,
        _names(sending),
        str(row.pages),
        "|".join(f"{document.id}/{file.name}" for file in row.files),
    )


def _write_excel(directory: Path, rows: Sequence[Row]) -> list[str]:
    from openpyxl import Workbook

    directory.mkdir(parents=True, exist_ok=True)
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.title = _REGISTER_SHEET
    for title in (*_REGISTER_TITLES, ""):
        sheet.append([title])
    sheet.append(list(_REGISTER_COLUMNS))
    for number, row in enumerate(rows):
        sheet.append(_register_values(number, row))
        sheet.cell(sheet.max_row, 2).number_format = "dd/mm/yyyy"
    name = "so-van-ban-di.xlsx"
    (directory / name).write_bytes(saved(book))
    _write_files(directory / "tep", rows)
    first = len(_REGISTER_TITLES) + 3
    return [f"{name}!{_REGISTER_SHEET}:{line}" for line in range(first, first + len(rows))]


def _register_values(number: int, row: Row) -> list[str | int | dt.date | None]:
    sending, document = row.sending, row.sending.document
    return [
        document.code,
        _register_date(number, row),
        document.type,
        document.subject,
        document.competence or None,
        document.position,
        document.signer,
        _names(sending),
        "Văn thư",
        1,
        row.pages,
        None if sending.urgency == "Thường" else sending.urgency,
        None if sending.secrecy == "Thường" else sending.secrecy,
        "; ".join(f"{document.id}/{file.name}" for file in row.files),
        None,
    ]


def _register_date(number: int, row: Row) -> str | dt.date:
    """Return a real date, but for each third row, and for one that is none, what was typed."""
    document = row.sending.document
    if number % 3 == 1 or row.sending.scene is Scene.IMPOSSIBLE_DATE:
        return document.day
    return dt.date.fromisoformat(document.date)


def _write_sql(directory: Path, rows: Sequence[Row]) -> list[str]:
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / "qlvb.db"
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        connection.executescript(_TABLES)
        agencies = _fill_lists(connection, rows)
        kinds = _numbered(row.sending.document.type for row in rows)
        ids = {row.sending.document.id: number for number, row in enumerate(rows, 1)}
        for row in rows:
            _insert(connection, row, ids, kinds, agencies)
    _forget_library_version(path)
    return [f"qlvb.db:ID={number}" for number in range(1, len(rows) + 1)]


def _numbered(names: Iterable[str]) -> dict[str, int]:
    return {name: number for number, name in enumerate(dict.fromkeys(names), 1)}


def _fill_lists(connection: sqlite3.Connection, rows: Sequence[Row]) -> dict[str, int]:
    kinds = _numbered(row.sending.document.type for row in rows)
    connection.executemany(
        "INSERT INTO DM_LoaiVanBan VALUES (?, ?)", [(n, name) for name, n in kinds.items()]
    )
    connection.executemany("INSERT INTO DM_DoKhan VALUES (?, ?)", enumerate(_URGENCIES))
    connection.executemany("INSERT INTO DM_DoMat VALUES (?, ?)", enumerate(_SECRECIES))
    agencies = _numbered(NAMES)
    connection.executemany(
        "INSERT INTO DM_CoQuan VALUES (?, ?, ?)",
        [(n, _LEGACY_CODES.get(code, code), NAMES[code]) for code, n in agencies.items()],
    )
    return agencies


def _insert(
    connection: sqlite3.Connection,
    row: Row,
    ids: Mapping[str, int],
    kinds: Mapping[str, int],
    agencies: Mapping[str, int],
) -> None:
    sending, document = row.sending, row.sending.document
    number, _, notation = document.code.partition("/")
    own = ids[document.id]
    connection.execute(
        "INSERT INTO VanBanDi VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            own,
            number,
            notation,
            document.date,
            kinds[document.type],
            document.subject,
            document.competence,
            document.position,
            document.signer,
            _URGENCIES.index(sending.urgency),
            _SECRECIES.index(sending.secrecy),
            row.pages,
            ids[sending.replaces.id] if sending.replaces else None,
        ),
    )
    connection.executemany(
        "INSERT INTO NoiNhan VALUES (?, ?, ?)",
        [(own, order, agencies[code]) for order, code in enumerate(sending.receivers, 1)],
    )
    connection.executemany(
        "INSERT INTO TepDinhKem VALUES (?, ?, ?, ?)",
        [(own, order, file.title, file.data) for order, file in enumerate(row.files, 1)],
    )


def _forget_library_version(path: Path) -> None:
    """Set the header field that names the SQLite library to zero: it is for information only."""
    data = bytearray(path.read_bytes())
    data[_SQLITE_VERSION_AT] = bytes(4)
    path.write_bytes(data)


def _names(sending: Sending) -> str:
    return "; ".join(NAMES.get(code, code.removeprefix("?")) for code in sending.receivers)


def _write_files(directory: Path, rows: Sequence[Row]) -> None:
    for row in rows:
        own = directory / row.sending.document.id
        own.mkdir(parents=True, exist_ok=True)
        for file in row.files:
            (own / file.name).write_bytes(file.data)


EXPORTERS: Final[Mapping[str, Exporter]] = {
    "G22": _write_csv,
    "G09": _write_excel,
    "H41": _write_sql,
}
"""Agency code → what its legacy system exports."""
