"""Messages of the demonstration (92xx)."""

from __future__ import annotations

from typing import Final

from connector.errors import Text

__all__ = ["CATALOGUE"]

DAEMON_ENDED: Final = Text(
    "EDX-9201",
    "a daemon of the demonstration ended with status {status}; the end of its log:{lines}",
    "một tiến trình của bản trình diễn đã dừng với mã {status}; các dòng cuối của nhật ký ở dưới",
    "its whole log is the file that is named above",
    "toàn bộ nhật ký nằm trong tệp nêu ở trên",
)
NOT_AT_REST: Final = Text(
    "EDX-9202",
    "{count} deliveries got no answer in time; the first of them, and the last warning or error of"
    " each daemon:{lines}",
    "{count} lượt gửi không có trả lời đúng hạn; các lượt đầu tiên và cảnh báo hoặc lỗi cuối cùng"
    " của từng tiến trình ở dưới",
    "read nodes/*/daemon.log below the demonstration's directory",
    "xem nodes/*/daemon.log trong thư mục trình diễn",
)
MANAGEMENT_NEEDED: Final = Text(
    "EDX-9203",
    "CONNECTOR_BROKER_URL is set, CONNECTOR_BROKER_MANAGEMENT_URL is not",
    "đã đặt CONNECTOR_BROKER_URL nhưng thiếu CONNECTOR_BROKER_MANAGEMENT_URL",
    "set it to http://user:password@host:15672, or unset both to start a private node",
    "đặt dạng http://user:password@host:15672, hoặc bỏ cả hai để khởi động nút riêng",
)
RECALL_FAILED: Final = Text(
    "EDX-9204",
    "`connector recall` ended with status {status}: {said}",
    "`connector recall` kết thúc với mã {status}: {said}",
    "read nodes/*/daemon.log below the demonstration's directory",
    "xem nodes/*/daemon.log trong thư mục trình diễn",
)

CATALOGUE: Final[tuple[Text, ...]] = (
    DAEMON_ENDED,
    NOT_AT_REST,
    MANAGEMENT_NEEDED,
    RECALL_FAILED,
)
