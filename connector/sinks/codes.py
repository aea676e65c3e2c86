"""What can go wrong when a document is handed over: EDX-80xx."""

from __future__ import annotations

from typing import Final

from connector.errors import Text

__all__ = [
    "BAD_PACKET_ID",
    "BAD_URL",
    "CATALOGUE",
    "CHARSET",
    "COLUMN_TWICE",
    "CONSTRAINT",
    "CONTENT_DAMAGED",
    "DATABASE_DOWN",
    "DRIVER_MISSING",
    "FOLDER_ABSENT",
    "FOLDER_FAILED",
    "INDEX_NAME",
    "KEY_NOT_UNIQUE",
    "NOTICE_DAMAGED",
    "NOWHERE_TO_RECORD",
    "PASSWORD_IN_URL",
    "SCRATCH_FAILED",
    "TABLE_MISMATCH",
    "TOO_LONG",
    "UNKNOWN_CHARSET",
    "UNKNOWN_KIND",
    "UNKNOWN_PATH",
    "WRONG_KIND",
]

FOLDER_ABSENT: Final = Text(
    "EDX-8001",
    "the folder {path} does not exist",
    "thư mục {path} không tồn tại",
    "create or mount it; the document waits",
    "tạo hoặc gắn kết thư mục; văn bản sẽ chờ",
)
FOLDER_FAILED: Final = Text(
    "EDX-8002",
    "the folder {path} cannot be written: {reason}",
    "không ghi được vào thư mục {path}: {reason}",
    "check free space and permissions; the document waits",
    "kiểm tra dung lượng trống và quyền ghi; văn bản sẽ chờ",
)
CONTENT_DAMAGED: Final = Text(
    "EDX-8003",
    "the stored bytes of {name} do not have their digest any more",
    "dữ liệu lưu trữ của {name} không còn khớp với mã băm",
    "check the disk, then restore the spool from the backup",
    "kiểm tra ổ đĩa, sau đó khôi phục vùng lưu tạm từ bản sao lưu",
)
BAD_PACKET_ID: Final = Text(
    "EDX-8004",
    "the packet id {packet_id} cannot be part of a file name",
    "mã gói tin {packet_id} không dùng được trong tên tệp",
)
NOWHERE_TO_RECORD: Final = Text(
    "EDX-8005",
    "the sink has no place to record an update packet",
    "đích nhận chưa có nơi ghi gói tin cập nhật",
    "configure `acts` or `status.updated` of the sql sink, or handle the update by hand",
    "khai báo `acts` hoặc `status.updated` cho đích sql, hoặc xử lý cập nhật bằng tay",
)
NOTICE_DAMAGED: Final = Text(
    "EDX-8006",
    "the file {name} was changed and cannot be continued",
    "tệp {name} đã bị sửa nên không ghi tiếp được",
    "restore or rename the file, then retry the document",
    "khôi phục hoặc đổi tên tệp, sau đó thử lại văn bản",
)
SCRATCH_FAILED: Final = Text(
    "EDX-8007",
    "no files for the program could be written into the temporary directory {path}: {reason}",
    "không ghi được tệp cho chương trình vào thư mục tạm {path}: {reason}",
    "check free space, permissions and the limit of open files; the document waits",
    "kiểm tra dung lượng trống, quyền ghi và giới hạn số tệp mở; văn bản sẽ chờ",
)
UNKNOWN_KIND: Final = Text(
    "EDX-8011",
    "'{kind}' is not a kind of sink{suggestion_en}",
    "'{kind}' không phải loại đích nhận{suggestion_vi}",
    "kinds are: {known}",
    "các loại có thể dùng: {known}",
)
UNKNOWN_PATH: Final = Text(
    "EDX-8012",
    "a document has no field '{path}'{suggestion_en}",
    "văn bản không có trường '{path}'{suggestion_vi}",
    "name a field like code, subject, promulgation.date or sender.organ_name",
    "ghi tên trường như code, subject, promulgation.date hoặc sender.organ_name",
)
COLUMN_TWICE: Final = Text(
    "EDX-8013",
    "the column '{column}' is filled twice",
    "cột '{column}' được ghi hai lần",
    "give each column one content",
    "mỗi cột chỉ gán một nội dung",
)
UNKNOWN_CHARSET: Final = Text(
    "EDX-8014",
    "'{charset}' is not a known charset{suggestion_en}",
    "không nhận ra bảng mã '{charset}'{suggestion_vi}",
    "leave it out for Unicode columns; otherwise tcvn3, vni, viscii or a charset of Python",
    "bỏ trống nếu cột dùng Unicode; nếu không thì ghi tcvn3, vni, viscii hoặc bảng mã của Python",
)
BAD_URL: Final = Text(
    "EDX-8015",
    "the database address cannot be read: {reason}",
    "không đọc được địa chỉ cơ sở dữ liệu: {reason}",
    "write dialect+driver://user@host/database and give the password by a secret reference",
    "ghi theo dạng dialect+driver://user@host/database, mật khẩu khai báo bằng tham chiếu bí mật",
)
DRIVER_MISSING: Final = Text(
    "EDX-8016",
    "the driver for {dialect} is not installed: {reason}",
    "chưa cài trình điều khiển cho {dialect}: {reason}",
    "install it, for PostgreSQL: pip install 'connector[postgres]'",
    "cài trình điều khiển, với PostgreSQL: pip install 'connector[postgres]'",
)
PASSWORD_IN_URL: Final = Text(
    "EDX-8017",
    "the password stands in the database address",
    "mật khẩu nằm trong địa chỉ cơ sở dữ liệu",
    "remove it and write password: {{file: …}}, {{env: …}} or {{credential: …}}",
    "bỏ mật khẩu khỏi địa chỉ và ghi password: {{file: …}}, {{env: …}} hoặc {{credential: …}}",
)
DATABASE_DOWN: Final = Text(
    "EDX-8021",
    "the legacy database does not answer: {reason}",
    "cơ sở dữ liệu của hệ thống cũ không phản hồi: {reason}",
    "check server, network and password; the document waits",
    "kiểm tra máy chủ, mạng và mật khẩu; văn bản sẽ chờ",
)
TABLE_MISMATCH: Final = Text(
    "EDX-8022",
    "the legacy database does not fit the configuration: {reason}",
    "cơ sở dữ liệu của hệ thống cũ không khớp với cấu hình: {reason}",
    "correct table and column names of the sink; the document waits",
    "sửa tên bảng và tên cột của đích nhận; văn bản sẽ chờ",
)
KEY_NOT_UNIQUE: Final = Text(
    "EDX-8023",
    "nothing in the database keeps {columns} of table {table} unique",
    "cơ sở dữ liệu không bảo đảm {columns} của bảng {table} là duy nhất",
    "create a unique index on it, otherwise a document could be delivered twice",
    "tạo chỉ mục duy nhất (unique index), nếu không một văn bản có thể bị ghi hai lần",
)
CONSTRAINT: Final = Text(
    "EDX-8024",
    "the legacy database refuses the document: {reason}",
    "cơ sở dữ liệu của hệ thống cũ từ chối văn bản: {reason}",
    "change the column mapping of the sink or enter the document by hand",
    "sửa ánh xạ cột của đích nhận hoặc nhập văn bản bằng tay",
)
CHARSET: Final = Text(
    "EDX-8025",
    "'{character}' of {path} cannot be written in {charset}",
    "không ghi được ký tự '{character}' của {path} bằng bảng mã {charset}",
    "use a Unicode column, set `small_capitals` if it is a capital, or enter it by hand",
    "dùng cột Unicode, đặt `small_capitals` nếu là chữ hoa, hoặc nhập văn bản bằng tay",
)
TOO_LONG: Final = Text(
    "EDX-8026",
    "{path} has {length} characters, the column {column} takes {limit}",
    "{path} dài {length} ký tự, cột {column} chỉ chứa {limit}",
    "widen the column; a text is never cut",
    "mở rộng cột; hệ thống không tự cắt bớt nội dung",
)
WRONG_KIND: Final = Text(
    "EDX-8027",
    "{path} does not fit into the column {column} of type {kind}",
    "{path} không ghi được vào cột {column} có kiểu {kind}",
    "map the field to a column of another type",
    "ánh xạ trường này vào cột có kiểu khác",
)
INDEX_NAME: Final = Text(
    "EDX-8028",
    "'{file}' cannot be the name of the index file",
    "'{file}' không dùng được làm tên tệp chỉ mục",
    "letters, digits, dot, hyphen and underscore; not a name that the sink gives itself",
    "chỉ dùng chữ không dấu, số, dấu chấm, gạch nối, gạch dưới; không trùng tên tệp do đích tạo",
)

CATALOGUE: Final[tuple[Text, ...]] = (
    FOLDER_ABSENT,
    FOLDER_FAILED,
    CONTENT_DAMAGED,
    BAD_PACKET_ID,
    NOWHERE_TO_RECORD,
    NOTICE_DAMAGED,
    SCRATCH_FAILED,
    UNKNOWN_KIND,
    UNKNOWN_PATH,
    COLUMN_TWICE,
    UNKNOWN_CHARSET,
    BAD_URL,
    DRIVER_MISSING,
    PASSWORD_IN_URL,
    DATABASE_DOWN,
    TABLE_MISMATCH,
    KEY_NOT_UNIQUE,
    CONSTRAINT,
    CHARSET,
    TOO_LONG,
    WRONG_KIND,
    INDEX_NAME,
)
