"""Text with delimiters, in any charset; one row at a time, nothing guessed, nothing repaired.

A row that cannot be decoded or divided is refused alone. Only where nobody can know in which
line the next row begins (a quote left open over several lines, a line without end) the rest of
the file is refused with it.
"""

from __future__ import annotations

import csv
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Self

from connector.clock import Clock
from connector.errors import ConfigError, Finding
from connector.model.record import Record
from connector.sources import codes
from connector.sources.base import Refused
from connector.sources.decoding import MAX_ROW_CHARACTERS, SAMPLE_BYTES, Decoding, too_long
from connector.sources.files import FileSource, Where, file_source
from connector.sources.settings import CsvSettings
from connector.sources.table import columns_of, refused, refused_file, row_of

__all__ = ["CsvTable", "open_csv"]


def open_csv(settings: CsvSettings, *, where: Where, base: Path, clock: Clock) -> FileSource:
    """Return the source of a CSV adapter."""
    return file_source(settings, CsvTable(settings, where), base=base, clock=clock)


@dataclass(frozen=True, slots=True)
class CsvTable:
    """The rows of one CSV file."""

    settings: CsvSettings
    where: Where

    @property
    def fingerprint(self) -> str:
        """The settings that decide how bytes become rows."""
        used = self.settings
        return repr((used.charset, used.delimiter, used.quotechar, used.header_row))

    def columns(self, stream: BinaryIO, name: str) -> tuple[str, ...]:
        """Return the columns, after a look at the first 64 KiB for the charset."""
        sample = stream.read(SAMPLE_BYTES)
        stream.seek(0)
        self._decoding().check_sample(sample)
        with _Rows(self.settings, self._decoding(), stream) as rows:
            columns = self._header(rows, name, sample)
        return tuple(column for column in columns if column)

    def rows(self, stream: BinaryIO, name: str) -> Generator[Record | Refused, None, None]:
        """Yield records and refusals with ``file:line`` as their places."""
        sample = stream.read(SAMPLE_BYTES)
        stream.seek(0)
        if not sample:
            return
        with _Rows(self.settings, self._decoding(), stream) as rows:
            try:
                self._decoding().check_mark(sample)
                columns = self._header(rows, name, sample)
            except ConfigError as error:
                place = f"{name}:{self.settings.header_row}"
                yield refused_file(place, sample, *error.findings)
                return
            yield from rows.read(name, columns)

    def _decoding(self) -> Decoding:
        return Decoding(self.settings.charset, self.where)

    def _header(self, rows: _Rows, name: str, sample: bytes) -> tuple[str, ...]:
        row = self.settings.header_row
        place = f"{name}:{row}"
        try:
            rows.skip(row - 1)
            cells = rows.next_row()
        except csv.Error as error:
            raise ConfigError(codes.ROW_BROKEN.at(place, reason=error)) from error
        except UnicodeError as error:
            raise ConfigError(self._decoding().unsuitable(sample)) from error
        except _RowTooLongError as error:
            raise ConfigError(too_long(place)) from error
        if cells is None:
            raise ConfigError(codes.HEADER_ABSENT.at(place, row=row))
        if any("\udc80" <= char <= "\udcff" for cell in cells for char in cell):
            raise ConfigError(self._decoding().unsuitable(sample))
        return columns_of([cell.removeprefix("\ufeff") for cell in cells], place, row)


class _RowTooLongError(Exception):
    """A row has no end within the limit."""


class _Rows:
    """The cells of a file, with the lines of the current row at hand; a context manager."""

    def __init__(self, settings: CsvSettings, decoding: Decoding, stream: BinaryIO) -> None:
        self._charset = settings.charset
        self._text = decoding.text(stream)
        self._lines: list[str] = []
        self._line = 0
        self._reader = csv.reader(
            self._next_lines(),
            delimiter="\t" if settings.delimiter == "\\t" else settings.delimiter,
            quotechar=settings.quotechar,
            quoting=csv.QUOTE_MINIMAL if settings.quotechar else csv.QUOTE_NONE,
            strict=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._text.detach()

    def skip(self, count: int) -> None:
        """Pass over lines before the header."""
        for _ in range(count):
            self._lines.clear()
            self._read_line()

    def next_row(self) -> list[str] | None:
        """Return the cells of the next row, None at the end."""
        self._lines.clear()
        return next(self._reader, None)

    def read(self, name: str, columns: tuple[str, ...]) -> Iterator[Record | Refused]:
        """Yield what follows the header."""
        while True:
            place = f"{name}:{self._line + 1}"
            try:
                cells = self.next_row()
            except csv.Error as error:
                yield self._refused(place, codes.ROW_BROKEN.at(place, reason=error))
                if len(self._lines) > 1:
                    return
                continue
            except UnicodeError:
                finding = codes.TEXT_UNDECODABLE.at(place, charset=self._charset)
                yield self._refused(place, finding)
                return
            except _RowTooLongError:
                yield self._refused(place, too_long(place))
                return
            if cells is None:
                return
            row = row_of(columns, cells, place, charset=self._charset, raw=self._raw())
            if row is not None:
                yield row

    def _refused(self, place: str, finding: Finding) -> Refused:
        return refused(place, self._raw(), finding)

    def _raw(self) -> bytes:
        return "".join(self._lines).encode("utf-8", "surrogatepass")

    def _next_lines(self) -> Iterator[str]:
        while line := self._read_line():
            yield line

    def _read_line(self) -> str:
        allowed = MAX_ROW_CHARACTERS - sum(map(len, self._lines))
        line = self._text.readline(allowed + 1)
        if len(line) > allowed:
            self._lines.append(line)
            raise _RowTooLongError
        if line:
            self._lines.append(line)
            self._line += 1
        return line
