"""The table of kinds against files as programs really write them (docs/adr/0016)."""

from __future__ import annotations

import importlib
import io
import shutil
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fpdf
import openpyxl
import pytest
from PIL import Image

from connector.edxml.kinds import HEAD, Kind, check_kind, sniff

DOCM = "application/vnd.ms-word.document.macroEnabled.12"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
ODT = "application/vnd.oasis.opendocument.text"


def pdf() -> bytes:
    """Return a PDF of fpdf2."""
    document = fpdf.FPDF()
    document.add_page()
    return bytes(document.output())


def xls() -> bytes:
    """Return a workbook in OLE2 of xlwt."""
    book: Any = importlib.import_module("xlwt").Workbook()
    out = io.BytesIO()
    book.add_sheet("a")
    book.save(out)
    return out.getvalue()


def xlsx() -> bytes:
    """Return a workbook of openpyxl."""
    out = io.BytesIO()
    openpyxl.Workbook().save(out)
    return out.getvalue()


def zipped(*names: str) -> bytes:
    """Return an archive with some files, as office programs order them."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(name, "<a/>" * 30)
    return out.getvalue()


def image(kind: str) -> Callable[[], bytes]:
    """Return a maker of a picture of Pillow."""

    def make() -> bytes:
        out = io.BytesIO()
        Image.new("RGB", (8, 8)).save(out, kind)
        return out.getvalue()

    return make


@pytest.mark.parametrize(
    ("make", "kind", "name", "content_type"),
    [
        (pdf, Kind.PDF, "a.pdf", "application/pdf"),
        (xls, Kind.OLE2, "a.xls", "application/vnd.ms-excel"),
        (xlsx, Kind.ZIP, "a.xlsx", XLSX),
        (lambda: zipped("[Content_Types].xml", "word/document.xml"), Kind.ZIP, "a.docx", DOCX),
        (lambda: zipped("[Content_Types].xml", "word/vbaProject.bin"), Kind.ZIP, "a.docm", DOCM),
        (lambda: zipped("mimetype", "content.xml"), Kind.ZIP, "a.odt", ODT),
        (zipped, Kind.ZIP, "a.zip", "application/zip"),
        (image("PNG"), Kind.PNG, "a.png", "image/png"),
        (image("JPEG"), Kind.JPEG, "a.jpg", "image/jpeg"),
        (image("TIFF"), Kind.TIFF, "a.tif", "image/tiff"),
        ("Kính gửi: Bộ Nội vụ".encode, Kind.OTHER, "a.txt", "text/plain"),
        ("MZ là tên một dự án".encode, Kind.OTHER, "a.txt", "text/plain"),
        ("BM là bộ môn".encode, Kind.OTHER, "a.txt", "text/plain"),
        ("<edXML/>".encode, Kind.XML, "a.xml", "text/xml"),
    ],
)
def test_documents(make: Callable[[], bytes], kind: Kind, name: str, content_type: str) -> None:
    """Each is what it is, and none is told to be anything else than it is called."""
    head = make()[:HEAD]
    assert sniff(head) is kind
    assert list(check_kind(head, name, content_type, "x")) == []


def test_programs(tmp_path: Path) -> None:
    """Programs of this machine are refused under a document's name and type."""
    shell = tmp_path / "don.pdf"
    shell.write_text(f"#!{shutil.which('sh')}\necho x\n", encoding="utf-8")
    for program in (Path(sys.executable).resolve(), shell):
        head = program.read_bytes()[:HEAD]
        (found,) = check_kind(head, "don.pdf", "application/pdf", "x")
        assert found.code == "EDX-2318", program


def test_a_late_pdf() -> None:
    """Mail gateways and scanners put bytes before a PDF; readers open it all the same."""
    assert sniff(b"\r\n--gateway--\r\n" + pdf()[: HEAD // 2]) is Kind.PDF
