"""Text files in any charset: the codec that was configured, checked against what the file says."""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final

from connector.errors import ConfigError, Finding
from connector.sources import codes
from connector.sources.base import Refused
from connector.sources.files import Where
from connector.sources.table import refused
from connector.text.codecs import CODECS, register
from connector.text.detect import detect

__all__ = ["MAX_ROW_CHARACTERS", "SAMPLE_BYTES", "Decoding", "lines", "too_long"]

MAX_ROW_CHARACTERS: Final = 4 << 20
"""Characters of one row; a longer one is no row."""
SAMPLE_BYTES: Final = 64 << 10
"""Bytes that are looked at to check a charset."""

_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass(frozen=True, slots=True)
class Decoding:
    """A charset and the place of the setting that names it."""

    charset: str
    where: Where

    def codec(self) -> codecs.CodecInfo:
        """Return the codec; ConfigError if Python knows none for text of that name."""
        register()
        try:
            io.TextIOWrapper(io.BytesIO(), encoding=self.charset).close()
            return codecs.lookup(self.charset)
        except (LookupError, ValueError) as error:
            known = ", ".join(("utf-8", *CODECS, "cp1258", "utf-16"))
            place = self.where("charset")
            finding = codes.CHARSET_UNKNOWN.at(place, charset=self.charset, known=known)
            raise ConfigError(finding) from error

    def text(self, stream: BinaryIO) -> io.TextIOWrapper:
        """Return the stream as text; single bytes that are not text become surrogates."""
        codec = self.codec()
        wide = codec.name.startswith(("utf-16", "utf-32"))
        return io.TextIOWrapper(
            stream,
            encoding="utf-8-sig" if codec.name == "utf-8" else codec.name,
            errors="strict" if wide else "surrogateescape",
            newline="",
        )

    def check_mark(self, beginning: bytes) -> None:
        """Raise ConfigError if a byte order mark contradicts the charset."""
        codec = self.codec()
        for mark, charset in _BOMS:
            if beginning.startswith(mark):
                if not codec.name.startswith(charset):
                    place, ours = self.where("charset"), self.charset
                    finding = codes.CHARSET_CONTRADICTED.at(place, found=charset, charset=ours)
                    raise ConfigError(finding)
                return

    def check_sample(self, sample: bytes) -> None:
        """Refuse a charset that a sample contradicts, before thousands of rows are refused."""
        codec = self.codec()
        self.check_mark(sample)
        try:
            codecs.getincrementaldecoder(codec.name)().decode(sample)
        except UnicodeError as error:
            raise ConfigError(self.unsuitable(sample)) from error
        if codec.name.startswith("utf"):
            return
        guess = detect(sample).charset
        if guess is not None and codecs.lookup(guess).name not in {codec.name, "ascii"}:
            raise ConfigError(self.unsuitable(sample))

    def unsuitable(self, sample: bytes) -> Finding:
        """Return what to say of a file that is not text in this charset."""
        guess = detect(sample).charset or "?"
        return codes.CHARSET_UNSUITABLE.at(self.where("charset"), charset=self.charset, guess=guess)


def lines(stream: BinaryIO, decoding: Decoding, name: str) -> Iterator[tuple[int, str] | Refused]:
    """Yield number and text of each line; a refusal, the last, where lines cannot be told apart."""
    text = decoding.text(stream)
    number = 0
    try:
        while True:
            number += 1
            line = text.readline(MAX_ROW_CHARACTERS + 1)
            if not line:
                return
            if len(line) > MAX_ROW_CHARACTERS:
                place = f"{name}:{number}"
                yield refused(place, line.encode("utf-8", "surrogatepass"), too_long(place))
                return
            yield number, line.rstrip("\r\n")
    except UnicodeError:
        place = f"{name}:{number}"
        finding = codes.TEXT_UNDECODABLE.at(place, charset=decoding.charset)
        yield refused(place, place.encode(), finding)
    finally:
        text.detach()


def too_long(place: str) -> Finding:
    """Return what to say of a row without an end."""
    return codes.ROW_TOO_LONG.at(place, limit=MAX_ROW_CHARACTERS)
