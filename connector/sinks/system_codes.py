"""Messages of sinks that call a legacy system: its service, or a program (8030 and on)."""

from __future__ import annotations

from typing import Final

from connector.errors import Text

__all__ = ["CATALOGUE"]

SERVICE_DOWN: Final = Text(
    "EDX-8030",
    "the legacy system's service does not take documents now: {reason}",
    "dịch vụ của hệ thống cũ hiện không nhận văn bản: {reason}",
    "check url, token and the service; the document is offered again by itself",
    "kiểm tra url, token và dịch vụ; văn bản được chuyển lại tự động",
)
SERVICE_REFUSED: Final = Text(
    "EDX-8031",
    "the legacy system's service refuses the document with {status}: {reason}",
    "dịch vụ của hệ thống cũ từ chối văn bản với mã {status}: {reason}",
    "correct the mapping of the sink or the service, then connector inbox retry",
    "sửa ánh xạ của đích nhận hoặc dịch vụ, sau đó chạy connector inbox retry",
)
NOT_A_SERVICE: Final = Text(
    "EDX-8032",
    "'{url}' is no address of a service",
    "'{url}' không phải địa chỉ dịch vụ",
    "https://host/path; http only on this machine; no user or password in it",
    "https://máy/đường-dẫn; http chỉ dùng trên máy này; không ghi tài khoản hay mật khẩu",
)
PROGRAM_LATER: Final = Text(
    "EDX-8033",
    "the program {program} cannot take the document now: {reason}",
    "chương trình {program} hiện chưa nhận được văn bản: {reason}",
    "look at what it says; the document is offered again by itself",
    "xem thông báo của chương trình; văn bản được chuyển lại tự động",
)
PROGRAM_REFUSED: Final = Text(
    "EDX-8034",
    "the program {program} refuses the document with exit code {status}: {reason}",
    "chương trình {program} từ chối văn bản với mã kết thúc {status}: {reason}",
    "correct what it says, then connector inbox retry; 75 means try later",
    "khắc phục theo thông báo rồi chạy connector inbox retry; 75 nghĩa là thử lại sau",
)
PROGRAM_ABSENT: Final = Text(
    "EDX-8035",
    "{program} is not a program that this user may run",
    "{program} không phải chương trình mà người dùng này được chạy",
    "check the path and its mode (chmod +x)",
    "kiểm tra đường dẫn và quyền thực thi (chmod +x)",
)
UNKNOWN_STATE: Final = Text(
    "EDX-8036",
    "'{state}' is no state of a delivery{suggestion_en}; there are: {known}",
    "'{state}' không phải trạng thái gửi{suggestion_vi}; các trạng thái: {known}",
    "see states.md",
    "xem states.md",
)
UNKNOWN_PARAMETER: Final = Text(
    "EDX-8037",
    "the statement names :{name}, which nobody fills in{suggestion_en}; there are: {known}",
    "câu lệnh có tham số :{name} không tồn tại{suggestion_vi}; các tham số: {known}",
    "use one of those names",
    "dùng một trong các tên đó",
)
FILE_DOWN: Final = Text(
    "EDX-8038",
    "the file of states cannot be written now: {reason}",
    "hiện không ghi được tệp trạng thái: {reason}",
    "check directory, permissions and space; it is tried again by itself",
    "kiểm tra thư mục, quyền ghi và dung lượng; hệ thống tự thử lại",
)
FILE_FOREIGN: Final = Text(
    "EDX-8039",
    "the file {path} does not begin with the columns of the states",
    "tệp {path} không bắt đầu bằng các cột của bảng trạng thái",
    "rename the file, or name another; nothing was written, the states wait",
    "đổi tên tệp đó hoặc khai báo tệp khác; chưa ghi gì, các trạng thái vẫn chờ",
)
LINE_FOREIGN: Final = Text(
    "EDX-8040",
    "the last line of {path} has no end and is no whole line of states",
    "dòng cuối của {path} chưa kết thúc và không phải một dòng trạng thái trọn vẹn",
    "complete or remove that line, end it with a new line; nothing was written, the states wait",
    "sửa hoặc xóa dòng đó, thêm dấu xuống dòng ở cuối; chưa ghi gì, các trạng thái vẫn chờ",
)
NOT_APPENDED: Final = Text(
    "EDX-8041",
    "lines cannot be appended to a file in the charset {charset}",
    "không thể ghi nối tiếp từng dòng vào tệp có bảng mã {charset}",
    "use utf-8, or the charset of the legacy system: tcvn3, vni, viscii, cp1258",
    "dùng utf-8 hoặc bảng mã của hệ thống cũ: tcvn3, vni, viscii, cp1258",
)
NO_FILE: Final = Text(
    "EDX-8043",
    "{path} is no regular file",
    "{path} không phải là tệp thông thường",
    "name a file, or a new name in a directory that is there; nothing was written, the states wait",
    "khai báo một tệp, hoặc tên mới trong thư mục đã có; chưa ghi gì, các trạng thái vẫn chờ",
)
FILE_HELD: Final = Text(
    "EDX-8044",
    "another program has locked the file {path}",
    "một chương trình khác đang khóa tệp {path}",
    "let it close the file after reading; nothing was written, it is tried again by itself",
    "để chương trình đó đóng tệp sau khi đọc; chưa ghi gì, hệ thống tự thử lại",
)
NAMES_CLASH: Final = Text(
    "EDX-8042",
    "the system cannot get both '{name}' and '{other}'",
    "hệ thống không thể nhận cùng lúc '{name}' và '{other}'",
    "a dot makes an object: name one of them otherwise",
    "dấu chấm tạo thành một đối tượng: đặt tên khác cho một trong hai",
)

CATALOGUE: Final[tuple[Text, ...]] = tuple(
    value for value in tuple(globals().values()) if isinstance(value, Text)
)
