"""Messages of the command line (9010 and on)."""

from __future__ import annotations

from typing import Final

from connector.errors import Text

__all__ = ["CATALOGUE"]

UNREADABLE: Final = Text(
    "EDX-9010",
    "the file cannot be read: {reason}",
    "không đọc được tệp: {reason}",
    "check the path and its permissions",
    "kiểm tra đường dẫn và quyền truy cập",
)
NOT_WRITABLE: Final = Text(
    "EDX-9011",
    "the file cannot be written: {reason}",
    "không ghi được tệp: {reason}",
    "name a file that does not exist yet, in a directory that you may write to",
    "chọn tệp chưa có, trong thư mục mà bạn được quyền ghi",
)
IO_FAILED: Final = Text(
    "EDX-9012",
    "the operating system refused: {reason}",
    "hệ điều hành từ chối: {reason}",
    "check the path, its permissions and the space on the disk",
    "kiểm tra đường dẫn, quyền truy cập và dung lượng đĩa",
)
BUG: Final = Text(
    "EDX-9999",
    "a bug of the program: {reason}",
    "lỗi của chương trình: {reason}",
    "run `connector -v …` again and report what it prints",
    "chạy lại với `connector -v …` và gửi kết quả cho nhóm phát triển",
)

CATALOGUE: Final[tuple[Text, ...]] = (UNREADABLE, NOT_WRITABLE, IO_FAILED, BUG)
