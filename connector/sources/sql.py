"""A query on a legacy database, which is only read; BLOB columns come as bytes.

With `cursor_column` the query asks for what lies after ``:cursor``, and rows must come in
ascending order of that column. A row that is committed late with an earlier value would be passed
over; where that can happen, let the query leave out what is younger than a few minutes.

Without `cursor_column` the whole result is read each time, and the cursor is the number of rows
taken with their digest: if they are still the first rows, reading goes on after them; if not, it
begins again.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from connector.clock import Clock
from connector.errors import ConfigError
from connector.model.record import Cell, Record
from connector.sources import codes
from connector.sources.attachments import Attachments, SourceFile
from connector.sources.base import BATCH_SIZE, Batch, Refused
from connector.sources.cursors import Counted, Reached, counted, reached
from connector.sources.database import Database, name_of
from connector.sources.files import Where
from connector.sources.settings import SqlSettings
from connector.sources.table import (
    check_repairable,
    chunks,
    columns_of,
    refused,
    repaired,
    row_of,
    weight_of,
)

__all__ = ["SqlSource", "open_sql"]

_WHOLE: Final = re.compile("0|-?[1-9][0-9]*")
_CELLS: Final = (str, int, float, Decimal, bool, bytes, dt.date, dt.time)
_Row = tuple[int, tuple[Cell, ...]]


def open_sql(settings: SqlSettings, *, where: Where, base: Path, clock: Clock) -> SqlSource:  # noqa: ARG001 - openers are called alike
    """Return the source of a SQL adapter; nothing is connected yet."""
    return SqlSource(settings, where, Database(settings, where, base))


class SqlSource:
    """A `Source` over one query."""

    def __init__(self, settings: SqlSettings, where: Where, database: Database) -> None:
        self._settings = settings
        self._where = where
        self._database = database
        self._name = name_of(settings.url)
        self._attachments = Attachments(settings.attachments_directory)

    def columns(self) -> tuple[str, ...]:
        """Return the columns of the query's result, of which no row is fetched."""
        check_repairable(self._settings.charset, self._where("charset"))
        parameters = {} if self._settings.cursor_column is None else {"cursor": self._start()}
        with self._database.select(parameters) as result:
            return self._columns(result.keys())

    def read(self, cursor: str | None, *, batch_size: int = BATCH_SIZE) -> Iterator[Batch]:
        """Yield the rows that `cursor` does not cover."""
        check_repairable(self._settings.charset, self._where("charset"))
        column = self._settings.cursor_column
        if column is None:
            yield from self._read_after_count(counted(cursor), batch_size)
        else:
            start = Reached(column, self._start())
            yield from self._read_after_value(reached(cursor, column) or start, batch_size)

    def attachment(self, record: Record, reference: str) -> SourceFile:
        """Return the file that a record names; see `Attachments.content`."""
        return self._attachments.content(record, reference)

    def acknowledge(self, cursor: str) -> None:
        """Change nothing: the database is only read."""

    def close(self) -> None:
        """Close the connections to the database."""
        self._database.close()

    def _start(self) -> int | str:
        written = self._settings.cursor_start
        return int(written) if _WHOLE.fullmatch(written) else written

    def _read_after_count(self, before: Counted, size: int) -> Iterator[Batch]:
        with self._database.select({}) as result:
            rows = self._rows(result)
            columns = self._columns(result.keys())
            digest = hashlib.sha256(self._settings.query.encode())
            passed = _pass(rows, before.rows, digest)
            if before.rows == 0 or (passed, digest.hexdigest()) == (before.rows, before.digest):
                yield from self._batches_of_count(columns, rows, digest, size)
                return
        yield from self._read_after_count(Counted(0, ""), size)

    def _batches_of_count(
        self, columns: Sequence[str], rows: Iterator[_Row], digest: hashlib._Hash, size: int
    ) -> Iterator[Batch]:
        for chunk, _ in chunks(rows, size, _weight):
            for _, cells in chunk:
                digest.update(_raw(cells))
            results = [self._result(columns, cells, str(number)) for number, cells in chunk]
            yield _batch(results, Counted(chunk[-1][0], digest.hexdigest()).written())

    def _read_after_value(self, start: Reached, size: int) -> Iterator[Batch]:
        with self._database.select({"cursor": start.value}) as result:
            columns = self._columns(result.keys())
            at = columns.index(start.column)
            safe = last = start
            for chunk, following in chunks(self._rows(result), size, _weight):
                for _, cells in chunk:
                    reached_now = self._reached(start, last, cells[at])
                    safe, last = (safe, last) if reached_now == last else (last, reached_now)
                if following is None or following[1][at] != last.value:
                    safe = last
                results = [
                    self._result(columns, cells, f"{start.column}={_shown(cells[at])}")
                    for _, cells in chunk
                ]
                yield _batch(results, safe.written())

    def _reached(self, start: Reached, last: Reached, value: Cell) -> Reached:
        """Return how far this row leads; a value is safe only when a greater one came.

        A batch may end between two rows of the same value.
        """
        if value is None:
            return last
        if last is not start and _is_before(value, last.value):
            finding = codes.CURSOR_UNORDERED.at(self._where("query"), column=last.column)
            raise ConfigError(finding)
        return Reached(last.column, value)

    def _columns(self, keys: Any) -> tuple[str, ...]:
        columns = columns_of(tuple(keys), self._where("query"), 1)
        wanted = self._settings.cursor_column
        if wanted is not None and wanted not in columns:
            place, known = self._where("cursor_column"), ", ".join(columns)
            raise ConfigError(codes.CURSOR_COLUMN_ABSENT.at(place, column=wanted, known=known))
        return columns

    def _rows(self, result: Any) -> Iterator[_Row]:
        for number, row in enumerate(result, start=1):
            yield number, tuple(_cell(value) for value in row)

    def _result(
        self, columns: Sequence[str], cells: tuple[Cell, ...], at: str
    ) -> Record | Refused | None:
        place, raw, charset = f"{self._name}:{at}", _raw(cells), self._settings.charset
        wanted = self._settings.cursor_column
        if wanted is not None and cells[columns.index(wanted)] is None:
            return refused(place, raw, codes.CURSOR_NULL.at(place, column=wanted))
        if charset is not None:
            cells, findings = repaired(columns, cells, place, charset)
            if findings:
                return refused(place, raw, *findings)
        return row_of(columns, cells, place, charset=charset or "utf-8", raw=raw)


def _pass(rows: Iterator[_Row], count: int, digest: hashlib._Hash) -> int:
    """Feed the first rows to the digest and return how many there were."""
    passed = 0
    while passed < count and (row := next(rows, None)) is not None:
        digest.update(_raw(row[1]))
        passed += 1
    return passed


def _weight(row: _Row) -> int:
    return weight_of(row[1])


def _batch(results: Sequence[Record | Refused | None], cursor: str) -> Batch:
    return Batch(
        records=tuple(row for row in results if isinstance(row, Record)),
        refusals=tuple(row for row in results if isinstance(row, Refused)),
        cursor=cursor,
    )


def _cell(value: object) -> Cell:
    if value is None or isinstance(value, _CELLS):
        return value
    return bytes(value) if isinstance(value, bytearray | memoryview) else str(value)


def _raw(cells: Sequence[Cell]) -> bytes:
    return repr(cells).encode("utf-8", "surrogatepass")


def _shown(value: Cell) -> str:
    return value.hex() if isinstance(value, bytes) else str(value)


def _is_before(value: Any, other: Any) -> bool:
    """Tell whether a value comes earlier; texts with letters are ordered by the database alone."""
    if isinstance(value, str) and any(map(str.isalpha, value)):
        return False
    try:
        return bool(value < other)
    except TypeError:
        return True
