"""Legacy Vietnamese charsets as Python codecs: ``open(path, encoding="tcvn3")``.

``tcvn3`` (ABC, fonts .VnTime), ``vni`` (VNI-Windows), ``viscii`` and ``viqr`` (RFC 1456) and
``vps`` (Vietnamese Professionals Society); ``utf8-tcvn3`` and its like for UTF-8 that holds what
such bytes look like in Latin-1. Decoding is strict unless another error handler is named, and
yields NFC. ``viqr`` is ASCII and ``vps`` like VISCII, so neither is ever detected.

TCVN3 has no codes for capitals that carry a tone: people typed small letters in a capital font
(.VnTimeH). Such text decodes to small letters, which is what is stored; that a column was set in
a capital font is knowledge of its adapter, which then says so with a transform. Encoding "Á" to
``tcvn3`` is therefore an error. Decoding accepts the standard's combining tones (A + B3).
"""

from __future__ import annotations

import codecs
import unicodedata
from functools import cache, partial
from typing import TYPE_CHECKING, Final

from connector.text.charset import Coding
from connector.text.charsets import NAMES, charset
from connector.text.look_alikes import LOOK_ALIKES, look_alikes
from connector.text.viqr import VIQR

if TYPE_CHECKING:
    from typing_extensions import Buffer

__all__ = ["CODECS", "register"]

CODECS: Final = (*NAMES, VIQR.name, *LOOK_ALIKES)
"""Names of the codecs that `register` adds to Python's."""


def register() -> None:
    """Make the codecs known to Python; doing it again changes nothing."""
    try:
        codecs.lookup(CODECS[0])
    except LookupError:
        codecs.register(_search)


@cache
def _search(name: str) -> codecs.CodecInfo | None:
    found = _coding(name)
    if found is None:
        return None
    return codecs.CodecInfo(
        name=found.name,
        encode=partial(_encode, found),
        decode=found.decode,
        incrementalencoder=partial(_Encoder, found),
        incrementaldecoder=partial(_Decoder, found),
        streamreader=partial(_Reader, found),
        streamwriter=partial(_Writer, found),
    )


def _coding(name: str) -> Coding | None:
    """Return what codes; Python asks with ``_`` for every ``-``."""
    if name in LOOK_ALIKES or name.replace("_", "-") in LOOK_ALIKES:
        return look_alikes(name.replace("_", "-"))
    if name == VIQR.name:
        return VIQR
    return charset(name) if name in NAMES else None


def _encode(found: Coding, text: str, errors: str = "strict") -> tuple[bytes, int]:
    data, _ = found.encode(unicodedata.normalize("NFC", text), errors)
    return data, len(text)


class _Encoder(codecs.IncrementalEncoder):
    def __init__(self, found: Coding, errors: str = "strict") -> None:
        super().__init__(errors)
        self._charset = found

    def encode(self, text: str, final: bool = False) -> bytes:  # noqa: ARG002 - stateless
        return _encode(self._charset, text, self.errors)[0]


class _Decoder(codecs.BufferedIncrementalDecoder):
    def __init__(self, found: Coding, errors: str = "strict") -> None:
        super().__init__(errors)
        self._charset = found

    def _buffer_decode(self, data: Buffer, errors: str, final: bool) -> tuple[str, int]:
        known = bytes(data)
        ready = len(known) if final else self._charset.complete(known)
        return self._charset.decode(known[:ready], errors)


class _Reader(codecs.StreamReader):
    def __init__(
        self, found: Coding, stream: codecs._ReadableStream, errors: str = "strict"
    ) -> None:
        super().__init__(stream, errors)
        self._charset = found

    def decode(self, data: bytes, errors: str = "strict") -> tuple[str, int]:
        """Decode what is complete; nothing new after what was kept back means the end."""
        at_end = data == self.bytebuffer
        ready = len(data) if at_end else self._charset.complete(data)
        return self._charset.decode(data[:ready], errors)


class _Writer(codecs.StreamWriter):
    def __init__(
        self, found: Coding, stream: codecs._WritableStream, errors: str = "strict"
    ) -> None:
        super().__init__(stream, errors)
        self._charset = found

    def encode(self, text: str, errors: str = "strict") -> tuple[bytes, int]:
        return _encode(self._charset, text, errors)
