"""What the workbench cannot do by itself: EDX-91xx."""

from __future__ import annotations

from typing import Final

from connector.errors import Text

__all__ = ["CATALOGUE"]

SAMPLE_UNREADABLE: Final = Text(
    "EDX-9101",
    "the sample cannot be read: {reason}",
    "không đọc được tệp mẫu: {reason}",
    "check the path and its permissions",
    "kiểm tra đường dẫn và quyền truy cập",
)
SAMPLE_EMPTY: Final = Text(
    "EDX-9102",
    "the sample holds no record",
    "tệp mẫu không có bản ghi nào",
    "export a few records of every kind: ordinary, urgent, with and without files",
    "kết xuất vài bản ghi mỗi loại: thường, khẩn, có và không có tệp đính kèm",
)
CHARSET_UNDECIDED: Final = Text(
    "EDX-9103",
    "the charset of the sample is not certain: {evidence_en}",
    "chưa xác định chắc chắn bảng mã của tệp mẫu: {evidence_vi}",
    "look at a name in the legacy system, then say it: --charset tcvn3",
    "đối chiếu một tên riêng trong hệ thống cũ rồi nêu rõ: --charset tcvn3",
)
KIND_UNKNOWN: Final = Text(
    "EDX-9104",
    "the sample is of no known kind",
    "không nhận ra loại của tệp mẫu",
    "known: CSV, Excel, fixed width, JSON, XML, DXL, DBF, Access, SQLite, edXML",
    "các loại: CSV, Excel, độ rộng cố định, JSON, XML, DXL, DBF, Access, SQLite, edXML",
)
HEADER_NOT_FOUND: Final = Text(
    "EDX-9105",
    "no row of the sample names its columns",
    "không có dòng nào trong tệp mẫu ghi tên các cột",
    "export with a header, or add one as the first line",
    "kết xuất kèm dòng tiêu đề, hoặc thêm dòng đó vào đầu tệp",
)
EXISTS: Final = Text(
    "EDX-9106",
    "the file exists already; nothing was written",
    "tệp đã có; không ghi gì cả",
    "name another directory, or remove the file yourself",
    "chọn thư mục khác, hoặc tự xóa tệp này",
)
NOTHING_FOUND: Final = Text(
    "EDX-9107",
    "no column of the sample could be recognised: {columns}",
    "không nhận ra cột nào của tệp mẫu: {columns}",
    "check the charset and the header row; else write adapter.yaml by hand",
    "kiểm tra bảng mã và dòng tiêu đề; nếu không, hãy tự viết adapter.yaml",
)
BAD_AGENCY: Final = Text(
    "EDX-9108",
    "'{code}' is not an agency code of QĐ 20/2020",
    "'{code}' không phải là mã cơ quan theo QĐ 20/2020",
    "look it up: connector agencies find NAME",
    "tra mã: connector agencies find TÊN",
)
CHARSET_UNKNOWN: Final = Text(
    "EDX-9109",
    "there is no charset '{charset}', or the sample is not in it",
    "không có bảng mã '{charset}', hoặc tệp mẫu không dùng bảng mã này",
    "known: utf-8, tcvn3, vni, viscii, vps, viqr, cp1258, utf-16",
    "các bảng mã: utf-8, tcvn3, vni, viscii, vps, viqr, cp1258, utf-16",
)
UNWRITABLE: Final = Text(
    "EDX-9110",
    "the file cannot be written: {reason}",
    "không ghi được tệp: {reason}",
    "check free space and the permissions of the directory",
    "kiểm tra dung lượng trống và quyền ghi vào thư mục",
)
SAMPLE_BROKEN: Final = Text(
    "EDX-9111",
    "the sample is damaged or cut off: {reason_en}",
    "tệp mẫu bị hỏng hoặc bị cắt cụt: {reason_vi}",
    "open the sample in the program that wrote it, then export it again, whole",
    "mở tệp mẫu bằng chương trình đã tạo ra nó rồi kết xuất lại cho đầy đủ",
)
SAMPLE_NO_FILE: Final = Text(
    "EDX-9112",
    "the sample is no ordinary file but a pipe, a device or a directory",
    "tệp mẫu không phải tệp thông thường mà là ống dẫn, thiết bị hoặc thư mục",
    "save the sample as a file first, then name that file",
    "lưu mẫu thành tệp trước, rồi nêu tên tệp đó",
)
SAMPLE_DOCTYPE: Final = Text(
    "EDX-9113",
    "the sample has a document type definition (<!DOCTYPE), which is not read",
    "tệp mẫu có định nghĩa kiểu tài liệu (<!DOCTYPE), không được phép đọc",
    "export the sample without it: definitions can pull in other files",
    "kết xuất lại mẫu không kèm định nghĩa này: nó có thể kéo theo tệp khác",
)
SAMPLE_TOO_LARGE: Final = Text(
    "EDX-9114",
    "the sample has more than {limit} bytes",
    "tệp mẫu lớn hơn {limit} byte",
    "export a few records of every kind as the sample",
    "kết xuất vài bản ghi mỗi loại làm mẫu",
)
PROGRAM_ABSENT: Final = Text(
    "EDX-9115",
    "the program {program}, which reads such samples, cannot be started",
    "không chạy được chương trình {program} dùng để đọc loại tệp mẫu này",
    "install Debian's package mdbtools, or export the sample as CSV",
    "cài gói mdbtools của Debian, hoặc kết xuất mẫu dạng CSV",
)

CATALOGUE: Final[tuple[Text, ...]] = tuple(
    value for value in tuple(vars().values()) if isinstance(value, Text)
)
