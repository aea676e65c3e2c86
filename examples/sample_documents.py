"""The documents that `make_samples` writes in every shape. They are samples and say so."""

from __future__ import annotations

from typing import Any

__all__ = ["COLUMNS", "DOCUMENTS", "ENTRIES", "FILES", "REGISTER", "Record", "pdf"]

COLUMNS = (
    "SoKyHieu",
    "NgayBanHanh",
    "LoaiVanBan",
    "TrichYeu",
    "ChucVu",
    "NguoiKy",
    "NoiNhan",
    "DoKhan",
    "DoMat",
    "SoTrang",
    "TepDinhKem",
)


Record = dict[str, Any]


def _document(*cells: Any) -> Record:
    return dict(zip(COLUMNS, cells, strict=True))


SIGNER = ("Chánh Văn phòng mẫu", "Nguyễn Văn Mẫu")


DOCUMENTS = (
    _document(
        "01/KH-VBM",
        "05/01/2026",
        "Kế hoạch",
        "Văn bản mẫu: kế hoạch kết nối, liên thông các hệ thống quản lý văn bản",
        *SIGNER,
        "Văn phòng Chính phủ;Bộ Nội vụ",
        "Thường",
        "",
        2,
        "01-kh-vbm.pdf",
    ),
    _document(
        "02/BC-VBM",
        "05/01/2026",
        "Báo cáo",
        "Văn bản mẫu: báo cáo tình hình gửi, nhận văn bản điện tử",
        *SIGNER,
        "Văn phòng Chính phủ",
        "Khẩn",
        "Thường",
        1,
        "02-bc-vbm.pdf;02-phu-luc.pdf",
    ),
    _document(
        "03/VBM-TH",
        "05/01/2026",
        "Công văn",
        "Văn bản mẫu: đề nghị cung cấp số liệu",
        *SIGNER,
        "Bộ Nội vụ",
        "Thường",
        "Thường",
        1,
        "",
    ),
    _document(
        "04/TB-VBM",
        "05/01/2026",
        "Thông báo",
        "Văn bản mẫu: dòng này mang độ mật nên không được gửi",
        *SIGNER,
        "Bộ Nội vụ",
        "Thường",
        "Mật",
        1,
        "",
    ),
)


REGISTER = (
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
)
"""The ten columns of the register of documents sent: NĐ 30/2020 PL IV, I.2."""


ENTRIES = (
    (
        "01/KH-VBM",
        "05/01",
        "Kế hoạch Văn bản mẫu: kết nối, liên thông các hệ thống quản lý văn bản",
        "Nguyễn Văn Mẫu",
        "Văn phòng Chính phủ; Bộ Nội vụ; Lưu: VT",
        "Văn thư",
        "3",
        "05/01",
        "Trần Thị Mẫu",
        "",
    ),
    (
        "02/BC-VBM",
        "5/1",
        "Báo cáo Văn bản mẫu: tình hình gửi, nhận văn bản điện tử",
        "Nguyễn Văn Mẫu",
        "- Văn phòng Chính phủ (để b/c); - Lưu: VT, TH.",
        "Văn thư",
        "2",
        "05/01",
        "Trần Thị Mẫu",
        "bản điện tử",
    ),
    (
        "03/VBM-TH",
        "05/01",
        "V/v Văn bản mẫu: đề nghị cung cấp số liệu",
        "Nguyễn Văn Mẫu",
        "Bộ Nội vụ",
        "Văn thư",
        "2",
        "05/01",
        "",
        "",
    ),
)


def pdf(words: str) -> bytes:
    """Return a page that says what it is, in ASCII, the same bytes each time."""
    stream = f"BT /F1 14 Tf 60 760 Td ({words}) Tj ET".encode("ascii")
    parts = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        (
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R"
            b" /Resources << /Font << /F1 5 0 R >> >> >>"
        ),
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    data, places = bytearray(b"%PDF-1.4\n"), []
    for number, part in enumerate(parts, start=1):
        places.append(len(data))
        data += b"%d 0 obj\n%s\nendobj\n" % (number, part)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    start = len(data)
    data += b"xref\n0 6\n0000000000 65535 f \n" + table
    data += b"trailer << /Size 6 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % start
    return bytes(data)


FILES = {
    name: pdf(f"Van ban mau {name}, khong co gia tri phap ly")
    for name in ("01-kh-vbm.pdf", "02-bc-vbm.pdf", "02-phu-luc.pdf")
}
