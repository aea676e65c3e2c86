"""The code tables of legacy Vietnamese charsets, byte by byte; every codec is made from these.

TCVN3 and VISCII are checked against the C library's iconv by the tests, because several public
tables of TCVN3 are wrong. Letters stand in the order of `_LETTERS`.
"""

from __future__ import annotations

from typing import Final

__all__ = [
    "TCVN3",
    "TONES",
    "UNDEFINED",
    "VISCII",
    "VNI_BASES",
    "VNI_MARKS",
    "VNI_PAIRS",
    "VNI_SINGLES",
    "VPS",
]

UNDEFINED: Final = "\ufffe"
"""What stands in a table for a byte that means nothing."""

TONES: Final = "\u0300\u0309\u0303\u0301\u0323"
"""Combining huyền, hỏi, ngã, sắc, nặng, in the order of TCVN 5712's bytes B0–B4."""

_ASCII: Final = bytes(range(128)).decode("ascii")
_U: Final = UNDEFINED

_PUNCTUATION: Final = f"€{_U}‚{_U}„…†‡{_U}‰{_U}‹{_U * 5}‘’“”•–—{_U}™{_U}›{_U * 4}"
"""80–9F as Windows programs write it between TCVN3 and VNI letters: cp1252 without its letters.

TCVN 5712-3 leaves this row free; the fonts kept the quotes and dashes of Windows there.
"""

TCVN3: Final = (
    f"{_ASCII}{_PUNCTUATION}"
    f"\u00a0ĂÂÊÔƠƯĐăâêôơưđ{_U}"
    f"{TONES}àảãáạ{_U}ằẳẵắ{_U}"
    f"{_U * 6}ặầẩẫấậè{_U}ẻẽ"
    f"éẹềểễếệìỉ{_U * 3}ĩíịò"
    f"{_U}ỏõóọồổỗốộờởỡớợù"
    f"{_U}ủũúụừửữứựỳỷỹýỵ{_U}"
)
"""TCVN 5712:1993 VN3, "ABC", fonts .VnTime: capitals with a tone have no code of their own."""

VISCII: Final = (
    "\x00\x01Ẳ\x03\x04ẴẪ\x07\x08\t\n\x0b\x0c\r\x0e\x0f"
    "\x10\x11\x12\x13Ỷ\x15\x16\x17\x18Ỹ\x1a\x1b\x1c\x1dỴ\x1f"
    f"{_ASCII[0x20:]}"
    "ẠẮẰẶẤẦẨẬẼẸẾỀỂỄỆỐỒỔỖỘỢỚỜỞỊỎỌỈỦŨỤỲ"
    "ÕắằặấầẩậẽẹếềểễệốồổỗỠƠộờởịỰỨỪỬơớƯ"
    "ÀÁÂÃẢĂẳẵÈÉÊẺÌÍĨỳĐứÒÓÔạỷừửÙÚỹỵÝỡư"
    "àáâãảăữẫèéêẻìíĩỉđựòóôõỏọụùúũủýợỮ"
)
"""RFC 1456; six of its capitals stand among the control characters."""

VPS: Final = (
    "\x00\x01ẠẬẶẸỆ\x07\x08\t\n\x0b\x0c\r\x0e\x0f"
    "ỊỌỘỢỤỰ\x16\x17\x18Ỵ\x1a\x1bẪỮ\x1e\x1f"
    f"{_ASCII[0x20:]}"
    "ÀẢÃẤẦẨọỗĂếềểệẮẰẲẾ‘’ỀỂỄỐỒỔỖýỷỵỚỜỞ"
    "\xa0ắằẳẵặỠớÙờởỡŨỨợỪổỬỲỸÍÌộỈĨÓửữÒỎÕự"
    "ầÁÂấẩẫậđẻÉÊẹỉễịỹƯỦồốÔỏơÈừứÚũưÝẺß"
    "àáâãảạăçèéêẽìíîĩẴĐòóôõöƠụùúủüỶẼỳ"
)
"""Vietnamese Professionals Society; fourteen of its capitals stand among the control characters.

Mozilla's table (vps.uf) and that of the editor Alpha (vietnamese.cpp) agree on all bytes; xvnkb's
agrees on the 131 letters that it writes with codes of their own (in the others it has no
control characters).
"""

_LATIN_SYMBOLS: Final = "\u00a0¡¢£¤¥¦§¨©ª«¬\u00ad®¯°±²³´µ¶·¸¹º»¼½¾¿"
_VNI_LETTERS: Final = dict(zip("ÆÌÍÎÑÒÓÔÖæìíîñòóôö", "ỈÌÍỴĐỊĨƠƯỉìíỵđịĩơư", strict=True))

VNI_SINGLES: Final = f"{_ASCII}{_PUNCTUATION}{_LATIN_SYMBOLS}" + "".join(
    _VNI_LETTERS.get(chr(code), UNDEFINED) for code in range(0xC0, 0x100)
)
"""VNI-Windows bytes that stand alone; marks are undefined here."""

_TONE_MARKS: Final = "ùøûõï"
_TONES_OF_MARKS: Final = "\u0301\u0300\u0309\u0303\u0323"
_CIRCUMFLEX_MARKS: Final = "âáàåãä"
_BREVE_MARKS: Final = "êéèúüë"
VNI_MARKS: Final = "".join(
    mark + mark.upper() for mark in _TONE_MARKS + _CIRCUMFLEX_MARKS + _BREVE_MARKS
)
"""VNI-Windows bytes (as Latin-1) that change the letter before them."""


def _vni_letters(base: str, written: str) -> dict[str, str]:
    """Return mark → decomposed letter for one base; `written` are the marks that it takes."""
    tones = dict(zip(_TONE_MARKS, _TONES_OF_MARKS, strict=True))
    shapes = {"\u0302": _CIRCUMFLEX_MARKS, "\u0306": _BREVE_MARKS}
    for shape, marks in shapes.items():
        tones[marks[0]] = shape
        tones |= {m: shape + t for m, t in zip(marks[1:], _TONES_OF_MARKS, strict=True)}
    return {mark: base + tones[mark] for mark in written}


_VNI_TAKES: Final = {
    "a": _TONE_MARKS + _CIRCUMFLEX_MARKS + _BREVE_MARKS,
    "e": _TONE_MARKS + _CIRCUMFLEX_MARKS,
    "o": _TONE_MARKS + _CIRCUMFLEX_MARKS,
    "u": _TONE_MARKS,
    "y": _TONE_MARKS.replace("ï", ""),
    "ơ": _TONE_MARKS,
    "ư": _TONE_MARKS,
}
VNI_BASES: Final = "".join(base + base.upper() for base in _VNI_TAKES)
"""Letters that may take a mark, as `VNI_SINGLES` gives them."""

VNI_PAIRS: Final = {
    base: _vni_letters(base, marks)
    | {mark.upper(): letter for mark, letter in _vni_letters(base, marks).items()}
    for low, marks in _VNI_TAKES.items()
    for base in (low, low.upper())
}
"""Base → mark → decomposed letter. The base alone decides the case of the letter."""
