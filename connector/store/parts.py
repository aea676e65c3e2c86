"""Packets on their way in parts: what has arrived of each, until the whole is one message (G3).

A part is durable in the assembly's file before its row; the assembly goes when the whole packet is
in the inbox, or when nothing of it has come for too long.
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
    "Piece",
    "add",
    "assembly",
    "expired",
    "open_assemblies",
    "open_count",
    "piece",
    "pieces",
    "remove",
    "unused",
]


class Piece(NamedTuple):
    """One part: where it begins in the assembly's file.

    Of one that an older version took `start` is None; it lies in a file of its own, named by its
    digest, which is empty for all others.
    """

    number: int
    start: int | None
    size: int
    sha256: str = ""


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
_PIECE: Final = (_P.number, _P.start, _P.size, _P.sha256)
_PART: Final = Statement(
    select(*_PIECE).where(_OF_ONE, _P.number == bindparam("which")), "key", "which"
)
_PIECES: Final = Statement(select(*_PIECE).where(_OF_ONE).order_by(_P.number), "key")
_USED: Final = Statement(select(_P.number).where(_P.sha256 == bindparam("sha256")), "sha256")
_START: Final = insert_into(t.inbox_assembly, _ASSEMBLY.names)
_ADD: Final = insert_into(t.inbox_part, ("assembly", "number", "sha256", "size", "start"))
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
    tx: Connection, key: str, piece: Piece, *, of: int, facts: Mapping[str, Any], now: dt.datetime
) -> int:
    """Note a part of a packet of `of` parts, durable already; return how many are still missing.

    `facts` are kept with the first part. Numbers that do not fit, and those that are here, are a
    Bug: the caller looks before.
    """
    known = assembly(tx, key)
    if not 1 <= piece.number <= of or (known is not None and known.parts != of):
        raise Bug(codes.MISUSE.at(reason=f"part {piece.number} of {of} in {key}"))
    at = moment_text(now)
    if known is None:
        _START.change(tx, key, to_json(dict(facts)), of, 0, 0, at, at)
    _ADD.change(tx, key, piece.number, piece.sha256, piece.size, piece.start)
    _COUNT.change(tx, 1, piece.size, at, key)
    return of - (0 if known is None else known.arrived) - 1


def assembly(tx: Connection, key: str) -> Assembly | None:
    """Return one assembly, None if there is none under this key."""
    return _read(_KNOWN.first(tx, key))


def piece(tx: Connection, assembly: str, number: int) -> Piece | None:
    """Return one part, None if it is not here."""
    row = _PART.first(tx, assembly, number)
    return None if row is None else Piece(*row)


def pieces(tx: Connection, assembly: str) -> list[Piece]:
    """Return the parts that are here, by number."""
    return [Piece(*row) for row in _PIECES.all(tx, assembly)]


def unused(tx: Connection, names: Iterable[str]) -> list[str]:
    """Return those of some files of parts that belong to nothing unfinished.

    A file has the name of its assembly, or is an older one with the digest of its part.
    """
    return [
        name
        for name in dict.fromkeys(names)
        if assembly(tx, name) is None and _USED.first(tx, name) is None
    ]


def remove(tx: Connection, assembly: str) -> None:
    """Forget an assembly; its files are the caller's. An unknown one is no error."""
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
