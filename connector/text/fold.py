"""Names compared as people mean them: "Số Ký Hiệu", so_ky_hieu and SoKyHieu are one."""

from __future__ import annotations

import unicodedata
from typing import Final

__all__ = ["fold"]

_DROPPED: Final = {"_"}
_STROKE: Final = str.maketrans("đĐ", "dD")


def fold(text: str) -> str:
    """Return the text without case, diacritics, white space and ``_``; đ becomes d."""
    decomposed = unicodedata.normalize("NFKD", text.translate(_STROKE)).casefold()
    return "".join(
        char
        for char in decomposed
        if not (unicodedata.combining(char) or char.isspace() or char in _DROPPED)
    )
