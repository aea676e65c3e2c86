"""Undo the second failure: TCVN3 or VNI bytes that were read as Latin-1 or cp1252.

A database column or a spreadsheet then holds Unicode look-alikes ("C«ng v¨n" for "Công văn").
The bytes are found back exactly, so what cannot have come from such bytes is not touched.
"""

from __future__ import annotations

from typing import Final

from connector.text.charsets import NAMES, charset

__all__ = ["CHARSETS", "repair", "to_bytes"]

CHARSETS: Final = NAMES
"""Charsets whose mojibake can be undone."""

_CP1252: Final = {
    ord(bytes((code,)).decode("cp1252")): code
    for code in range(0x80, 0xA0)
    if code not in {0x81, 0x8D, 0x8F, 0x90, 0x9D}
}


def repair(text: str, name: str) -> str | None:
    """Return the Vietnamese that look-alikes stand for, None if they cannot be of that charset.

    ASCII text is its own repair. `name` is one of `CHARSETS`.
    """
    if text.isascii():
        return text
    data = to_bytes(text)
    if data is None:
        return None
    try:
        return charset(name).decode(data)[0]
    except UnicodeDecodeError:
        return None


def to_bytes(text: str) -> bytes | None:
    """Return the bytes that text read as Latin-1 or cp1252 had, None if it has real Unicode."""
    try:
        return text.translate(_CP1252).encode("latin-1")
    except UnicodeEncodeError:
        return None
