"""What was taken from exports: cursors, records that became packets, refusals, conflicts (G1)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Table, delete, insert, select, update

from connector.errors import Bug, Finding
from connector.store import codes
from connector.store.tables import source_conflict, source_cursor, source_refused, source_taken

__all__ = [
    "REFUSED",
    "TAKEN",
    "Taken",
    "cursor",
    "record_conflict",
    "record_refused",
    "record_taken",
    "refusals",
    "set_cursor",
    "taken",
]

TAKEN: Final = "taken"
REFUSED: Final = "refused"


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


def cursor(tx: Connection, adapter: str) -> str | None:
    """Return up to where an adapter's export was taken, None if nothing was."""
    found = select(source_cursor.c.value).where(source_cursor.c.adapter == adapter)
    return tx.execute(found).scalar_one_or_none()


def set_cursor(tx: Connection, adapter: str, value: str) -> None:
    """Move an adapter's cursor; belongs into the transaction that keeps what was read."""
    _upsert(tx, source_cursor, {"adapter": adapter}, {"value": value})


def taken(tx: Connection, adapter: str, source_key: str) -> Taken | None:
    """Return what became of a record; that it was sent outweighs a later refusal."""
    key = {"adapter": adapter, "source_key": source_key}
    row = _row(tx, source_taken, key)
    if row is not None:
        return Taken(state=TAKEN, **row)
    row = _row(tx, source_refused, key)
    return None if row is None else _refused(row)


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
    key = {"adapter": adapter, "source_key": source_key}
    tx.execute(delete(source_refused).filter_by(**key))
    earlier = _row(tx, source_taken, key)
    if earlier is None:
        facts = {"content_digest": content_digest, "packet_id": packet_id, "place": place}
        tx.execute(insert(source_taken).values(**key, **facts, at=now))
    elif earlier["content_digest"] != content_digest:
        reason = f"record {source_key} of {adapter} was taken with other content"
        raise Bug(codes.MISUSE.at(place, reason=reason))


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
    key = {"adapter": adapter, "source_key": source_key}
    earlier = _row(tx, source_refused, key)
    reasons = [finding.as_dict() for finding in findings]
    known = earlier is not None and earlier["row_digest"] == row_digest
    if known and earlier is not None and earlier["findings"] == reasons:
        return False
    facts = {"row_digest": row_digest, "place": place, "findings": reasons, "at": now}
    _upsert(tx, source_refused, key, facts)
    return True


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
    key = {"adapter": adapter, "source_key": source_key, "content_digest": content_digest}
    if _row(tx, source_conflict, key) is not None:
        return False
    tx.execute(insert(source_conflict).values(**key, place=place, at=now))
    return True


def refusals(tx: Connection, *, adapter: str | None = None, limit: int) -> list[Taken]:
    """Return the standing refusals, newest first."""
    newest = source_refused.c.at.desc(), source_refused.c.source_key
    query = select(source_refused).order_by(*newest).limit(limit)
    if adapter is not None:
        query = query.where(source_refused.c.adapter == adapter)
    return [_refused(dict(row)) for row in tx.execute(query).mappings()]


def _refused(row: dict[str, Any]) -> Taken:
    return Taken(state=REFUSED, **{**row, "findings": tuple(row["findings"])})


def _row(tx: Connection, table: Table, key: dict[str, str]) -> dict[str, Any] | None:
    row = tx.execute(select(table).filter_by(**key)).mappings().one_or_none()
    return None if row is None else dict(row)


def _upsert(tx: Connection, table: Table, key: dict[str, str], facts: dict[str, Any]) -> None:
    if tx.execute(update(table).filter_by(**key).values(**facts)).rowcount == 0:
        tx.execute(insert(table).values(**key, **facts))
