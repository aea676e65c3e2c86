"""One legacy charset: a table of single bytes, and pairs of a letter and the mark after it.

TCVN3, VNI, VISCII and VPS are all of this form, so one decoder and one encoder serve them.
Decoding yields NFC. What the charset does not define is an error: nothing is guessed.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Final, Protocol

from connector.text.tables import UNDEFINED

if TYPE_CHECKING:
    from typing_extensions import Buffer

__all__ = ["Charset", "Coding"]

_NOT_DEFINED: Final = "the charset does not define this byte here"


class Coding(Protocol):
    """What the codecs need of a charset; `complete` tells how many bytes can be decoded now."""

    @property
    def name(self) -> str:
        """Return the codec's name."""
        ...

    def decode(self, data: Buffer, errors: str = "strict") -> tuple[str, int]:
        """Return the NFC text of the bytes and their number."""
        ...

    def encode(self, text: str, errors: str = "strict") -> tuple[bytes, int]:
        """Return the bytes of NFC text and its length."""
        ...

    def complete(self, data: bytes) -> int:
        """Return how many bytes can be decoded now."""
        ...


class Charset:
    """Decodes and encodes; immutable, shared by all codec objects of its name.

    `singles` has 256 characters, `UNDEFINED` where a byte means nothing alone. `marks` maps the
    bytes of marks to what stands for them in the keys of `pairs`, which are letter and mark;
    `codes` are the bytes of letters that have no single byte.
    """

    def __init__(
        self,
        name: str,
        singles: str,
        *,
        marks: Mapping[int, str] | None = None,
        pairs: Mapping[str, str] | None = None,
        codes: Mapping[str, bytes] | None = None,
    ) -> None:
        marks, pairs = marks or {}, pairs or {}
        bases = {pair[0] for pair in pairs}
        self.name: Final = name
        self._table: Final = "".join(marks.get(code, char) for code, char in enumerate(singles))
        self._marks: Final = frozenset(marks)
        self._unmarked: Final = bytes(code for code in range(256) if code not in marks)
        self._pairs: Final = pairs
        self._pair: Final = re.compile(f"([{_set(bases)}][{_set(marks.values())}])")
        self._open: Final = frozenset(
            code for code, char in enumerate(singles) if char in bases and char != UNDEFINED
        )
        own = {ord(c): bytes((code,)) for code, c in enumerate(singles) if c != UNDEFINED}
        self._codes: Final = own | {ord(letter): code for letter, code in (codes or {}).items()}

    def decode(self, data: Buffer, errors: str = "strict") -> tuple[str, int]:
        """Return the NFC text of the bytes and their number; UnicodeDecodeError if strict."""
        data = bytes(data)
        text = self._decode_quickly(data)
        return (self._decode_carefully(data, errors) if text is None else text), len(data)

    def encode(self, text: str, errors: str = "strict") -> tuple[bytes, int]:
        """Return the bytes of NFC text and its length; UnicodeEncodeError if strict."""
        return codecs.charmap_encode(text, errors, self._codes)

    def complete(self, data: bytes) -> int:
        """Return how many bytes can be decoded now; a last letter may be waiting for its mark."""
        return len(data) - 1 if data and data[-1] in self._open else len(data)

    def _decode_quickly(self, data: bytes) -> str | None:
        """Return the text at the speed of C, None if there is anything wrong with the bytes."""
        try:
            text, _ = codecs.charmap_decode(data, "strict", self._table)
        except UnicodeDecodeError:
            return None
        marks = len(data.translate(None, self._unmarked))
        if not marks:
            return text
        parts = self._pair.split(text)
        letters = [self._pairs.get(pair) for pair in parts[1::2]]
        if len(letters) != marks or None in letters:
            return None
        parts[1::2] = [letter for letter in letters if letter is not None]
        return "".join(parts)

    def _decode_carefully(self, data: bytes, errors: str) -> str:
        handle = codecs.lookup_error(errors)
        text: list[str] = []
        at = 0
        while at < len(data):
            char = self._table[data[at]]
            following = self._table[data[at + 1]] if at + 1 < len(data) else ""
            letter = self._pairs.get(char + following)
            if letter is not None:
                text.append(letter)
                at += 2
            elif char == UNDEFINED or data[at] in self._marks:
                error = UnicodeDecodeError(self.name, data, at, at + 1, _NOT_DEFINED)
                replacement, at = handle(error)
                text.append(str(replacement))
                at += len(data) if at < 0 else 0
            else:
                text.append(char)
                at += 1
        return "".join(text)


def _set(characters: Iterable[str]) -> str:
    return "".join(re.escape(char) for char in characters) or "^\\s\\S"
