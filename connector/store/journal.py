"""The journal: every step on record, each entry chained to the one before by its hash (G6).

``hash = SHA-256(hash before ‖ canonical JSON of {seq, at, event, packet_id, facts})``, so an entry
that was changed, removed, inserted or moved breaks the chain. That the end was cut off shows
only against a head that someone else has seen: statuses carry it to the other agencies.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import itertools
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, Row, Select, func, select

from connector import crash
from connector.errors import Bug, Finding
from connector.store import codes
from connector.store import tables as t
from connector.store.columns import moment_text, to_json
from connector.store.statements import Statement, Values, insert_into, limited

__all__ = [
    "Damaged",
    "Entry",
    "NewEntry",
    "append",
    "append_many",
    "count",
    "entries",
    "entry_hash",
    "head",
    "rows",
    "verify",
    "verify_newest",
]

_AT_ONCE: Final = 1000
_FINDINGS_AT_MOST: Final = 100
_DEEPEST: Final = 100
_SIMPLE: Final = frozenset({str, int, float, bool, type(None)})
_INSERT: Final = insert_into(t.journal, ("seq", "at", "event", "packet_id", "facts", "hash"))
_LAST: Final = Statement(
    limited(select(t.journal.c.seq, t.journal.c.hash).order_by(t.journal.c.seq.desc())), "at_most"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry; `hash` covers it and, through the chain, all before it."""

    seq: int
    at: dt.datetime
    event: str
    packet_id: str | None
    facts: dict[str, Any]
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Damaged:
    """A row that can be no entry of the program; `cells` are its columns as text, as they stand."""

    seq: int
    cells: dict[str, str | None]


class NewEntry(NamedTuple):
    """What is to be written; facts that are not JSON-ready are a Bug."""

    event: str
    facts: Mapping[str, Any]
    packet_id: str | None = None


class _Link(NamedTuple):
    seq: int
    hash: str


def append(
    tx: Connection,
    event_name: str,
    facts: Mapping[str, Any],
    *,
    now: dt.datetime,
    packet_id: str | None = None,
) -> str:
    """Write one entry and return its hash; facts that are not JSON-ready are a Bug."""
    return append_many(tx, (NewEntry(event_name, facts, packet_id),), now=now)[0]


def append_many(tx: Connection, rows: Sequence[NewEntry], *, now: dt.datetime) -> list[str]:
    """Write entries in their order, all of one moment, and return their hashes."""
    if not rows:
        return []
    last, at = _last(tx), moment_text(now)
    written: list[Values] = []
    for seq, new in enumerate(rows, last.seq + 1):
        facts = _facts_text(new.facts)
        last = _Link(seq, _chained(last.hash, seq, at, new, facts))
        written.append((seq, at, new.event, new.packet_id, facts, last.hash))
    _INSERT.change_many(tx, written)
    crash.point("journal.appended")
    return [row[-1] for row in written]


def _facts_text(facts: Mapping[str, Any]) -> str:
    """Return facts as they will be read: keys are texts, tuples lists."""
    plain = dict(facts)
    if not all(type(key) is str for key in plain) or not _SIMPLE.issuperset(
        map(type, plain.values())
    ):
        plain = json.loads(to_json(plain))
    return to_json(plain)


def _chained(before: str, seq: int, at: str, new: NewEntry, facts: str) -> str:
    """Return what `entry_hash` does, from facts that are JSON already.

    The names of a row stand in their order in the alphabet, so its text can be put together.
    """
    if not facts.isascii() or "\\u" not in facts:
        names = f'"event":{to_json(new.event)},"facts":{facts},"packet_id":{to_json(new.packet_id)}'
        text = f'{before}{{"at":"{at}",{names},"seq":{seq}}}'
        return hashlib.sha256(text.encode()).hexdigest()
    row = {"seq": seq, "at": at, "event": new.event, "packet_id": new.packet_id}
    return entry_hash(before, row | {"facts": json.loads(facts)})


def entry_hash(before: str, row: Mapping[str, Any]) -> str:
    """Return the hash of an entry after the hash before it (empty before the first entry)."""
    return hashlib.sha256((before + to_json(row)).encode()).hexdigest()


def head(tx: Connection) -> str | None:
    """Return the hash of the newest entry, None if there is none."""
    return _last(tx).hash or None


def count(tx: Connection) -> int:
    """Return the number of entries."""
    return tx.execute(select(func.count()).select_from(t.journal)).scalar_one()


def entries(
    tx: Connection, *, packet_id: str | None = None, after: int = 0, limit: int
) -> list[Entry]:
    """Return entries in order, those with a sequence number above `after`.

    For tests and tools that wrote them: what may have been changed is read by `rows`.
    """
    found = _chosen(tx, packet_id=packet_id, after=after, limit=limit)
    return [_entry(row) for row in found]


def rows(
    tx: Connection, *, packet_id: str | None = None, after: int = 0, limit: int
) -> list[Entry | Damaged]:
    """Return what `entries` does, also from a journal that was changed.

    Only what cannot be read as an entry is `Damaged`; whether the chain holds, `verify` says.
    """
    found = _chosen(tx, packet_id=packet_id, after=after, limit=limit)
    return [_looked_at(row) for row in found]


def _chosen(tx: Connection, *, packet_id: str | None, after: int, limit: int) -> Sequence[Row[Any]]:
    query = select(t.journal).where(t.journal.c.seq > after)
    if packet_id is not None:
        query = query.where(t.journal.c.packet_id == packet_id)
    return _all(tx, query.order_by(t.journal.c.seq).limit(limit))


def verify(
    tx: Connection, expected_head: str | None = None, *, witnessed: Iterable[str] = ()
) -> list[Finding]:
    """Check the whole chain and return what is wrong, at most about a hundred findings.

    `expected_head` and `witnessed` are hashes that someone saw earlier: they must still be in it.
    """
    findings: list[Finding] = []
    missing = dict.fromkeys((*([expected_head] if expected_head is not None else []), *witnessed))
    before = _Link(0, "")
    for row in _rows(tx):
        findings += _broken(before, row)
        missing.pop(row.hash, None)
        before = _link(row)
        if len(findings) >= _FINDINGS_AT_MOST:
            return findings
    if before == _Link(0, "") and _something_was_done(tx):
        findings.append(codes.JOURNAL_EMPTIED.at("journal"))
    lost = itertools.islice(missing, _FINDINGS_AT_MOST)
    return [*findings, *(codes.JOURNAL_HEAD_LOST.at("journal", head=head) for head in lost)]


def verify_newest(tx: Connection, at_most: int) -> list[Finding]:
    """Return what `verify` finds wrong with so many of the newest entries.

    They are chained to the hash of the entry before them, which is taken as it stands.
    """
    query = select(t.journal).order_by(t.journal.c.seq.desc()).limit(at_most + 1)
    found = [*reversed(_all(tx, query))]
    if not found and _something_was_done(tx):
        return [codes.JOURNAL_EMPTIED.at("journal")]
    before = _link(found.pop(0)) if len(found) > at_most else _Link(0, "")
    findings: list[Finding] = []
    for row in found:
        findings += _broken(before, row)
        before = _link(row)
    return findings


def _broken(before: _Link, row: Row[Any]) -> list[Finding]:
    """Return what is wrong with an entry after the one before it: nothing, or one finding."""
    if row.seq > before.seq + 1:
        span = {"first": before.seq + 1, "last": row.seq - 1}
        return [codes.JOURNAL_GAP.at(f"journal:{row.seq}", **span)]
    if row.seq <= before.seq or not _holds(before.hash, row):
        return [codes.JOURNAL_ROW_CHANGED.at(f"journal:{row.seq}", seq=row.seq)]
    return []


def _link(row: Row[Any]) -> _Link:
    return _Link(row.seq, _cell(row.hash) or "")


def _something_was_done(tx: Connection) -> bool:
    """Return whether there is a packet or message: none is written without its entry."""
    tables = (t.outbox_packet.c.position, t.inbox_message.c.position)
    return any(tx.execute(select(each).limit(1)).first() is not None for each in tables)


def _holds(before: str, row: Row[Any]) -> bool:
    plain = {"seq": row.seq, "at": row.at, "event": row.event, "packet_id": row.packet_id}
    try:
        facts = json.loads(row.facts)
        same_text = to_json(facts) == row.facts
        return bool(same_text and entry_hash(before, plain | {"facts": facts}) == row.hash)
    except (TypeError, ValueError, RecursionError, Bug):
        return False


def _rows(tx: Connection) -> Iterator[Row[Any]]:
    after = None
    while True:
        query = select(t.journal).order_by(t.journal.c.seq).limit(_AT_ONCE)
        page = _all(tx, query if after is None else query.where(t.journal.c.seq > after))
        yield from page
        if len(page) < _AT_ONCE:
            return
        after = page[-1].seq


def _last(tx: Connection) -> _Link:
    with _as_it_stands(tx):
        row = _LAST.first(tx, 1)
    return _Link(0, "") if row is None else _Link(row[0], _cell(row[1]) or "")


def _all(tx: Connection, query: Select[Any]) -> Sequence[Row[Any]]:
    with _as_it_stands(tx):
        return tx.execute(query).all()


@contextmanager
def _as_it_stands(tx: Connection) -> Iterator[None]:
    """Let SQLite give a text that is no UTF-8 as bytes, where it would refuse the whole row."""
    if tx.dialect.name != "sqlite":
        yield
        return
    connection: Any = tx.connection.dbapi_connection
    before, connection.text_factory = connection.text_factory, _text_or_bytes
    try:
        yield
    finally:
        connection.text_factory = before


def _text_or_bytes(raw: bytes) -> str | bytes:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw


def _entry(row: Row[Any]) -> Entry:
    return Entry(
        seq=row.seq,
        at=dt.datetime.fromisoformat(row.at),
        event=row.event,
        packet_id=row.packet_id,
        facts=json.loads(row.facts),
        hash=row.hash,
    )


def _looked_at(row: Row[Any]) -> Entry | Damaged:
    try:
        entry = _entry(row)
        if _is_as_written(entry, row):
            return entry
    except (TypeError, ValueError, OverflowError, RecursionError, Bug):
        pass
    names = [column.name for column in t.journal.columns if column is not t.journal.c.seq]
    return Damaged(seq=row.seq, cells={name: _cell(getattr(row, name)) for name in names})


def _is_as_written(entry: Entry, row: Row[Any]) -> bool:
    """Return whether all columns have the form in which the program writes them."""
    facts: object = entry.facts
    return (
        all(isinstance(text, str) for text in (row.event, row.packet_id or "", row.hash))
        and isinstance(facts, dict)
        and entry.at.year < dt.MAXYEAR  # can be shown in any zone
        and moment_text(entry.at) == row.at
        and not _is_deep(facts)
        and bool(to_json(facts) == row.facts)
    )


def _is_deep(value: object) -> bool:
    level = [value]
    for _ in range(_DEEPEST):
        dicts = (each.values() for each in level if isinstance(each, dict))
        lists = (each for each in level if isinstance(each, list))
        level = list(itertools.chain.from_iterable((*dicts, *lists)))
        if not level:
            return False
    return True


def _cell(value: object) -> str | None:
    if isinstance(value, bytes):
        return f"x'{value.hex()}'"
    return None if value is None else str(value)
