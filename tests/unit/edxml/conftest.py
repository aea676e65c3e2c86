"""A document and a status in which every field is filled."""

from __future__ import annotations

import datetime as dt

import pytest

from connector.clock import VIETNAM
from connector.model.content import BytesContent
from connector.model.envelope import (
    Attachment,
    Business,
    BusinessType,
    Document,
    DocumentCode,
    DocumentType,
    Evidence,
    Organization,
    OtherInfo,
    Priority,
    Promulgation,
    ResponseFor,
    Signer,
    Staff,
    StatusCode,
    StatusReport,
    TraceHeader,
)

_DAY = dt.date(2026, 1, 5)
_MOMENT = dt.datetime(2026, 1, 5, 8, 0, tzinfo=VIETNAM)
_SENDER = Organization(
    organ_id="G22",
    organ_name="Văn phòng Chính phủ",
    organization_in_charge="Chính phủ",
    organ_add="Số 1 Hoàng Hoa Thám, Hà Nội",
    email="vpcp@example.vn",
    telephone="080 43162",
    fax="080 44130",
    website="https://example.vn",
)
_OTHER_INFO = OtherInfo(
    priority=Priority.URGENT,
    sphere_of_promulgation="LƯU HÀNH NỘI BỘ",
    typer_notation="NVA",
    promulgation_amount=3,
    page_amount=2,
    direction=False,
    appendixes=("Phụ lục I",),
)
_ANSWERED = ResponseFor(
    organ_id="G09",
    code="12/BNV-VP",
    promulgation_date=dt.date(2025, 12, 30),
    document_id="G09,2025/12/30,12/BNV-VP",
)
_FILE = Attachment(
    content_id="6f1d3f0c-58f4-4c0e-9d0e-6b1f5d0b8a11",
    name="05-VPCP-KSTT.pdf",
    content_type="application/pdf",
    content=BytesContent(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n"),
    description="Toàn văn",
)


@pytest.fixture
def document() -> Document:
    """A new document with one attachment."""
    return Document(
        sender=_SENDER,
        receivers=(
            Organization(organ_id="G09", organ_name="Bộ Nội vụ"),
            Organization(organ_id="H41", organ_name="UBND tỉnh Nghệ An"),
        ),
        code=DocumentCode("05", "VPCP-KSTT"),
        promulgation=Promulgation("Hà Nội", _DAY),
        document_type=DocumentType(type=2, type_detail=18, type_name="Công văn"),
        subject="V/v kết nối, liên thông phần mềm quản lý văn bản & điều hành",
        content="Nội dung <tóm tắt>",
        signer=Signer(full_name="Trần Văn A", position="Phó Chủ nhiệm", competence="KT. BỘ TRƯỞNG"),
        due_date=dt.date(2026, 1, 20),
        to_places=("Như trên", "Lưu: VT, KSTT"),
        other_info=_OTHER_INFO,
        response_for=(_ANSWERED,),
        steering_type=1,
        document_id="G22,2026/01/05,05/VPCP-KSTT",
        traces=(TraceHeader("G22", _MOMENT),),
        business=Business(
            type=BusinessType.NEW,
            reason="Văn bản điện tử mới",
            paper=False,
            staff=(Staff(department="Văn thư", staff="Lê Thị B", mobile="0900000000"),),
        ),
        attachments=(_FILE,),
    )


@pytest.fixture
def status() -> StatusReport:
    """An arrival notice with evidence."""
    return StatusReport(
        sender=Organization(organ_id="G09", organ_name="Bộ Nội vụ"),
        response_for=ResponseFor(
            organ_id="G22",
            code="05/VPCP-KSTT",
            promulgation_date=_DAY,
            document_id="G22,2026/01/05,05/VPCP-KSTT",
        ),
        staff=Staff(department="Văn thư", staff="Lê Thị B", mobile="0900000000", email="b@b.vn"),
        status_code=StatusCode.ARRIVED,
        description="Văn bản đã đến",
        timestamp=_MOMENT,
        evidence=Evidence(digest="ab" * 32, journal_head="cd" * 32),
    )
