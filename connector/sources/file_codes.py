"""What can be wrong with exports other than tables and queries, and with drop folders: EDX-40xx."""

from __future__ import annotations

from typing import Final

from connector.errors import Text

__all__ = [
    "ARCHIVE_FAILED",
    "BAD_DBF",
    "BAD_JSON",
    "BAD_PATH",
    "BAD_XML",
    "CATALOGUE",
    "COLUMNS_UNKNOWN",
    "DBF_CELL",
    "FILE_DAMAGED",
    "FILE_TWICE",
    "ITEM_UNREADABLE",
    "JSON_PATH",
    "JSON_TOO_LARGE",
    "KEY_TWICE",
    "LINE_WIDTH",
    "MANIFEST",
    "MEMO_ABSENT",
    "NOT_AN_OBJECT",
    "NOT_A_DOCUMENT",
    "RECORD_TOO_LARGE",
    "ROW_CUT",
    "SEPARATOR_IN_VALUE",
    "TOOL_FAILED",
    "TOOL_MISSING",
    "XML_FORBIDDEN",
]

ARCHIVE_FAILED: Final = Text(
    "EDX-4041",
    "the file was taken but cannot be moved to {directory}: {reason}",
    "đã nhận tệp nhưng không chuyển được sang {directory}: {reason}",
    "check that the directory exists and may be written to; the move is tried again",
    "kiểm tra thư mục tồn tại và cho phép ghi; hệ thống sẽ chuyển lại",
)
MANIFEST: Final = Text(
    "EDX-4094",
    "the export is not read: {reason}",
    "chưa đọc tệp kết xuất: {reason}",
    "wait until the copy is complete, or have the export and its list of SHA-256 written again",
    "chờ chép xong, hoặc kết xuất lại tệp cùng tệp kê mã băm SHA-256",
)
COLUMNS_UNKNOWN: Final = Text(
    "EDX-4042",
    "the export has no record yet, so its columns are not known",
    "tệp kết xuất chưa có bản ghi nào nên chưa biết các cột",
    "set columns, or put a sample of the export there",
    "khai báo columns, hoặc đặt một tệp kết xuất mẫu vào đó",
)
LINE_WIDTH: Final = Text(
    "EDX-4043",
    "the line has {found} characters, not {expected}",
    "dòng có {found} ký tự, không phải {expected}",
    "check the charset, and line_width of the source",
    "kiểm tra bảng mã và line_width của nguồn",
)
BAD_JSON: Final = Text(
    "EDX-4044",
    "this is not JSON: {reason}",
    "nội dung không phải JSON: {reason}",
    "export again; set lines: true if every line is a record of its own",
    "kết xuất lại; đặt lines: true nếu mỗi dòng là một bản ghi",
)
JSON_TOO_LARGE: Final = Text(
    "EDX-4045",
    "a file of {found} bytes is too large for one JSON value, at most {limit}",
    "tệp {found} byte quá lớn đối với một giá trị JSON, tối đa {limit}",
    "export one record a line (lines: true), or fewer records at a time",
    "kết xuất mỗi bản ghi một dòng (lines: true), hoặc ít bản ghi hơn mỗi lần",
)
JSON_PATH: Final = Text(
    "EDX-4046",
    "there is no list of records at '{path}'",
    "không có danh sách bản ghi tại '{path}'",
    "correct records: the names of the way to the list, joined by dots",
    "sửa records: các tên trên đường dẫn tới danh sách, nối bằng dấu chấm",
)
NOT_AN_OBJECT: Final = Text(
    "EDX-4047",
    "the record is not an object with names and values",
    "bản ghi không phải đối tượng gồm tên và giá trị",
    "correct the export, or records",
    "sửa tệp kết xuất, hoặc records",
)
KEY_TWICE: Final = Text(
    "EDX-4048",
    "the name '{column}' stands twice in the record",
    "tên '{column}' xuất hiện hai lần trong bản ghi",
    "correct the export; which of them is meant is not guessed",
    "sửa tệp kết xuất; hệ thống không tự đoán giá trị nào là đúng",
)
SEPARATOR_IN_VALUE: Final = Text(
    "EDX-4049",
    "column '{column}' has several values, and one of them contains '{separator}'",
    "cột '{column}' có nhiều giá trị, trong đó có giá trị chứa '{separator}'",
    "set list_separator to something that occurs in no value",
    "đặt list_separator là chuỗi không xuất hiện trong giá trị nào",
)
BAD_XML: Final = Text(
    "EDX-4050",
    "the file is not XML that can be read; the rest is not read: {reason}",
    "tệp không phải XML đọc được; phần còn lại không được đọc: {reason}",
    "export the file again; set charset if the declared one is wrong",
    "kết xuất lại tệp; đặt charset nếu bảng mã khai báo trong tệp bị sai",
)
XML_FORBIDDEN: Final = Text(
    "EDX-4051",
    "the file has a document type definition (<!DOCTYPE), which is not read",
    "tệp có định nghĩa kiểu tài liệu (<!DOCTYPE), không được phép đọc",
    "export without it: definitions can pull in other files",
    "kết xuất không kèm định nghĩa này: nó có thể kéo theo tệp khác",
)
RECORD_TOO_LARGE: Final = Text(
    "EDX-4052",
    "a record is larger than is read: more than {limit}; the rest is not read",
    "bản ghi lớn quá mức cho phép: hơn {limit}; phần còn lại không được đọc",
    "check the path of the records, and that this is the export",
    "kiểm tra đường dẫn tới bản ghi và đúng tệp kết xuất",
)
BAD_PATH: Final = Text(
    "EDX-4053",
    "'{path}' is not a path of element names",
    "'{path}' không phải đường dẫn gồm các tên phần tử",
    "for example VanBan, /DanhSach/VanBan, ThongTin/Ngay, ThongTin/@ma or .",
    "ví dụ VanBan, /DanhSach/VanBan, ThongTin/Ngay, ThongTin/@ma hoặc .",
)
ITEM_UNREADABLE: Final = Text(
    "EDX-4054",
    "item '{column}' is not a value that can be read: {reason}",
    "mục '{column}' không phải giá trị đọc được: {reason}",
    "correct the document in Notes and export it again",
    "sửa văn bản trong Notes rồi kết xuất lại",
)
FILE_DAMAGED: Final = Text(
    "EDX-4055",
    "the embedded file '{reference}' is damaged: {reason}",
    "tệp nhúng '{reference}' bị hỏng: {reason}",
    "export the record again with its files",
    "kết xuất lại bản ghi cùng các tệp",
)
FILE_TWICE: Final = Text(
    "EDX-4056",
    "the record has two embedded files of the name '{reference}'",
    "bản ghi có hai tệp nhúng cùng tên '{reference}'",
    "give each file its own name",
    "đặt tên riêng cho từng tệp",
)
BAD_DBF: Final = Text(
    "EDX-4057",
    "the file is not a DBF table that can be read: {reason}",
    "tệp không phải bảng DBF đọc được: {reason}",
    "copy the table again while no program has it open",
    "sao chép lại bảng khi không có chương trình nào đang mở",
)
MEMO_ABSENT: Final = Text(
    "EDX-4058",
    "the table has memo fields, but there is no .fpt or .dbt file beside it",
    "bảng có trường memo nhưng không có tệp .fpt hoặc .dbt bên cạnh",
    "copy the memo file into the same directory",
    "sao chép tệp memo vào cùng thư mục",
)
DBF_CELL: Final = Text(
    "EDX-4059",
    "column '{column}' has no valid value: {reason}",
    "cột '{column}' không có giá trị hợp lệ: {reason}",
    "correct the row in the legacy program",
    "sửa dòng này trong phần mềm cũ",
)
ROW_CUT: Final = Text(
    "EDX-4060",
    "the file ends in the middle of this row",
    "tệp kết thúc giữa dòng này",
    "the copy is incomplete: copy the file again",
    "bản sao chưa đầy đủ: sao chép lại tệp",
)
TOOL_MISSING: Final = Text(
    "EDX-4061",
    "Access databases are read by a program that is not installed: {tool}",
    "cơ sở dữ liệu Access được đọc bằng chương trình chưa được cài đặt: {tool}",
    "run: apt-get install mdbtools",
    "chạy: apt-get install mdbtools",
)
TOOL_FAILED: Final = Text(
    "EDX-4062",
    "{tool} cannot read the table '{table}': {reason}",
    "{tool} không đọc được bảng '{table}': {reason}",
    "check the name of the table (mdb-tables FILE) and that the file has no password",
    "kiểm tra tên bảng (mdb-tables TỆP) và tệp không đặt mật khẩu",
)
NOT_A_DOCUMENT: Final = Text(
    "EDX-4063",
    "the packet reports a status; it is no document",
    "gói tin báo trạng thái xử lý, không phải văn bản",
    "take status packets out of the folder",
    "bỏ các gói tin trạng thái khỏi thư mục",
)

CATALOGUE: Final = (
    ARCHIVE_FAILED,
    COLUMNS_UNKNOWN,
    LINE_WIDTH,
    BAD_JSON,
    JSON_TOO_LARGE,
    JSON_PATH,
    NOT_AN_OBJECT,
    KEY_TWICE,
    SEPARATOR_IN_VALUE,
    BAD_XML,
    XML_FORBIDDEN,
    RECORD_TOO_LARGE,
    BAD_PATH,
    ITEM_UNREADABLE,
    FILE_DAMAGED,
    FILE_TWICE,
    BAD_DBF,
    MEMO_ABSENT,
    DBF_CELL,
    ROW_CUT,
    TOOL_MISSING,
    TOOL_FAILED,
    NOT_A_DOCUMENT,
    MANIFEST,
)
"""All texts of this part, in the order of their codes."""
