"""An adapter without a sample: a register of made-up rows, complete and clean, to be replaced."""

from __future__ import annotations

import datetime as dt
from typing import Final

from connector.clock import VIETNAM

__all__ = ["EXAMPLE_AGENCY", "now_line", "scaffold"]

EXAMPLE_AGENCY: Final = "G22"
"""Agency of a scaffold if none is named; a node refuses it unless it is its own."""

_ADAPTER: Final = """\
# Bộ khung do connector init tạo. Thay export/ bằng tệp kết xuất thật, rồi sửa từ trên xuống.
# A scaffold by connector init: put the real export into export/, then go through it from the top.
# connector lint .   ·   connector preview . --explain   ·   connector test .
adapter_version: 1
name: van-ban-di
agency: {agency}  # mã cơ quan gửi · code of the sender: connector agencies find TÊN

source:
  type: csv
  path: export/*.csv
  charset: utf-8  # tcvn3, vni, viscii, cp1258, …
  delimiter: ";"
  attachments_directory: files

# các cột phân biệt mọi bản ghi · columns that tell every record from all others
key: [SoKyHieu, NgayBanHanh]

# chỉ con người quyết định cái gì là mật · only a person decides what is secret
secrecy: {{column: DoMat, table: do_mat}}

tables:
  do_mat: {{Thường: open, Mật: secret, Tối mật: secret, Tuyệt mật: secret}}

fields:
  code: {{column: SoKyHieu, transforms: [trim, split_code]}}
  promulgation.date: {{column: NgayBanHanh, transforms: [{{date: dd/MM/yyyy}}]}}
  promulgation.place: {{value: Hà Nội}}
  document_type: {{column: LoaiVanBan, transforms: [trim, document_type]}}
  subject: {{column: TrichYeu, transforms: [collapse_spaces]}}
  signer.full_name: {{column: NguoiKy, transforms: [trim]}}
  signer: {{column: ChucVu, transforms: [competence_position], required: false}}
  receivers: {{column: NoiNhan, transforms: [receiver_list]}}
  other_info.priority: {{column: DoKhan, transforms: [trim, priority], required: false}}

attachments:
  - {{column: TepDinhKem, split: "|"}}
"""
_EXPORT: Final = (
    "SoKyHieu;NgayBanHanh;LoaiVanBan;TrichYeu;ChucVu;NguoiKy;NoiNhan;DoKhan;DoMat;TepDinhKem\n"
    "01/MAU-VP;05/01/2026;Công văn;V/v kiểm tra kết nối;CHÁNH VĂN PHÒNG;Nguyễn Văn Mẫu;"
    '"UBND tỉnh Nghệ An; Lưu: VT";Thường;Thường;van-ban-mau.pdf\n'
    "02/QĐ-MAU;05/01/2026;Quyết định;Ban hành quy chế mẫu;KT. CHỦ TỊCH PHÓ CHỦ TỊCH;"
    'Trần Thị Mẫu;"UBND tỉnh Nghệ An";Khẩn;Thường;van-ban-mau.pdf\n'
    "03/MAU-VP;05/01/2026;Công văn;(không đọc);CHÁNH VĂN PHÒNG;Nguyễn Văn Mẫu;"
    '"UBND tỉnh Nghệ An";Thường;Mật;van-ban-mau.pdf\n'
)
_TESTS: Final = """\
# connector test --update ghi gói tin mẫu; connector test so sánh với gói tin đó.
# `connector test --update` writes the golden packets, `connector test` compares with them.
{now}tests:
  - name: công văn thường
    row: 1
    expect: expected/cong-van.edxml
  - name: quyết định khẩn, ký thay
    row: 2
    expect: expected/quyet-dinh.edxml
  - name: văn bản mật bị từ chối trước khi đóng gói
    row: 3
    refused: [EDX-1201]
"""
_PDF: Final = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
    b"2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
    b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>endobj\n"
    b"trailer<</Root 1 0 R>>\n%%EOF\n"
)


def now_line(now: dt.datetime) -> str:
    """Return the lines of tests.yaml that say where the clock of its tests stands."""
    return (
        "# đồng hồ của mọi ca kiểm thử: sau văn bản mới nhất trong mẫu\n"
        "# the clock of all tests: later than the newest document of the sample\n"
        f"now: {now.astimezone(VIETNAM).isoformat(timespec='seconds')}\n"
    )


def scaffold(agency: str | None, now: dt.datetime) -> dict[str, str | bytes]:
    """Return the files of an adapter that lints and whose tests pass, by their paths."""
    code = agency or EXAMPLE_AGENCY
    receiver = "Bộ Nội vụ" if code.startswith("H41") else "UBND tỉnh Nghệ An"
    return {
        "adapter.yaml": _ADAPTER.format(agency=code),
        "export/van-ban-di.csv": _EXPORT.replace("UBND tỉnh Nghệ An", receiver),
        "files/van-ban-mau.pdf": _PDF,
        "tests.yaml": _TESTS.format(now=now_line(now)),
    }
