"""Messages of the daemon (90xx)."""

from __future__ import annotations

from typing import Final

from connector.errors import Text

__all__ = ["CATALOGUE"]

BROKER_AWAY: Final = Text(
    "EDX-9001",
    "RabbitMQ does not answer for agency {agency}",
    "RabbitMQ không phản hồi cho cơ quan {agency}",
    "check broker.url and the network; what was collected is safe in the outbox",
    "kiểm tra broker.url và mạng; văn bản đã thu nhận được giữ an toàn trong hàng gửi",
)

HEALTH_FAILED: Final = Text(
    "EDX-9002",
    "health and metrics cannot be served at {listen}: {reason}",
    "không mở được cổng theo dõi tại {listen}: {reason}",
    "change metrics.listen, or end the program that holds the port; documents go on without it",
    "đổi metrics.listen hoặc dừng chương trình đang giữ cổng; việc gửi nhận vẫn tiếp tục",
)
SOURCE_UNEXPECTED: Final = Text(
    "EDX-9003",
    "the program failed while it read adapter {adapter}: {reason}",
    "chương trình gặp lỗi khi đọc bộ chuyển đổi {adapter}: {reason}",
    "report it with the export; the other adapters go on",
    "báo lỗi kèm tệp kết xuất; các bộ chuyển đổi khác vẫn hoạt động",
)

CATALOGUE: Final[tuple[Text, ...]] = (BROKER_AWAY, HEALTH_FAILED, SOURCE_UNEXPECTED)
