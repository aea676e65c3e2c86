"""Messages about crash points (900x)."""

from __future__ import annotations

from typing import Final

from connector.errors import Text

__all__ = ["CATALOGUE"]

WITHOUT_LEAVE: Final = Text(
    "EDX-9004",
    "{variable} is set, which kills this program on purpose, but faults are not allowed here",
    "biến {variable} được đặt để cố ý dừng đột ngột chương trình, nhưng nơi đây không cho phép",
    "remove {variable}; only a test node sets CONNECTOR_FAULTS=1, a production node never",
    "xóa {variable}; chỉ nút thử nghiệm mới đặt CONNECTOR_FAULTS=1, nút chính thức không bao giờ",
)
POINT_UNKNOWN: Final = Text(
    "EDX-9005",
    "{variable}={value} names no crash point; it reads NAME:N, N counting from 1",
    "{variable}={value} không phải là điểm dừng đột ngột; cách viết là TÊN:N, N tính từ 1",
    "the names stand in connector/crash.py",
    "các tên nằm trong connector/crash.py",
)
CATALOGUE: Final[tuple[Text, ...]] = (WITHOUT_LEAVE, POINT_UNKNOWN)
