"""A source that means no good: what an adapter, or the corridor behind it, has to withstand.

Its records are good in every column but one, which holds what no legacy system should write. Its
attachments are absent, empty, endless or change while they are read.
"""

from __future__ import annotations

import datetime as dt
import io
import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import BinaryIO, Final

from connector.errors import Finding, RecordError, Severity
from connector.model.content import BytesContent, Content
from connector.model.record import Cell, Record
from connector.sources.base import BATCH_SIZE, Batch, Refused

__all__ = ["HOSTILE_CELLS", "ChangingContent", "HostileSource"]

HOSTILE_CELLS: Final[tuple[Cell, ...]] = (
    None,
    "",
    " \t\u00a0",
    "\0",
    "a\x01b\x1f\x7f",
    "\ud800",
    "\ufffe\uffff",
    "\u202eexe.fdp\u2066",
    "a\u0301" * 2000,
    "x" * 300_000,
    "]]><!--&<x/>",
    "<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]>&b;",
    "=HYPERLINK(1)",
    "'; DROP TABLE VanBan; --",
    "{0.__class__}",
    "%s%n",
    "../../../etc/passwd",
    "99/99/9999",
    "31/02/2026",
    "1e999",
    "NaN",
    "-0",
    "９",
    0,
    -1,
    10**400,
    True,
    math.nan,
    math.inf,
    -math.inf,
    5e-324,
    Decimal("NaN"),
    Decimal("sNaN"),
    Decimal("Infinity"),
    Decimal("1E+1000"),
    b"",
    b"\xff\xfe\0" * 100,
    dt.date.min,
    dt.date.max,
    dt.datetime(9999, 12, 31, 8, 0, tzinfo=dt.UTC),
    dt.datetime(9999, 12, 31, 23, 59, 59, tzinfo=dt.timezone(dt.timedelta(hours=-14))),
    dt.datetime(2026, 1, 5, tzinfo=dt.timezone(dt.timedelta(hours=-12))),
    dt.time(23, 59, 59, 999_999),
)
"""Values that no mapping can take for granted."""


class ChangingContent:
    """Content that says one digest and size, and gives other bytes each time."""

    sha256: Final = "0" * 64
    size: Final = 10

    def __init__(self) -> None:
        self._count = itertools.count()

    def open(self) -> BinaryIO:
        """Return other bytes than the time before."""
        return io.BytesIO(f"other {next(self._count)}".encode())


@dataclass(frozen=True, slots=True)
class HostileSource:
    """A `Source` of records that are good but for one cell each.

    `good` is a record that the adapter under test accepts; of each of its columns every hostile
    cell is tried. `columns_to_try` limits that to some columns.
    """

    good: Mapping[str, Cell]
    cells: Sequence[Cell] = HOSTILE_CELLS
    columns_to_try: tuple[str, ...] | None = None

    def columns(self) -> tuple[str, ...]:
        """Return the columns of the good record."""
        return tuple(self.good)

    def read(self, cursor: str | None, *, batch_size: int = BATCH_SIZE) -> Iterator[Batch]:
        """Yield the good record, then every spoiled one, then records without columns."""
        if cursor == "end":
            return
        records = list(self.records())
        for start in range(0, len(records), batch_size):
            part = records[start : start + batch_size]
            last = start + batch_size >= len(records)
            refused = (_refused(),) if last else ()
            yield Batch(tuple(part), refused, "end" if last else f"{start}")

    def records(self) -> Iterator[Record]:
        """Yield the records one by one."""
        yield Record("hostile:0", dict(self.good))
        numbers = itertools.count(1)
        for column in self.columns_to_try or tuple(self.good):
            for cell in self.cells:
                yield Record(f"hostile:{next(numbers)}", {**self.good, column: cell})
        for column in self.good:
            rest = {name: cell for name, cell in self.good.items() if name != column}
            yield Record(f"hostile:{next(numbers)}", rest)
        yield Record(f"hostile:{next(numbers)}", {})

    def attachment(self, record: Record, reference: str) -> Content:
        """Return content that changes, content of a good name, or refuse the record."""
        if "doi" in reference:
            return ChangingContent()
        if any(not char.isprintable() for char in reference) or ".." in reference:
            raise RecordError(_finding(record.place))
        return BytesContent(b"%PDF-1.7")

    def acknowledge(self, cursor: str) -> None:
        """Forget what was said."""

    def close(self) -> None:
        """Nothing is open."""


def _finding(place: str) -> Finding:
    return Finding("EDX-4037", Severity.ERROR, place, "hostile", "thù địch", "none", "không có")


def _refused() -> Refused:
    return Refused("hostile:?", (_finding("hostile:?"),), "0" * 64)
