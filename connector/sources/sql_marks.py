"""Rows that the legacy system marks as taken over, on our word, after they are durable here.

The query gives what has no mark. Each batch is a query of its own, so that no reader is open while
rows are marked. The cursor holds the keys of rows that may still be without their mark: they are
passed over, and marked when the cursor is acknowledged, at the latest at the next start. A cursor
without keys closes a pass, so that a mark which somebody takes off is not set again; batches
without rows give who reads ahead the occasion to acknowledge before.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from connector.errors import ConfigError, Finding
from connector.model.record import Cell
from connector.sources import remote_codes
from connector.sources.base import Batch
from connector.sources.cursors import Unmarked, unmarked
from connector.sources.database import Database
from connector.sources.files import Where
from connector.sources.sql_rows import Row, Rows, batch_of, raw_of, shown, weight_of_row
from connector.sources.table import MAX_CHUNK_BYTES

__all__ = ["MarkedRows"]

_READ_AHEAD: Final = 2
"""Batches that may have been asked for before the first of them is acknowledged."""


class MarkedRows:
    """Reads what is not marked, and marks it."""

    def __init__(self, database: Database, rows: Rows, key_column: str, where: Where) -> None:
        self._database = database
        self._rows = rows
        self._key_column = key_column
        self._where = where
        self._pending: dict[Cell, None] = {}
        self._marked: set[Cell] = set()

    def check(self) -> None:
        """Raise ConfigError if the database would not allow the mark; nothing is changed."""
        self._database.mark([None], really=False)

    def read(self, cursor: str | None, size: int) -> Iterator[Batch]:
        """Yield what has no mark and was not read before."""
        before = unmarked(cursor).keys
        self._pending = dict.fromkeys(key for key in before if key not in self._marked)
        faults: set[bytes] = set()
        told, waiting = bool(before), 0
        while True:
            columns, chunk = self._next(size, faults)
            if not chunk:
                break
            at = columns.index(self._key_column)
            self._pending |= dict.fromkeys(c[at] for _, c in chunk if c[at] is not None)
            faults |= {raw_of(cells) for _, cells in chunk if cells[at] is None}
            results = [
                self._rows.result(
                    columns,
                    cells,
                    f"{self._key_column}={shown(cells[at])}",
                    self._fault_of(cells[at]),
                )
                for _, cells in chunk
            ]
            told, waiting = bool(self._pending), _READ_AHEAD
            yield batch_of(results, Unmarked(tuple(self._pending)).written())
        while self._pending and waiting:  # who reads ahead acknowledges only now
            waiting -= 1
            yield batch_of([], Unmarked(tuple(self._pending)).written())
        if told and not self._pending:
            yield batch_of([], Unmarked(()).written())

    def acknowledge(self, cursor: str) -> None:
        """Mark the rows of a cursor; doing so again changes nothing."""
        keys = [key for key in unmarked(cursor).keys if key not in self._marked]
        self._database.mark(keys)
        for key in keys:
            self._pending.pop(key, None)
            self._marked.add(key)

    def _next(self, size: int, faults: set[bytes]) -> tuple[tuple[str, ...], list[Row]]:
        """Return the columns and the next rows, which are neither read nor marked."""
        chunk: list[Row] = []
        here: set[Cell] = set()
        weight = 0
        with self._database.select({}) as result:
            columns = self._rows.columns(result.keys())
            at = columns.index(self._key_column)
            for row in self._rows.of(result):
                key = row[1][at]
                self._check(key, here)
                if key in self._pending or (key is None and raw_of(row[1]) in faults):
                    continue
                chunk.append(row)
                weight += weight_of_row(row)
                if len(chunk) >= size or weight >= MAX_CHUNK_BYTES:
                    break
        return columns, chunk

    def _check(self, key: Cell, here: set[Cell]) -> None:
        if key is None:
            return
        if key in self._marked:
            text, place = remote_codes.SENT_INEFFECTIVE, self._where("sent")
            raise ConfigError(text.at(place, column=self._key_column, key=shown(key)))
        if key in here:
            text, place = remote_codes.SENT_KEY_TWICE, self._where("sent")
            raise ConfigError(text.at(place, column=self._key_column, key=shown(key)))
        here.add(key)

    def _fault_of(self, key: Cell) -> Any:
        def fault(place: str) -> Finding | None:
            if key is not None:
                return None
            return remote_codes.SENT_KEY_NULL.at(place, column=self._key_column)

        return fault
