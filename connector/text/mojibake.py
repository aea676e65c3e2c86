"""Undo the second failure: TCVN3 or VNI bytes that were read as Latin-1 or cp1252.

A database column or a spreadsheet then holds Unicode look-alikes ("C«ng v¨n" for "Công văn").
The bytes are found back exactly, so what cannot have come from such bytes is not touched.
"""

from __future__ import annotations

from typing import Final

from connector.text.charsets import NAMES, charset
from connector.text.viqr import VIQR

__all__ = ["CHARSETS", "repair", "to_bytes"]

CHARSETS: Final = (*NAMES, VIQR.name)
"""Charsets whose mojibake can be undone; VIQR, being ASCII, is only spelled out."""

_CP1252: Final = {
    ord(bytes((code,)).decode("cp1252")): code
    for code in range(0x80, 0xA0)
    if code not in {0x81, 0x8D, 0x8F, 0x90, 0x9D}
}


def repair(text: str, name: str) -> str | None:
    """Return the Vietnamese that look-alikes stand for, None if they cannot be of that charset.

    Printable ASCII is its own repair (not in VIQR); some charsets have capitals among the control
    characters. `name` is one of `CHARSETS`.
    """
    found = VIQR if name == VIQR.name else charset(name)
    if found is not VIQR and text.isascii() and text.isprintable():
        return text
    data = to_bytes(text)
    if data is None:
        return None
    try:
        return found.decode(data)[0]
    except UnicodeDecodeError:
        return None


def to_bytes(text: str) -> bytes | None:
    """Return the bytes that text read as Latin-1 or cp1252 had, None if it has real Unicode."""
    for name in ("latin-1", "cp1252"):  # quick, and mostly enough
        try:
            return text.encode(name)
        except UnicodeEncodeError:
            continue
    try:
        return text.translate(_CP1252).encode("latin-1")
    except UnicodeEncodeError:
        return None
