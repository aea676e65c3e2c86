from __future__ import annotations

import dataclasses
import io
import sys
import unicodedata
import zipfile

import pytest

from connector.edxml.endings import runs, split_name
from connector.edxml.kinds import Kind, check_kind, sniff
from connector.edxml.reader import read
from connector.edxml.rules import check_rules
from connector.edxml.writer import write
from connector.errors import PermanentError, Severity
from connector.model.content import BytesContent
from connector.model.envelope import Document


def _zip() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("word/document.xml", "<a/>")
    return out.getvalue()


PE = b"MZ\x90\x00\x03\x00\x00\x00\x04\x00\x00\x00\xff\xff" + bytes(200)
HIDDEN = {"Cc", "Cf", "Zl", "Zp"}
OLE2 = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(20)
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
ODT = "application/vnd.oasis.opendocument.text"


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"%PDF-1.7\n", Kind.PDF),
        (b"junk before\n%PDF-1.4", Kind.PDF),
        (b"\x89PNG\r\n\x1a\n\x00", Kind.PNG),
        (b"\xff\xd8\xff\xe0", Kind.JPEG),
        (b"II*\x00", Kind.TIFF),
        (b"MM\x00*", Kind.TIFF),
        (_zip(), Kind.ZIP),
        (b"PK\x05\x06" + bytes(18), Kind.ZIP),
        (OLE2, Kind.OLE2),
        (rb"{\rtf1\ansi", Kind.RTF),
        (b"Rar!\x1a\x07\x01\x00", Kind.RAR),
        (b"Rar!\x1a\x07\x00\xcf", Kind.RAR),
        (b"7z\xbc\xaf'\x1c\x00\x04", Kind.SEVEN_ZIP),
        (b"Rar! la mot dinh dang nen", Kind.OTHER),
        (b"<!DOCTYPE html><html>", Kind.HTML),
        (b"\xef\xbb\xbf\r\n <HTML lang='vi'>", Kind.HTML),
        (b"<script>alert(1)</script>", Kind.HTML),
        (b"<?xml version='1.0'?><html/>", Kind.XML),
        (b"<edXML/>", Kind.XML),
        (b"<htmlish/>", Kind.XML),
        ("<a/>".encode("utf-16"), Kind.XML),
        (b"\xfe\xff\x00<\x00a", Kind.XML),
        (PE, Kind.PROGRAM),
        (PE + b"%PDF-1.4", Kind.PROGRAM),
        (b"\x7fELF\x02\x01", Kind.PROGRAM),
        (b"#!/bin/sh\n", Kind.PROGRAM),
        (b"\xca\xfe\xba\xbe\x00\x00\x00\x34", Kind.PROGRAM),
        (b"\xfe\xed\xfa\xce", Kind.PROGRAM),
        (b"\xfe\xed\xfa\xcf", Kind.PROGRAM),
        (b"\xce\xfa\xed\xfe", Kind.PROGRAM),
        (b"\xcf\xfa\xed\xfe", Kind.PROGRAM),
        (b"L\x00\x00\x00\x01\x14\x02\x00", Kind.PROGRAM),
        ("MZ là hai chữ cái đầu của một văn bản thường, không phải chương trình".encode(), "other"),
        (b"plain text", Kind.OTHER),
        (b"< 5", Kind.OTHER),
        (b"", Kind.OTHER),
    ],
)
def test_kinds_by_first_bytes(head: bytes, kind: Kind) -> None:
    """The first bytes tell the kinds that agencies exchange, and programs before all."""
    assert sniff(head) == kind


def test_a_pdf_that_begins_too_late() -> None:
    """Only the first 1024 bytes count, as for the programs that open PDFs."""
    assert sniff(bytes(1019) + b"%PDF-") is Kind.PDF
    assert sniff(bytes(1020) + b"%PDF-") is Kind.OTHER
    assert sniff(b"MZ" + b" " * 61 + b"\x00") is Kind.PROGRAM
    assert sniff(b"MZ" + b" " * 62 + b"\x00") is Kind.OTHER


@pytest.mark.parametrize(
    ("head", "name", "content_type"),
    [
        (b"%PDF-1.7", "a.pdf", "application/pdf"),
        (b"%PDF-1.7", "a.PDF", "Application/PDF; charset=binary"),
        (b"%PDF-1.7", "a", "application/octet-stream"),
        (b"%PDF-1.7", "a.unknown", "application/unknown"),
        (_zip(), "a.docx", DOCX),
        (_zip(), "a.odt", ODT),
        (_zip(), "a.zip", "application/x-zip-compressed"),
        (OLE2, "a.doc", "application/msword"),
        (rb"{\rtf1", "a.doc", "application/msword"),
        (b"\xff\xd8\xff", "a.jpg", "image/jpg"),
        (b"xin ch\xc3\xa0o", "a.txt", "text/plain"),
        (b"<a/>", "a.txt", "text/plain"),
        (b"<!DOCTYPE html>", "a.html", "text/html"),
        (b"", "a.pdf", "application/pdf"),
        (b"Rar!\x1a\x07\x00", "a.rar", "application/vnd.rar"),
        (b"7z\xbc\xaf'\x1c\x00\x04", "a.7z", "application/x-7z-compressed"),
    ],
)
def test_what_is_as_it_is_called(head: bytes, name: str, content_type: str) -> None:
    """Nothing is found where bytes, type and name agree, or type and name claim nothing."""
    assert list(check_kind(head, name, content_type, "x")) == []


@pytest.mark.parametrize(
    ("head", "name", "content_type", "claim", "kind"),
    [
        (b"<html>", "a.pdf", "application/pdf", "application/pdf", "HTML"),
        (b"text", "a.pdf", "application/pdf", "application/pdf", "other"),
        (OLE2, "a.docx", DOCX, DOCX, "OLE2"),
        (OLE2, "a.odt", ODT, ODT, "OLE2"),
        (b"%PDF-1", "a.docx", "application/pdf", ".docx", "PDF"),
        (b"%PDF-1", "a.docx ", "application/octet-stream", ".docx", "PDF"),
        (b"%PDF-1", "a.txt", "text/plain", "text/plain", "PDF"),
        (_zip(), "a.doc", "application/msword", "application/msword", "ZIP"),
        (_zip(), "a.rar", "application/octet-stream", ".rar", "ZIP"),
        (b"Rar!\x1a\x07\x00", "a.zip", "application/zip", "application/zip", "RAR"),
    ],
)
def test_what_is_called_something_else(
    head: bytes, name: str, content_type: str, claim: str, kind: str
) -> None:
    """One warning names the claim that does not hold, and the real kind."""
    (found,) = check_kind(head, name, content_type, "x")
    assert (found.code, found.severity, found.place) == ("EDX-2319", Severity.WARNING, "x")
    assert f"called {claim}," in found.en
    assert f"({kind})" in found.en
    assert f"({kind})" in found.vi


def test_a_long_type_is_cut() -> None:
    """A type of any length makes a finding of limited length."""
    claim = "application/vnd.openxmlformats-officedocument." + "x" * 5000
    (found,) = check_kind(b"x", "a.docx", claim, "x")
    assert len(found.en) < 300


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (PE, "a.pdf"),
        (b"%PDF-1.7", "a.pdf.exe"),
        (b"x", "a.JS"),
        (b"x", "a.bat. "),
        (_zip(), "a.jar"),
        (b"", "a.cmd"),
        (b"x", "a.pif"),
        (b"x", "a.cpl"),
        (b"x", "a.bat\u2060"),
        (b"x", "a.bat\t"),
        (b"x", "a.exe::$DATA"),
        (b"x", "a.exe. ::$data"),
        (b"x", "cai-dat.application"),
        (b"[InternetShortcut]", "Giấy mời.url"),
        (b"[InternetShortcut]", "a.WEBSITE"),
        (b"<PCSettings>", "Màn hình.SettingContent-ms"),
        (b"<a/>", "a.search-ms"),
        (b"[Version]", "a.inf"),
        (b"MSCF", "a.diagcab"),
        (OLE2, "a.mst"),
    ],
)
def test_programs_are_errors(head: bytes, name: str) -> None:
    """A program by its bytes or by its name is an error, whatever type is claimed."""
    (found,) = check_kind(head, name, "application/pdf", "x")
    assert (found.code, found.severity) == ("EDX-2318", Severity.ERROR)


def test_no_invisible_character_hides_a_program() -> None:
    """Wherever one stands in the ending: what is stored is what is seen."""
    unseen = [
        sign for sign in map(chr, range(sys.maxunicode + 1)) if unicodedata.category(sign) in HIDDEN
    ]
    assert {"\u00ad", "\u180e", "\u206a", "\ufff9", "\U000e0061"} <= set(unseen)
    for sign in unseen:
        for name in (f"a.b{sign}at", f"a.bat{sign}", f"a{sign}.{sign}bat"):
            (found,) = check_kind(b"x", name, "application/octet-stream", "x")
            assert found.code == "EDX-2318", ascii(name)


@pytest.mark.parametrize(
    "content_type",
    [
        "application/javascript",
        "Text/JavaScript; charset=utf-8",
        "application/x-sh",
        "application/x-msdos-program",
        "application/hta",
    ],
)
@pytest.mark.parametrize("name", ["Giấy mời", "Giấy mời.", "a.ｊｓ", "v1.2 bản cuối", "a/b\u200b"])
def test_a_type_that_would_make_a_program_of_a_name(name: str, content_type: str) -> None:
    """Where the name has no ending, the type's is stored: that of a program is refused."""
    (found,) = check_kind(b"x", name, content_type, "x")
    assert found.code == "EDX-2318"
    assert list(check_kind(b"x", "Giấy mời.dat", content_type, "x")) == []


@pytest.mark.parametrize("name", ["Họp lúc 8.30: x.com", "Công văn 5.PL", "12.VB", "a.com: b.tdt"])
def test_honest_names_with_dots_and_colons(name: str) -> None:
    """Only what would run is refused; `x.com` alone would."""
    found = list(check_kind(b"x", name, "application/octet-stream", "x"))
    assert [each.code for each in found] == (["EDX-2318"] if name.endswith(".com") else [])


def _with(document: Document, data: bytes, name: str, content_type: str) -> Document:
    attachment = dataclasses.replace(
        document.attachments[0], content=BytesContent(data), name=name, content_type=content_type
    )
    return dataclasses.replace(document, attachments=(attachment,))


def test_programs_neither_leave_nor_arrive(document: Document) -> None:
    """The sender's rules find a program, and no reader hands one over."""
    packet = _with(document, PE, "a.pdf", "application/pdf")
    today = document.promulgation.date
    assert [each.code for each in check_rules(packet, today=today)] == ["EDX-2318"]
    with pytest.raises(PermanentError) as caught:
        read(write(packet))
    assert [each.code for each in caught.value.findings] == ["EDX-2318"]
    assert caught.value.findings[0].place == "AttachmentEncoded/Attachment"


def test_disguise_is_told_and_delivered(document: Document) -> None:
    """A file of another kind is delivered with a warning on both sides."""
    packet = _with(document, b"<html/>", "a.pdf", "application/pdf")
    today = document.promulgation.date
    assert [each.code for each in check_rules(packet, today=today)] == ["EDX-2319"]
    reading = read(write(packet))
    assert [each.code for each in reading.findings] == ["EDX-2319"]
    assert reading.envelope == packet


@pytest.mark.parametrize(
    ("name", "content_type"),
    [
        ("a.pdf.exe", "application/pdf"),
        ("Giay-moi.b\u00adat", "application/octet-stream"),
        ("Giấy mời", "application/x-sh"),
        ("Giấy mời\u2060.p\ufeffif", "text/plain"),
    ],
)
def test_names_that_run_neither_leave_nor_arrive(
    document: Document, name: str, content_type: str
) -> None:
    """Sender and receiver judge the name that is stored, whatever the name as sent looks like."""
    assert runs(split_name(name, content_type)[1])
    packet = _with(document, b"@echo off", name, content_type)
    found = check_rules(packet, today=document.promulgation.date)
    assert "EDX-2318" in [each.code for each in found]
    with pytest.raises(PermanentError) as caught:
        read(write(packet))
    assert [each.code for each in caught.value.findings] == ["EDX-2318"]
