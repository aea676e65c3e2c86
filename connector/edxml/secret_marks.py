"""Recognises marks of state secrecy in text (NĐ 30/2020 PL I; QĐ 28/2018 Đ1(2)).

TUYỆT MẬT, TỐI MẬT and MẬT are marks; XEM XONG TRẢ LẠI and LƯU HÀNH NỘI BỘ are not, nor is the
word in running text ("bảo vệ bí mật nhà nước"). Where a mark was meant the packet stops, so a
mark in a mark's place counts whatever its case, and running text only in capitals and set apart.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

__all__ = ["bears_mark", "bears_word"]

_MARK: Final = "(?:TUYỆT MẬT|TỐI MẬT|MẬT)"
_APART: Final = "[-–—:.,;/|_]"
_EDGES: Final = " \t\r\n.,;:!*\"'-–—()[]{}<>«»/|_"
_WORDS: Final = ("mật", "mat")
_WHOLE: Final = frozenset({"mật", "tối mật", "tuyệt mật", "độ mật", "toi mat", "tuyet mat"})
_ANY_CASE: Final = (
    re.compile(rf"(?<!\w)độ (?:khẩn, )?mật ?[:=] ?{_MARK}(?!\w)", re.IGNORECASE),
    re.compile(rf"[(\[{{«<] ?{_MARK} ?[)\]}}»>]", re.IGNORECASE),
)
_LEADING: Final = re.compile(rf"{_MARK} ?{_APART}")
_TRAILING: Final = re.compile(rf"{_APART} ?{_MARK}\.?$")
_WORD: Final = re.compile(r"(?<!\w)(?<!BÍ )(?<!BẢO )(?<!CƠ )MẬT(?!\w)")


def bears_mark(text: str) -> bool:
    """Tell whether a free text (subject, summary, file name) bears a mark."""
    plain = _suspect(text)
    if not plain:
        return False
    if plain.strip(_EDGES).casefold() in _WHOLE:
        return True
    if any(pattern.search(plain) for pattern in _ANY_CASE) or _LEADING.match(plain):
        return True
    trailing = _TRAILING.search(plain)
    # In a text all in capitals the last words of a list look like a mark.
    return trailing is not None and not plain[: trailing.start()].isupper()


def bears_word(text: str) -> bool:
    """Tell whether a short field where marks are put (circulation, notation) holds one."""
    return bears_mark(text) or _WORD.search(_suspect(text)) is not None


def _suspect(text: str) -> str:
    """Return a text as it is looked at; empty, as nearly always, without any word of a mark."""
    if not text:
        return ""
    plain = " ".join(unicodedata.normalize("NFC", text).split())
    folded = plain.casefold()
    return plain if any(word in folded for word in _WORDS) else ""
