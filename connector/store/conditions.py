"""What holds an adapter up, or was said about it: paused, waiting, confirmed, failing.

Also which exchange of states fails, and what of a node's files was not taken over.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Final

from sqlalchemy import Connection, bindparam, delete, select

from connector.store.rows import Shape
from connector.store.statements import Statement, insert_into
from connector.store.tables import adapter_condition

__all__ = ["Condition", "ConditionKind", "condition", "conditions", "lift", "put"]


class ConditionKind(StrEnum):
    """Why an adapter does something else than to collect, each at most once an adapter."""

    PAUSED = "paused"
    """A person stopped it."""
    WAITING = "waiting"
    """Its first collect would take more records than it may without being asked."""
    CONFIRMED = "confirmed"
    """A person said that its first collect may take everything."""
    NOT_RELOADED = "not_reloaded"
    """Its changed configuration is wrong; the one before is still in force."""
    NOT_TAKEN_OVER = "not_taken_over"
    """No adapter's: new keys or trust data were refused; those before are still in force."""
    FAILING = "failing"
    """An adapter's or an exchange's last step failed; the next success ends it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One condition of an adapter since a moment; `records` counts what it is about."""

    adapter: str
    kind: str
    since: dt.datetime
    actor: str | None = None
    reason: str | None = None
    records: int | None = None


_ROW: Final = Shape(Condition, adapter_condition)
_ONE: Final = tuple(
    adapter_condition.c[name] == bindparam(f"key_{name}") for name in _ROW.names[:2]
)
_KEY: Final = ("key_adapter", "key_kind")
_GET: Final = Statement(select(*_ROW.columns).where(*_ONE), *_KEY)
_LIFT: Final = Statement(delete(adapter_condition).where(*_ONE), *_KEY)
_ADD: Final = insert_into(adapter_condition, _ROW.names)
_ALL: Final = Statement(
    select(*_ROW.columns).order_by(adapter_condition.c.adapter, adapter_condition.c.kind)
)


def condition(tx: Connection, adapter: str, kind: ConditionKind) -> Condition | None:
    """Return a condition of an adapter, None if it does not hold."""
    row = _GET.first(tx, adapter, kind.value)
    return None if row is None else _ROW.read(row)


def conditions(tx: Connection) -> list[Condition]:
    """Return all conditions of all adapters."""
    return [_ROW.read(row) for row in _ALL.all(tx)]


def put(tx: Connection, new: Condition) -> bool:
    """Let a condition hold from now on; False, and nothing changes, if the same holds already."""
    row = _GET.first(tx, new.adapter, new.kind)
    if row is not None:
        before = _ROW.read(row)
        if asdict(before) | {"since": new.since} == asdict(new):
            return False
        _LIFT.change(tx, new.adapter, new.kind)
    _ADD.change(tx, *_ROW.write(new))
    return True


def lift(tx: Connection, adapter: str, kind: ConditionKind) -> bool:
    """End a condition; False if it did not hold."""
    return bool(_LIFT.change(tx, adapter, kind.value))
