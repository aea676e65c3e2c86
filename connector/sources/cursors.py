"""How far a query was read, as the opaque text that the store keeps."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from connector.model.record import Cell

__all__ = ["Counted", "Reached", "Unmarked", "counted", "reached", "unmarked"]

_KINDS: Final[dict[str, tuple[type, Callable[[Any], str], Callable[[str], Cell]]]] = {
    "int": (int, str, int),
    "float": (float, repr, float),
    "decimal": (Decimal, str, Decimal),
    "bytes": (bytes, bytes.hex, bytes.fromhex),
    "datetime": (dt.datetime, dt.datetime.isoformat, dt.datetime.fromisoformat),
    "date": (dt.date, dt.date.isoformat, dt.date.fromisoformat),
    "time": (dt.time, dt.time.isoformat, dt.time.fromisoformat),
    "str": (object, str, str),
}
"""How values of a cursor column are written; the first kind that fits, so order matters."""


@dataclass(frozen=True, slots=True)
class Counted:
    """The first `rows` rows were read, and this is their digest."""

    rows: int
    digest: str

    def written(self) -> str:
        """Return the cursor's text."""
        return json.dumps({"rows": self.rows, "digest": self.digest})


@dataclass(frozen=True, slots=True)
class Unmarked:
    """Rows of these keys are durable here and not yet marked in the legacy system."""

    keys: tuple[Cell, ...]

    def written(self) -> str:
        """Return the cursor's text."""
        return json.dumps({"unmarked": list(map(_written, self.keys))}, ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class Reached:
    """Every row up to `value` of `column` was read.

    Where rows are told apart by an id, `seen` are the ids of the rows read at that very value, and
    further rows of it may come.
    """

    column: str
    value: Cell
    seen: tuple[str, ...] = ()

    def written(self) -> str:
        """Return the cursor's text."""
        kind, text = _written(self.value)
        told = {"column": self.column, kind: text} | ({"seen": self.seen} if self.seen else {})
        return json.dumps(told, ensure_ascii=False)


def counted(cursor: str | None) -> Counted:
    """Read a cursor's text; one that another kind of source wrote covers no row."""
    match _read(cursor):
        case {"rows": int(rows), "digest": str(digest)}:
            return Counted(rows, digest)
    return Counted(0, "")


def unmarked(cursor: str | None) -> Unmarked:
    """Read a cursor's text; one that another kind of source wrote leaves nothing to mark."""
    written = _read(cursor).get("unmarked", [])
    try:
        return Unmarked(tuple(_KINDS[kind][2](text) for kind, text in written))
    except (KeyError, TypeError, ValueError, ArithmeticError):
        return Unmarked(())


def reached(cursor: str | None, column: str) -> Reached | None:
    """Read a cursor's text; None if it is not one of this column."""
    written = _read(cursor)
    if written.pop("column", None) != column:
        return None
    seen = written.pop("seen", [])
    for kind, text in written.items():
        if kind in _KINDS:
            try:
                return Reached(column, _KINDS[kind][2](text), tuple(map(str, seen)))
            except (TypeError, ValueError, ArithmeticError):
                return None
    return None


def _written(value: Cell) -> tuple[str, str]:
    """Return the kind of a value and its text."""
    kind = next(name for name, (kind, _, _) in _KINDS.items() if isinstance(value, kind))
    return kind, _KINDS[kind][1](value)


def _read(cursor: str | None) -> dict[str, Any]:
    try:
        written = json.loads(cursor or "{}")
    except ValueError:
        return {}
    return written if isinstance(written, dict) else {}
