"""What was taken from exports: cursors, records that became packets, refusals, conflicts (G1)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, bindparam, delete, func, select, text, update

from connector import crash
from connector.errors import Bug, Finding
from connector.store import codes
from connector.store.columns import moment_text
from connector.store.rows import Shape
from connector.store.statements import Statement, Values, insert_into
from connector.store.tables import source_conflict, source_cursor, source_refused, source_taken

__all__ = [
    "REFUSED",
    "TAKEN",
    "Taken",
    "TakenRecord",
    "conflict_count",
    "cursor",
    "is_conflict",
    "record_conflict",
    "record_refused",
    "record_taken",
    "record_taken_many",
    "refusals",
    "refused_count",
    "respell",
    "sent",
    "set_cursor",
    "taken",
    "taken_many",
]

TAKEN: Final = "taken"
REFUSED: Final = "refused"
_EVER: Final = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What became of one record of an export; `state` is ``taken`` or ``refused``."""

    adapter: str
    source_key: str
    state: str
    place: str
    at: dt.datetime
    content_digest: str | None = None
    packet_id: str | None = None
    row_digest: str | None = None
    findings: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenRecord:
    """A record that became a packet."""

    adapter: str
    source_key: str
    content_digest: str
    packet_id: str
    place: str
    at: dt.datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class _Refused:
    adapter: str
    source_key: str
    row_digest: str | None
    place: str
    findings: tuple[dict[str, Any], ...]
    at: dt.datetime


_TAKEN_ROW: Final = Shape(TakenRecord, source_taken)
_REFUSED_ROW: Final = Shape(_Refused, source_refused)


def _one(table: Any, *more: str) -> list[Any]:
    names = ("adapter", "source_key", *more)
    return [table.c[name] == bindparam(f"key_{name}") for name in names]


_KEY: Final = ("key_adapter", "key_source_key")
_CURSOR: Final = Statement(
    select(source_cursor.c.value).where(source_cursor.c.adapter == bindparam("key")), "key"
)
_MOVE_CURSOR: Final = Statement(
    update(source_cursor)
    .where(source_cursor.c.adapter == bindparam("key"))
    .values(value=bindparam("new")),
    "new",
    "key",
)
_ADD_CURSOR: Final = insert_into(source_cursor, ("adapter", "value"))
_TAKEN: Final = Statement(select(*_TAKEN_ROW.columns).where(*_one(source_taken)), *_KEY)
_RESPELL: Final = Statement(
    update(source_taken).where(*_one(source_taken)).values(content_digest=bindparam("new_digest")),
    "new_digest",
    *_KEY,
)
_ADD_TAKEN: Final = insert_into(source_taken, _TAKEN_ROW.names)
_REFUSED: Final = Statement(select(*_REFUSED_ROW.columns).where(*_one(source_refused)), *_KEY)
_ADD_REFUSED: Final = insert_into(source_refused, _REFUSED_ROW.names)
_SETTLE: Final = Statement(delete(source_refused).where(*_one(source_refused)), *_KEY)
_CONFLICT: Final = Statement(
    select(source_conflict.c.at).where(*_one(source_conflict, "content_digest")),
    *_KEY,
    "key_content_digest",
)
_ADD_CONFLICT: Final = insert_into(
    source_conflict, ("adapter", "source_key", "content_digest", "place", "at")
)
_IS_SECRET: Final = text("source_key >= 'secret:' AND source_key < 'secret;'")
_NO_SECRET: Final = text("(source_key < 'secret:' OR source_key >= 'secret;')")
_COUNT_REFUSED: Final = (
    select(func.count())
    .select_from(source_refused)
    .where(source_refused.c.at >= bindparam("since"))
)
_COUNTS: Final = {
    None: Statement(_COUNT_REFUSED, "since"),
    True: Statement(_COUNT_REFUSED.where(_IS_SECRET), "since"),
    False: Statement(_COUNT_REFUSED.where(_NO_SECRET), "since"),
}
_COUNT_CONFLICTS: Final = Statement(
    select(func.count())
    .select_from(source_conflict)
    .where(source_conflict.c.at >= bindparam("since")),
    "since",
)


def cursor(tx: Connection, adapter: str) -> str | None:
    """Return up to where an adapter's export was taken, None if nothing was."""
    row = _CURSOR.first(tx, adapter)
    return None if row is None else str(row[0])


def set_cursor(tx: Connection, adapter: str, value: str) -> None:
    """Move an adapter's cursor; belongs into the transaction that keeps what was read."""
    if not _MOVE_CURSOR.change(tx, value, adapter):
        _ADD_CURSOR.change(tx, adapter, value)


def taken(tx: Connection, adapter: str, source_key: str) -> Taken | None:
    """Return what became of a record; that it was sent outweighs a later refusal."""
    known = sent(tx, adapter, source_key)
    if known is not None:
        return known
    row = _REFUSED.first(tx, adapter, source_key)
    return None if row is None else _refused(row)


def sent(tx: Connection, adapter: str, source_key: str) -> Taken | None:
    """Return a record that became a packet, None for all others, refused ones too."""
    row = _TAKEN.first(tx, adapter, source_key)
    return None if row is None else _taken(row)


def taken_many(tx: Connection, adapter: str, source_keys: Iterable[str]) -> dict[str, Taken]:
    """Return what became of some records, by source key; unknown ones are absent."""
    found = ((key, taken(tx, adapter, key)) for key in dict.fromkeys(source_keys))
    return {key: known for key, known in found if known is not None}


def record_taken(
    tx: Connection,
    *,
    adapter: str,
    source_key: str,
    content_digest: str,
    packet_id: str,
    place: str,
    now: dt.datetime,
) -> None:
    """Note that a record became a packet; an earlier refusal of it is settled by that.

    The same content again changes nothing. Other content under the same key is a Bug here: the
    caller reports a conflict instead (G3: never a silent second document).
    """
    record = TakenRecord(
        adapter=adapter,
        source_key=source_key,
        content_digest=content_digest,
        packet_id=packet_id,
        place=place,
        at=now,
    )
    record_taken_many(tx, (record,))


def record_taken_many(tx: Connection, records: Sequence[TakenRecord]) -> None:
    """Note records as `record_taken` does, in this order."""
    new: dict[tuple[str, str], TakenRecord] = {}
    for record in records:
        key = record.adapter, record.source_key
        row = _TAKEN.first(tx, *key)
        earlier = new.get(key) if row is None else _TAKEN_ROW.read(row)
        if earlier is None:
            new[key] = record
        elif earlier.content_digest != record.content_digest:
            reason = f"record {record.source_key} of {record.adapter} was taken with other content"
            raise Bug(codes.MISUSE.at(record.place, reason=reason))
    _SETTLE.change_many(tx, [(record.adapter, record.source_key) for record in records])
    crash.point("sources.taken")
    _ADD_TAKEN.change_many(tx, [_TAKEN_ROW.write(record) for record in new.values()])


def respell(tx: Connection, adapter: str, source_key: str, content_digest: str) -> None:
    """Let other spellings of agencies count as the content that was taken; the packet stays."""
    if not _RESPELL.change(tx, content_digest, adapter, source_key):
        raise Bug(codes.MISUSE.at(reason=f"record {source_key} of {adapter} was never taken"))


def record_refused(
    tx: Connection,
    *,
    adapter: str,
    source_key: str,
    row_digest: str | None,
    place: str,
    findings: Sequence[Finding],
    now: dt.datetime,
) -> bool:
    """Keep a refusal with its reasons; return False if the same row was refused before.

    Of secrets the caller passes only place and rule, and no digest (G7).
    """
    reasons = tuple(finding.as_dict() for finding in findings)
    row = _REFUSED.first(tx, adapter, source_key)
    earlier = None if row is None else _REFUSED_ROW.read(row)
    if earlier is not None:
        if earlier.row_digest == row_digest and earlier.findings == reasons:
            return False
        _SETTLE.change(tx, adapter, source_key)
    now_refused = _Refused(
        adapter=adapter,
        source_key=source_key,
        row_digest=row_digest,
        place=place,
        findings=reasons,
        at=now,
    )
    _ADD_REFUSED.change(tx, *_REFUSED_ROW.write(now_refused))
    return True


def is_conflict(tx: Connection, adapter: str, source_key: str, content_digest: str) -> bool:
    """Tell whether it is on record that a record changed to this content after it was sent."""
    return _CONFLICT.first(tx, adapter, source_key, content_digest) is not None


def record_conflict(
    tx: Connection,
    *,
    adapter: str,
    source_key: str,
    content_digest: str,
    place: str,
    now: dt.datetime,
) -> bool:
    """Keep that a record changed after it was sent; False if that change is on record."""
    key = (adapter, source_key, content_digest)
    if is_conflict(tx, *key):
        return False
    _ADD_CONFLICT.change(tx, *key, place, moment_text(now))
    return True


def refusals(tx: Connection, *, adapter: str | None = None, limit: int) -> list[Taken]:
    """Return the standing refusals, newest first."""
    newest = source_refused.c.at.desc(), source_refused.c.source_key
    query = select(*_REFUSED_ROW.columns).order_by(*newest).limit(limit)
    if adapter is not None:
        query = query.where(source_refused.c.adapter == adapter)
    return [_as_taken(_REFUSED_ROW.make(row)) for row in tx.execute(query)]


def refused_count(
    tx: Connection, *, since: dt.datetime | None = None, secrets: bool | None = None
) -> int:
    """Return how many refusals stand, of secrets only, or of all others, or of both (None)."""
    return _counted(_COUNTS[secrets].first(tx, _EVER if since is None else moment_text(since)))


def conflict_count(tx: Connection, *, since: dt.datetime | None = None) -> int:
    """Return how many records changed after they were sent."""
    return _counted(_COUNT_CONFLICTS.first(tx, _EVER if since is None else moment_text(since)))


def _counted(row: Values | None) -> int:
    return row[0] if row else 0


def _taken(row: Values) -> Taken:
    found = _TAKEN_ROW.read(row)
    return Taken(
        adapter=found.adapter,
        source_key=found.source_key,
        state=TAKEN,
        place=found.place,
        at=found.at,
        content_digest=found.content_digest,
        packet_id=found.packet_id,
    )


def _refused(row: Values) -> Taken:
    return _as_taken(_REFUSED_ROW.read(row))


def _as_taken(found: _Refused) -> Taken:
    return Taken(
        adapter=found.adapter,
        source_key=found.source_key,
        state=REFUSED,
        place=found.place,
        at=found.at,
        row_digest=found.row_digest,
        findings=found.findings,
    )
