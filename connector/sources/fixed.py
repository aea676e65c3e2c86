"""Text whose columns have fixed widths, counted in characters after decoding.

A line that ends early has empty cells at its end, because editors cut blanks off; `line_width`
makes every other length a refusal. Blanks around a value are padding.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from connector.clock import Clock
from connector.errors import ConfigError
from connector.model.record import Record
from connector.sources import file_codes
from connector.sources.base import Refused
from connector.sources.decoding import SAMPLE_BYTES, Decoding, lines
from connector.sources.files import FileSource, Where, file_source
from connector.sources.plain_settings import FixedSettings
from connector.sources.table import refused, refused_file, row_of

__all__ = ["FixedTable", "open_fixed"]


def open_fixed(settings: FixedSettings, *, where: Where, base: Path, clock: Clock) -> FileSource:
    """Return the source of an adapter for text of fixed widths."""
    return file_source(settings, FixedTable(settings, where), base=base, clock=clock)


@dataclass(frozen=True, slots=True)
class FixedTable:
    """The lines of one file."""

    settings: FixedSettings
    where: Where

    @property
    def fingerprint(self) -> str:
        """The settings that decide how bytes become rows."""
        used = self.settings
        return repr((used.charset, used.spans(), used.skip_lines, used.line_width))

    def columns(self, stream: BinaryIO, name: str) -> tuple[str, ...]:  # noqa: ARG002 - the protocol
        """Return the configured columns, after a look at the first 64 KiB for the charset."""
        Decoding(self.settings.charset, self.where).check_sample(stream.read(SAMPLE_BYTES))
        return tuple(name for name, _ in self.settings.spans())

    def rows(self, stream: BinaryIO, name: str) -> Generator[Record | Refused, None, None]:
        """Yield records and refusals with ``file:line`` as their places."""
        decoding = Decoding(self.settings.charset, self.where)
        decoding.codec()
        sample = stream.read(SAMPLE_BYTES)
        stream.seek(0)
        try:
            decoding.check_mark(sample)
        except ConfigError as error:
            yield refused_file(f"{name}:1", sample, *error.findings)
            return
        for found in lines(stream, decoding, name):
            if isinstance(found, Refused):
                yield found
            elif found[0] > self.settings.skip_lines:
                row = self._row(found[1], f"{name}:{found[0]}")
                if row is not None:
                    yield row

    def _row(self, line: str, place: str) -> Record | Refused | None:
        raw = line.encode("utf-8", "surrogatepass")
        width = self.settings.line_width
        if width is not None and len(line) != width and line.strip():
            finding = file_codes.LINE_WIDTH.at(place, found=len(line), expected=width)
            return refused(place, raw, finding)
        spans = self.settings.spans()
        cells = [line[span].strip(" ") for _, span in spans]
        charset = self.settings.charset
        return row_of([name for name, _ in spans], cells, place, charset=charset, raw=raw)
