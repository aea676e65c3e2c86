"""How far a query was read, as the opaque text that the store keeps."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from connector.model.record import Cell

__all__ = ["Counted", "Reached", "counted", "reached"]

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
class Reached:
    """Every row up to `value` of `column` was read."""

    column: str
    value: Cell

    def written(self) -> str:
        """Return the cursor's text."""
        kind = next(name for name, (kind, _, _) in _KINDS.items() if isinstance(self.value, kind))
        text = _KINDS[kind][1](self.value)
        return json.dumps({"column": self.column, kind: text}, ensure_ascii=False)


def counted(cursor: str | None) -> Counted:
    """Read a cursor's text; one that another kind of source wrote covers no row."""
    match _read(cursor):
        case {"rows": int(rows), "digest": str(digest)}:
            return Counted(rows, digest)
    return Counted(0, "")


def reached(cursor: str | None, column: str) -> Reached | None:
    """Read a cursor's text; None if it is not one of this column."""
    written = _read(cursor)
    if written.pop("column", None) != column:
        return None
    for kind, text in written.items():
        if kind in _KINDS:
            try:
                return Reached(column, _KINDS[kind][2](text))
            except (TypeError, ValueError, ArithmeticError):
                return None
    return None


def _read(cursor: str | None) -> dict[str, Any]:
    try:
        written = json.loads(cursor or "{}")
    except ValueError:
        return {}
    return written if isinstance(written, dict) else {}
