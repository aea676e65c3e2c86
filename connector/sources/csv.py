"""Text with delimiters, in any charset; one row at a time, nothing guessed, nothing repaired.

A row that cannot be decoded or divided is refused alone. Only where nobody can know in which
line the next row begins (a quote left open over several lines, a line without end) the rest of
the file is refused with it.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, Self

from connector.clock import Clock
from connector.errors import ConfigError, Finding
from connector.model.record import Record
from connector.sources import codes
from connector.sources.attachments import Attachments
from connector.sources.base import Refused
from connector.sources.files import FileSource, Where
from connector.sources.settings import CsvSettings
from connector.sources.table import columns_of, refused, row_of
from connector.text.codecs import CODECS, register
from connector.text.detect import detect

__all__ = ["CsvTable", "open_csv"]

_MAX_ROW_CHARACTERS: Final = 4 << 20
_SAMPLE_BYTES: Final = 64 << 10
_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def open_csv(settings: CsvSettings, *, where: Where, base: Path, clock: Clock) -> FileSource:
    """Return the source of a CSV adapter."""
    return FileSource(
        path=settings.path,
        base=base,
        settle_seconds=settings.settle_seconds,
        table=CsvTable(settings, where),
        attachments=Attachments(settings.attachments_directory),
        clock=clock,
    )


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
        codec = self._codec()
        sample = stream.read(_SAMPLE_BYTES)
        stream.seek(0)
        self._check_sample(codec, sample)
        with _Rows(self.settings, codec, stream) as rows:
            columns = self._header(rows, name, sample)
        return tuple(column for column in columns if column)

    def rows(self, stream: BinaryIO, name: str) -> Generator[Record | Refused, None, None]:
        """Yield records and refusals with ``file:line`` as their places."""
        codec = self._codec()
        sample = stream.read(_SAMPLE_BYTES)
        stream.seek(0)
        if not sample:
            return
        with _Rows(self.settings, codec, stream) as rows:
            try:
                self._check_mark(codec, sample)
                columns = self._header(rows, name, sample)
            except ConfigError as error:
                yield refused(f"{name}:{self.settings.header_row}", sample, *error.findings)
                return
            yield from rows.read(name, columns)

    def _codec(self) -> codecs.CodecInfo:
        register()
        charset = self.settings.charset
        try:
            io.TextIOWrapper(io.BytesIO(), encoding=charset).close()
            return codecs.lookup(charset)
        except (LookupError, ValueError) as error:
            known = ", ".join(("utf-8", *CODECS, "cp1258", "utf-16"))
            place = self.where("charset")
            finding = codes.CHARSET_UNKNOWN.at(place, charset=charset, known=known)
            raise ConfigError(finding) from error

    def _header(self, rows: _Rows, name: str, sample: bytes) -> tuple[str, ...]:
        row = self.settings.header_row
        place = f"{name}:{row}"
        try:
            rows.skip(row - 1)
            cells = rows.next_row()
        except csv.Error as error:
            raise ConfigError(codes.ROW_BROKEN.at(place, reason=error)) from error
        except UnicodeError as error:
            raise ConfigError(self._unsuitable(sample)) from error
        except _RowTooLongError as error:
            raise ConfigError(_too_long(place)) from error
        if cells is None:
            raise ConfigError(codes.HEADER_ABSENT.at(place, row=row))
        if any("\udc80" <= char <= "\udcff" for cell in cells for char in cell):
            raise ConfigError(self._unsuitable(sample))
        return columns_of([cell.removeprefix("\ufeff") for cell in cells], place, row)

    def _check_mark(self, codec: codecs.CodecInfo, beginning: bytes) -> None:
        for mark, charset in _BOMS:
            if beginning.startswith(mark):
                if not codec.name.startswith(charset):
                    place, ours = self.where("charset"), self.settings.charset
                    finding = codes.CHARSET_CONTRADICTED.at(place, found=charset, charset=ours)
                    raise ConfigError(finding)
                return

    def _check_sample(self, codec: codecs.CodecInfo, sample: bytes) -> None:
        """Refuse a charset that a sample contradicts, before thousands of rows are refused."""
        self._check_mark(codec, sample)
        try:
            codecs.getincrementaldecoder(codec.name)().decode(sample)
        except UnicodeError as error:
            raise ConfigError(self._unsuitable(sample)) from error
        if codec.name.startswith("utf"):
            return
        guess = detect(sample).charset
        if guess is not None and codecs.lookup(guess).name not in {codec.name, "ascii"}:
            raise ConfigError(self._unsuitable(sample))

    def _unsuitable(self, sample: bytes) -> Finding:
        place, charset = self.where("charset"), self.settings.charset
        guess = detect(sample).charset or "?"
        return codes.CHARSET_UNSUITABLE.at(place, charset=charset, guess=guess)


class _RowTooLongError(Exception):
    """A row has no end within the limit."""


def _too_long(place: str) -> Finding:
    return codes.ROW_TOO_LONG.at(place, limit=_MAX_ROW_CHARACTERS)


class _Rows:
    """The cells of a file, with the lines of the current row at hand; a context manager."""

    def __init__(self, settings: CsvSettings, codec: codecs.CodecInfo, stream: BinaryIO) -> None:
        wide = codec.name.startswith(("utf-16", "utf-32"))
        self._charset = settings.charset
        self._text = io.TextIOWrapper(
            stream,
            encoding="utf-8-sig" if codec.name == "utf-8" else codec.name,
            errors="strict" if wide else "surrogateescape",
            newline="",
        )
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
                yield self._refused(place, _too_long(place))
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
        allowed = _MAX_ROW_CHARACTERS - sum(map(len, self._lines))
        line = self._text.readline(allowed + 1)
        if len(line) > allowed:
            self._lines.append(line)
            raise _RowTooLongError
        if line:
            self._lines.append(line)
            self._line += 1
        return line
