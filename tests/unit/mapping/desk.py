"""One adapter, one row and what they map to: what the tests of the mapper share."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from connector.agencies.agency import Agency
from connector.agencies.catalogue import Catalogue
from connector.clock import ManualClock
from connector.config.load import parse
from connector.config.yaml_source import parse_yaml
from connector.errors import Finding, RecordError
from connector.mapping.mapper import Mapped, Mapper
from connector.mapping.settings import AdapterSettings
from connector.model.content import BytesContent, Content
from connector.model.envelope import (
    Organization,
)
from connector.model.record import Record

__all__ = [
    "ADAPTER",
    "CATALOGUE",
    "ROW",
    "SENDER",
    "attach",
    "mapper",
    "refused",
    "run",
    "with_field",
]

ADAPTER = """\
adapter_version: 1
name: g22
agency: G22
source: {type: csv}
key: [SoKyHieu, Ngay]
secrecy: {column: DoMat, table: do_mat}
tables:
  do_mat: {Thường: open, "": open, Mật: secret}
  noi_nhan: {Nghệ An: H41, Nội vụ: G09, Cũ: H40}
fields:
  code: {column: SoKyHieu, transforms: [trim, split_code]}
  promulgation.date: {column: Ngay, transforms: [date]}
  promulgation.place: {value: Hà Nội}
  document_type: {column: Loai, transforms: [document_type]}
  subject: {column: TrichYeu, transforms: [collapse_spaces]}
  signer.full_name: {column: NguoiKy}
  signer: {column: ChucVu, transforms: [competence_position]}
  receivers: {column: NoiNhan, transforms: [{split: ";"}, {table: noi_nhan}]}
  other_info.priority: {column: DoKhan, transforms: [priority]}
attachments:
  - {column: Tep, split: ";"}
"""
SENDER = Organization(organ_id="G22", organ_name="Văn phòng Chính phủ")
CATALOGUE = Catalogue(
    [
        Agency(code="G22", name="Văn phòng Chính phủ"),
        Agency(code="G09", name="Bộ Nội vụ"),
        Agency(code="H41", name="UBND tỉnh Nghệ An", code102="000.00.00.H41"),
        Agency(
            code="H40",
            name="Cơ quan cũ",
            valid_to=dt.date(2025, 7, 1),
            successors=("H41",),
        ),
    ]
)
ROW: dict[str, Any] = {
    "SoKyHieu": "7816/VPCP-TTĐT",
    "Ngay": "30/09/2025",
    "Loai": "Công văn",
    "TrichYeu": "Về việc  gửi, nhận\nvăn bản",
    "NguoiKy": "Nguyễn Văn A",
    "ChucVu": "KT. CHỦ NHIỆM",
    "NoiNhan": "Nghệ An; Nội vụ; Nghệ An",
    "DoKhan": "Khẩn",
    "Tep": "2025\\vb 01.pdf; phụ lục.XLSX",
    "DoMat": "Thường",
}


def mapper(text: str = ADAPTER) -> Mapper:
    """Build a mapper from an adapter in memory."""
    node = parse_yaml(text.encode(), Path("adapter.yaml"), environ={})
    settings = parse(AdapterSettings, node)
    tables = settings.load_tables()
    return Mapper(settings, CATALOGUE, tables, SENDER, clock=ManualClock())


def attach(record: Record, reference: str) -> Content:
    """Open a file of a record: its content is its name."""
    assert record.values
    return BytesContent(f"%PDF {reference}".encode())


def run(text: str = ADAPTER, *, explain: bool = False, **changes: Any) -> Mapped:
    """Map the row with some cells changed."""
    return mapper(text).map(Record("vb.csv:2", {**ROW, **changes}), attach, explain=explain)


def refused(text: str = ADAPTER, **changes: Any) -> list[Finding]:
    """Return why the row with some cells changed is refused."""
    with pytest.raises(RecordError) as caught:
        run(text, **changes)
    return list(caught.value.findings)


def with_field(line: str) -> str:
    """Return the adapter with one more field."""
    return ADAPTER.replace("attachments:", f"  {line}\nattachments:")
