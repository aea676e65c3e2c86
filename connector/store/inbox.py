"""What arrived: messages as the broker gave them, and what became of each (G3, G4, G5)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import Connection, bindparam, select, text
from sqlalchemy import update as change

from connector import crash
from connector.errors import Bug
from connector.model.states import InboxState
from connector.model.transitions import INBOX_BEFORE
from connector.store import codes
from connector.store import tables as t
from connector.store.columns import Plain, moment_text, to_json
from connector.store.inbox_queries import (
    by_document,
    by_packet,
    by_packets,
    closed_count,
    counts,
    failing_count,
    find,
    has_accepted,
    list_messages,
    message,
    messages,
    oldest_open,
    receipts,
    states,
    to_process,
)
from connector.store.inbox_rows import (
    RECEIPT,
    InboxMessage,
    NewMessage,
    Receipt,
    message_key,
)
from connector.store.statements import Statement, Values, insert_into

__all__ = [
    "InboxMessage",
    "NewMessage",
    "Receipt",
    "add_receipt",
    "add_receipts",
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
    "message_key",
    "messages",
    "oldest_open",
    "receipts",
    "receive",
    "receive_many",
    "states",
    "to_process",
    "update",
    "update_many",
    "wake_held",
]

_URGENT_LANE: Final = 0
_NORMAL_LANE: Final = 1
_URGENT_QUEUE: Final = ".inbox.urgent"
_SETTABLE: Final = frozenset(
    {"packet_id", "sender", "document_id", "kind", "digest", "business_type", "status_code"}
    | {"subject", "code", "findings", "verification", "served", "attempts", "not_before"}
    | {"closed_at"}
)

_M: Final = t.inbox_message.c
_R: Final = t.inbox_receipt.c
_COPY: Final = Statement(
    change(t.inbox_message)
    .where(_M.message_key == bindparam("key"))
    .values(copies=_M.copies + bindparam("more")),
    "more",
    "key",
)
_ADD: Final = insert_into(
    t.inbox_message,
    (
        *("message_key", "user_id", "message_id", "type", "queue", "lane", "body_sha256"),
        *("body_size", "headers", "received_at", "state", "findings", "served", "attempts"),
        *("not_before", "updated_at", "copies"),
    ),
)
_ANSWERED: Final = Statement(
    select(_R.at).where(
        _R.answers_packet_id == bindparam("answers_packet_id"),
        _R.addressed_code == bindparam("addressed_code"),
        _R.status_code == bindparam("status_code"),
    ),
    "answers_packet_id",
    "addressed_code",
    "status_code",
)
_ANSWER: Final = insert_into(t.inbox_receipt, RECEIPT.names)
_WAKE: Final = Statement(
    change(t.inbox_message)
    .where(
        text(f"kind = 'document' AND state = '{InboxState.HELD}'"),
        _M.sender == bindparam("of_sender"),
    )
    .ordered_values((_M.not_before, bindparam("now")), (_M.updated_at, bindparam("at"))),
    "now",
    "at",
    "of_sender",
)


def receive(tx: Connection, message: NewMessage) -> bool:
    """Keep a message; False if the same one is on record, whose copies are then counted."""
    return receive_many(tx, (message,))[0]


def receive_many(tx: Connection, messages: Sequence[NewMessage]) -> list[bool]:
    """Keep messages as `receive` does, in this order."""
    fresh: list[bool] = []
    rows: dict[str, list[Any]] = {}
    for new in messages:
        key = new.message_key
        if key in rows:
            rows[key][-1] += 1
        elif not _COPY.change(tx, 1, key):
            rows[key] = _new_row(key, new)
            fresh.append(True)
            continue
        fresh.append(False)
    _ADD.change_many(tx, [tuple(row) for row in rows.values()])
    if rows:
        crash.point("inbox.received")
    return fresh


def update(
    tx: Connection, message_key: str, *, state: InboxState, now: dt.datetime, **columns: Any
) -> None:
    """Move a message and set what became known of it.

    Unknown messages and columns are a Bug, and so are moves that `connector.model.transitions`
    does not have.
    """
    update_many(tx, ((message_key, state, columns),), now=now)


def update_many(
    tx: Connection,
    changes: Iterable[tuple[str, InboxState, Mapping[str, Any]]],
    *,
    now: dt.datetime,
) -> None:
    """Move messages as `update` does: (key, state, other columns) each, all of one moment."""
    at = moment_text(now)
    batches: dict[tuple[InboxState, tuple[str, ...]], list[Values]] = {}
    for key, state, columns in changes:
        names = tuple(sorted(columns))
        values = [_plain(name, columns[name]) for name in names]
        batches.setdefault((state, names), []).append((state.value, at, *values, key))
    for (state, names), rows in batches.items():
        if _setting(state, names).change_many(tx, rows) != len(rows):
            raise Bug(codes.MISUSE.at(reason=_illegal(tx, state, rows)))
        crash.point("inbox.updated")


def wake_held(tx: Connection, sender: str, *, now: dt.datetime) -> int:
    """Let the held documents of a sender be looked at again now; return how many there are."""
    at = moment_text(now)
    return _WAKE.change(tx, at, at, sender)


def add_receipt(
    tx: Connection,
    *,
    answers_packet_id: str,
    addressed_code: str,
    status_code: str,
    receipt_packet_id: str,
    now: dt.datetime,
) -> bool:
    """Note that a status of ours answers a packet; False if that answer was given before."""
    answer = Receipt(
        answers_packet_id=answers_packet_id,
        addressed_code=addressed_code,
        status_code=status_code,
        receipt_packet_id=receipt_packet_id,
        at=now,
    )
    return add_receipts(tx, (answer,)) == 1


def add_receipts(tx: Connection, receipts: Iterable[Receipt]) -> int:
    """Note answers of ours and return how many are new; one given before stays as it is."""
    new: dict[Values, Values] = {}
    for receipt in receipts:
        row = RECEIPT.write(receipt)
        if row[:3] not in new and _ANSWERED.first(tx, *row[:3]) is None:
            new[row[:3]] = row
    _ANSWER.change_many(tx, list(new.values()))
    if new:
        crash.point("inbox.receipt")
    return len(new)


def _new_row(key: str, message: NewMessage) -> list[Any]:
    """Return the values of a message that is here for the first time."""
    at = moment_text(message.received_at)
    return [
        key,
        message.user_id,
        message.message_id or "",
        message.type or "",
        message.queue,
        _URGENT_LANE if message.queue.endswith(_URGENT_QUEUE) else _NORMAL_LANE,
        message.body_sha256,
        message.body_size,
        to_json(dict(message.headers)),
        at,
        InboxState.RECEIVED.value,
        "[]",
        "[]",
        0,
        at,
        at,
        1,
    ]


@lru_cache(maxsize=256)
def _setting(state: InboxState, names: tuple[str, ...]) -> Statement:
    """Return the statement that moves to a state, if that may be, and sets these columns."""
    if unknown := set(names) - _SETTABLE:
        raise Bug(codes.MISUSE.at(reason=f"columns that cannot be set: {sorted(unknown)}"))
    known: Any = ((_M[name], bindparam(f"new_{name}")) for name in names)
    values = ((_M.state, bindparam("new_state")), (_M.updated_at, bindparam("at")), *known)
    legal = text(t.one_of("state", INBOX_BEFORE[state]))
    one = change(t.inbox_message).where(_M.message_key == bindparam("key"), legal)
    given = (f"new_{name}" for name in names)
    return Statement(one.ordered_values(*values), "new_state", "at", *given, "key")


def _illegal(tx: Connection, state: InboxState, rows: Iterable[Values]) -> str:
    """Return why not all of these rows could be moved; those moved are in the state already."""
    before = [(row[-1], message(tx, row[-1])) for row in rows]
    unknown = [key for key, found in before if found is None]
    states = {found.state.value for _, found in before if found is not None}
    return f"no message {unknown}" if unknown else f"illegal move {sorted(states)} → {state}"


def _plain(name: str, value: Any) -> Any:
    kind = _M[name].type if name in _SETTABLE else None
    return value if value is None or not isinstance(kind, Plain) else kind.write(value)
