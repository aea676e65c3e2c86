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

CATALOGUE: Final[tuple[Text, ...]] = (BROKER_AWAY,)
