"""Golden packets, byte by byte: what other systems get from us never changes unnoticed.

After a wanted change write them anew with ``UPDATE_GOLDEN=1`` and read the difference.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import os
import uuid
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from connector.clock import VIETNAM
from connector.edxml.pack import pack
from connector.edxml.reader import read
from connector.edxml.validate import validate
from connector.model.content import BytesContent
from connector.model.envelope import (
    Attachment,
    Business,
    BusinessType,
    Document,
    DocumentCode,
    DocumentType,
    Envelope,
    Evidence,
    InformationChange,
    Organization,
    OtherInfo,
    Priority,
    Promulgation,
    ReceiverChange,
    Replacement,
    ResponseFor,
    Signer,
    Staff,
    StatusCode,
    StatusReport,
    TraceHeader,
)
from connector.model.packet import AttachmentEncoding, ChildOrder, WriteOptions

_PACKETS = Path(__file__).parent / "packets"
_TODAY = dt.date(2026, 1, 6)
_MOMENT = dt.datetime(2026, 1, 5, 9, 30, tzinfo=VIETNAM)
_OFFICE = Organization(
    organ_id="G22",
    organization_in_charge="Chính phủ",
    organ_name="Văn phòng Chính phủ",
    organ_add="Số 1 đường Mẫu, Hà Nội",
    email="vanthu@vpcp.example",
    telephone="024 0000 0000",
    fax="024 0000 0001",
    website="https://vpcp.example",
)
_MINISTRY = Organization(organ_id="G09", organ_name="Bộ Nội vụ")
_PROVINCE = Organization(organ_id="H41", organ_name="Ủy ban nhân dân tỉnh Nghệ An")
_ID = "G22,2026/01/05,05/VPCP-KSTT"
_STAFF = Staff(
    department="Phòng Văn thư",
    staff="Nguyễn Thị Mẫu",
    mobile="0900000000",
    email="mau@vpcp.example",
)


def _file(name: str, content_type: str, content: bytes) -> Attachment:
    return Attachment(
        content_id=str(uuid.uuid5(uuid.NAMESPACE_URL, name)),
        name=name,
        content_type=content_type,
        content=BytesContent(content),
        description=f"Tệp {name}",
    )


_MINIMAL = Document(
    sender=Organization(organ_id="G22", organ_name="Văn phòng Chính phủ"),
    receivers=(_MINISTRY,),
    code=DocumentCode("05", "VPCP-KSTT"),
    promulgation=Promulgation("Hà Nội", dt.date(2026, 1, 5)),
    document_type=DocumentType(type=2, type_name="Công văn"),
    subject="V/v liên thông văn bản",
    signer=Signer(full_name="Trần Văn Mẫu"),
    document_id=_ID,
    traces=(TraceHeader("G22", _MOMENT),),
)
_NEW = dataclasses.replace(
    _MINIMAL,
    sender=_OFFICE,
    receivers=(_MINISTRY, _PROVINCE),
    document_type=DocumentType(type=2, type_detail=18, type_name="Công văn"),
    subject='V/v liên thông văn bản & dữ liệu: "một cửa" <giai đoạn 2>',
    content="Đề nghị các cơ quan báo cáo kết quả",
    signer=Signer(full_name="Trần Văn Mẫu", position="Phó Chủ nhiệm", competence="KT. BỘ TRƯỞNG"),
    due_date=dt.date(2026, 1, 20),
    to_places=("Như trên", "Lưu: VT, KSTT (2)"),
    other_info=OtherInfo(
        priority=Priority.VERY_URGENT,
        sphere_of_promulgation="LƯU HÀNH NỘI BỘ",
        typer_notation="NTM",
        promulgation_amount=10,
        page_amount=3,
        direction=True,
        appendixes=("Phụ lục I", "Phụ lục II"),
        reply_fors=("01/BNV-VP",),
        reference_codes=("28/2018/QĐ-TTg",),
    ),
    response_for=(
        ResponseFor(
            organ_id="G09",
            code="01/BNV-VP",
            promulgation_date=dt.date(2026, 1, 2),
            document_id="G09,2026/01/02,01/BNV-VP",
        ),
    ),
    steering_type=1,
    response_for_task=("NV-2026-001",),
    application_type="QLVB",
    business=Business(
        type=BusinessType.NEW, reason="Văn bản điện tử mới", paper=False, staff=(_STAFF,)
    ),
    attachments=(
        _file("05-VPCP-KSTT.pdf", "application/pdf", b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n%%EOF\n"),
        _file("Phụ lục.txt", "text/plain", "Phụ lục kèm theo\n".encode()),
    ),
)
_SELF = ResponseFor(
    organ_id="G22",
    code="05/VPCP-KSTT",
    promulgation_date=dt.date(2026, 1, 5),
    document_id=_ID,
)


def _act(kind: BusinessType, reason: str, **business: Any) -> Document:
    acting = Business(type=kind, reason=reason, staff=(_STAFF,), **business)
    return dataclasses.replace(_MINIMAL, sender=_OFFICE, business=acting)


_RECALL = dataclasses.replace(
    _act(BusinessType.RECALL, "Thu hồi văn bản điện tử", document_id=_ID), response_for=(_SELF,)
)
_UPDATE = _act(
    BusinessType.UPDATE,
    "Cập nhật văn bản điện tử",
    document_id=_ID,
    changes=(
        InformationChange(
            document_info=False,
            document_receiver=True,
            receivers=(ReceiverChange("H41", added=True), ReceiverChange("H49", added=False)),
        ),
    ),
)
_REPLACE = dataclasses.replace(
    _act(
        BusinessType.REPLACE,
        "Văn bản thay thế",
        replacements=(
            Replacement("G22,2025/12/30,7816/VPCP-KSTT", ("G09",)),
            Replacement("G22,2025/12/31,7820/VPCP-KSTT", ("G09",)),
        ),
    ),
    attachments=_NEW.attachments[:1],
)
_REASONS = {
    StatusCode.REFUSED: "Từ chối tiếp nhận: văn bản gửi sai nơi nhận",
    StatusCode.TAKE_BACK: "Yêu cầu lấy lại văn bản điện tử: sai phụ lục",
    StatusCode.CHANGE_REFUSED: "Từ chối cập nhật: văn bản đã xử lý xong",
}


def _status(code: StatusCode) -> StatusReport:
    return StatusReport(
        sender=_MINISTRY,
        response_for=_SELF,
        staff=_STAFF,
        status_code=code,
        description=_REASONS.get(code),
        timestamp=_MOMENT,
        evidence=Evidence(digest="ab" * 32, journal_head="cd" * 32),
    )


_PLAIN = WriteOptions()
_CASES: dict[str, tuple[Envelope, WriteOptions]] = {
    "0-minimal": (_MINIMAL, _PLAIN),
    "0-new": (_NEW, _PLAIN),
    "0-new-java": (_NEW, WriteOptions(order=ChildOrder.JAVA)),
    "0-new-raw": (_NEW, WriteOptions(attachment_encoding=AttachmentEncoding.RAW)),
    "1-recall": (_RECALL, _PLAIN),
    "2-update": (_UPDATE, _PLAIN),
    "3-replace": (_REPLACE, _PLAIN),
    **{f"status-{code.value}": (_status(code), _PLAIN) for code in StatusCode},
}


@pytest.mark.parametrize("name", list(_CASES))
def test_packet_is_written_byte_for_byte(name: str) -> None:
    """Every business type and status gives exactly the bytes on record."""
    envelope, options = _CASES[name]
    data = pack(envelope, options, today=_TODAY).data
    golden = _PACKETS / f"{name}.edxml"
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_bytes(data)
    assert data == golden.read_bytes()


@pytest.mark.parametrize("name", list(_CASES))
def test_packet_on_record_is_sound(name: str) -> None:
    """What is on record is canonical, without findings, and reads back as what was meant."""
    data = (_PACKETS / f"{name}.edxml").read_bytes()
    assert etree.tostring(etree.fromstring(data), method="c14n", exclusive=True) == data
    assert validate(data, today=_TODAY) == ()
    assert read(data).envelope == _CASES[name][0]


def test_no_packet_on_record_is_forgotten() -> None:
    """Each file belongs to a case."""
    assert {path.stem for path in _PACKETS.glob("*.edxml")} == set(_CASES)
