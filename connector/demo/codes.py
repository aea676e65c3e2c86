"""Messages of the demonstration (92xx)."""

from __future__ import annotations

from typing import Final

from connector.errors import Text

__all__ = ["CATALOGUE"]

DAEMON_ENDED: Final = Text(
    "EDX-9201",
    "a daemon of the demonstration ended with status {status}",
    "một tiến trình của bản trình diễn đã dừng với mã {status}",
    "read its log",
    "xem tệp nhật ký của tiến trình",
)
NOT_AT_REST: Final = Text(
    "EDX-9202",
    "{count} deliveries got no answer in time, first {first}",
    "{count} lượt gửi không có trả lời đúng hạn, đầu tiên là {first}",
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

CATALOGUE: Final[tuple[Text, ...]] = (DAEMON_ENDED, NOT_AT_REST, MANAGEMENT_NEEDED)
