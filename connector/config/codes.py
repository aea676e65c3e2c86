"""What can be wrong with a configuration file: EDX-10xx."""

from __future__ import annotations

from typing import Final

from connector.errors import Severity, Text

__all__ = [
    "ALIAS",
    "BAD_KEY",
    "CATALOGUE",
    "DUPLICATE_ADAPTER",
    "DUPLICATE_AGENCY",
    "DUPLICATE_KEY",
    "FILE_MISSING",
    "FILE_TOO_LARGE",
    "INLINE_SECRET",
    "MERGE_KEY",
    "MISSING",
    "MULTIPLE_DOCUMENTS",
    "NOT_ALLOWED",
    "NOT_A_CODE",
    "NOT_ONE_OF",
    "NOT_UTF8",
    "OTHER",
    "OUT_OF_RANGE",
    "RETRY_SHRINKS",
    "SECRET_EMPTY",
    "SECRET_OPEN_TO_ALL",
    "SECRET_REFERENCE",
    "SECRET_UNREADABLE",
    "SINK_FOR_UNSERVED",
    "SYNTAX",
    "TAG",
    "TOO_DEEP",
    "UNDEFINED_VARIABLE",
    "UNKNOWN_KEY",
    "WRONG_KIND",
    "WRONG_ROOT",
    "WRONG_SHAPE",
    "WRONG_VERSION",
]

FILE_MISSING: Final = Text(
    "EDX-1001",
    "the file cannot be read: {reason}",
    "không đọc được tệp: {reason}",
    "check the path and the permissions of the file",
    "kiểm tra đường dẫn và quyền truy cập tệp",
)
NOT_UTF8: Final = Text(
    "EDX-1002",
    "the file is not UTF-8 text",
    "tệp không phải văn bản UTF-8",
    "save the file as UTF-8; legacy charsets belong to exports, not to configurations",
    "lưu tệp với bảng mã UTF-8; bảng mã cũ chỉ dùng cho tệp kết xuất, không dùng cho cấu hình",
)
SYNTAX: Final = Text(
    "EDX-1003",
    "not valid YAML: {problem}",
    "sai cú pháp YAML: {problem}",
    "check indentation, quotes and colons at this place",
    "kiểm tra thụt đầu dòng, dấu nháy và dấu hai chấm tại vị trí này",
)
DUPLICATE_KEY: Final = Text(
    "EDX-1004",
    "the key '{key}' stands twice; first at line {line}",
    "khóa '{key}' bị lặp lại; lần đầu ở dòng {line}",
    "remove one of the two",
    "bỏ một trong hai",
)
ALIAS: Final = Text(
    "EDX-1005",
    "anchors (&) and aliases (*) are not allowed",
    "không được dùng neo (&) và bí danh (*) của YAML",
    "write the value out where it is used; quote a text that begins with & or *",
    "ghi giá trị đầy đủ tại nơi dùng; đặt trong nháy nếu nội dung bắt đầu bằng & hoặc *",
)
TAG: Final = Text(
    "EDX-1006",
    "the tag '{tag}' is not allowed",
    "không được dùng thẻ kiểu '{tag}'",
    "write plain values; quote a text that begins with !",
    "ghi giá trị thường; đặt trong nháy nếu nội dung bắt đầu bằng !",
)
UNDEFINED_VARIABLE: Final = Text(
    "EDX-1007",
    "the environment variable '{name}' is not defined",
    "chưa định nghĩa biến môi trường '{name}'",
    "define it, write ${{{name}:-default}}, or $${{{name}}} for the characters themselves",
    "hãy định nghĩa biến, ghi ${{{name}:-mặc định}}, hoặc $${{{name}}} nếu muốn giữ nguyên chữ",
)
MULTIPLE_DOCUMENTS: Final = Text(
    "EDX-1008",
    "the file holds more than one YAML document",
    "tệp chứa nhiều hơn một tài liệu YAML",
    "keep one document and remove the line '---' here",
    "chỉ giữ một tài liệu, bỏ dòng '---' tại đây",
)
MERGE_KEY: Final = Text(
    "EDX-1009",
    "the merge key '<<' is not allowed",
    "không được dùng khóa gộp '<<'",
    "write the keys out",
    "ghi đầy đủ các khóa",
)
UNKNOWN_KEY: Final = Text(
    "EDX-1010",
    "unknown setting '{key}'{suggestion_en}",
    "không có thiết lập '{key}'{suggestion_vi}",
    "known here: {known}",
    "các thiết lập hợp lệ ở đây: {known}",
)
MISSING: Final = Text(
    "EDX-1011",
    "the setting '{key}' is missing",
    "thiếu thiết lập '{key}'",
    "add it here",
    "bổ sung tại đây",
)
WRONG_KIND: Final = Text(
    "EDX-1012",
    "{found} is not {expected_en}",
    "{found} không phải là {expected_vi}",
)
NOT_ONE_OF: Final = Text(
    "EDX-1013",
    "{found} is not one of: {expected}{suggestion_en}",
    "{found} không thuộc các giá trị cho phép: {expected}{suggestion_vi}",
)
OUT_OF_RANGE: Final = Text(
    "EDX-1014",
    "{found} is out of range: must be {limit}",
    "{found} nằm ngoài phạm vi: phải {limit}",
)
WRONG_SHAPE: Final = Text(
    "EDX-1015",
    "{found} does not have the required form or length: {rule}",
    "{found} không đúng dạng hoặc độ dài yêu cầu: {rule}",
)
TOO_DEEP: Final = Text(
    "EDX-1016",
    "nested deeper than {limit} levels",
    "lồng quá {limit} cấp",
    "a configuration is never this deep: check brackets and indentation",
    "cấu hình không bao giờ lồng sâu đến vậy: kiểm tra ngoặc và thụt đầu dòng",
)
FILE_TOO_LARGE: Final = Text(
    "EDX-1017",
    "the file is larger than {limit} bytes",
    "tệp lớn hơn {limit} byte",
    "put long code tables into CSV files beside the adapter",
    "đưa các bảng mã dài vào tệp CSV cạnh adapter",
)
BAD_KEY: Final = Text(
    "EDX-1018",
    "a key must be a plain text",
    "khóa phải là văn bản thường",
    "write 'key: value'; quote a text that contains braces or brackets",
    "ghi theo dạng 'khóa: giá trị'; đặt trong nháy nếu nội dung có ngoặc",
)
OTHER: Final = Text(
    "EDX-1019",
    "{found} is not accepted: {reason}",
    "{found} không được chấp nhận ({reason})",
)
INLINE_SECRET: Final = Text(
    "EDX-1020",
    "a secret is written in the file itself",
    "thông tin mật được ghi thẳng trong tệp cấu hình",
    "refer to it: {{file: path}}, {{env: NAME}} or {{credential: name}}",
    "hãy tham chiếu: {{file: đường-dẫn}}, {{env: TÊN}} hoặc {{credential: tên}}",
)
SECRET_REFERENCE: Final = Text(
    "EDX-1021",
    "a secret reference names exactly one of file, env, credential",
    "tham chiếu thông tin mật phải nêu đúng một trong: file, env, credential",
)
SECRET_UNREADABLE: Final = Text(
    "EDX-1022",
    "the secret cannot be read: {reason}",
    "không đọc được thông tin mật: {reason}",
    "create it, or correct the reference",
    "hãy tạo thông tin mật hoặc sửa tham chiếu",
)
SECRET_OPEN_TO_ALL: Final = Text(
    "EDX-1023",
    "the file with a secret is open to its group or to every user of the machine",
    "tệp chứa thông tin mật mở cho nhóm hoặc mọi người dùng trên máy",
    "let it belong to the daemon's user, then chmod 0600 {path}",
    "để tệp thuộc về người dùng của dịch vụ, rồi chmod 0600 {path}",
    Severity.WARNING,
)
SECRET_EMPTY: Final = Text(
    "EDX-1024",
    "the secret is empty",
    "thông tin mật bị rỗng",
    "write the value into {reference}",
    "ghi giá trị vào {reference}",
)
WRONG_ROOT: Final = Text(
    "EDX-1025",
    "the file must hold a mapping or a list at its top",
    "cấp trên cùng của tệp phải là ánh xạ hoặc danh sách",
)
WRONG_VERSION: Final = Text(
    "EDX-1026",
    "version {found} of this file's format is not known; this program reads {known}",
    "không hỗ trợ phiên bản định dạng {found} của tệp này; chương trình đọc được phiên bản {known}",
    "update the program, or write the file for version {known}",
    "cập nhật chương trình, hoặc viết lại tệp theo phiên bản {known}",
)
NOT_ALLOWED: Final = Text(
    "EDX-1027",
    "the settings {keys} cannot stand together here",
    "các thiết lập {keys} không được đi cùng nhau ở đây",
)
NOT_A_CODE: Final = Text(
    "EDX-1028",
    "'{value}' is not an agency code in the form of QĐ 20/2020",
    "'{value}' không phải mã định danh cơ quan theo QĐ 20/2020",
    "level 1 first, e.g. G22 or H41.02; see 'connector agencies find'",
    "cấp 1 đứng đầu, ví dụ G22 hoặc H41.02; xem 'connector agencies find'",
)
DUPLICATE_AGENCY: Final = Text(
    "EDX-1030",
    "the code {code} is served twice",
    "mã {code} được khai báo phục vụ hai lần",
    "a code belongs to one agency of the node",
    "mỗi mã chỉ thuộc một cơ quan của nút",
)
DUPLICATE_ADAPTER: Final = Text(
    "EDX-1031",
    "the adapter directory {path} is named twice",
    "thư mục adapter {path} được khai báo hai lần",
    "remove one of the two: it would read the same export twice",
    "bỏ một trong hai: nếu không cùng một tệp kết xuất sẽ bị đọc hai lần",
)
SINK_FOR_UNSERVED: Final = Text(
    "EDX-1032",
    "the sink is for {code}, which no agency of this node serves",
    "đích nhận dành cho mã {code}, nhưng không cơ quan nào của nút phục vụ mã này",
    "served: {served}",
    "các mã được phục vụ: {served}",
)
RETRY_SHRINKS: Final = Text(
    "EDX-1033",
    "retry.first_seconds ({first}) is larger than retry.max_seconds ({longest})",
    "retry.first_seconds ({first}) lớn hơn retry.max_seconds ({longest})",
    "waits grow from the first to the longest: raise max_seconds or lower first_seconds",
    "khoảng chờ tăng dần từ lần đầu đến tối đa: tăng max_seconds hoặc giảm first_seconds",
)

CATALOGUE: Final[tuple[Text, ...]] = (
    FILE_MISSING,
    NOT_UTF8,
    SYNTAX,
    DUPLICATE_KEY,
    ALIAS,
    TAG,
    UNDEFINED_VARIABLE,
    MULTIPLE_DOCUMENTS,
    MERGE_KEY,
    UNKNOWN_KEY,
    MISSING,
    WRONG_KIND,
    NOT_ONE_OF,
    OUT_OF_RANGE,
    WRONG_SHAPE,
    TOO_DEEP,
    FILE_TOO_LARGE,
    BAD_KEY,
    OTHER,
    INLINE_SECRET,
    SECRET_REFERENCE,
    SECRET_UNREADABLE,
    SECRET_OPEN_TO_ALL,
    SECRET_EMPTY,
    WRONG_ROOT,
    WRONG_VERSION,
    NOT_ALLOWED,
    NOT_A_CODE,
    DUPLICATE_AGENCY,
    DUPLICATE_ADAPTER,
    SINK_FOR_UNSERVED,
    RETRY_SHRINKS,
)
