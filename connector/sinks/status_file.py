"""States as lines of a CSV file that a legacy system reads, edits, renames or empties meanwhile.

Lines are only appended, nothing is ever cut. What a crash has left of the lines is their
beginning, and the same changes come again: so the rest of them is appended. A change is written
already if a line of the file bears it. A file, or a last line, that is not ours is left to a
person.
"""

from __future__ import annotations

import errno
import fcntl
import io
import os
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from connector.errors import PermanentError, Text, UnavailableError
from connector.sinks import codes, durable, system_codes
from connector.sinks.csv_lines import cells_of, foreign_cell, line_of
from connector.sinks.status_settings import REPORTED, CsvStatusSettings

__all__ = ["CsvStatusSink", "Reported"]

Reported = Mapping[str, str | int | None]
"""One change, with the names of `REPORTED`."""

_BLOCK: Final = 1 << 12
_TRIES: Final = 3
_OWN: Final = "state"
"""The column whose values are the integrator's own, who knows what the legacy system reads."""

_MARK: Final = "\ufeff"
"""What some editors write at the beginning of UTF-8."""

_NUMBER: Final = re.compile(rb'"?([0-9]+)')
_TELLING: Final = tuple(
    REPORTED.index(name) for name in ("event_id", "packet_id", "receiver", "state")
)
"""Which cells make a line the line of a change, whatever an editor has done to the others.

The number alone does not: a node that was restored counts again from where its backup ended.
"""


@dataclass(frozen=True, slots=True)
class _Row:
    """The line of a change, and its cells as they are read from the file again."""

    line: bytes
    cells: Sequence[str]


class CsvStatusSink:
    """Appends a line for each change, through to the disk."""

    def __init__(self, settings: CsvStatusSettings) -> None:
        self._settings: Final = settings
        self._last: int | None = None

    def write(self, changes: Sequence[Reported]) -> None:
        """Append the changes that are not there yet.

        Raises UnavailableError if the file cannot be written now, is locked or is not ours,
        PermanentError if its charset lacks a character; then nothing of the call is written.
        """
        rows = [self._row(change) for change in changes]
        if not rows:
            return
        numbers = [int(change["event_id"] or 0) for change in changes]
        path, last, self._last = self._settings.path, self._last, None
        again = last is None or min(numbers) <= last
        try:
            if not any(self._append(path, rows, again or tried > 0) for tried in range(_TRIES)):
                raise OSError(errno.ESTALE, os.strerror(errno.ESTALE))  # noqa: TRY301
            durable.sync(path.parent)
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise UnavailableError(system_codes.FILE_DOWN.at(str(path), reason=reason)) from error
        self._last = max(numbers)

    def _append(self, path: Path, rows: Sequence[_Row], again: bool) -> bool:
        """Write what is missing; False if the file was taken away meanwhile, or emptied.

        Nobody waits for a file that a reader holds: that may never let go of it.
        """
        if path.exists() and not path.is_file():
            raise self._waits(system_codes.NO_FILE)
        with path.open("a+b") as stream:
            try:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise self._waits(system_codes.FILE_HELD) from error
            missing = self._missing(stream, rows, again)
            end = stream.seek(0, os.SEEK_END) + len(missing)
            while missing:
                missing = missing[os.write(stream.fileno(), missing) :]
            os.fsync(stream.fileno())
            return _stands(stream, path, end)

    def _missing(self, stream: io.BufferedRandom, rows: Sequence[_Row], again: bool) -> bytes:
        """Return what has to follow, so that each of the rows is a line of the file."""
        stream.seek(0)
        start = stream.read(_BLOCK)
        first, ended, _ = start.partition(b"\n")
        if not ended:
            whole = self._line(REPORTED) + _joined(rows)
            if whole.startswith(start):
                return whole[len(start) :]
        if len(first) == _BLOCK or self._cells(first) != list(REPORTED):
            raise self._waits(system_codes.FILE_FOREIGN)
        if not ended:
            return _end_of(start) + _joined(rows)
        if again:
            there = self._there(stream, {row.cells[0] for row in rows})
            rows = [row for row in rows if _telling(row.cells) not in there]
        rest, missing = _unended(stream), _joined(rows)
        return missing[len(rest) :] if missing.startswith(rest) else self._after(rest, rows)

    def _after(self, rest: bytes, rows: Sequence[_Row]) -> bytes:
        """Return what follows an unended line that no crash has left: an editor took its end."""
        if not rows:
            return b""
        cells = self._cells(rest)
        if cells is None or not _whole(cells):
            raise self._waits(system_codes.LINE_FOREIGN)
        same = [row for row in rows if _telling(row.cells) == _telling(cells)]
        if any(row.cells != cells for row in same):
            raise self._waits(system_codes.LINE_FOREIGN)
        return _end_of(rest) + _joined([row for row in rows if row not in same])

    def _there(self, stream: io.BufferedRandom, numbers: Collection[str]) -> set[tuple[str, ...]]:
        """Return what tells the whole lines of some numbers, wherever they stand."""
        found = set()
        stream.seek(0)
        for line in stream:
            number = _NUMBER.match(line)
            if number is None or number[1].decode() not in numbers or not line.endswith(b"\n"):
                continue
            cells = self._cells(line)
            if cells is not None and _whole(cells):
                found.add(_telling(cells))
        return found

    def _row(self, change: Reported) -> _Row:
        line = self._line([self._cell(name, change[name]) for name in REPORTED])
        return _Row(line, self._cells(line) or [])

    def _cell(self, name: str, value: str | int | None) -> str:
        charset = self._settings.charset
        raw = self._settings.raw_values or name == _OWN
        text = foreign_cell(str(value or ""), raw=raw)
        try:
            text.encode(charset)
        except UnicodeEncodeError as error:
            character = error.object[error.start : error.end]
            facts = {"character": character, "path": name, "charset": charset}
            raise PermanentError(codes.CHARSET.at(str(self._settings.path), **facts)) from error
        return text

    def _line(self, cells: Sequence[str]) -> bytes:
        settings = self._settings
        return line_of(cells, settings.delimiter, raw=settings.raw_values).encode(settings.charset)

    def _cells(self, line: bytes) -> list[str] | None:
        text = line.decode(self._settings.charset, "replace")
        return cells_of(text.removeprefix(_MARK).rstrip("\r\n"), self._settings.delimiter)

    def _waits(self, text: Text) -> UnavailableError:
        path = self._settings.path
        return UnavailableError(text.at(str(path), path=path))


def _telling(cells: Sequence[str]) -> tuple[str, ...]:
    return tuple(cells[index] for index in _TELLING)


def _whole(cells: Sequence[str]) -> bool:
    """Tell whether cells are those of a change: the first and the last are never empty."""
    return len(cells) == len(REPORTED) and cells[0].isdecimal() and cells[-1] != ""


def _joined(rows: Sequence[_Row]) -> bytes:
    return b"".join(row.line for row in rows)


def _end_of(line: bytes) -> bytes:
    return b"\n" if line.endswith(b"\r") else b"\r\n"


def _unended(stream: io.BufferedRandom) -> bytes:
    """Return what stands behind the last line end."""
    found = b""
    at = stream.seek(0, os.SEEK_END)
    while at > 0 and b"\n" not in found:
        at = max(0, at - max(_BLOCK, len(found)))
        stream.seek(at)
        found = stream.read()
    return found.rpartition(b"\n")[2]


def _stands(stream: io.BufferedRandom, path: Path, end: int) -> bool:
    """Tell whether what was written up to `end` can be found under the path now."""
    try:
        named = path.stat()
    except FileNotFoundError:
        return False
    return os.path.samestat(os.fstat(stream.fileno()), named) and named.st_size >= end
