"""What can be wrong with cards. The prefix is the package's own."""

from __future__ import annotations

from typing import Final

from connector.errors import Text

__all__ = ["BAD_LINE", "UNKNOWN_NAME"]

BAD_LINE: Final = Text(
    "CARDS-01",
    "the line is not of the form 'name: value'",
    "dòng không có dạng 'tên: giá trị'",
    "correct the card",
    "sửa lại phiếu",
)
UNKNOWN_NAME: Final = Text(
    "CARDS-02",
    "the card has a name that is not among columns, or has it twice: '{name}'",
    "phiếu có tên không nằm trong columns, hoặc lặp lại: '{name}'",
    "add it to columns, or correct the card",
    "bổ sung vào columns hoặc sửa lại phiếu",
)
