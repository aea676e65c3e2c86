"""Write the sample exports of the examples again: the same documents in every shape.

Run it as ``python examples/make_samples.py`` after a change of `sample_documents`, then
``connector test --update examples``. The texts are samples and say so; see README.md.
"""

from __future__ import annotations

import base64
import csv
import importlib
import io
import json
import shutil
import sqlite3
import struct
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from openpyxl import Workbook
from sample_documents import COLUMNS, DOCUMENTS, ENTRIES, FILES, REGISTER, Record, pdf

from connector.demo.workbook import saved
from connector.text.codecs import register

HERE = Path(__file__).resolve().parent


def write(name: str, data: bytes | str) -> None:
    """Write a file of the examples."""
    path = HERE / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data.encode() if isinstance(data, str) else data)


def attachments(directory: str) -> None:
    """Write the files of the documents into a directory."""
    for name, data in FILES.items():
        write(f"{directory}/{name}", data)


def table(columns: Sequence[str], rows: Sequence[Sequence[Any]], delimiter: str = ";") -> str:
    """Return text with delimiters."""
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter, lineterminator="\r\n").writerows([columns, *rows])
    return text.getvalue()


def csv_vni() -> None:
    """Write CSV in VNI."""
    text = table(COLUMNS, [list(one.values()) for one in DOCUMENTS])
    write("csv-vni/van-ban-di.csv", text.encode("vni"))
    attachments("csv-vni/tep")


def excel_xls() -> None:
    """Write a workbook of Excel 97 with a title above its header."""
    book: Any = importlib.import_module("xlwt").Workbook()
    sheet = book.add_sheet("Văn bản đi")
    sheet.write(0, 0, "SỔ VĂN BẢN ĐI (dữ liệu mẫu)")
    for y, row in enumerate([COLUMNS, *(one.values() for one in DOCUMENTS)], start=2):
        for x, cell in enumerate(row):
            sheet.write(y, x, cell)
    data = io.BytesIO()
    book.save(data)
    write("excel-xls/van-ban-di.xls", data.getvalue())
    attachments("excel-xls/tep")


WIDTHS = (12, 10, 12, 80, 24, 24, 40, 10, 8, 4, 40)


def fixed() -> None:
    """Write columns of fixed widths in TCVN3."""
    lines = ["DANH SACH VAN BAN DI (du lieu mau)"]
    for one in DOCUMENTS:
        cells = [f"{cell:<{width}}" for cell, width in zip(one.values(), WIDTHS, strict=True)]
        lines.append("".join(cells))
    write("fixed-width/vanban.txt", "\r\n".join([*lines, ""]).encode("tcvn3"))
    attachments("fixed-width/tep")


def json_export() -> None:
    """Write one JSON value with nested records."""
    items = [
        {
            "soKyHieu": one["SoKyHieu"],
            "ngayBanHanh": one["NgayBanHanh"],
            "loai": {"ten": one["LoaiVanBan"]},
            "trichYeu": one["TrichYeu"],
            "nguoiKy": {"hoTen": one["NguoiKy"], "chucVu": one["ChucVu"]},
            "noiNhan": [{"ten": name} for name in one["NoiNhan"].split(";")],
            "doKhan": one["DoKhan"],
            "doMat": one["DoMat"],
            "soTrang": one["SoTrang"],
            "tep": [name for name in one["TepDinhKem"].split(";") if name],
        }
        for one in DOCUMENTS
    ]
    value = {"status": 0, "data": {"items": items}}
    write("json/van-ban-di.json", json.dumps(value, ensure_ascii=False, indent=1) + "\n")
    attachments("json/tep")


def json_lines() -> None:
    """Write a record a line."""
    lines = [json.dumps(one, ensure_ascii=False) for one in DOCUMENTS]
    write("json-lines/van-ban-di.jsonl", "\n".join([*lines, ""]))
    attachments("json-lines/tep")


def xml_export() -> None:
    """Write XML with attributes and nested elements."""
    body = "".join(
        f"  <VanBan SoKyHieu={quoteattr(one['SoKyHieu'])} DoMat={quoteattr(one['DoMat'])}>\n"
        f"    <Loai>{one['LoaiVanBan']}</Loai>\n"
        f"    <NgayBanHanh>{one['NgayBanHanh']}</NgayBanHanh>\n"
        f"    <TrichYeu>{escape(one['TrichYeu'])}</TrichYeu>\n"
        f"    <NguoiKy><HoTen>{one['NguoiKy']}</HoTen><ChucVu>{one['ChucVu']}</ChucVu></NguoiKy>\n"
        f"    <DoKhan>{one['DoKhan']}</DoKhan><SoTrang>{one['SoTrang']}</SoTrang>\n"
        + "".join(f"    <NoiNhan>{name}</NoiNhan>\n" for name in one["NoiNhan"].split(";"))
        + "".join(f"    <Tep>{name}</Tep>\n" for name in one["TepDinhKem"].split(";") if name)
        + "  </VanBan>\n"
        for one in DOCUMENTS
    )
    text = f'<?xml version="1.0" encoding="UTF-8"?>\n<DanhSach>\n{body}</DanhSach>\n'
    write("xml/van-ban-di.xml", text)
    attachments("xml/tep")


def dxl() -> None:
    """Write documents of Lotus Notes with their files inside."""
    head = (
        "<?xml version='1.0' encoding='utf-8'?>\n<!DOCTYPE database SYSTEM 'xmlschemas/domino.dtd'>"
    )
    body = "".join(_dxl_document(number, one) for number, one in enumerate(DOCUMENTS, start=1))
    text = f"{head}\n<database xmlns='http://www.lotus.com/dxl' title='Mau'>\n{body}</database>\n"
    write("lotus-dxl/vanban.dxl", text)


def _dxl_document(number: int, one: Record) -> str:
    day, month, year = one["NgayBanHanh"].split("/")
    items = [
        ("SoKyHieu", f"<text>{one['SoKyHieu']}</text>"),
        ("NgayBanHanh", f"<datetime>{year}{month}{day}</datetime>"),
        ("LoaiVanBan", f"<text>{one['LoaiVanBan']}</text>"),
        (
            "TrichYeu",
            f"<richtext><pardef id='1'/><par def='1'><run>{one['TrichYeu']}</run></par></richtext>",
        ),
        ("ChucVu", f"<text>{one['ChucVu']}</text>"),
        ("NguoiKy", f"<text>{one['NguoiKy']}</text>"),
        (
            "NoiNhan",
            "<textlist>"
            + "".join(f"<text>{name}</text>" for name in one["NoiNhan"].split(";"))
            + "</textlist>",
        ),
        ("DoKhan", f"<text>{one['DoKhan']}</text>"),
        ("DoMat", f"<text>{one['DoMat']}</text>"),
        ("SoTrang", f"<number>{one['SoTrang']}</number>"),
    ]
    for name in filter(None, one["TepDinhKem"].split(";")):
        data = base64.b64encode(FILES[name]).decode()
        items.append(
            (
                "$FILE",
                (
                    f"<object><file hosttype='msdos' compression='none' size='{len(FILES[name])}'"
                    f" name='{name}'><filedata>{data}</filedata></file></object>"
                ),
            )
        )
    written = "".join(f"<item name='{name}'>{value}</item>\n" for name, value in items)
    unid = f"{number:032X}"
    return f"<document form='VanBanDi'><noteinfo unid='{unid}'/>\n{written}</document>\n"


DBF = (
    ("SOKYHIEU", "SoKyHieu", "C", 20),
    ("NGAYBH", "NgayBanHanh", "D", 8),
    ("LOAIVB", "LoaiVanBan", "C", 20),
    ("TRICHYEU", "TrichYeu", "M", 4),
    ("CHUCVU", "ChucVu", "C", 30),
    ("NGUOIKY", "NguoiKy", "C", 30),
    ("NOINHAN", "NoiNhan", "C", 100),
    ("DOKHAN", "DoKhan", "C", 12),
    ("DOMAT", "DoMat", "C", 12),
    ("SOTRANG", "SoTrang", "N", 4),
    ("TEP", "TepDinhKem", "C", 60),
)


def dbf() -> None:
    """Write a table of Visual FoxPro in TCVN3, its subjects as memos."""
    width = 1 + sum(size for *_, size in DBF)
    head = struct.pack(
        "<BBBBLHH17xB2x", 0x30, 126, 1, 5, len(DOCUMENTS), 32 * (len(DBF) + 1) + 264, width, 2
    )
    place = 1
    for name, _, kind, size in DBF:
        head += struct.pack("<11scLBB14x", name.encode(), kind.encode(), place, size, 0)
        place += size
    memos, blocks, rows = bytearray(), 8, bytearray()
    for one in DOCUMENTS:
        rows += b" "
        for _, column, kind, size in DBF:
            if kind == "M":
                text = one[column].encode("tcvn3")
                memo = struct.pack(">LL", 1, len(text)) + text
                memo += bytes(-len(memo) % 64)
                rows += struct.pack("<L", blocks)
                blocks += len(memo) // 64
                memos += memo
            elif kind == "D":
                day, month, year = one[column].split("/")
                rows += f"{year}{month}{day}".encode()
            elif kind == "N":
                rows += str(one[column]).rjust(size).encode()
            else:
                rows += one[column].encode("tcvn3").ljust(size)
    write("dbf/VANBAN.DBF", head + b"\r" + bytes(263) + bytes(rows) + b"\x1a")
    write("dbf/VANBAN.FPT", struct.pack(">LHH504x", blocks, 0, 64) + bytes(memos))
    attachments("dbf/tep")


def access() -> None:
    """Write what mdb-export says of a table; no free program writes the database itself."""
    text = table(COLUMNS, [list(one.values()) for one in DOCUMENTS], ",")
    write("access/VanBanDi.csv", text.replace("\r\n", "\n"))
    attachments("access/tep")


def rest() -> None:
    """Write what the sample service serves."""
    items = [{"id": number, **one} for number, one in enumerate(DOCUMENTS, start=1)]
    write("rest/van-ban.json", json.dumps(items, ensure_ascii=False, indent=1) + "\n")
    attachments("rest/tep")


def registers() -> None:
    """Write one register four times."""
    text = table(REGISTER, ENTRIES)
    write("register-csv-tcvn3/so-van-ban-di.csv", text.encode("tcvn3"))
    write("register-csv-vni/so-van-ban-di.csv", text.encode("vni"))
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.title = "Văn bản đi"
    for line in ("SỔ ĐĂNG KÝ VĂN BẢN ĐI (dữ liệu mẫu)", "Năm: 2026", ""):
        sheet.append([line])
    for row in [REGISTER, *ENTRIES]:
        sheet.append(list(row))
    write("register-excel/so-van-ban-di.xlsx", saved(book))
    path = HERE / "register-sql" / "so.db"
    path.parent.mkdir(exist_ok=True)
    path.unlink(missing_ok=True)
    names = ", ".join(f'"{name}" TEXT' for name in REGISTER)
    with sqlite3.connect(path) as connection:
        connection.execute(f"CREATE TABLE so_van_ban_di (id INTEGER PRIMARY KEY, {names})")
        marks = ", ".join("?" * len(REGISTER))
        for number, row in enumerate(ENTRIES, start=1):
            connection.execute(
                f"INSERT INTO so_van_ban_di VALUES ({number}, {marks})",  # noqa: S608 - our names
                row,
            )
    connection.close()
    # The library's version stands in the file; it is taken out, so that the bytes stay the same.
    data = bytearray(path.read_bytes())
    data[96:100] = bytes(4)
    path.write_bytes(data)
    for kind in ("csv-tcvn3", "csv-vni", "excel", "sql"):
        for number, directory in ((1, "01"), (2, "02"), (3, "03")):
            code = ENTRIES[number - 1][0].partition("/")[2]
            page = pdf(f"Van ban mau so {directory}, khong co gia tri phap ly")
            write(f"register-{kind}/tep/{directory}/{code}", page)


def packets() -> None:
    """Take the packets that the JSON example makes as an export of packets."""
    found = sorted((HERE / "json" / "expected").glob("*.edxml"))
    shutil.rmtree(HERE / "edxml" / "packets", ignore_errors=True)
    for path in found:
        write(f"edxml/packets/{path.name}", path.read_bytes())


EXPORTS: tuple[Callable[[], None], ...] = (
    csv_vni,
    excel_xls,
    fixed,
    json_export,
    json_lines,
    xml_export,
    dxl,
    dbf,
    access,
    rest,
    registers,
    packets,
)


def main() -> None:
    """Write every export."""
    register()
    for export in EXPORTS:
        export()


if __name__ == "__main__":
    main()
