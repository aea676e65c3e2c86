"""What arrived: messages as the broker gave them, and what became of each (G3, G4, G5)."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Select, func, insert, or_, select, text

from connector.errors import Bug
from connector.model.states import InboxState
from connector.store import codes
from connector.store import tables as t
from connector.store.rows import columns_for, make, values_of

__all__ = [
    "InboxMessage",
    "NewMessage",
    "Receipt",
    "add_receipt",
    "by_document",
    "by_packet",
    "counts",
    "find",
    "list_messages",
    "message",
    "message_key",
    "oldest_open",
    "receipts",
    "receive",
    "to_process",
    "update",
]

_URGENT_LANE: Final = 0
_NORMAL_LANE: Final = 1
_URGENT_QUEUE: Final = ".inbox.urgent"
_HEX: Final = re.compile(r"[0-9a-f-]+")
_FOUND_AT_MOST: Final = 100
_ASIDE: Final = (InboxState.DUPLICATE, InboxState.QUARANTINED)
_KNOWN_DOCUMENT: Final = (
    InboxState.VERIFIED,
    InboxState.DELIVERED,
    InboxState.CANCELLED,
    InboxState.PARKED,
    InboxState.REFUSED,
)


def message_key(
    user_id: str | None, message_id: str | None, body_sha256: str, receiver: str | None = None
) -> str:
    """Return by what a message is known before anything in it is verified.

    One packet comes once for each receiver for which it is routed here, so the receiver counts.
    """
    name = "\0".join((user_id or "", message_id or "", body_sha256, receiver or ""))
    return hashlib.sha256(name.encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMessage:
    """A message as the broker gave it; its body is in the spool already."""

    user_id: str | None
    message_id: str | None
    type: str | None
    queue: str
    body_sha256: str
    body_size: int
    headers: Mapping[str, Any]
    received_at: dt.datetime
    receiver: str | None = None

    @property
    def message_key(self) -> str:
        """By what the message is known: who sent it, its id, its body, for whom."""
        return message_key(self.user_id, self.message_id, self.body_sha256, self.receiver)


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxMessage:
    """A received message; an absent id or type is empty, the rest is None until it is verified.

    `served` are the addressed codes that this node speaks for; `copies` counts how often the
    broker delivered it.
    """

    message_key: str
    user_id: str | None
    message_id: str
    type: str
    queue: str
    body_sha256: str
    body_size: int
    headers: dict[str, Any]
    received_at: dt.datetime
    state: InboxState
    packet_id: str | None
    sender: str | None
    document_id: str | None
    kind: str | None
    digest: str | None
    business_type: int | None
    status_code: str | None
    subject: str | None
    code: str | None
    findings: list[dict[str, Any]]
    verification: dict[str, Any] | None
    served: tuple[str, ...]
    attempts: int
    not_before: dt.datetime
    updated_at: dt.datetime
    copies: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """A status of ours that answers a received packet for one addressed code."""

    answers_packet_id: str
    addressed_code: str
    status_code: str
    receipt_packet_id: str
    at: dt.datetime


_MESSAGE: Final = columns_for(InboxMessage, t.inbox_message)
_SERVED: Final = [column.name for column in _MESSAGE].index("served")
_RECEIPT: Final = columns_for(Receipt, t.inbox_receipt)
_SETTABLE: Final = frozenset(
    {"packet_id", "sender", "document_id", "kind", "digest", "business_type", "status_code"}
    | {"subject", "code", "findings", "verification", "served", "attempts", "not_before"}
)


def receive(tx: Connection, message: NewMessage) -> bool:
    """Keep a message; False if the same one is on record, whose copies are then counted."""
    key = message.message_key
    again = t.inbox_message.update().where(t.inbox_message.c.message_key == key)
    if tx.execute(again.values(copies=t.inbox_message.c.copies + 1)).rowcount:
        return False
    facts = values_of(message)
    del facts["receiver"]  # part of the key only; the message's own headers say it
    row = facts | {
        "message_key": key,
        "message_id": message.message_id or "",
        "type": message.type or "",
        "headers": dict(message.headers),
        "lane": _URGENT_LANE if message.queue.endswith(_URGENT_QUEUE) else _NORMAL_LANE,
        "state": InboxState.RECEIVED,
        "findings": [],
        "served": [],
        "attempts": 0,
        "not_before": message.received_at,
        "updated_at": message.received_at,
        "copies": 1,
    }
    tx.execute(insert(t.inbox_message).values(**row))
    return True


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
    c = t.inbox_message.c
    query = select(*_MESSAGE).where(text(t.OPEN_MESSAGE), c.not_before <= now)
    if frozenset(states) != t.OPEN_MESSAGE_STATES:
        query = query.where(c.state.in_(states))
    if held_verified is not None:
        known = c.verification.is_not(None) if held_verified else c.verification.is_(None)
        query = query.where(or_(c.state != InboxState.HELD, known))
    return _messages(tx, query.order_by(c.lane, c.position).limit(limit))


def update(
    tx: Connection, message_key: str, *, state: InboxState, now: dt.datetime, **columns: Any
) -> None:
    """Move a message and set what became known of it; unknown messages and columns are a Bug."""
    if unknown := columns.keys() - _SETTABLE:
        raise Bug(codes.MISUSE.at(reason=f"columns that cannot be set: {sorted(unknown)}"))
    one = t.inbox_message.update().where(t.inbox_message.c.message_key == message_key)
    values = {**columns, "state": state, "updated_at": now}
    if tx.execute(one.values(**values)).rowcount != 1:
        raise Bug(codes.MISUSE.at(reason=f"no message {message_key}"))


def message(tx: Connection, key: str) -> InboxMessage | None:
    """Return one message by its key."""
    return _first(tx, select(*_MESSAGE).filter_by(message_key=key))


def by_packet(tx: Connection, packet_id: str) -> InboxMessage | None:
    """Return the message that stands for a packet: no duplicate, nothing from quarantine."""
    c = t.inbox_message.c
    query = select(*_MESSAGE).where(c.packet_id == packet_id, c.state.not_in(_ASIDE))
    return _first(tx, query.order_by(c.position).limit(1))


def by_document(tx: Connection, sender: str, document_id: str) -> list[InboxMessage]:
    """Return the verified document packets of a sender for a DocumentId, oldest first."""
    query = select(*_MESSAGE).filter_by(document_id=document_id, sender=sender, kind="document")
    query = query.where(t.inbox_message.c.state.in_(_KNOWN_DOCUMENT))
    return _messages(tx, query.order_by(t.inbox_message.c.position))


def find(tx: Connection, *, text: str) -> list[InboxMessage]:
    """Return the newest messages with this key, packet, message or document id, or code.

    The beginning of a key or packet id is enough.
    """
    c = t.inbox_message.c
    names = (c.message_key, c.packet_id, c.message_id, c.document_id, c.code)
    chosen = [column == text for column in names]
    if _HEX.fullmatch(text):
        chosen += [column.between(text, text + "g") for column in (c.message_key, c.packet_id)]
    query = select(*_MESSAGE).where(or_(*chosen)).order_by(c.position.desc())
    return _messages(tx, query.limit(_FOUND_AT_MOST))


def list_messages(
    tx: Connection,
    *,
    states: Collection[InboxState] | None = None,
    kind: str | None = None,
    limit: int,
    offset: int = 0,
) -> list[InboxMessage]:
    """Return messages, newest first, optionally of some states or of one kind."""
    c = t.inbox_message.c
    query = select(*_MESSAGE).order_by(c.position.desc())
    if states is not None:
        query = query.where(c.state.in_(sorted(states)))
    if kind is not None:
        query = query.where(c.kind == kind)
    elif states is not None:  # the index on states begins with the kind
        query = query.where(or_(c.kind.in_(("document", "status")), c.kind.is_(None)))
    return _messages(tx, query.limit(limit).offset(offset))


def counts(tx: Connection, kind: str | None = None) -> dict[InboxState, int]:
    """Return how many messages of a kind (None: all) are in each state that occurs.

    A message has no kind before it is verified.
    """
    query = select(t.inbox_message.c.state, func.count())
    if kind is not None:
        query = query.where(t.inbox_message.c.kind == kind)
    return {row[0]: row[1] for row in tx.execute(query.group_by(t.inbox_message.c.state))}


def oldest_open(tx: Connection) -> dt.datetime | None:
    """Return when the longest waiting unfinished message arrived, None if there is none."""
    c = t.inbox_message.c
    opened = select(c.received_at).where(text(t.OPEN_MESSAGE)).order_by(c.position).limit(1)
    lanes = (opened.where(c.lane == lane) for lane in (_URGENT_LANE, _NORMAL_LANE))
    found = (tx.execute(first).scalar_one_or_none() for first in lanes)
    return min((moment for moment in found if moment is not None), default=None)


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
    key = {
        "answers_packet_id": answers_packet_id,
        "addressed_code": addressed_code,
        "status_code": status_code,
    }
    if tx.execute(select(t.inbox_receipt.c.at).filter_by(**key)).first() is not None:
        return False
    tx.execute(insert(t.inbox_receipt).values(**key, receipt_packet_id=receipt_packet_id, at=now))
    return True


def receipts(tx: Connection, answers_packet_id: str) -> list[Receipt]:
    """Return our answers to a packet in the order in which they were given."""
    c = t.inbox_receipt.c
    query = select(*_RECEIPT).where(c.answers_packet_id == answers_packet_id)
    ordered = query.order_by(c.at, c.addressed_code, c.status_code)
    return [make(Receipt, row) for row in tx.execute(ordered)]


def _messages(tx: Connection, query: Select[Any]) -> list[InboxMessage]:
    return [
        make(InboxMessage, (*row[:_SERVED], tuple(row[_SERVED]), *row[_SERVED + 1 :]))
        for row in tx.execute(query)
    ]


def _first(tx: Connection, query: Select[Any]) -> InboxMessage | None:
    return next(iter(_messages(tx, query)), None)
