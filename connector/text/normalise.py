"""Unicode text as it travels: composed (NFC) and without characters that XML cannot carry."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

__all__ = ["collapse_spaces", "forbidden_characters", "nfc", "strip_controls"]

_FORBIDDEN: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_CONTROLS: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f]")
_SPACES: Final = re.compile(r"\s+")


def nfc(text: str) -> str:
    """Return the text with letters and marks composed, as QCVN 102 writes Vietnamese."""
    return unicodedata.normalize("NFC", text)


def forbidden_characters(text: str) -> tuple[str, ...]:
    """Return as ``U+XXXX``, once each, the characters that XML 1.0 cannot carry."""
    found = dict.fromkeys(_FORBIDDEN.findall(text))
    return tuple(f"U+{ord(char):04X}" for char in found)


def strip_controls(text: str) -> str:
    """Return the text without control characters; tab and line breaks stay."""
    return _CONTROLS.sub("", text)


def collapse_spaces(text: str) -> str:
    """Return the text with every run of white space, no-break spaces too, as one space."""
    return _SPACES.sub(" ", text).strip()
