"""Packets on their way in parts: what has arrived of each, until the whole is one message (G3).

A part is durable in the spool before its row; the assembly goes when the whole packet is in the
inbox, or when nothing of it has come for too long.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, bindparam, delete, func, select, update

from connector.errors import Bug
from connector.store import codes
from connector.store import tables as t
from connector.store.columns import moment_text, to_json
from connector.store.rows import Shape
from connector.store.statements import Statement, Values, insert_into, limited

__all__ = [
    "Assembly",
    "PartState",
    "Piece",
    "add",
    "assembly",
    "expired",
    "open_assemblies",
    "open_count",
    "pieces",
    "remove",
    "unused",
]


@dataclass(frozen=True, slots=True)
class PartState:
    """What a part changed: how many are still missing; whether it was there already.

    `conflict`: another content came under the same number; nothing was written.
    """

    missing: int
    duplicate: bool = False
    conflict: bool = False


class Piece(NamedTuple):
    """One part in the spool."""

    number: int
    sha256: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Assembly:
    """A packet of which not all parts are here; `updated_at` is when the last new one came."""

    assembly: str
    facts: dict[str, Any]
    parts: int
    arrived: int
    arrived_bytes: int
    started_at: dt.datetime
    updated_at: dt.datetime


_ASSEMBLY: Final = Shape(Assembly, t.inbox_assembly)
_A: Final = t.inbox_assembly.c
_P: Final = t.inbox_part.c
_ONE: Final = _A.assembly == bindparam("key")
_OF_ONE: Final = _P.assembly == bindparam("key")
_KNOWN: Final = Statement(select(*_ASSEMBLY.columns).where(_ONE), "key")
_PART: Final = Statement(
    select(_P.sha256).where(_OF_ONE, _P.number == bindparam("which")), "key", "which"
)
_PIECES: Final = Statement(
    select(_P.number, _P.sha256, _P.size).where(_OF_ONE).order_by(_P.number), "key"
)
_USED: Final = Statement(select(_P.number).where(_P.sha256 == bindparam("sha256")), "sha256")
_START: Final = insert_into(t.inbox_assembly, _ASSEMBLY.names)
_ADD: Final = insert_into(t.inbox_part, ("assembly", "number", "sha256", "size"))
_COUNT: Final = Statement(
    update(t.inbox_assembly)
    .where(_ONE)
    .ordered_values(
        (_A.arrived, _A.arrived + bindparam("more")),
        (_A.arrived_bytes, _A.arrived_bytes + bindparam("bytes")),
        (_A.updated_at, bindparam("moment")),
    ),
    "more",
    "bytes",
    "moment",
    "key",
)
_REMOVE: Final = (
    Statement(delete(t.inbox_part).where(_OF_ONE), "key"),
    Statement(delete(t.inbox_assembly).where(_ONE), "key"),
)
_EXPIRED: Final = Statement(
    select(*_ASSEMBLY.columns).where(_A.updated_at < bindparam("before")).order_by(_A.updated_at),
    "before",
)
_OPEN_COUNT: Final = Statement(
    select(func.count(), func.sum(_A.arrived_bytes)).select_from(t.inbox_assembly)
)
_OPEN: Final = Statement(limited(select(*_ASSEMBLY.columns).order_by(_A.started_at)), "at_most")


def add(
    tx: Connection,
    *,
    assembly: str,
    facts: Mapping[str, Any],
    number: int,
    of: int,
    size: int,
    sha256: str,
    now: dt.datetime,
) -> PartState:
    """Note one part, `number` of `of` (from 1), of `size` bytes; it is in the spool already.

    `facts` are kept with the first part. Numbers that do not fit are a Bug: the caller refuses
    them before.
    """
    known = _read(_KNOWN.first(tx, assembly))
    if not 1 <= number <= of or (known is not None and known.parts != of):
        raise Bug(codes.MISUSE.at(reason=f"part {number} of {of} in {assembly}"))
    arrived = 0 if known is None else known.arrived
    before = _PART.first(tx, assembly, number)
    if before is not None:
        same = before[0] == sha256
        return PartState(missing=of - arrived, duplicate=same, conflict=not same)
    if known is None:
        at = moment_text(now)
        _START.change(tx, assembly, to_json(dict(facts)), of, 0, 0, at, at)
    _ADD.change(tx, assembly, number, sha256, size)
    _COUNT.change(tx, 1, size, moment_text(now), assembly)
    return PartState(missing=of - arrived - 1)


def assembly(tx: Connection, key: str) -> Assembly | None:
    """Return one assembly, None if there is none under this key."""
    return _read(_KNOWN.first(tx, key))


def pieces(tx: Connection, assembly: str) -> list[Piece]:
    """Return the parts that are here, by number."""
    return [Piece(*row) for row in _PIECES.all(tx, assembly)]


def unused(tx: Connection, digests: Iterable[str]) -> list[str]:
    """Return those of some digests that no part has.

    Parts lie in a spool of their own: in the common one a sender could make a part of his equal
    to a file that something else refers to.
    """
    return [digest for digest in dict.fromkeys(digests) if _USED.first(tx, digest) is None]


def remove(tx: Connection, assembly: str) -> None:
    """Forget an assembly; its files in the spool are the caller's. An unknown one is no error."""
    for statement in _REMOVE:
        statement.change(tx, assembly)


def expired(tx: Connection, before: dt.datetime) -> list[Assembly]:
    """Return the assemblies of which nothing new has come since a moment, oldest first."""
    return [_ASSEMBLY.read(row) for row in _EXPIRED.all(tx, moment_text(before))]


def open_assemblies(tx: Connection, limit: int) -> list[Assembly]:
    """Return what is waiting for parts, oldest first."""
    return [_ASSEMBLY.read(row) for row in _OPEN.all(tx, limit)]


def open_count(tx: Connection) -> tuple[int, int]:
    """Return how many packets wait for parts, and how many bytes of them have come."""
    [(packets, arrived_bytes)] = _OPEN_COUNT.all(tx)
    return packets, arrived_bytes or 0


def _read(row: Values | None) -> Assembly | None:
    return None if row is None else _ASSEMBLY.read(row)
