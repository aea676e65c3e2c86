"""What can be wrong with an export: EDX-40xx."""

from __future__ import annotations

from typing import Final

from connector.errors import Text
from connector.sources import file_codes, remote_codes

__all__ = [
    "ATTACHMENTS_GONE",
    "ATTACHMENTS_NOT_SET",
    "ATTACHMENT_ABSENT",
    "ATTACHMENT_CHANGED",
    "ATTACHMENT_EMPTY",
    "ATTACHMENT_NOT_A_FILE",
    "ATTACHMENT_OUTSIDE",
    "BAD_DIALECT",
    "BAD_QUERY",
    "BAD_URL",
    "BAD_WORKBOOK",
    "CATALOGUE",
    "CELL_COUNT",
    "CELL_ERROR",
    "CELL_NUL",
    "CELL_UNDECODABLE",
    "CELL_UNREPAIRABLE",
    "CHANGED_WHILE_READING",
    "CHARSET_CONTRADICTED",
    "CHARSET_UNKNOWN",
    "CHARSET_UNSUITABLE",
    "COLUMN_DUPLICATE",
    "CURSOR_COLUMN_ABSENT",
    "CURSOR_MISSING_IN_QUERY",
    "CURSOR_NULL",
    "CURSOR_UNORDERED",
    "DATABASE_FAILED",
    "DRIVER_MISSING",
    "EXTRA_MISSING",
    "HEADER_ABSENT",
    "HEADER_TOO_WIDE",
    "KIND_MISSING",
    "KIND_UNKNOWN",
    "NO_FILE_MATCHES",
    "PASSWORD_IN_URL",
    "ROW_BROKEN",
    "ROW_TOO_LONG",
    "SHEET_ABSENT",
    "SOURCE_GONE",
    "TEXT_UNDECODABLE",
    "WORKBOOK_TOO_LARGE",
]

KIND_MISSING: Final = Text(
    "EDX-4001",
    "the source does not say of which type it is",
    "nguồn chưa khai báo loại (type)",
    "add type: one of {known}",
    "thêm type: một trong {known}",
)
KIND_UNKNOWN: Final = Text(
    "EDX-4002",
    "there is no source of type '{kind}'{suggestion_en}",
    "không có loại nguồn '{kind}'{suggestion_vi}",
    "known types: {known}",
    "các loại hợp lệ: {known}",
)
EXTRA_MISSING: Final = Text(
    "EDX-4003",
    "sources of type '{kind}' need a package that is not installed: {package}",
    "nguồn loại '{kind}' cần gói chưa được cài đặt: {package}",
    "run: pip install connector[{extra}]",
    "chạy: pip install connector[{extra}]",
)
CHARSET_UNKNOWN: Final = Text(
    "EDX-4004",
    "there is no charset '{charset}'",
    "không có bảng mã '{charset}'",
    "known among others: {known}",
    "một số bảng mã hợp lệ: {known}",
)
CHARSET_UNSUITABLE: Final = Text(
    "EDX-4005",
    "the header of the export is not text in charset '{charset}'",
    "dòng tiêu đề của tệp kết xuất không đọc được với bảng mã '{charset}'",
    "the content looks like: {guess}",
    "nội dung có vẻ thuộc bảng mã: {guess}",
)
CHARSET_CONTRADICTED: Final = Text(
    "EDX-4006",
    "the file says by its byte order mark that it is {found}, not '{charset}'",
    "dấu thứ tự byte cho biết tệp là {found}, không phải '{charset}'",
    "set charset: {found}",
    "đặt charset: {found}",
)
NO_FILE_MATCHES: Final = Text(
    "EDX-4007",
    "no file matches the pattern yet, so its columns are not known",
    "chưa có tệp nào khớp mẫu đường dẫn nên chưa biết các cột",
    "put a sample of the export there",
    "đặt một tệp kết xuất mẫu vào đó",
)
SOURCE_GONE: Final = Text(
    "EDX-4008",
    "the export cannot be read: {reason}",
    "không đọc được tệp kết xuất: {reason}",
    "check that the directory is mounted, and the permissions",
    "kiểm tra thư mục đã được gắn (mount) và quyền truy cập",
)
HEADER_ABSENT: Final = Text(
    "EDX-4009",
    "there is no header in row {row}",
    "không có tiêu đề cột ở dòng {row}",
    "correct header_row, or have the export write the names of its columns",
    "sửa header_row, hoặc để hệ thống kết xuất ghi tên cột",
)
HEADER_TOO_WIDE: Final = Text(
    "EDX-4010",
    "the header has {count} columns, at most {limit} are read",
    "tiêu đề có {count} cột, chỉ đọc tối đa {limit} cột",
    "check delimiter and charset",
    "kiểm tra ký tự phân cách và bảng mã",
)
COLUMN_DUPLICATE: Final = Text(
    "EDX-4011",
    "the column '{column}' stands more than once",
    "cột '{column}' xuất hiện nhiều lần",
    "give each column its own name; which of them is meant is not guessed",
    "đặt tên riêng cho từng cột; hệ thống không tự đoán cột nào là đúng",
)
ROW_BROKEN: Final = Text(
    "EDX-4012",
    "the row cannot be divided into cells: {reason}",
    "không tách được dòng thành các ô: {reason}",
    "quotes inside a quoted cell must be doubled; check quotechar",
    "dấu bao chuỗi nằm trong ô phải được viết hai lần; kiểm tra quotechar",
)
ROW_TOO_LONG: Final = Text(
    "EDX-4013",
    "the line has more than {limit} characters; the rest of the file is not read",
    "dòng dài quá {limit} ký tự; phần còn lại của tệp không được đọc",
    "check that this is the export and that a quote is not left open",
    "kiểm tra đúng tệp kết xuất và không có dấu bao chuỗi nào bị bỏ ngỏ",
)
CELL_COUNT: Final = Text(
    "EDX-4014",
    "the row has {found} cells, the header {expected}",
    "dòng có {found} ô, trong khi tiêu đề có {expected}",
    "check the delimiter inside cells: such cells must be quoted",
    "kiểm tra ký tự phân cách nằm trong ô: ô đó phải được bao chuỗi",
)
CELL_UNDECODABLE: Final = Text(
    "EDX-4015",
    "column '{column}' has the byte {byte} that is not text in charset '{charset}'",
    "cột '{column}' có byte {byte} không thuộc bảng mã '{charset}'",
    "correct the export, or the charset if many rows are refused",
    "sửa tệp kết xuất, hoặc sửa bảng mã nếu nhiều dòng bị từ chối",
)
CELL_NUL: Final = Text(
    "EDX-4016",
    "column '{column}' has a NUL character",
    "cột '{column}' có ký tự NUL",
    "the file is damaged, or it is UTF-16",
    "tệp bị hỏng, hoặc là UTF-16",
)
CELL_UNREPAIRABLE: Final = Text(
    "EDX-4017",
    "column '{column}' is not text of charset '{charset}' read as Latin-1",
    "nội dung cột '{column}' không phải văn bản bảng mã '{charset}' bị đọc thành Latin-1",
    "if only some columns are in the old charset, leave charset out and use a transform",
    "nếu chỉ một số cột dùng bảng mã cũ, bỏ charset và dùng phép biến đổi cho cột đó",
)
CELL_ERROR: Final = Text(
    "EDX-4018",
    "column '{column}' has a formula without a result",
    "cột '{column}' có công thức không có kết quả",
    "open the file in a spreadsheet program, correct the formula and save it",
    "mở tệp bằng phần mềm bảng tính, sửa công thức rồi lưu lại",
)
TEXT_UNDECODABLE: Final = Text(
    "EDX-4019",
    "from here on the file is not text in charset '{charset}'; the rest is not read",
    "từ đây tệp không đọc được với bảng mã '{charset}'; phần còn lại không được đọc",
    "export the file again, or correct the charset",
    "kết xuất lại tệp, hoặc sửa bảng mã",
)
CHANGED_WHILE_READING: Final = Text(
    "EDX-4020",
    "the file was written to while it was read",
    "tệp bị ghi trong khi đang đọc",
    "it is read again; set settle_seconds if the export writes slowly",
    "tệp sẽ được đọc lại; đặt settle_seconds nếu việc kết xuất ghi chậm",
)
BAD_DIALECT: Final = Text(
    "EDX-4021",
    "the delimiter and the quotechar are the same character",
    "ký tự phân cách và ký tự bao chuỗi trùng nhau",
    "choose two different characters",
    "chọn hai ký tự khác nhau",
)
BAD_WORKBOOK: Final = Text(
    "EDX-4022",
    "the file is not a workbook that can be read: {reason}",
    "tệp không phải bảng tính đọc được: {reason}",
    "save it as .xlsx without a password",
    "lưu lại thành .xlsx không có mật khẩu",
)
SHEET_ABSENT: Final = Text(
    "EDX-4023",
    "there is no sheet '{sheet}'",
    "không có trang tính '{sheet}'",
    "sheets of the file: {known}",
    "các trang tính trong tệp: {known}",
)
WORKBOOK_TOO_LARGE: Final = Text(
    "EDX-4024",
    "the workbook is too large to be read: {found}, at most {limit}",
    "bảng tính quá lớn, không đọc được: {found}, tối đa {limit}",
    "export fewer rows at a time; delete stray cells far outside the table",
    "kết xuất ít dòng hơn mỗi lần; xóa các ô lạc nằm xa ngoài bảng",
)
BAD_URL: Final = Text(
    "EDX-4025",
    "this is not a database URL: {reason}",
    "đây không phải địa chỉ cơ sở dữ liệu: {reason}",
    "for example sqlite:///qlvb.db or postgresql+psycopg://user@host/database",
    "ví dụ sqlite:///qlvb.db hoặc postgresql+psycopg://user@host/database",
)
PASSWORD_IN_URL: Final = Text(
    "EDX-4026",
    "the password stands in the URL",
    "mật khẩu nằm trong địa chỉ cơ sở dữ liệu",
    "remove it and write password: {{file: …}}, {{env: …}} or {{credential: …}}",
    "bỏ mật khẩu khỏi địa chỉ và ghi password: {{file: …}}, {{env: …}} hoặc {{credential: …}}",
)
DRIVER_MISSING: Final = Text(
    "EDX-4027",
    "the database driver is not installed: {driver}",
    "chưa cài trình điều khiển cơ sở dữ liệu: {driver}",
    "install the driver that the URL names, for example pip install connector[postgres]",
    "cài trình điều khiển được nêu trong địa chỉ, ví dụ pip install connector[postgres]",
)
DATABASE_FAILED: Final = Text(
    "EDX-4028",
    "the database does not answer: {reason}",
    "cơ sở dữ liệu không trả lời: {reason}",
    "check server, network, user and password; it is tried again",
    "kiểm tra máy chủ, mạng, tài khoản và mật khẩu; hệ thống sẽ thử lại",
)
BAD_QUERY: Final = Text(
    "EDX-4029",
    "the database refuses the query: {reason}",
    "cơ sở dữ liệu từ chối câu truy vấn: {reason}",
    "run the query in the database's own client",
    "chạy thử câu truy vấn bằng công cụ của cơ sở dữ liệu",
)
CURSOR_MISSING_IN_QUERY: Final = Text(
    "EDX-4030",
    "cursor_column and :cursor belong together; one of them is missing",
    "cursor_column và :cursor phải đi cùng nhau; thiếu một trong hai",
    "write for example: WHERE ID > :cursor ORDER BY ID, with cursor_column: ID",
    "ví dụ: WHERE ID > :cursor ORDER BY ID, cùng với cursor_column: ID",
)
CURSOR_COLUMN_ABSENT: Final = Text(
    "EDX-4031",
    "the query does not return the cursor_column '{column}'",
    "câu truy vấn không trả về cột mốc '{column}'",
    "columns of the query: {known}",
    "các cột của câu truy vấn: {known}",
)
CURSOR_UNORDERED: Final = Text(
    "EDX-4032",
    "the rows do not come in ascending order of '{column}'",
    "các dòng không theo thứ tự tăng dần của '{column}'",
    "add ORDER BY {column}; otherwise rows would be passed over",
    "thêm ORDER BY {column}; nếu không sẽ bỏ sót dòng",
)
CURSOR_NULL: Final = Text(
    "EDX-4033",
    "the cursor_column '{column}' is NULL in this row",
    "cột mốc '{column}' bị NULL ở dòng này",
    "choose a column that is never NULL",
    "chọn cột không bao giờ NULL",
)
ATTACHMENTS_NOT_SET: Final = Text(
    "EDX-4034",
    "the record names a file, but the source has no attachments_directory",
    "bản ghi nêu tệp đính kèm nhưng nguồn chưa khai báo attachments_directory",
    "set source.attachments_directory",
    "khai báo source.attachments_directory",
)
ATTACHMENTS_GONE: Final = Text(
    "EDX-4035",
    "the attachments' directory cannot be read: {reason}",
    "không đọc được thư mục tệp đính kèm: {reason}",
    "check that the directory is mounted, and the permissions",
    "kiểm tra thư mục đã được gắn (mount) và quyền truy cập",
)
ATTACHMENT_OUTSIDE: Final = Text(
    "EDX-4036",
    "the path of the attachment leaves the attachments' directory",
    "đường dẫn tệp đính kèm vượt ra ngoài thư mục tệp đính kèm",
    "write the path relative to attachments_directory, without .. and links to elsewhere",
    "ghi đường dẫn tương đối so với attachments_directory, không dùng .. hay liên kết ra ngoài",
)
ATTACHMENT_ABSENT: Final = Text(
    "EDX-4037",
    "the attachment '{reference}' is not there or not readable",
    "không có hoặc không đọc được tệp đính kèm '{reference}'",
    "put the file under attachments_directory and export the record again",
    "đặt tệp vào attachments_directory rồi kết xuất lại bản ghi",
)
ATTACHMENT_EMPTY: Final = Text(
    "EDX-4038",
    "the attachment '{reference}' is empty",
    "tệp đính kèm '{reference}' rỗng",
    "export the file again",
    "kết xuất lại tệp",
)
ATTACHMENT_NOT_A_FILE: Final = Text(
    "EDX-4039",
    "the attachment '{reference}' is not an ordinary file",
    "tệp đính kèm '{reference}' không phải tệp thông thường",
    "name one file in each reference",
    "mỗi tham chiếu phải nêu đúng một tệp",
)
ATTACHMENT_CHANGED: Final = Text(
    "EDX-4040",
    "the attachment '{reference}' was changed after it was read",
    "tệp đính kèm '{reference}' bị thay đổi sau khi đọc",
    "export the record again when its files are complete",
    "kết xuất lại bản ghi khi các tệp đã hoàn chỉnh",
)

_BY_PART: Final = (
    KIND_MISSING,
    KIND_UNKNOWN,
    EXTRA_MISSING,
    CHARSET_UNKNOWN,
    CHARSET_UNSUITABLE,
    CHARSET_CONTRADICTED,
    NO_FILE_MATCHES,
    SOURCE_GONE,
    HEADER_ABSENT,
    HEADER_TOO_WIDE,
    COLUMN_DUPLICATE,
    ROW_BROKEN,
    ROW_TOO_LONG,
    CELL_COUNT,
    CELL_UNDECODABLE,
    CELL_NUL,
    CELL_UNREPAIRABLE,
    CELL_ERROR,
    TEXT_UNDECODABLE,
    CHANGED_WHILE_READING,
    BAD_DIALECT,
    BAD_WORKBOOK,
    SHEET_ABSENT,
    WORKBOOK_TOO_LARGE,
    BAD_URL,
    PASSWORD_IN_URL,
    DRIVER_MISSING,
    DATABASE_FAILED,
    BAD_QUERY,
    CURSOR_MISSING_IN_QUERY,
    CURSOR_COLUMN_ABSENT,
    CURSOR_UNORDERED,
    CURSOR_NULL,
    ATTACHMENTS_NOT_SET,
    ATTACHMENTS_GONE,
    ATTACHMENT_OUTSIDE,
    ATTACHMENT_ABSENT,
    ATTACHMENT_EMPTY,
    ATTACHMENT_NOT_A_FILE,
    ATTACHMENT_CHANGED,
    *file_codes.CATALOGUE,
    *remote_codes.CATALOGUE,
)
CATALOGUE: Final = tuple(sorted(_BY_PART, key=lambda text: text.code))
"""All texts of the room, in the order of their codes."""
