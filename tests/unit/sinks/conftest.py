"""A received document with everything in it, for the tests of this room."""

from __future__ import annotations

import datetime as dt

import pytest

from connector.model.content import BytesContent
from connector.model.envelope import (
    Attachment,
    Business,
    BusinessType,
    Document,
    DocumentCode,
    DocumentType,
    Organization,
    OtherInfo,
    Priority,
    Promulgation,
    Replacement,
    ResponseFor,
    Signer,
)
from connector.model.inbound import Inbound


def _replacing() -> Document:
    """Return a replacing document with two files, one of a hostile name."""
    return Document(
        sender=Organization(organ_id="G22", organ_name="Văn phòng Chính phủ"),
        receivers=(
            Organization(organ_id="H41", organ_name="UBND tỉnh Nghệ An"),
            Organization(organ_id="G09", organ_name="Bộ Nội vụ"),
        ),
        code=DocumentCode("05", "2018/QĐ-TTg"),
        promulgation=Promulgation("Hà Nội", dt.date(2018, 7, 12)),
        document_type=DocumentType(type=2, type_name="Quyết định"),
        subject="Về việc gửi, nhận văn bản điện tử",
        signer=Signer(full_name="Nguyễn Xuân Phúc", position="Thủ tướng"),
        document_id="G22,2018/07/12,05/2018/QĐ-TTg",
        to_places=("Như trên", "Lưu: VT"),
        other_info=OtherInfo(priority=Priority.URGENT, direction=True),
        response_for=(
            ResponseFor(
                organ_id="H41",
                code="1/UBND",
                promulgation_date=dt.date(2018, 7, 1),
                document_id="x",
            ),
        ),
        business=Business(
            type=BusinessType.REPLACE,
            reason="Thay thế",
            paper=False,
            replacements=(Replacement("cũ", ("H41", "G09")),),
        ),
        attachments=tuple(
            Attachment(
                content_id=name,
                name=name,
                content_type="application/pdf",
                content=BytesContent(name.encode()),
            )
            for name in ("Quyết định 05.pdf", "../../Quyết định 05.pdf")
        ),
    )


@pytest.fixture
def item() -> Inbound:
    """Return a verified replacing document with two files."""
    return Inbound(
        packet_id="0b0c5a9e-9a53-5a1a-8a6d-0d6a6c1f2e01",
        packet=BytesContent(b"<edXML/>"),
        digest="cd" * 32,
        document=_replacing(),
        served=("H41",),
        arrived_at=dt.datetime(2018, 7, 12, 20, 30, tzinfo=dt.UTC),
        verification={"verdict": "verified"},
    )
