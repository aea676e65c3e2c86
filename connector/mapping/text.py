"""The last step of every text: composed, with plain line breaks, fit for XML, not damaged."""

from __future__ import annotations

from connector.mapping import codes
from connector.mapping.values import Refusal
from connector.text.normalise import forbidden_characters, nfc

__all__ = ["checked"]

_REPLACEMENT_CHARACTER = "\ufffd"


def checked(text: str) -> str:
    """Return the text as TCVN 6909:2001 writes it (NĐ 30/2020 PL I); raises Refusal."""
    if text.isprintable() and _REPLACEMENT_CHARACTER not in text:
        return nfc(text)  # nearly always: what is forbidden, and line breaks, cannot be printed
    characters = forbidden_characters(text)
    if characters:
        raise Refusal(codes.FORBIDDEN_CHARACTER, characters=", ".join(characters))
    if _REPLACEMENT_CHARACTER in text:
        raise Refusal(codes.CORRUPT_TEXT)
    return nfc(text.replace("\r\n", "\n").replace("\r", "\n"))
