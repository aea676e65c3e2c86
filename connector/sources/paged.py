"""Exports that a server gives page by page: what is new in them, batch by batch.

With `cursor_column` the server is asked for what lies after the last value, and answers in
ascending order; a page that was read is never asked for by its number again, so rows that come or
go between two pages are not passed over. Without it the whole list is read each time, and the
cursor is the number of records taken with their digest, as for queries.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final, Protocol

from connector.errors import ConfigError, NoInputError
from connector.model.content import Content
from connector.model.record import Cell, Record
from connector.sources import codes, file_codes, remote_codes
from connector.sources.base import BATCH_SIZE, Batch, Refused
from connector.sources.cursors import Counted, Reached, counted, reached
from connector.sources.embedded import Embedded
from connector.sources.files import Where
from connector.sources.table import columns_of, refused
from connector.sources.tree import Tree, names_of, record_of_tree

__all__ = ["Page", "PagedSource", "Pages", "Shape", "value_at"]


@dataclass(frozen=True, slots=True)
class Page:
    """What one answer held; `following` leads to the next page, None after the last one."""

    values: tuple[Any, ...]
    following: object = None


class Pages(Protocol):
    """The pages of a service; `chained` ones lead from one to the next by what the server says."""

    @property
    def chained(self) -> bool:
        """Whether the server itself keeps the place between two pages."""
        ...

    def walk(self, cursor: Cell) -> Iterator[Page]:
        """Yield the pages after a cursor's value, None for all.

        Raises:
            ConfigError: the service does not understand the request, or sends elsewhere.
            UnavailableError: it does not answer.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """How answers become records."""

    name: str
    tree: Callable[[Any, str], Tree | Refused]
    columns: tuple[str, ...] | None = None
    separator: str = ";"
    cursor_column: str | None = None
    cursor_start: Cell = None
    id_column: str | None = None
    base64_columns: tuple[str, ...] = ()
    finish: Callable[[Record | Refused | None], Record | Refused | None] = field(
        default=lambda row: row
    )


@dataclass(frozen=True, slots=True)
class PagedSource:
    """A `Source` over the pages of a service."""

    pages: Pages
    shape: Shape
    files: Embedded
    where: Where

    def columns(self) -> tuple[str, ...]:
        """Return the declared columns, or those of the first page; one page is read in any case.

        Raises NoInputError if columns are not declared, and there is no record to see them in.
        """
        page = next(iter(self.pages.walk(self._start())), Page(()))
        found = self._columns(page)
        if not found:
            raise NoInputError(file_codes.COLUMNS_UNKNOWN.at(self.shape.name))
        return columns_of(found, self.shape.name, 1)

    def read(self, cursor: str | None, *, batch_size: int = BATCH_SIZE) -> Iterator[Batch]:
        """Yield the records that `cursor` does not cover."""
        column = self.shape.cursor_column
        if column is None:
            yield from self._read_after_count(counted(cursor), batch_size)
        else:
            yield from self._read_after_value(column, reached(cursor, column), batch_size)

    def attachment(self, record: Record, reference: str) -> Content:
        """Return the file that a record holds, or that the server has for it."""
        return self.files.content(record, reference)

    def acknowledge(self, cursor: str) -> None:
        """Change nothing: the service is only read."""

    def close(self) -> None:
        """Nothing stays open between requests."""

    def _start(self) -> Cell:
        return None if self.shape.cursor_column is None else self.shape.cursor_start

    def _columns(self, page: Page) -> tuple[str, ...]:
        if self.shape.columns is not None:
            return self.shape.columns
        return names_of([self.shape.tree(value, self.shape.name) for value in page.values])

    def _read_after_count(self, before: Counted, size: int) -> Iterator[Batch]:
        number, digest = 0, hashlib.sha256(self.shape.name.encode())
        columns: tuple[str, ...] | None = None
        results: list[Record | Refused | None] = []
        for page in self.pages.walk(None):
            columns = self._columns(page) if columns is None and page.values else columns
            for value in page.values:
                number += 1
                digest.update(_raw(value))
                if number < before.rows:
                    continue
                if number == before.rows:
                    if digest.hexdigest() == before.digest:
                        continue
                    yield from self._read_after_count(Counted(0, ""), size)
                    return
                results.append(self._result(columns or (), value, f"{number}"))
                if len(results) == size:
                    yield _batch(results, Counted(number, digest.hexdigest()).written())
                    results = []
        if number < before.rows:
            yield from self._read_after_count(Counted(0, ""), size)
        elif results:
            yield _batch(results, Counted(number, digest.hexdigest()).written())

    def _read_after_value(self, column: str, start: Reached | None, size: int) -> Iterator[Batch]:
        progress = _Progress(column, self.shape.id_column, start, self.where)
        columns: tuple[str, ...] | None = None
        while True:
            found = False
            progress.again()
            for page in self.pages.walk(progress.value(self.shape.cursor_start)):
                columns = self._columns(page) if columns is None and page.values else columns
                fresh = progress.fresh(page.values)
                for part in _parts(fresh, size):
                    results = [
                        self._result(columns or (), one.value, one.at, one.fault) for one in part
                    ]
                    yield _batch(results, part[-1].cursor)
                if any(one.fault is None for one in fresh):
                    found = True
                    if not self.pages.chained:
                        break
            if self.pages.chained or not found:
                return

    def _result(
        self, columns: Sequence[str], value: Any, at: str, fault: Refused | None = None
    ) -> Record | Refused | None:
        place = f"{self.shape.name}:{at}"
        if fault is not None:
            finding = codes.CURSOR_NULL.at(place, column=self.shape.cursor_column)
            return refused(place, _raw(value), finding)
        tree = self.shape.tree(value, place)
        if isinstance(tree, Refused):
            return tree
        declared = self.shape.columns is not None
        row = record_of_tree(tree, columns, declared, self.shape.separator)
        return self.shape.finish(row)


@dataclass(frozen=True, slots=True)
class _Fresh:
    value: Any
    at: str
    cursor: str
    fault: Refused | None = None


class _Progress:
    """How far a pass came, by the values of the cursor column."""

    def __init__(
        self, column: str, id_column: str | None, start: Reached | None, where: Where
    ) -> None:
        self._column = column
        self._id_column = id_column
        self._where = where
        self._at = start
        self._last: _Rank | None = None
        self._faults: set[bytes] = set()

    def value(self, start: Cell) -> Cell:
        """Return the value after which to ask."""
        return start if self._at is None else self._at.value

    def again(self) -> None:
        """Begin to look at answers from the first page on."""
        self._last = None

    def fresh(self, values: Sequence[Any]) -> list[_Fresh]:
        """Return what was not read before, each with the cursor after it.

        Raises ConfigError if the values do not ascend.
        """
        found: list[_Fresh] = []
        for value in values:
            cell = value_at(value, self._column)
            ident = None if self._id_column is None else value_at(value, self._id_column)
            rank = _rank(cell)
            if rank is None or (self._id_column is not None and not _is_id(ident)):
                found += self._fault(value)
                continue
            self._check(rank)
            if self._is_known(rank, ident):
                continue
            self._at = self._advanced(cell, rank, ident)
            name = f"{self._column}={cell}" if ident is None else f"{self._id_column}={ident}"
            found.append(_Fresh(value, name, self._at.written()))
        return found

    def _fault(self, value: Any) -> list[_Fresh]:
        """Return a record without a place in the order: once a pass, and the cursor stays."""
        raw = hashlib.sha256(_raw(value)).digest()
        if raw in self._faults:
            return []
        self._faults.add(raw)
        cursor = "{}" if self._at is None else self._at.written()
        return [_Fresh(value, "?", cursor, refused(self._column, raw))]

    def _check(self, rank: _Rank) -> None:
        last, self._last = self._last, rank
        if last is None:
            return
        if last[0] != rank[0] or rank < last:
            finding = codes.CURSOR_UNORDERED.at(self._where("cursor_column"), column=self._column)
            raise ConfigError(finding)
        if rank == last and self._id_column is None:
            place = self._where("cursor_column")
            raise ConfigError(remote_codes.CURSOR_NOT_UNIQUE.at(place, column=self._column))

    def _is_known(self, rank: _Rank, ident: object) -> bool:
        if self._at is None:
            return False
        reached_rank = _rank(self._at.value)
        if reached_rank is None or reached_rank[0] != rank[0]:
            return False
        return rank < reached_rank or (
            rank == reached_rank and (ident is None or str(ident) in self._at.seen)
        )

    def _advanced(self, cell: Cell, rank: _Rank, ident: object) -> Reached:
        if ident is None:
            return Reached(self._column, cell)
        before = self._at
        same = before is not None and _rank(before.value) == rank
        seen = before.seen if before is not None and same else ()
        return Reached(self._column, cell, (*seen, str(ident)))


_Rank = tuple[int, Any]
_EPOCH: Final = dt.datetime(1970, 1, 1)  # noqa: DTZ001 - compared with what has no zone either


def _rank(cell: Any) -> _Rank | None:
    """Return what orders values of a cursor column: numbers, times, or texts among themselves."""
    if isinstance(cell, bool) or cell is None:
        return None
    if isinstance(cell, int | Decimal):
        return 0, Decimal(cell)
    if not isinstance(cell, str) or not cell.strip():
        return None
    try:
        moment = dt.datetime.fromisoformat(cell.strip())
    except ValueError:
        return 3, cell
    if moment.tzinfo is None:
        return 1, moment - _EPOCH
    return 2, moment


def _is_id(ident: Any) -> bool:
    return isinstance(ident, int | str) and ident != "" and not isinstance(ident, bool)


def value_at(value: Any, path: str) -> Any:
    """Return what lies at names joined by dots, None if nothing does."""
    if isinstance(value, dict) and path in value:
        return value[path]
    for step in path.split("."):
        value = value.get(step) if isinstance(value, dict) else None
    return value


def _parts(found: Sequence[_Fresh], size: int) -> Iterator[Sequence[_Fresh]]:
    for start in range(0, len(found), size):
        yield found[start : start + size]


def _raw(value: Any) -> bytes:
    return repr(value).encode("utf-8", "backslashreplace")


def _batch(results: Sequence[Record | Refused | None], cursor: str) -> Batch:
    return Batch(
        records=tuple(row for row in results if isinstance(row, Record)),
        refusals=tuple(row for row in results if isinstance(row, Refused)),
        cursor=cursor,
    )
