"""Looking into the inbox; lists and counts are for people, the rest also runs once a document."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Collection, Iterable
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import Connection, Select, bindparam, func, or_, select, text

from connector.model.states import InboxState
from connector.store import tables as t
from connector.store.columns import moment_text
from connector.store.inbox_rows import MESSAGE, RECEIPT, InboxMessage, Receipt
from connector.store.statements import Statement, Values, limited

__all__ = [
    "by_document",
    "by_packet",
    "by_packets",
    "closed_count",
    "counts",
    "failing_count",
    "find",
    "has_accepted",
    "list_messages",
    "message",
    "messages",
    "oldest_open",
    "receipts",
    "states",
    "to_process",
]

_HEX: Final = re.compile(r"[0-9a-f-]+")
_AT_ONCE: Final = 64
_FOUND_AT_MOST: Final = 100
_ASIDE: Final = frozenset({InboxState.DUPLICATE, InboxState.QUARANTINED})
_KNOWN_DOCUMENT: Final = frozenset(
    {InboxState.VERIFIED, InboxState.DELIVERED, InboxState.CANCELLED}
    | {InboxState.PARKED, InboxState.REFUSED}
)
_VERIFIED_HELD: Final = f"state = '{InboxState.HELD}' AND verification IS NOT NULL"

_M: Final = t.inbox_message.c
_STATE: Final[Any] = _M.state.type
_MESSAGE: Final = Statement(
    select(*MESSAGE.columns).where(_M.message_key == bindparam("message_key")), "message_key"
)
_BY_PACKET: Final = Statement(
    select(*MESSAGE.columns)
    .where(
        _M.packet_id == bindparam("packet_id"),
        text(f"NOT {t.one_of('state', _ASIDE)}"),
    )
    .order_by(_M.position),
    "packet_id",
)
_BY_DOCUMENT: Final = Statement(
    select(*MESSAGE.columns)
    .where(
        _M.document_id == bindparam("document_id"),
        _M.sender == bindparam("sender"),
        text("kind = 'document'"),
        text(f"({t.one_of('state', _KNOWN_DOCUMENT)} OR ({_VERIFIED_HELD}))"),
    )
    .order_by(_M.position),
    "document_id",
    "sender",
)
_RECEIPTS: Final = Statement(
    select(*RECEIPT.columns)
    .where(t.inbox_receipt.c.answers_packet_id == bindparam("answers_packet_id"))
    .order_by(
        t.inbox_receipt.c.at, t.inbox_receipt.c.addressed_code, t.inbox_receipt.c.status_code
    ),
    "answers_packet_id",
)
_ACCEPTED: Final = Statement(
    select(_M.position).where(_M.digest == bindparam("digest")).where(text(t.IN_EFFECT)),
    "digest",
)
_FAILING: Final = Statement(
    select(func.count())
    .select_from(t.inbox_message)
    .where(text(f"{t.OPEN_MESSAGE} AND kind = 'document' AND attempts > 0"))
    .where(text(f"state = '{InboxState.VERIFIED}'"))
)


def has_accepted(tx: Connection, digest: str) -> bool:
    """Tell whether a packet with this signed digest is in effect here."""
    return _ACCEPTED.first(tx, digest) is not None


def message(tx: Connection, key: str) -> InboxMessage | None:
    """Return one message by its key."""
    return _read(_MESSAGE.first(tx, key))


def messages(tx: Connection, keys: Iterable[str]) -> dict[str, InboxMessage]:
    """Return some messages by their keys; unknown ones are absent."""
    found = ((key, message(tx, key)) for key in dict.fromkeys(keys))
    return {key: row for key, row in found if row is not None}


def states(tx: Connection, keys: Iterable[str]) -> dict[str, InboxState]:
    """Return the states of some messages by their keys; unknown ones are absent."""
    wanted = tuple(dict.fromkeys(keys))
    found: dict[str, InboxState] = {}
    for start in range(0, len(wanted), _AT_ONCE):
        some = wanted[start : start + _AT_ONCE]
        rows = _states_of(len(some)).all(tx, *some)
        found |= {key: _STATE.load(state) for key, state in rows}
    return found


@lru_cache(maxsize=_AT_ONCE)
def _states_of(count: int) -> Statement:
    names = [f"key{number}" for number in range(count)]
    chosen = _M.message_key.in_([bindparam(name) for name in names])
    return Statement(select(_M.message_key, _M.state).where(chosen), *names)


def by_packet(tx: Connection, packet_id: str) -> InboxMessage | None:
    """Return the message that stands for a packet: no duplicate, nothing from quarantine."""
    return _read(_BY_PACKET.first(tx, packet_id))


def by_packets(tx: Connection, packet_ids: Iterable[str]) -> dict[str, InboxMessage]:
    """Return the messages that stand for some packets, by packet id; unknown ones are absent."""
    found = ((packet_id, by_packet(tx, packet_id)) for packet_id in dict.fromkeys(packet_ids))
    return {packet_id: row for packet_id, row in found if row is not None}


def by_document(tx: Connection, sender: str, document_id: str) -> list[InboxMessage]:
    """Return the verified document packets of a sender for a DocumentId, oldest first."""
    return [MESSAGE.read(row) for row in _BY_DOCUMENT.all(tx, document_id, sender)]


def to_process(
    tx: Connection,
    *,
    now: dt.datetime,
    limit: int,
    states: Collection[InboxState] = t.OPEN_MESSAGE_STATES,
    held_verified: bool | None = None,
) -> list[InboxMessage]:
    """Return received, verified and held messages whose time has come: urgent, then oldest.

    `states` asks for some of these only, however many others stand before them;
    `held_verified` for those held messages only that were, or were not, verified.
    """
    if not states:
        return []
    waiting = _waiting(frozenset(states), held_verified)
    return [MESSAGE.read(row) for row in waiting.all(tx, moment_text(now), limit)]


def receipts(tx: Connection, answers_packet_id: str) -> list[Receipt]:
    """Return our answers to a packet in the order in which they were given."""
    return [RECEIPT.read(row) for row in _RECEIPTS.all(tx, answers_packet_id)]


def find(tx: Connection, *, text: str) -> list[InboxMessage]:
    """Return the newest messages with this key, packet, message or document id, or code.

    The beginning of a key or packet id is enough.
    """
    names = (_M.message_key, _M.packet_id, _M.message_id, _M.document_id, _M.code)
    chosen = [column == text for column in names]
    if _HEX.fullmatch(text):
        chosen += [column.between(text, text + "g") for column in (_M.message_key, _M.packet_id)]
    query = select(*MESSAGE.columns).where(or_(*chosen)).order_by(_M.position.desc())
    return _made(tx, query.limit(_FOUND_AT_MOST))


def list_messages(
    tx: Connection,
    *,
    states: Collection[InboxState] | None = None,
    kind: str | None = None,
    limit: int,
    offset: int = 0,
) -> list[InboxMessage]:
    """Return messages, newest first, optionally of some states or of one kind."""
    query = select(*MESSAGE.columns).order_by(_M.position.desc())
    if states is not None:
        query = query.where(_M.state.in_(sorted(states)))
    if kind is not None:
        query = query.where(_M.kind == kind)
    elif states is not None:  # the index on states begins with the kind
        query = query.where(or_(_M.kind.in_(("document", "status")), _M.kind.is_(None)))
    return _made(tx, query.limit(limit).offset(offset))


def counts(tx: Connection, kind: str | None = None) -> dict[InboxState, int]:
    """Return how many messages of a kind (None: all) are in each state that occurs.

    A message has no kind before it is verified.
    """
    query = select(_M.state, func.count())
    if kind is not None:
        query = query.where(_M.kind == kind)
    return {row[0]: row[1] for row in tx.execute(query.group_by(_M.state))}


def closed_count(tx: Connection) -> tuple[int, int]:
    """Return how many quarantined messages have had their case closed: statuses, all others."""
    closed = (_M.state == InboxState.QUARANTINED) & _M.closed_at.is_not(None)
    found = tx.execute(select(_M.kind, func.count()).where(closed).group_by(_M.kind))
    by_kind = {row[0]: row[1] for row in found}
    statuses = by_kind.pop("status", 0)
    return statuses, sum(by_kind.values())


def failing_count(tx: Connection) -> int:
    """Return how many verified documents a sink has refused for now."""
    row = _FAILING.first(tx)
    return row[0] if row else 0


def oldest_open(tx: Connection) -> dt.datetime | None:
    """Return when the longest waiting unfinished message arrived, None if there is none."""
    # The sum keeps SQLite from walking along all positions, finished ones first.
    first = select(func.min(_M.position + 0)).where(text(t.OPEN_MESSAGE)).scalar_subquery()
    found: dt.datetime | None = tx.execute(
        select(_M.received_at).where(_M.position == first)
    ).scalar_one_or_none()
    return found


@lru_cache(maxsize=64)
def _waiting(states: frozenset[InboxState], held_verified: bool | None) -> Statement:
    query = select(*MESSAGE.columns).where(text(t.OPEN_MESSAGE), _M.not_before <= bindparam("now"))
    if states != t.OPEN_MESSAGE_STATES:
        query = query.where(text(t.one_of("state", states)))
    if held_verified is not None:
        known = "verification IS NOT NULL" if held_verified else "verification IS NULL"
        query = query.where(text(f"(state <> '{InboxState.HELD}' OR {known})"))
    return Statement(limited(query.order_by(_M.lane, _M.position)), "now", "at_most")


def _read(row: Values | None) -> InboxMessage | None:
    return None if row is None else MESSAGE.read(row)


def _made(tx: Connection, query: Select[Any]) -> list[InboxMessage]:
    return [MESSAGE.make(row) for row in tx.execute(query)]
