"""The legacy charsets by name, each made from its table."""

from __future__ import annotations

import unicodedata
from functools import cache
from typing import Final

from connector.text import tables
from connector.text.charset import Charset

__all__ = ["DETECTABLE", "NAMES", "charset"]

DETECTABLE: Final = ("tcvn3", "vni", "viscii")
"""Charsets that a sample can be told to be in; VPS shares too many letters with VISCII."""
NAMES: Final = (*DETECTABLE, "vps")
"""Names of the charsets that are made from tables."""

_TCVN3_TONE_BYTE: Final = 0xB0
_VOWELS: Final = "aăâeêioôơuưy"


@cache
def charset(name: str) -> Charset:
    """Return the charset of one of `NAMES`; KeyError for any other name."""
    return {"tcvn3": _tcvn3, "vni": _vni, "viscii": _viscii, "vps": _vps}[name]()


def _tcvn3() -> Charset:
    marks = {_TCVN3_TONE_BYTE + i: tone for i, tone in enumerate(tables.TONES)}
    letters = _VOWELS + _VOWELS.upper()
    pairs = {letter + tone: _nfc(letter + tone) for letter in letters for tone in tables.TONES}
    singles = "".join(tables.UNDEFINED if char in tables.TONES else char for char in tables.TCVN3)
    return Charset("tcvn3", singles, marks=marks, pairs=pairs)


def _vni() -> Charset:
    marks = {mark.encode("latin-1")[0]: mark for mark in tables.VNI_MARKS}
    pairs = {
        base + mark: _nfc(letter)
        for base, letters in tables.VNI_PAIRS.items()
        for mark, letter in letters.items()
    }
    byte = {char: bytes((code,)) for code, char in enumerate(tables.VNI_SINGLES)}
    codes = {
        letter: byte[pair[0]] + pair[1].encode("latin-1")
        for pair, letter in pairs.items()
        if pair[0].isupper() == pair[1].isupper()
    }
    return Charset("vni", tables.VNI_SINGLES, marks=marks, pairs=pairs, codes=codes)


def _viscii() -> Charset:
    return Charset("viscii", tables.VISCII)


def _vps() -> Charset:
    return Charset("vps", tables.VPS)


def _nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)
