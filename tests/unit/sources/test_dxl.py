"""Exports of Lotus Notes, as Domino writes them."""

from __future__ import annotations

import base64
import datetime as dt
from decimal import Decimal

import pytest

from connector.clock import VIETNAM
from connector.errors import RecordError
from connector.model.content import read_all
from connector.sources import file_codes
from tests.unit.sources.conftest import Desk

DXL = "type: dxl, path: e.dxl"
PDF = b"%PDF-1.7 \x00\xff" * 50


def document(items: str, form: str = "VanBan") -> str:
    """Return one document with its items."""
    return f"<document form='{form}'><noteinfo noteid='8FA' unid='A1'/>{items}</document>"


def file_item(name: str, data: bytes, *, size: int | None = None, padded: bool = True) -> str:
    """Return a $FILE item as DxlExporter writes it."""
    text = base64.encodebytes(data).decode()
    text = text if padded else text.rstrip("=\n")
    return (
        "<item name='$FILE' summary='true' sign='true'><object><file hosttype='msdos'"
        f" compression='none' flags='storedindoc' encoding='none' name='{name}'"
        f" size='{len(data) if size is None else size}'><created><datetime>20260105T080000,00+07"
        f"</datetime></created><filedata>\n{text}</filedata></file></object></item>"
    )


def write(desk: Desk, *documents: str) -> None:
    """Write an export with its document type."""
    head = (
        "<?xml version='1.0' encoding='utf-8'?>\n"
        "<!DOCTYPE database SYSTEM 'xmlschemas/domino_9_0_1.dtd'>\n"
        "<database xmlns='http://www.lotus.com/dxl' version='9.0' title='Văn bản'>"
    )
    desk.file("e.dxl", f"{head}<databaseinfo dbid='1'/>{''.join(documents)}</database>")


def test_items_are_columns_of_their_types(desk: Desk) -> None:
    """Texts, lists, numbers, days, moments in Vietnam time and times of day."""
    write(
        desk,
        document(
            "<item name='So'><text>15<break/>a</text></item>"
            "<item name='Noi'><textlist><text>G22</text><text>H41</text></textlist></item>"
            "<item name='Trang'><number>3</number></item>"
            "<item name='Phi'><number>1.50</number></item>"
            "<item name='Ngay'><datetime>20260105</datetime></item>"
            "<item name='Luc'><datetime dst='true'>20010424T132608,39-04</datetime></item>"
            "<item name='Gio'><datetime>T083000,00</datetime></item>"
            "<item name='Trong'><textlist/></item><item name='Tinh'><formula>@Now</formula></item>"
        ),
    )

    records, refusals = desk.results(DXL)

    assert not refusals
    assert dict(records[0].values) == {
        "@form": "VanBan",
        "@unid": "A1",
        "So": "15\na",
        "Noi": "G22;H41",
        "Trang": 3,
        "Phi": Decimal("1.50"),
        "Ngay": dt.date(2026, 1, 5),
        "Luc": dt.datetime(2001, 4, 25, 0, 26, 8, tzinfo=VIETNAM),
        "Gio": dt.time(8, 30),
        "Trong": None,
        "Tinh": None,
    }
    assert records[0].place == "e.dxl:document[1]"


def test_rich_text_becomes_lines(desk: Desk) -> None:
    """Paragraphs and cells are lines; styles, pictures and file icons say nothing."""
    write(
        desk,
        document(
            "<item name='Body'><richtext><pardef id='1'/><par def='1'><run><font size='12pt'/>Kính"
            " gửi:</run><run> Bộ</run></par>\n<par><run>a<break/>b</run></par>"
            "<table><tablecolumn width='1in'/><tablerow><tablecell><par>ô 1</par></tablecell>"
            "<tablecell><par>ô 2</par></tablecell></tablerow></table>"
            "<par><attachmentref name='a.pdf'><picture><gif>R0lG</gif><caption>a.pdf</caption>"
            "</picture></attachmentref> hết</par></richtext></item>"
        ),
    )

    records, _ = desk.results(DXL)

    assert records[0].values["Body"] == "Kính gửi: Bộ\na\nb\nô 1\nô 2\nhết"


@pytest.mark.parametrize("padded", [True, False])
@pytest.mark.parametrize("length", [1, 2, 3, 4, 1000])
def test_files_in_the_document_are_its_attachments(desk: Desk, padded: bool, length: int) -> None:
    """By name, in NFC; base64 with and without its padding, whatever it is labelled."""
    data = (PDF * 3)[:length]
    write(desk, document(file_item("quyết định.pdf", data, padded=padded)))
    source = desk.open(DXL)

    record = next(iter(source.read(None))).records[0]

    assert record.values["$FILE"] == "quyết định.pdf"
    content = source.attachment(record, "quyết định.pdf")
    assert read_all(content) == data
    with pytest.raises(RecordError):
        source.attachment(record, "other.pdf")


def test_files_that_were_left_out_are_beside_the_export(desk: Desk) -> None:
    """An export without bytes names the file, which is then looked for in the directory."""
    desk.file("files/a.pdf", PDF)
    item = "<item name='$FILE'><object><file name='a.pdf' size='9'/></object></item>"
    write(desk, document(item))
    source = desk.open(f"{DXL}, attachments_directory: files")

    record = next(iter(source.read(None))).records[0]

    assert read_all(source.attachment(record, "a.pdf")) == PDF


@pytest.mark.parametrize(
    ("items", "code"),
    [
        (file_item("a.pdf", PDF, size=7), file_codes.FILE_DAMAGED.code),
        (file_item("a.pdf", PDF).replace("JVBE", "J*BE"), file_codes.FILE_DAMAGED.code),
        (file_item("a.pdf", PDF) * 2, file_codes.FILE_TWICE.code),
        ("<item name='$FILE'><object/></item>", file_codes.ITEM_UNREADABLE.code),
        ("<item name='N'><number>x</number></item>", file_codes.ITEM_UNREADABLE.code),
        ("<item name='N'><number>Infinity</number></item>", file_codes.ITEM_UNREADABLE.code),
        ("<item name='N'><datetime>20261305</datetime></item>", file_codes.ITEM_UNREADABLE.code),
        ("<item name='N'><datetime/></item>", file_codes.ITEM_UNREADABLE.code),
        ("<item name='N'><rawitemdata type='502'>AA</rawitemdata></item>", "EDX-4054"),
    ],
)
def test_a_bad_item_refuses_its_document(desk: Desk, items: str, code: str) -> None:
    """Nothing is put in its place; the next document is read."""
    write(desk, document(items), document("<item name='So'><text>1</text></item>"))

    records, refusals = desk.results(DXL)

    assert [record.values["So"] for record in records] == ["1"]
    assert [refused.findings[0].code for refused in refusals] == [code]
    assert refusals[0].place == "e.dxl:document[1]"


def test_items_that_nobody_asked_for_do_no_harm(desk: Desk) -> None:
    """With configured columns only these are read."""
    write(
        desk,
        document(
            "<item name='So'><text>1</text></item><item name='X'><rawitemdata type='502'/></item>"
        ),
    )

    records, refusals = desk.results(f"{DXL}, columns: [So, '@unid']")

    assert dict(records[0].values) == {"So": "1", "@unid": "A1"}
    assert not refusals


def test_only_documents_of_the_form_are_read(desk: Desk) -> None:
    """A database has other documents too; the place still counts all of them."""
    item = "<item name='So'><text>1</text></item>"
    write(desk, document(item, "Profile"), document(item))

    records, _ = desk.results(f"{DXL}, form: VanBan")

    assert [record.place for record in records] == ["e.dxl:document[2]"]


def test_a_document_type_with_definitions_is_refused(desk: Desk) -> None:
    """Only the name of an external file is passed over, and the file is not read."""
    desk.file("e.dxl", "<!DOCTYPE database [<!ENTITY x 'y'>]><database>&x;</database>")

    _, refusals = desk.results(DXL)

    assert refusals[0].findings[0].code == file_codes.XML_FORBIDDEN.code


def test_batches_are_limited_by_the_bytes_of_their_files(desk: Desk) -> None:
    """Ten documents with three megabytes each are not held at once."""
    big = file_item("a.pdf", b"x" * (3 << 20))
    write(desk, *[document(big)] * 10)

    sizes = [len(batch.records) for batch in desk.open(DXL).read(None)]

    assert sum(sizes) == 10
    assert max(sizes) <= 6
