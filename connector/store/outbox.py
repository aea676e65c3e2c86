"""What leaves: signed packets and the state of each delivery (packet, receiver) (G2, G3, G5)."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import (
    Connection,
    Select,
    bindparam,
    false,
    func,
    insert,
    literal,
    or_,
    select,
    text,
    update,
)

from connector.errors import Bug
from connector.model.states import DeliveryState
from connector.store import codes
from connector.store import tables as t
from connector.store.rows import columns_for, make, values_of

__all__ = [
    "DOCUMENT",
    "STATUS",
    "Delivery",
    "OutboxPacket",
    "by_digest",
    "by_document",
    "counts",
    "counts_of",
    "deliveries",
    "delivery",
    "due",
    "enqueue",
    "find",
    "list_deliveries",
    "next_due",
    "oldest_open",
    "packet",
    "set_state",
    "set_states",
]

DOCUMENT: Final = "document"
STATUS: Final = "status"
_URGENT_LANE: Final = 0
_NORMAL_LANE: Final = 1
_HEX: Final = re.compile(r"[0-9a-f-]+")
_FOUND_AT_MOST: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxPacket:
    """A sealed packet; its bytes are in the spool under `body_sha256`.

    `kind` is ``document`` or ``status``; `digest` is that of the signed Reference;
    `correlation_id` is the packet that a status answers; `priority` above 0 goes first.
    """

    packet_id: str
    kind: str
    sender: str
    document_id: str
    business_type: int | None = None
    status_code: str | None = None
    content_digest: str
    digest: str
    body_sha256: str
    body_size: int
    subject: str | None = None
    code: str | None = None
    correlation_id: str | None = None
    priority: int = 0
    adapter: str | None = None
    place: str | None = None
    source_key: str | None = None
    config_hash: str | None = None
    sealed_at: dt.datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One packet on its way to one receiver; `attempts` counts what was given to the broker."""

    packet_id: str
    receiver: str
    state: DeliveryState
    attempts: int
    not_before: dt.datetime
    reason: str | None
    error_code: str | None
    updated_at: dt.datetime
    sent_at: dt.datetime | None
    last_status: str | None


_PACKET: Final = columns_for(OutboxPacket, t.outbox_packet)
_DELIVERY: Final = columns_for(Delivery, t.delivery)
_POSITION: Final = select(t.outbox_packet.c.position).where(
    t.outbox_packet.c.packet_id == bindparam("packet_id")
)
_INSERT_PACKET: Final = insert(t.outbox_packet)
_INSERT_DELIVERY: Final = insert(t.delivery)


def enqueue(tx: Connection, packet: OutboxPacket, receivers: Sequence[str]) -> bool:
    """Queue a packet for its receivers; False, and nothing written, if its id is there already."""
    if not receivers:
        raise Bug(codes.MISUSE.at(reason=f"packet {packet.packet_id} has no receiver"))
    if tx.execute(_POSITION, {"packet_id": packet.packet_id}).first() is not None:
        return False
    inserted = tx.execute(_INSERT_PACKET, values_of(packet))
    first = {
        "packet_id": packet.packet_id,
        "position": (inserted.inserted_primary_key or (None,))[0],
        "lane": _URGENT_LANE if packet.priority > 0 else _NORMAL_LANE,
        "kind": packet.kind,
        "state": DeliveryState.QUEUED,
        "attempts": 0,
        "not_before": packet.sealed_at,
        "updated_at": packet.sealed_at,
    }
    rows = [{**first, "receiver": receiver} for receiver in dict.fromkeys(receivers)]
    tx.execute(_INSERT_DELIVERY, rows)
    return True


def due(tx: Connection, *, now: dt.datetime, limit: int) -> list[tuple[OutboxPacket, Delivery]]:
    """Return open deliveries whose time has come: urgent ones first, then in order of arrival."""
    query = (
        _pairs()
        .where(text(t.OPEN_DELIVERY), t.delivery.c.not_before <= now)
        .order_by(t.delivery.c.lane, t.delivery.c.position, t.delivery.c.receiver)
        .limit(limit)
    )
    return _as_pairs(tx, query)


def set_state(
    tx: Connection,
    packet_id: str,
    receiver: str,
    state: DeliveryState,
    *,
    now: dt.datetime,
    reason: str | None = None,
    error_code: str | None = None,
    not_before: dt.datetime | None = None,
    count_attempt: bool = False,
    status: str | None = None,
) -> None:
    """Move one delivery; `reason` and `error_code` belong to the new state and replace the old.

    `not_before` and `status` stay as they are unless given. An unknown delivery is a Bug.
    """
    values = _values(state, now, not_before, count_attempt=count_attempt)
    values |= {"reason": reason, "error_code": error_code}
    if status is not None:
        values["last_status"] = status
    one = update(t.delivery).filter_by(packet_id=packet_id, receiver=receiver).values(**values)
    if tx.execute(one).rowcount != 1:
        raise Bug(codes.MISUSE.at(reason=f"no delivery of {packet_id} to {receiver}"))


def set_states(
    tx: Connection,
    keys: Sequence[tuple[str, str]],
    state: DeliveryState,
    *,
    now: dt.datetime,
    not_before: dt.datetime | None = None,
    count_attempt: bool = False,
    only_from: Collection[DeliveryState] | None = None,
) -> int:
    """Move a batch of (packet id, receiver) in one statement and return how many were moved.

    With `only_from` deliveries in other states stay: a status may have overtaken a confirm.
    """
    if not keys:
        return 0
    values = _values(state, now, not_before, count_attempt=count_attempt)
    values |= {"reason": None, "error_code": None}
    batch = update(t.delivery).where(
        t.delivery.c.packet_id == bindparam("key_packet"),
        t.delivery.c.receiver == bindparam("key_receiver"),
    )
    if only_from is not None:
        allowed = [t.delivery.c.state == earlier for earlier in sorted(only_from)]
        batch = batch.where(or_(false(), *allowed))
    rows = [{"key_packet": packet_id, "key_receiver": receiver} for packet_id, receiver in keys]
    return tx.execute(batch.values(**values), rows).rowcount


def packet(tx: Connection, packet_id: str) -> OutboxPacket | None:
    """Return one packet of ours."""
    return _first(tx, select(*_PACKET).filter_by(packet_id=packet_id))


def deliveries(tx: Connection, packet_id: str) -> list[Delivery]:
    """Return a packet's deliveries, by receiver."""
    query = select(*_DELIVERY).filter_by(packet_id=packet_id).order_by(t.delivery.c.receiver)
    return [make(Delivery, row) for row in tx.execute(query)]


def delivery(tx: Connection, packet_id: str, receiver: str) -> Delivery | None:
    """Return one delivery."""
    row = tx.execute(
        select(*_DELIVERY).filter_by(packet_id=packet_id, receiver=receiver)
    ).one_or_none()
    return None if row is None else make(Delivery, row)


def find(tx: Connection, *, text: str) -> list[OutboxPacket]:
    """Return the newest packets with this packet id (or its beginning), document id or code."""
    c = t.outbox_packet.c
    chosen = [c.packet_id == text, c.document_id == text, c.code == text]
    if _HEX.fullmatch(text):
        chosen.append(c.packet_id.between(text, text + "g"))
    query = select(*_PACKET).where(or_(*chosen)).order_by(c.position.desc())
    return _packets(tx, query.limit(_FOUND_AT_MOST))


def by_document(tx: Connection, sender: str, document_id: str) -> list[OutboxPacket]:
    """Return all document packets of ours for a DocumentId, oldest first."""
    query = select(*_PACKET).filter_by(document_id=document_id, sender=sender, kind=DOCUMENT)
    return _packets(tx, query.order_by(t.outbox_packet.c.position))


def by_digest(tx: Connection, digest: str) -> OutboxPacket | None:
    """Return the packet of ours whose signed digest this is: what a status answers."""
    query = select(*_PACKET).filter_by(digest=digest).order_by(t.outbox_packet.c.position)
    return _first(tx, query.limit(1))


def list_deliveries(
    tx: Connection,
    *,
    states: Collection[DeliveryState] | None = None,
    receiver: str | None = None,
    kind: str | None = None,
    limit: int,
    offset: int = 0,
) -> list[tuple[OutboxPacket, Delivery]]:
    """Return deliveries with their packets, newest first, optionally of some states or one kind."""
    query = _pairs().order_by(t.delivery.c.position.desc(), t.delivery.c.receiver)
    if states is not None:
        query = query.where(t.delivery.c.state.in_(sorted(states)))
    if receiver is not None:
        query = query.where(t.delivery.c.receiver == receiver)
    kinds = (DOCUMENT, STATUS) if kind is None else (kind,)  # the index on states begins with it
    if states is not None or kind is not None:
        query = query.where(t.delivery.c.kind.in_(kinds))
    return _as_pairs(tx, query.limit(limit).offset(offset))


def counts(tx: Connection) -> dict[DeliveryState, int]:
    """Return how many deliveries of documents are in each state that occurs."""
    return counts_of(tx, DOCUMENT)


def counts_of(tx: Connection, kind: str) -> dict[DeliveryState, int]:
    """Return how many deliveries of one kind are in each state that occurs."""
    query = select(t.delivery.c.state, func.count()).filter_by(kind=kind)
    return {row[0]: row[1] for row in tx.execute(query.group_by(t.delivery.c.state))}


def oldest_open(tx: Connection) -> dt.datetime | None:
    """Return when the longest waiting open delivery was sealed, None if none is open."""
    c = t.delivery.c
    same = c.packet_id == t.outbox_packet.c.packet_id
    opened = select(t.outbox_packet.c.sealed_at).join(t.delivery, same)
    opened = opened.where(text(t.OPEN_DELIVERY)).order_by(c.position).limit(1)
    lanes = (opened.where(c.lane == lane) for lane in (_URGENT_LANE, _NORMAL_LANE))
    found = (tx.execute(first).scalar_one_or_none() for first in lanes)
    return min((moment for moment in found if moment is not None), default=None)


def next_due(tx: Connection, now: dt.datetime) -> dt.datetime | None:
    """Return when an open delivery is due next, `now` if one is already, None if none is open."""
    query = select(func.min(t.delivery.c.not_before)).where(text(t.OPEN_DELIVERY))
    earliest: dt.datetime | None = tx.execute(query).scalar_one()
    return None if earliest is None else max(earliest, now)


def _values(
    state: DeliveryState, now: dt.datetime, not_before: dt.datetime | None, *, count_attempt: bool
) -> dict[str, Any]:
    values: dict[str, Any] = {"state": state, "updated_at": now}
    if not_before is not None:
        values["not_before"] = not_before
    if count_attempt:
        values["attempts"] = t.delivery.c.attempts + 1
    if state is DeliveryState.SENT:
        column = t.delivery.c.sent_at
        values["sent_at"] = func.coalesce(column, literal(now, column.type))
    return values


def _pairs() -> Select[Any]:
    same = t.delivery.c.packet_id == t.outbox_packet.c.packet_id
    return select(*_PACKET, *_DELIVERY).select_from(t.delivery.join(t.outbox_packet, same))


def _as_pairs(tx: Connection, query: Select[Any]) -> list[tuple[OutboxPacket, Delivery]]:
    split = len(_PACKET)
    return [
        (make(OutboxPacket, row[:split]), make(Delivery, row[split:])) for row in tx.execute(query)
    ]


def _packets(tx: Connection, query: Select[Any]) -> list[OutboxPacket]:
    return [make(OutboxPacket, row) for row in tx.execute(query)]


def _first(tx: Connection, query: Select[Any]) -> OutboxPacket | None:
    return next(iter(_packets(tx, query)), None)
