"""A query on a legacy database; BLOB columns come as bytes.

With `cursor_column` the query asks for what lies after ``:cursor``, and rows must come in
ascending order of that column. A row that is committed late with an earlier value would be passed
over; where that can happen, let the query leave out what is younger than a few minutes. With
`id_column` several rows may have one value, and the query asks for what is equal too.

With `sent` the database itself marks what was taken over; see `sql_marks`.

With neither the whole result is read each time, and the cursor is the number of rows taken with
their digest: if they are still the first rows, reading goes on after them; if not, it begins
again.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from connector.clock import Clock
from connector.errors import ConfigError, Finding
from connector.model.content import Content
from connector.model.record import Cell, Record
from connector.sources import codes
from connector.sources.attachments import Attachments
from connector.sources.base import BATCH_SIZE, Batch, Refused
from connector.sources.cursors import Counted, Reached, counted, reached
from connector.sources.database import Database, name_of
from connector.sources.files import Where
from connector.sources.settings import SqlSettings
from connector.sources.sql_marks import MarkedRows
from connector.sources.sql_rows import (
    Row,
    Rows,
    batch_of,
    is_before,
    raw_of,
    shown,
    weight_of_row,
)
from connector.sources.table import check_repairable, chunks

__all__ = ["SqlSource", "open_sql"]

_WHOLE: Final = re.compile("0|-?[1-9][0-9]*")


def open_sql(settings: SqlSettings, *, where: Where, base: Path, clock: Clock) -> SqlSource:  # noqa: ARG001 - openers are called alike
    """Return the source of a SQL adapter; nothing is connected yet."""
    return SqlSource(settings, where, Database(settings, where, base))


class SqlSource:
    """A `Source` over one query."""

    def __init__(self, settings: SqlSettings, where: Where, database: Database) -> None:
        self._settings = settings
        self._where = where
        self._database = database
        self._rows = Rows(settings, where, name_of(settings.url))
        self._attachments = Attachments(settings.attachments_directory)
        sent = settings.sent
        self._marked = MarkedRows(database, self._rows, sent.key_column, where) if sent else None

    def columns(self) -> tuple[str, ...]:
        """Return the columns of the query's result, of which no row is fetched.

        Where rows are to be marked, the right to do so is tried, without changing anything.
        """
        check_repairable(self._settings.charset, self._where("charset"))
        parameters = {} if self._settings.cursor_column is None else {"cursor": self._start()}
        with self._database.select(parameters) as result:
            columns = self._rows.columns(result.keys())
        if self._marked is not None:
            self._marked.check()
        return columns

    def read(self, cursor: str | None, *, batch_size: int = BATCH_SIZE) -> Iterator[Batch]:
        """Yield the rows that `cursor` does not cover."""
        check_repairable(self._settings.charset, self._where("charset"))
        column = self._settings.cursor_column
        if self._marked is not None:
            yield from self._marked.read(cursor, batch_size)
        elif column is None:
            yield from self._read_after_count(counted(cursor), batch_size)
        elif self._settings.id_column is not None:
            start = reached(cursor, column)
            yield from self._read_with_ids(column, self._settings.id_column, start, batch_size)
        else:
            start = Reached(column, self._start())
            yield from self._read_after_value(reached(cursor, column) or start, batch_size)

    def attachment(self, record: Record, reference: str) -> Content:
        """Return the file that a record names; see `Attachments.content`."""
        return self._attachments.content(record, reference)

    def acknowledge(self, cursor: str) -> None:
        """Mark the rows that `cursor` names, if `sent` says how; else change nothing.

        Raises ConfigError if the database does not allow it, UnavailableError if it is away.
        """
        if self._marked is not None:
            self._marked.acknowledge(cursor)

    def close(self) -> None:
        """Close the connections to the database."""
        self._database.close()

    def _start(self) -> int | str:
        written = self._settings.cursor_start
        return int(written) if _WHOLE.fullmatch(written) else written

    def _read_after_count(self, before: Counted, size: int) -> Iterator[Batch]:
        with self._database.select({}) as result:
            rows = self._rows.of(result)
            columns = self._rows.columns(result.keys())
            digest = hashlib.sha256(self._settings.query.encode())
            passed = _pass(rows, before.rows, digest)
            if before.rows == 0 or (passed, digest.hexdigest()) == (before.rows, before.digest):
                yield from self._batches_of_count(columns, rows, digest, size)
                return
        yield from self._read_after_count(Counted(0, ""), size)

    def _batches_of_count(
        self, columns: Sequence[str], rows: Iterator[Row], digest: hashlib._Hash, size: int
    ) -> Iterator[Batch]:
        for chunk, _ in chunks(rows, size, weight_of_row):
            for _, cells in chunk:
                digest.update(raw_of(cells))
            results = [self._rows.result(columns, cells, str(number)) for number, cells in chunk]
            yield batch_of(results, Counted(chunk[-1][0], digest.hexdigest()).written())

    def _read_after_value(self, start: Reached, size: int) -> Iterator[Batch]:
        with self._database.select({"cursor": start.value}) as result:
            columns = self._rows.columns(result.keys())
            at = columns.index(start.column)
            safe = last = start
            for chunk, following in chunks(self._rows.of(result), size, weight_of_row):
                for _, cells in chunk:
                    reached_now = self._reached(start, last, cells[at])
                    safe, last = (safe, last) if reached_now == last else (last, reached_now)
                if following is None or following[1][at] != last.value:
                    safe = last
                results = [self._result(columns, cells, (start.column,)) for _, cells in chunk]
                yield batch_of(results, safe.written())

    def _reached(self, start: Reached, last: Reached, value: Cell) -> Reached:
        """Return how far this row leads; a value is safe only when a greater one came.

        A batch may end between two rows of the same value.
        """
        if value is None:
            return last
        if last is not start:
            self._check_order(last, value)
        return Reached(last.column, value)

    def _check_order(self, last: Reached, value: Cell) -> None:
        if is_before(value, last.value):
            finding = codes.CURSOR_UNORDERED.at(self._where("query"), column=last.column)
            raise ConfigError(finding)

    def _read_with_ids(
        self, column: str, id_column: str, start: Reached | None, size: int
    ) -> Iterator[Batch]:
        value = self._start() if start is None else start.value
        with self._database.select({"cursor": value}) as result:
            columns = self._rows.columns(result.keys())
            at, ident = columns.index(column), columns.index(id_column)
            fresh = (
                row
                for row in self._rows.of(result)
                if start is None
                or row[1][at] != start.value
                or shown(row[1][ident]) not in start.seen
            )
            last = start
            for chunk, _ in chunks(fresh, size, weight_of_row):
                for _, cells in chunk:
                    if cells[at] is not None and cells[ident] is not None:
                        last = self._with_id(column, last, cells[at], shown(cells[ident]))
                needed = (id_column, column)
                results = [self._result(columns, cells, needed) for _, cells in chunk]
                yield batch_of(results, "{}" if last is None else last.written())

    def _with_id(self, column: str, last: Reached | None, value: Cell, ident: str) -> Reached:
        if last is None:
            return Reached(column, value, (ident,))
        self._check_order(last, value)
        seen = last.seen if last.value == value else ()
        return Reached(column, value, (*seen, ident))

    def _result(
        self, columns: Sequence[str], cells: tuple[Cell, ...], needed: Sequence[str]
    ) -> Record | Refused | None:
        """Return the record of a row, which is named by the first of the columns it needs."""
        absent = [name for name in needed if cells[columns.index(name)] is None]

        def fault(place: str) -> Finding | None:
            return codes.CURSOR_NULL.at(place, column=absent[0]) if absent else None

        named = f"{needed[0]}={shown(cells[columns.index(needed[0])])}"
        return self._rows.result(columns, cells, named, fault)


def _pass(rows: Iterator[Row], count: int, digest: Any) -> int:
    """Feed the first rows to the digest and return how many there were."""
    passed = 0
    while passed < count and (row := next(rows, None)) is not None:
        digest.update(raw_of(row[1]))
        passed += 1
    return passed
