r"""VIQR, Vietnamese spelled in ASCII (RFC 1456): ``Vie^.t`` is Việt, ``ddu+o+`ng`` is đường.

A sign is a mark if it makes a Vietnamese letter with what stands before it, and only then; a
backslash before it keeps it a sign (``khi na`o\?``). Every ASCII text is VIQR, so it is never
guessed, only configured. The RFC's English and literal states are not known: a backslash that
protects nothing stays, as in the paths of Windows.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from typing_extensions import Buffer

__all__ = ["VIQR", "Viqr"]

_TONES: Final = dict(zip("'`?~.", "\u0301\u0300\u0309\u0303\u0323", strict=True))
_SHAPES: Final = {
    "a": {"": "a", "^": "â", "(": "ă"},
    "e": {"": "e", "^": "ê"},
    "i": {"": "i"},
    "o": {"": "o", "^": "ô", "+": "ơ"},
    "u": {"": "u", "+": "ư"},
    "y": {"": "y"},
}
_NOT_ASCII: Final = "VIQR is ASCII"
_NO_CODE: Final = "VIQR has no spelling for this character"


def _letters() -> dict[str, str]:
    """Return spelling → letter, small and capital, for every letter that takes a mark."""
    small = {
        f"{base}{shape}{tone}": unicodedata.normalize("NFC", letter + mark)
        for base, shapes in _SHAPES.items()
        for shape, letter in shapes.items()
        for tone, mark in {"": "", **_TONES}.items()
        if shape or tone
    }
    capitals = {spelling.upper(): letter.upper() for spelling, letter in small.items()}
    return small | capitals | {"dd": "đ", "DD": "Đ", "Dd": "Đ"}


_LETTERS: Final = _letters()
_SPELLINGS: Final = {letter: text for text, letter in _LETTERS.items() if text != "Dd"}
_LONGEST_FIRST: Final = "|".join(
    re.escape(spelling) for spelling in sorted(_LETTERS, key=len, reverse=True)
)
_TOKEN: Final = re.compile(
    r"\\(?P<sign>[\\(^+'`?~.])|\\(?P<held>[dD])(?P<bar>dd|DD|Dd)|(?P<pair>[dD]\\[dD])"
    rf"|(?P<letter>{_LONGEST_FIRST})|(?P<plain>[^aeiouydAEIOUYD\\\x80-\xff]+|[\x00-\x7f])",
    re.DOTALL,
)
_LIKELY: Final = re.compile(r"([aAeEoOuUiIyY][\^(+'`?~.](?:(?<=[\^(+])['`?~.])?|dd|D[dD])")
"""What may be a letter, for texts without a backslash: quick, and a little too much."""
_LONGEST: Final = 4
"""Characters from which one knows what the first of them means: a backslash and three d."""


class Viqr:
    """Decodes and encodes; immutable."""

    name: Final = "viqr"

    def decode(self, data: Buffer, errors: str = "strict") -> tuple[str, int]:
        """Return the NFC text of the bytes and their number; UnicodeDecodeError if strict."""
        data = bytes(data)
        written = data.decode("latin-1")
        if written.isascii() and "\\" not in written:
            parts = _LIKELY.split(written)
            parts[1::2] = [_LETTERS.get(part) or _inner(part) for part in parts[1::2]]
            return "".join(parts), len(data)
        text: list[str] = []
        at = 0
        while at < len(written):
            token = _TOKEN.match(written, at)
            if token is None:
                error = UnicodeDecodeError(self.name, data, at, at + 1, _NOT_ASCII)
                replacement, at = codecs.lookup_error(errors)(error)
                text.append(str(replacement))
                at += len(data) if at < 0 else 0
                continue
            text.append(_meant(token))
            at = token.end()
        return "".join(text), len(data)

    def encode(self, text: str, errors: str = "strict") -> tuple[bytes, int]:
        """Return the bytes of NFC text and its length; UnicodeEncodeError if strict."""
        pieces: list[str] = []
        before = ""
        for at, char in enumerate(text):
            piece = _SPELLINGS.get(char, char)
            if not piece.isascii():
                error = UnicodeEncodeError(self.name, text, at, at + 1, _NO_CODE)
                replacement, _ = codecs.lookup_error(errors)(error)
                piece = _ascii(replacement, error)
            elif _needs_guard(before, char, text[at + 1 : at + 2]):
                piece = f"\\{char}"
            pieces.append(piece)
            before = "" if piece.startswith("\\") else piece
        return "".join(pieces).encode("ascii"), len(text)

    def complete(self, data: bytes) -> int:
        """Return how many bytes can be decoded now; the last letter may be waiting for a mark."""
        gap = max(data.rfind(b" "), data.rfind(b"\n"))
        if gap >= 0:  # no letter and no backslash reaches over white space
            return gap + 1
        written = data.decode("latin-1")
        at = 0
        while at <= len(written) - _LONGEST:
            token = _TOKEN.match(written, at)
            at = at + 1 if token is None else token.end()
        return at


def _inner(likely: str) -> str:
    """Return what is a letter in what may be one: ``u^'`` is none, ``o+'`` in no other."""
    letter = _LETTERS.get(likely[:2])
    return likely if letter is None else letter + likely[2:]


def _meant(token: re.Match[str]) -> str:
    if token["letter"]:
        return _LETTERS[token["letter"]]
    if token["held"]:
        return token["held"] + _LETTERS[token["bar"]]
    if token["pair"]:
        return token["pair"].replace("\\", "")
    return token["sign"] or token["plain"]


def _needs_guard(before: str, char: str, following: str) -> bool:
    """Tell whether an ASCII character would make a letter with what stands beside it."""
    joins = char.isascii() and before + char in _LETTERS
    return joins or char == "\\" or (char in "dD" and following in {"đ", "Đ"})


def _ascii(replacement: str | bytes, error: UnicodeEncodeError) -> str:
    text = replacement.decode("latin-1") if isinstance(replacement, bytes) else replacement
    if not text.isascii():
        raise error
    return text


VIQR: Final = Viqr()
"""The one codec of this name."""
