"""Packets as records."""

from __future__ import annotations

import datetime as dt

import pytest

from connector.edxml.writer import write
from connector.model.content import BytesContent, read_all
from connector.model.envelope import (
    Attachment,
    Document,
    DocumentCode,
    DocumentType,
    Organization,
    OtherInfo,
    Priority,
    Promulgation,
    ResponseFor,
    Signer,
    StatusCode,
    StatusReport,
)
from connector.model.packet import AttachmentEncoding, ChildOrder, WriteOptions
from connector.sources import file_codes
from connector.sources.edxml import COLUMNS
from tests.unit.sources.conftest import Desk

EDXML = "type: edxml, path: 'in/*.edxml'"
SENDER = Organization(organ_id="G22", organ_name="Văn phòng Chính phủ", email="a@b.vn")


def attachment(name: str, data: bytes) -> Attachment:
    """Return a file of a packet."""
    return Attachment(
        content_id=f"id-{len(data)}",
        name=name,
        content_type="application/pdf",
        content=BytesContent(data),
    )


def document(*attachments: Attachment) -> Document:
    """Return a document with a bit of everything."""
    return Document(
        sender=SENDER,
        receivers=(
            Organization(organ_id="G09", organ_name="Bộ Nội vụ"),
            Organization(organ_id="H41", organ_name="Nghệ An"),
        ),
        code=DocumentCode("15", "QĐ-VPCP"),
        promulgation=Promulgation("Hà Nội", dt.date(2026, 1, 5)),
        document_type=DocumentType(type=2, type_name="Quyết định"),
        subject="Về việc",
        signer=Signer(full_name="Nguyễn Văn A"),
        document_id="G22,2026/01/05,15/QĐ-VPCP",
        to_places=("Như trên", "Lưu: VT"),
        other_info=OtherInfo(priority=Priority.URGENT, page_amount=3),
        attachments=attachments,
    )


@pytest.mark.parametrize("order", ChildOrder)
@pytest.mark.parametrize("encoding", AttachmentEncoding)
def test_a_packet_of_either_dialect_is_a_record(
    desk: Desk, order: ChildOrder, encoding: AttachmentEncoding
) -> None:
    """Fields by their paths, several values in one cell, files by their names."""
    options = WriteOptions(order=order, attachment_encoding=encoding)
    files = attachment("quyết định.pdf", b"%PDF-1"), attachment("b.pdf", b"%PDF-22")
    desk.file("in/1.edxml", write(document(*files), options))
    source = desk.open(f"{EDXML}, list_separator: '|'")

    record = next(iter(source.read(None))).records[0]

    assert tuple(record.values) == COLUMNS
    told = {name: value for name, value in record.values.items() if value is not None}
    assert told == {
        "sender.organ_id": "G22",
        "sender.organ_name": "Văn phòng Chính phủ",
        "sender.email": "a@b.vn",
        "receivers.organ_id": "G09|H41",
        "receivers.organ_name": "Bộ Nội vụ|Nghệ An",
        "code": "15/QĐ-VPCP",
        "code.number": "15",
        "code.notation": "QĐ-VPCP",
        "promulgation.place": "Hà Nội",
        "promulgation.date": dt.date(2026, 1, 5),
        "document_type.type": 2,
        "document_type.type_name": "Quyết định",
        "subject": "Về việc",
        "signer.full_name": "Nguyễn Văn A",
        "document_id": "G22,2026/01/05,15/QĐ-VPCP",
        "to_places": "Như trên|Lưu: VT",
        "other_info.priority": 1,
        "other_info.page_amount": 3,
        "attachments": "quyết định.pdf|b.pdf",
    }
    assert read_all(source.attachment(record, "quyết định.pdf")) == b"%PDF-1"
    assert read_all(source.attachment(record, "b.pdf")) == b"%PDF-22"


def test_what_is_no_document_is_refused(desk: Desk) -> None:
    """Statuses, other XML and damaged packets, each file for itself."""
    status = StatusReport(
        sender=SENDER,
        response_for=ResponseFor(
            organ_id="G09", code="1/X", promulgation_date=dt.date(2026, 1, 5), document_id="d"
        ),
        status_code=StatusCode.ARRIVED,
        timestamp=dt.datetime(2026, 1, 5, tzinfo=dt.UTC),
    )
    twice = document(attachment("a.pdf", b"1"), attachment("a.pdf", b"22"))
    desk.file("in/1.edxml", write(status))
    desk.file("in/2.edxml", "<a/>")
    desk.file("in/3.edxml", write(document())[:-9])
    desk.file("in/4.edxml", write(twice))
    desk.file("in/5.edxml", b"")
    desk.file("in/6.edxml", write(document()))

    records, refusals = desk.results(f"{EDXML}, list_separator: '|'")

    assert [record.place for record in records] == ["in/6.edxml:1"]
    assert [refused.place for refused in refusals] == [f"in/{i}.edxml:1" for i in range(1, 6)]
    assert refusals[0].findings[0].code == file_codes.NOT_A_DOCUMENT.code
    assert refusals[3].findings[0].code == file_codes.FILE_TWICE.code
    assert all(r.findings[0].place.startswith("in/") for r in refusals)
