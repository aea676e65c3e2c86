"""From rows to frozen dataclasses whose fields are named like the columns, and back."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Any, Final, Generic, TypeVar

from sqlalchemy import Column, Table

from connector.store.columns import UNREADABLE, Plain
from connector.store.statements import Values

__all__ = ["Shape"]

T = TypeVar("T")
_Conversion = tuple[int, Callable[[Any], Any]]


class Shape(Generic[T]):
    """How a dataclass stands in a table: worked out once, not once a row."""

    def __init__(self, cls: type[T], table: Table) -> None:
        self._cls: Final = cls
        self.names: Final = tuple(field.name for field in dataclasses.fields(cls))  # type: ignore[arg-type]
        self.columns: Final[tuple[Column[Any], ...]] = tuple(table.c[name] for name in self.names)
        kinds = [(index, column.type) for index, column in enumerate(self.columns)]
        plain = [(index, kind) for index, kind in kinds if isinstance(kind, Plain)]
        self._plain: Final = plain
        self._reads: Final[list[_Conversion]] = [(index, kind.read) for index, kind in plain]
        self._writes: Final[list[_Conversion]] = [(index, kind.write) for index, kind in plain]
        self._get: Final = attrgetter(*self.names)

    def make(self, values: Sequence[Any]) -> T:
        """Return the dataclass for the values of `columns` as SQLAlchemy gives them."""
        return self._cls(**dict(zip(self.names, values, strict=True)))

    def read(self, row: Values) -> T:
        """Return the dataclass for the values of `columns` as they stand there.

        Raises StorageError if one of them is none that the program writes.
        """
        try:
            values = _converted(row, self._reads)
        except UNREADABLE:
            values = _converted(row, [(index, kind.load) for index, kind in self._plain])
        return self.make(values)

    def write(self, instance: T) -> Values:
        """Return the values of `columns` as they are to stand there."""
        return tuple(_converted(self._get(instance), self._writes))


def _converted(values: Values, conversions: Sequence[_Conversion]) -> list[Any]:
    converted = list(values)
    for index, convert in conversions:
        value = converted[index]
        if value is not None:
            converted[index] = convert(value)
    return converted
