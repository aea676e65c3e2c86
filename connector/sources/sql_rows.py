"""What every way to read a query has in common: cells of rows, and the batch that they make."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from connector.errors import ConfigError, Finding
from connector.model.record import Cell, Record
from connector.sources import codes, remote_codes
from connector.sources.base import Batch, Refused
from connector.sources.files import Where
from connector.sources.settings import SqlSettings
from connector.sources.table import columns_of, refused, repaired, row_of, weight_of

__all__ = ["Row", "Rows", "batch_of", "is_before", "raw_of", "shown", "weight_of_row"]

_CELLS: Final = (str, int, float, Decimal, bool, bytes, dt.date, dt.time)
Row = tuple[int, tuple[Cell, ...]]
"""Number from 1 and cells of a row."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of one query and the records that they become; `name` is that of the database."""

    settings: SqlSettings
    where: Where
    name: str

    def of(self, result: Any) -> Iterator[Row]:
        """Yield the rows of a result as cells."""
        for number, row in enumerate(result, start=1):
            yield number, tuple(map(_cell, row))

    def columns(self, keys: Any) -> tuple[str, ...]:
        """Return the names of a result's columns; ConfigError if one that is needed is absent."""
        columns = columns_of(tuple(keys), self.where("query"), 1)
        known, used = ", ".join(columns), self.settings
        for key, wanted in (("cursor_column", used.cursor_column), ("id_column", used.id_column)):
            if wanted is not None and wanted not in columns:
                finding = codes.CURSOR_COLUMN_ABSENT.at(self.where(key), column=wanted, known=known)
                raise ConfigError(finding)
        if used.sent is not None and used.sent.key_column not in columns:
            text, wanted = remote_codes.SENT_KEY_ABSENT, used.sent.key_column
            raise ConfigError(text.at(self.where("sent"), column=wanted, known=known))
        return columns

    def result(
        self,
        columns: Sequence[str],
        cells: tuple[Cell, ...],
        at: str,
        fault: Callable[[str], Finding | None] = lambda _: None,
    ) -> Record | Refused | None:
        """Return the record of a row, or why it is none; `fault` knows more of its place."""
        place, raw, charset = f"{self.name}:{at}", raw_of(cells), self.settings.charset
        finding = fault(place)
        if finding is not None:
            return refused(place, raw, finding)
        if charset is not None:
            cells, findings = repaired(columns, cells, place, charset)
            if findings:
                return refused(place, raw, *findings)
        return row_of(columns, cells, place, charset=charset or "utf-8", raw=raw)


def batch_of(results: Sequence[Record | Refused | None], cursor: str) -> Batch:
    """Return the batch of rows that were read."""
    return Batch(
        records=tuple(row for row in results if isinstance(row, Record)),
        refusals=tuple(row for row in results if isinstance(row, Refused)),
        cursor=cursor,
    )


def weight_of_row(row: Row) -> int:
    """Return how many bytes the BLOBs of a row have."""
    return weight_of(row[1])


def raw_of(cells: Sequence[Cell]) -> bytes:
    """Return what a digest of a row is made of."""
    return repr(cells).encode("utf-8", "surrogatepass")


def shown(value: Cell) -> str:
    """Return a value as places name it."""
    return value.hex() if isinstance(value, bytes) else str(value)


def is_before(value: Any, other: Any) -> bool:
    """Tell whether a value comes earlier; texts with letters are ordered by the database alone."""
    if isinstance(value, str) and any(map(str.isalpha, value)):
        return False
    try:
        return bool(value < other)
    except TypeError:
        return True


def _cell(value: object) -> Cell:
    if value is None or isinstance(value, _CELLS):
        return value
    return bytes(value) if isinstance(value, bytearray | memoryview) else str(value)
