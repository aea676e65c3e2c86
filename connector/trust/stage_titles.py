"""What each stage of verification asks, as people read it."""

from __future__ import annotations

from typing import Final

__all__ = ["OUTCOMES", "TITLES"]

TITLES: Final[dict[str, tuple[str, str]]] = {
    "form": ("Tệp có đúng dạng an toàn không", "Is the file of a safe form"),
    "structure": ("Chữ ký có đúng cấu trúc không", "Is the signature put together as it must be"),
    "certificate": ("Chứng thư người ký có dùng được không", "Is the signer's certificate fit"),
    "chain": ("Chứng thư có dẫn tới CA tin cậy không", "Does it lead to a trusted authority"),
    "revocation": ("Chứng thư có bị thu hồi không", "Was it revoked"),
    "signature": ("Chữ ký có khớp nội dung không", "Does the signature fit the content"),
    "content": ("Nội dung được ký có đọc được không", "Can the signed content be read"),
    "identity": (
        "Người ký có được ký thay cơ quan gửi không",
        "May the signer sign for the sender",
    ),
}
"""Vietnamese and English title of each stage, by its name."""

OUTCOMES: Final[dict[str, tuple[str, str]]] = {
    "passed": ("đạt", "passed"),
    "failed": ("không đạt", "failed"),
    "held": ("chờ, chưa kết luận được", "held, cannot be decided yet"),
    "not reached": ("chưa xét", "not reached"),
}
"""Vietnamese and English word for each outcome."""
