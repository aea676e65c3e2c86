"""Synthetic exports in the shapes of known systems, and which columns are which in them."""

from __future__ import annotations

import base64
import csv
import datetime as dt
import importlib
import io
import json
import sqlite3
import struct
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import openpyxl

from connector.text.codecs import register

__all__ = ["SAMPLES", "Sample"]

Row = dict[str, str]

ROWS: list[Row] = [
    {
        "code": f"{number}/{notation}",
        "number": str(number),
        "notation": notation,
        "date": f"{day:02d}/{month:02d}/2025",
        "iso": f"2025-{month:02d}-{day:02d}",
        "kind": kind,
        "subject": subject,
        "signer": signer,
        "position": position,
        "urgency": urgency,
        "secrecy": secrecy,
        "receivers": receivers,
        "pages": str(2 + number % 7),
        "file": f"{number}-2025.pdf",
        "issuer": "Văn phòng Chính phủ",
    }
    for number, notation, day, month, kind, subject, signer, position, urgency, secrecy, receivers
    in [
        (7816, "VPCP-TTĐT", 30, 9, "Công văn", "V/v triển khai gửi, nhận văn bản điện tử",
         "Nguyễn Văn An", "PHÓ CHỦ NHIỆM", "Thường", "Thường",
         "Bộ Nội vụ; UBND tỉnh Nghệ An; Lưu: VT"),
        (15, "QĐ-VPCP", 2, 10, "Quyết định", "Ban hành quy chế tiếp công dân của cơ quan",
         "Trần Thị Bình", "CHỦ NHIỆM", "Khẩn", "Thường", "Bộ Tài chính; Lưu: VT, TCCB"),
        (21, "KH-VPCP", 13, 10, "Kế hoạch", "Kế hoạch chuyển đổi số năm 2026 của cơ quan",
         "Lê Hoàng Cường", "PHÓ CHỦ NHIỆM", "Thường", "Mật", "Bộ Công an"),
        (302, "BC-VPCP", 28, 10, "Báo cáo", "Báo cáo kết quả xử lý phản ánh, kiến nghị quý III",
         "Phạm Thu Dung", "VỤ TRƯỞNG", "Thượng khẩn", "Thường", "Bộ Y tế; Bộ Tư pháp"),
        (8, "TTr-VPCP", 5, 11, "Tờ trình", "Về việc phê duyệt đề án cải cách hành chính",
         "Vũ Đức Em", "PHÓ CHỦ NHIỆM", "Hỏa tốc", "Thường", "UBND tỉnh Lâm Đồng; Lưu: VT"),
        (44, "TB-VPCP", 17, 11, "Thông báo", "Kết luận tại cuộc họp giao ban tháng mười một",
         "Nguyễn Văn An", "PHÓ CHỦ NHIỆM", "Thường", "Thường", "Bộ Nội vụ; Bộ Xây dựng"),
    ]
]  # fmt: skip
"""Made-up documents; nobody of these names signed them."""


@dataclass(frozen=True)
class Sample:
    """One export: the function that writes it, and the expected column of each field."""

    name: str
    write: Callable[[Path], Path]
    expected: dict[str, str | None]
    source: dict[str, Any]


def values(row: Row, columns: dict[str, str]) -> list[str]:
    """Return the cells of a row; a column maps to a key of the row, or to a constant ``=x``."""
    return [key[1:] if key.startswith("=") else row[key] for key in columns.values()]


def delimited(
    name: str, columns: dict[str, str], delimiter: str, charset: str, head: Sequence[str] = ()
) -> Callable[[Path], Path]:
    """Return what writes a text with delimiters."""

    def write(directory: Path) -> Path:
        register()
        text = io.StringIO(newline="")
        text.writelines(f"{line}\r\n" for line in head)
        writer = csv.writer(text, delimiter=delimiter, lineterminator="\r\n")
        writer.writerow(columns)
        writer.writerows(values(row, columns) for row in ROWS)
        path = directory / name
        path.write_bytes(text.getvalue().encode(charset))
        return path

    return write


def as_json(name: str, build: Callable[[], Any], *, lines: bool = False) -> Callable[[Path], Path]:
    """Return what writes JSON."""

    def write(directory: Path) -> Path:
        path = directory / name
        value = build()
        text = (
            "\n".join(json.dumps(one, ensure_ascii=False) for one in value)
            if lines
            else (json.dumps(value, ensure_ascii=False, indent=1))
        )
        path.write_text(text, encoding="utf-8")
        return path

    return write


def records(columns: dict[str, str]) -> list[dict[str, str]]:
    """Return the rows as objects."""
    return [dict(zip(columns, values(row, columns), strict=True)) for row in ROWS]


def sqlite(name: str, table: str, columns: dict[str, str]) -> Callable[[Path], Path]:
    """Return what writes an SQLite file with a table of documents beside others."""

    def write(directory: Path) -> Path:
        path = directory / name
        with closing(sqlite3.connect(path)) as base, base:
            base.execute("CREATE TABLE NguoiDung (ID INTEGER PRIMARY KEY, Ten TEXT)")
            listed = ", ".join(f'"{column}" TEXT' for column in columns)
            base.execute(f'CREATE TABLE "{table}" (ID INTEGER PRIMARY KEY, {listed})')
            marks = ", ".join("?" * len(columns))
            named = ", ".join(f'"{column}"' for column in columns)
            base.executemany(
                f'INSERT INTO "{table}" ({named}) VALUES ({marks})',  # noqa: S608 - own names
                [values(row, columns) for row in ROWS],
            )
        return path

    return write


def workbook(directory: Path) -> Path:
    """Write the register of NĐ 30/2020 PL IV, with titles and the row of numbers."""
    book = openpyxl.Workbook()
    book.create_sheet("Hướng dẫn", 0)["A1"] = "Cách ghi sổ"
    sheet = book["Sheet"]
    sheet.title = "Sổ đi 2025"
    sheet.append(["VĂN PHÒNG CHÍNH PHỦ"])
    sheet.append(["SỔ ĐĂNG KÝ VĂN BẢN ĐI"])
    sheet.append([])
    sheet.append(
        [
            "Số, ký hiệu văn bản",
            "Ngày tháng văn bản",
            "Tên loại và trích yếu nội dung văn bản",
            "Người ký",
            "Nơi nhận văn bản",
            "Đơn vị, người nhận bản lưu",
            "Số lượng bản",
            "Ngày chuyển",
            "Ký nhận",
            "Ghi chú",
        ]
    )
    for row in ROWS:
        subject = row["subject"]
        kind = "" if row["kind"] in {"Công văn", subject.split(" ")[0]} else f"{row['kind']} "
        if row["kind"] == "Kế hoạch":
            kind = ""
        whole = subject if subject.startswith(row["kind"]) else f"{kind}{subject}"
        day = dt.datetime.strptime(row["date"], "%d/%m/%Y")  # noqa: DTZ007 - a day
        sheet.append(
            [row["code"], day, whole, row["signer"], row["receivers"], "VT", 3, "", "", ""]
        )
    path = directory / "so-van-ban-di.xlsx"
    book.save(path)
    return path


def look_alike(text: str) -> str:
    """Return what a text typed in .VnTime is in Unicode."""
    register()
    return text.encode("tcvn3").decode("cp1252")


def old_workbook(directory: Path) -> Path:
    """Write an .xls whose cells were typed in .VnTime, so that they are look-alikes."""
    columns = {
        "Số ký hiệu": "code",
        "Ngày ban hành": "date",
        "Loại văn bản": "kind",
        "Trích yếu": "subject",
        "Người ký": "signer",
        "Nơi nhận": "receivers",
        "Độ mật": "secrecy",
    }
    book: Any = importlib.import_module("xlwt").Workbook()
    sheet = book.add_sheet("Sheet1")
    for at, row in enumerate([list(columns), *(values(row, columns) for row in ROWS)]):
        for column, cell in enumerate(row):
            sheet.write(at, column, look_alike(cell))
    path = directory / "so di.xls"
    book.save(str(path))
    return path


def fixed(directory: Path) -> Path:
    """Write a report of fixed widths with a title and an underline."""
    widths = {"code": 18, "date": 12, "kind": 14, "subject": 60, "signer": 22, "receivers": 60}
    names = {
        "code": "So ky hieu",
        "date": "Ngay VB",
        "kind": "Loai VB",
        "subject": "Trich yeu",
        "signer": "Nguoi ky",
        "receivers": "Noi nhan",
    }
    lines = ["SO VAN BAN DI", ""]
    lines.append("".join(names[key].ljust(width) for key, width in widths.items()))
    lines.append("".join(("-" * (width - 1)).ljust(width) for width in widths.values()))
    lines += ["".join(row[key].ljust(width) for key, width in widths.items()) for row in ROWS]
    path = directory / "so-di.txt"
    path.write_bytes("\r\n".join(lines).encode("utf-8"))
    return path


def dbf(directory: Path) -> Path:
    """Write a FoxPro table in TCVN3."""
    register()
    fields = [
        ("SOKYHIEU", "code", 20),
        ("NGAYVB", "date", 10),
        ("LOAIVB", "kind", 20),
        ("TRICHYEU", "subject", 80),
        ("NGUOIKY", "signer", 30),
        ("NOINHAN", "receivers", 80),
        ("DOMAT", "secrecy", 10),
        ("SOTRANG", "pages", 4),
    ]
    length = 1 + sum(width for _, _, width in fields)
    head = struct.pack("<BBBBLHH20x", 3, 126, 1, 5, len(ROWS), 32 * (len(fields) + 1) + 1, length)
    described = b"".join(
        struct.pack("<11sc4xBB14x", name.encode(), b"C", width, 0) for name, _, width in fields
    )
    rows = b"".join(
        b" " + b"".join(row[key].encode("tcvn3")[:width].ljust(width) for _, key, width in fields)
        for row in ROWS
    )
    path = directory / "VBDI.DBF"
    path.write_bytes(head + described + b"\r" + rows + b"\x1a")
    return path


def dxl(directory: Path) -> Path:
    """Write documents of Lotus Notes with an embedded file."""
    items = {
        "SoKyHieu": "code",
        "NgayBanHanh": "date",
        "LoaiVanBan": "kind",
        "TrichYeu": "subject",
        "NguoiKy": "signer",
        "NoiNhan": "receivers",
        "DoMat": "secrecy",
    }
    data = base64.b64encode(b"%PDF-1.4 x").decode()
    documents = "".join(
        f"<document form='VanBanDi'><noteinfo unid='{number:032X}'/>"
        + "".join(
            f"<item name='{name}'><text>{escape(row[key])}</text></item>"
            for name, key in items.items()
        )
        + "<item name='$FILE'><object><file hosttype='msdos' compression='none' flags='storedindoc'"
        f" encoding='none' name='{row['file']}' size='10'><filedata>{data}</filedata></file>"
        "</object></item></document>"
        for number, row in enumerate(ROWS, 1)
    )
    path = directory / "vbdi.dxl"
    path.write_text(
        "<?xml version='1.0' encoding='utf-8'?><database xmlns='http://www.lotus.com/dxl' "
        f"version='9.0'>{documents}<document form='ThamSo'><item name='X'><text>1</text></item>"
        "</document></database>",
        encoding="utf-8",
    )
    return path


def dotnet_xml(directory: Path) -> Path:
    """Write what a stored procedure of an old .NET e-office gives as XML."""
    columns = {
        "id": "number",
        "document_code": "code",
        "abstract": "subject",
        "document_type_name": "kind",
        "publish_unit": "issuer",
        "publish_date": "iso",
        "signer": "signer",
        "signer_position": "position",
        "urgent": "urgency",
        "secret": "secrecy",
        "receivers": "receivers",
    }
    rows = "".join(
        "<Table>"
        + "".join(f"<{name}>{escape(row[key])}</{name}>" for name, key in columns.items())
        + "</Table>"
        for row in ROWS
    )
    path = directory / "documents.xml"
    path.write_text(
        f"<?xml version='1.0' encoding='utf-8'?><NewDataSet>{rows}</NewDataSet>", encoding="utf-8"
    )
    return path


VOFFICE = {
    "DOCUMENT_ID": "number",
    "DOC_CODE": "code",
    "DOC_ABSTRACT": "subject",
    "DOC_TYPE_NAME": "kind",
    "PUBLISH_DATE": "date",
    "SIGNER_NAME": "signer",
    "SIGNER_POSITION": "position",
    "PRIORITY_NAME": "urgency",
    "SECURITY_LEVEL": "secrecy",
    "TO_ORGAN_DOMAIN": "receivers",
    "FILE_PATH": "file",
    "SEND_TYPE": "=0",
}
IOFFICE = {
    "MaCongVan": "number",
    "MaCongVanSo": "code",
    "NoiDung": "subject",
    "MaNguoiKy": "signer",
    "MaLoaiCongVan": "kind",
    "SoTrang": "pages",
    "TenFile": "file",
    "NgayPhatHanh": "iso",
    "NoiNhan_KhongDanhMuc": "receivers",
    "DaChuyen": "=0",
}
EGOV = {
    "DocCode": "code",
    "Compendium": "subject",
    "DatePublished": "date",
    "UrgentId": "=5",
    "DocTypeName": "kind",
    "SignerName": "signer",
    "Receivers": "receivers",
}
LUUTRU = {
    "SoDen": "=12",
    "SoKyHieu": "code",
    "TrichYeuNoiDung": "subject",
    "LoaiVanBan": "kind",
    "CoQuanBanHanh": "issuer",
    "NgayBanHanh": "iso",
    "NgayDen": "iso",
    "NguoiKy": "signer",
    "NoiNhan": "receivers",
    "DoMat": "secrecy",
    "DoKhan": "urgency",
    "TepTuLieu": "file",
}
ORACLE = {
    "SO_DI": "number",
    "KY_HIEU": "notation",
    "NGAY_DI": "date",
    "MA_DON_VI": "=G22",
    "TRICH_YEU": "subject",
    "LOAIVANBAN": "kind",
    "CAPDOBAOMAT": "secrecy",
    "CAPDOKHAN": "urgency",
    "NGUOI_KY": "signer",
    "NOI_NHAN": "receivers",
}
LARAVEL = {
    "id": "number",
    "vb_so_ky_hieu": "code",
    "vb_trich_yeu": "subject",
    "ngay_ban_hanh": "iso",
    "loai_van_ban": "kind",
    "nguoi_ky": "signer",
    "domatvanban_id": "=1",
    "dokhanvanban_id": "=1",
    "hanxuly": "iso",
    "noinhan_benngoai": "receivers",
}
HAIPHONG = {
    "STT": "number",
    "Số/KH": "code",
    "Ban hành": "date",
    "Trích yếu": "subject",
    "Người ký": "signer",
    "Loại VB": "kind",
    "Nơi nhận": "receivers",
}
ODOO = {
    "so_van_ban": "code",
    "loai_van_ban_id": "kind",
    "ngay_ban_hanh": "iso",
    "ngay_den": "iso",
    "co_quan_ban_hanh": "issuer",
    "nguoi_ky": "signer",
    "trich_yeu": "subject",
    "noi_nhan": "receivers",
}
VNPT = {
    "header_messageheader_from_organid": "=000.00.00.G22",
    "header_messageheader_to_organid": "=000.00.00.H41",
    "header_messageheader_code_codenumber": "number",
    "header_messageheader_code_codenotation": "notation",
    "header_messageheader_promulgationinfo_place": "=Hà Nội",
    "header_messageheader_promulgationinfo_promulgationdate": "date",
    "header_messageheader_documenttype_typename": "kind",
    "header_messageheader_subject": "subject",
    "header_messageheader_signerinfo_fullname": "signer",
    "header_messageheader_signerinfo_position": "position",
}
DIP = {
    "DOCUMENT_NO": "code",
    "DOCUMENT_TYPE": "kind",
    "DOCUMENT_DATE": "date",
    "SUBJECT": "subject",
    "SENDER_CODE": "=G22",
    "SIGNER": "signer",
    "RECEIVERS": "receivers",
}
NUKEVIET = {
    "Số hiệu": "code",
    "Ngày ban hành": "date",
    "Tiêu đề": "subject",
    "Thể loại": "kind",
    "Người ký": "signer",
    "Cơ quan ban hành": "issuer",
    "Nơi nhận": "receivers",
    "Độ khẩn": "urgency",
}


def expect(columns: dict[str, str], **others: str | None) -> dict[str, str | None]:
    """Return the field of each column, from what the column holds."""
    fields = {
        "code": "code",
        "number": "code.number",
        "notation": "code.notation",
        "date": "promulgation.date",
        "iso": "promulgation.date",
        "kind": "document_type",
        "subject": "subject",
        "signer": "signer.full_name",
        "position": "signer.position",
        "urgency": "other_info.priority",
        "receivers": "receivers",
        "secrecy": "secrecy",
    }
    found: dict[str, str | None] = {}
    for column, key in columns.items():
        if key in fields:
            found.setdefault(fields[key], column)
    if "code" in found:
        found.pop("code.number", None)
    found.setdefault("secrecy", None)
    return found | others


SAMPLES: list[Sample] = [
    Sample(
        "v-office",
        delimited("CONNECT_DOCUMENT.csv", VOFFICE, ",", "utf-8-sig"),
        expect(VOFFICE),
        {"type": "csv", "charset": "utf-8", "delimiter": ","},
    ),
    Sample(
        "sync-ioffice",
        sqlite("CongVan_2025.db", "CongVanDi_ChoKy", IOFFICE),
        expect(IOFFICE),
        {"type": "sql", "cursor_column": "ID"},
    ),
    Sample(
        "egov-bkav",
        as_json("egov.json", lambda: {"code": 0, "data": {"items": records(EGOV)}}),
        expect(EGOV, **{"other_info.priority": "UrgentId"}),
        {"type": "json", "records": "data.items"},
    ),
    Sample(
        "dotnet-eoffice",
        dotnet_xml,
        {
            "code": "document_code",
            "subject": "abstract",
            "document_type": "document_type_name",
            "promulgation.date": "publish_date",
            "signer.full_name": "signer",
            "signer.position": "signer_position",
            "other_info.priority": "urgent",
            "receivers": "receivers",
            "secrecy": "secret",
        },
        {"type": "xml", "record": "/NewDataSet/Table"},
    ),
    Sample(
        "luu-tru-van-thu",
        delimited("VanBan.csv", LUUTRU, ";", "tcvn3"),
        expect(LUUTRU),
        {"type": "csv", "charset": "tcvn3", "delimiter": ";"},
    ),
    Sample(
        "java-oracle",
        delimited("vb_di.txt", ORACLE, "|", "utf-8"),
        expect(ORACLE),
        {"type": "csv", "delimiter": "|"},
    ),
    Sample(
        "laravel",
        as_json("vanban.jsonl", lambda: records(LARAVEL), lines=True),
        expect(LARAVEL, secrecy="domatvanban_id", **{"other_info.priority": "dokhanvanban_id"}),
        {"type": "json", "lines": True},
    ),
    Sample(
        "hai-phong",
        delimited("qlvb.tsv", HAIPHONG, "\t", "utf-8", ("Danh sách văn bản đi", "")),
        expect(HAIPHONG),
        {"type": "csv", "delimiter": "\\t", "header_row": 3},
    ),
    Sample(
        "odoo",
        as_json("odoo.json", lambda: records(ODOO)),
        expect(ODOO),
        {"type": "json"},
    ),
    Sample(
        "vnpt-flat",
        as_json("edxml-convert.json", lambda: records(VNPT)),
        expect(VNPT, receivers="header_messageheader_to_organid")
        | {"promulgation.place": "header_messageheader_promulgationinfo_place"},
        {"type": "json"},
    ),
    Sample(
        "dip",
        as_json("dip.json", lambda: {"DOCUMENTS": records(DIP)}),
        expect(DIP),
        {"type": "json", "records": "DOCUMENTS"},
    ),
    Sample(
        "nukeviet",
        delimited("dispatch.csv", NUKEVIET, ",", "vni"),
        expect(NUKEVIET),
        {"type": "csv", "charset": "vni"},
    ),
    Sample(
        "eoffice-mojibake",
        delimited("CongVanDi.csv", IOFFICE, ",", "utf8-tcvn3"),
        expect(IOFFICE),
        {"type": "csv", "charset": "utf8-tcvn3"},
    ),
    Sample(
        "register-nd30",
        workbook,
        {
            "code": "Số, ký hiệu văn bản",
            "promulgation.date": "Ngày tháng văn bản",
            "document_type": "Tên loại và trích yếu nội dung văn bản",
            "subject": "Tên loại và trích yếu nội dung văn bản",
            "signer.full_name": "Người ký",
            "receivers": "Nơi nhận văn bản",
            "other_info.promulgation_amount": "Số lượng bản",
            "secrecy": None,
        },
        {"type": "excel", "sheet": "Sổ đi 2025", "header_row": 4},
    ),
    Sample(
        "register-vntime",
        old_workbook,
        {
            field: look_alike(column)
            for field, column in {
                "code": "Số ký hiệu",
                "promulgation.date": "Ngày ban hành",
                "document_type": "Loại văn bản",
                "subject": "Trích yếu",
                "signer.full_name": "Người ký",
                "receivers": "Nơi nhận",
                "secrecy": "Độ mật",
            }.items()
        },
        {"type": "excel", "charset": "tcvn3"},
    ),
    Sample(
        "fixed-width",
        fixed,
        {
            "code": "So ky hieu",
            "promulgation.date": "Ngay VB",
            "document_type": "Loai VB",
            "subject": "Trich yeu",
            "signer.full_name": "Nguoi ky",
            "receivers": "Noi nhan",
            "secrecy": None,
        },
        {"type": "fixed", "skip_lines": 4},
    ),
    Sample(
        "foxpro",
        dbf,
        {
            "code": "SOKYHIEU",
            "promulgation.date": "NGAYVB",
            "document_type": "LOAIVB",
            "subject": "TRICHYEU",
            "signer.full_name": "NGUOIKY",
            "receivers": "NOINHAN",
            "secrecy": "DOMAT",
            "other_info.page_amount": "SOTRANG",
        },
        {"type": "dbf", "charset": "tcvn3"},
    ),
    Sample(
        "lotus-notes",
        dxl,
        {
            "code": "SoKyHieu",
            "promulgation.date": "NgayBanHanh",
            "document_type": "LoaiVanBan",
            "subject": "TrichYeu",
            "signer.full_name": "NguoiKy",
            "receivers": "NoiNhan",
            "secrecy": "DoMat",
        },
        {"type": "dxl", "form": "VanBanDi"},
    ),
]
