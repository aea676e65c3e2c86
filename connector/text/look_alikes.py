"""UTF-8 that holds look-alikes: legacy bytes that were once read as Latin-1 or cp1252.

"C«ng v¨n" in a UTF-8 file is "Công văn" in ``utf8-tcvn3``. A character that no legacy byte looks
like is an error at its place: real Vietnamese among look-alikes is never passed through.
"""

from __future__ import annotations

import codecs
import re
from functools import cache
from typing import TYPE_CHECKING, Final

from connector.text.charset import Charset
from connector.text.charsets import NAMES, charset
from connector.text.mojibake import to_bytes

if TYPE_CHECKING:
    from typing_extensions import Buffer

__all__ = ["LOOK_ALIKES", "LookAlikes", "look_alike_name", "look_alikes"]

_PREFIX: Final = "utf8-"
LOOK_ALIKES: Final = tuple(f"{_PREFIX}{name}" for name in NAMES)
"""Names of the codecs for look-alikes."""

_NO_LOOK_ALIKE: Final = "no byte of the charset looks like this"
_SPECIALS: Final = "".join(
    bytes((code,)).decode("cp1252")
    for code in range(0x80, 0xA0)
    if code not in {0x81, 0x8D, 0x8F, 0x90, 0x9D}
)
_FOREIGN: Final = re.compile(f"([^\x00-\xff{re.escape(_SPECIALS)}])")


def look_alike_name(name: str) -> str:
    """Return the name of the codec for the look-alikes of a charset."""
    return f"{_PREFIX}{name}"


@cache
def look_alikes(name: str) -> LookAlikes:
    """Return the codec of one of `LOOK_ALIKES`; KeyError for any other name."""
    return LookAlikes(name, charset(name.removeprefix(_PREFIX)))


class LookAlikes:
    """Decodes and encodes; immutable."""

    def __init__(self, name: str, legacy: Charset) -> None:
        self.name: Final = name
        self._legacy: Final = legacy

    def decode(self, data: Buffer, errors: str = "strict") -> tuple[str, int]:
        """Return the NFC text of the bytes and their number; UnicodeDecodeError if strict."""
        data = bytes(data)
        seen = data.decode("utf-8", errors)
        raw = to_bytes(seen)
        if raw is not None:
            return self._legacy.decode(raw, errors)[0], len(data)
        parts = _FOREIGN.split(seen)
        parts[::2] = [self._legacy.decode(to_bytes(p) or b"", errors)[0] for p in parts[::2]]
        parts[1::2] = [self._refused(char, errors) for char in parts[1::2]]
        return "".join(parts), len(data)

    def encode(self, text: str, errors: str = "strict") -> tuple[bytes, int]:
        """Return the bytes of NFC text and its length; UnicodeEncodeError if strict."""
        raw, length = self._legacy.encode(text, errors)
        return raw.decode("latin-1").encode(), length

    def complete(self, data: bytes) -> int:
        """Return how many bytes can be decoded now; a last letter may be waiting for its mark."""
        start = _last_character(data)
        try:
            last = to_bytes(data[start:].decode("utf-8"))
        except UnicodeDecodeError:
            is_cut = data[start] >= 0xC0 and len(data) - start < 4
            return self.complete(data[:start]) if is_cut else len(data)
        waits = last is not None and len(last) == 1 and self._legacy.complete(last) == 0
        return start if waits else len(data)

    def _refused(self, char: str, errors: str) -> str:
        """Return what an error handler makes of a character; escaped bytes stay escaped."""
        if "\udc80" <= char <= "\udcff":
            return char
        data = char.encode("utf-8", "surrogatepass")
        error = UnicodeDecodeError(self.name, data, 0, len(data), _NO_LOOK_ALIKE)
        replacement, _ = codecs.lookup_error(errors)(error)
        return str(replacement)


def _last_character(data: bytes) -> int:
    """Return where the last character of UTF-8 begins, whole or not."""
    start = max(0, len(data) - 1)
    while start > max(0, len(data) - 4) and 0x80 <= data[start] < 0xC0:
        start -= 1
    return start
