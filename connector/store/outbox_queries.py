"""Looking into the outbox; lists and counts are for people, the rest also runs once a document."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Collection, Iterable
from typing import Any, Final

from sqlalchemy import Connection, Select, bindparam, func, or_, select, text

from connector.errors import Bug
from connector.model.states import DeliveryState
from connector.store import codes
from connector.store import tables as t
from connector.store.columns import moment_text
from connector.store.outbox_rows import (
    DELIVERY,
    DOCUMENT,
    PACKET,
    STATUS,
    Delivery,
    OutboxPacket,
)
from connector.store.statements import Statement

__all__ = [
    "by_digest",
    "by_document",
    "counts",
    "counts_of",
    "deliveries",
    "deliveries_of",
    "delivery",
    "find",
    "list_deliveries",
    "next_due",
    "oldest_open",
    "packet",
    "recipe",
    "recipes",
    "unanswered_count",
]

_HEX: Final = re.compile(r"[0-9a-f-]+")
_FOUND_AT_MOST: Final = 100

_P: Final = t.outbox_packet.c
_D: Final = t.delivery.c
_PACKET_ID: Final[Any] = bindparam("packet_id")
_PACKET: Final = Statement(select(*PACKET.columns).where(_P.packet_id == _PACKET_ID), "packet_id")
_BY_DOCUMENT: Final = Statement(
    select(*PACKET.columns)
    .where(
        _P.document_id == bindparam("document_id"),
        _P.sender == bindparam("sender"),
        text(f"kind = '{DOCUMENT}'"),
    )
    .order_by(_P.position),
    "document_id",
    "sender",
)
_BY_DIGEST: Final = Statement(
    select(*PACKET.columns).where(_P.digest == bindparam("digest")).order_by(_P.position),
    "digest",
)
_DELIVERIES: Final = Statement(
    select(*DELIVERY.columns).where(_D.packet_id == _PACKET_ID).order_by(_D.receiver), "packet_id"
)
_DELIVERY: Final = Statement(
    select(*DELIVERY.columns).where(
        _D.packet_id == _PACKET_ID, _D.receiver == bindparam("receiver")
    ),
    "packet_id",
    "receiver",
)
_RECIPE: Final = Statement(
    select(t.outbox_recipe.c.recipe)
    .join(t.outbox_packet, _P.position == t.outbox_recipe.c.position)
    .where(_P.packet_id == _PACKET_ID),
    "packet_id",
)
_UNANSWERED: Final = Statement(
    select(func.count())
    .select_from(t.delivery)
    .where(
        text(f"kind = '{DOCUMENT}' AND state = '{DeliveryState.SENT}'"),
        _D.sent_at < bindparam("before"),
    ),
    "before",
)


def packet(tx: Connection, packet_id: str) -> OutboxPacket | None:
    """Return one packet of ours."""
    row = _PACKET.first(tx, packet_id)
    return None if row is None else PACKET.read(row)


def recipe(tx: Connection, packet_id: str) -> bytes:
    """Return of which bytes a packet of ours is made; an unknown packet is a Bug."""
    row = _RECIPE.first(tx, packet_id)
    if row is None:
        raise Bug(codes.MISUSE.at(reason=f"no packet {packet_id}"))
    return bytes(row[0])


def recipes(tx: Connection, packet_ids: Iterable[str]) -> dict[str, bytes]:
    """Return the recipes of some packets by packet id; an unknown packet is a Bug."""
    return {packet_id: recipe(tx, packet_id) for packet_id in dict.fromkeys(packet_ids)}


def deliveries(tx: Connection, packet_id: str) -> list[Delivery]:
    """Return a packet's deliveries, by receiver."""
    return [DELIVERY.read(row) for row in _DELIVERIES.all(tx, packet_id)]


def delivery(tx: Connection, packet_id: str, receiver: str) -> Delivery | None:
    """Return one delivery."""
    row = _DELIVERY.first(tx, packet_id, receiver)
    return None if row is None else DELIVERY.read(row)


def deliveries_of(
    tx: Connection, keys: Iterable[tuple[str, str]]
) -> dict[tuple[str, str], Delivery]:
    """Return some deliveries by (packet id, receiver); unknown ones are absent."""
    found = ((key, _DELIVERY.first(tx, *key)) for key in dict.fromkeys(keys))
    return {key: DELIVERY.read(row) for key, row in found if row is not None}


def by_document(tx: Connection, sender: str, document_id: str) -> list[OutboxPacket]:
    """Return all document packets of ours for a DocumentId, oldest first."""
    return [PACKET.read(row) for row in _BY_DOCUMENT.all(tx, document_id, sender)]


def by_digest(tx: Connection, digest: str) -> OutboxPacket | None:
    """Return the packet of ours whose signed digest this is: what a status answers."""
    row = _BY_DIGEST.first(tx, digest)
    return None if row is None else PACKET.read(row)


def find(tx: Connection, *, text: str) -> list[OutboxPacket]:
    """Return the newest packets with this packet id (or its beginning), document id or code."""
    chosen = [_P.packet_id == text, _P.document_id == text, _P.code == text]
    if _HEX.fullmatch(text):
        chosen.append(_P.packet_id.between(text, text + "g"))
    query = select(*PACKET.columns).where(or_(*chosen)).order_by(_P.position.desc())
    return [PACKET.make(row) for row in tx.execute(query.limit(_FOUND_AT_MOST))]


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
    query = _pairs().order_by(_D.position.desc(), _D.receiver)
    if states is not None:
        query = query.where(_D.state.in_(sorted(states)))
    if receiver is not None:
        query = query.where(_D.receiver == receiver)
    kinds = (DOCUMENT, STATUS) if kind is None else (kind,)  # the index on states begins with it
    if states is not None or kind is not None:
        query = query.where(_D.kind.in_(kinds))
    split = len(PACKET.columns)
    rows = tx.execute(query.limit(limit).offset(offset))
    return [(PACKET.make(row[:split]), DELIVERY.make(row[split:])) for row in rows]


def counts(tx: Connection) -> dict[DeliveryState, int]:
    """Return how many deliveries of documents are in each state that occurs."""
    return counts_of(tx, DOCUMENT)


def counts_of(tx: Connection, kind: str) -> dict[DeliveryState, int]:
    """Return how many deliveries of one kind are in each state that occurs."""
    query = select(_D.state, func.count()).where(_D.kind == kind)
    return {row[0]: row[1] for row in tx.execute(query.group_by(_D.state))}


def unanswered_count(tx: Connection, before: dt.datetime) -> int:
    """Return how many document deliveries were sent before a moment and have no status yet."""
    row = _UNANSWERED.first(tx, moment_text(before))
    return row[0] if row else 0


def oldest_open(tx: Connection) -> dt.datetime | None:
    """Return when the longest waiting open delivery was sealed, None if none is open."""
    # The sum keeps SQLite from walking along all positions, closed ones first.
    first = select(func.min(_D.position + 0)).where(text(t.OPEN_DELIVERY)).scalar_subquery()
    found: dt.datetime | None = tx.execute(
        select(_P.sealed_at).where(_P.position == first)
    ).scalar_one_or_none()
    return found


def next_due(tx: Connection, now: dt.datetime) -> dt.datetime | None:
    """Return when an open delivery is due next, `now` if one is already, None if none is open."""
    query = select(func.min(_D.not_before)).where(text(t.OPEN_DELIVERY))
    earliest: dt.datetime | None = tx.execute(query).scalar_one()
    return None if earliest is None else max(earliest, now)


def _pairs() -> Select[Any]:
    joined = t.delivery.join(t.outbox_packet, _D.packet_id == _P.packet_id)
    return select(*PACKET.columns, *DELIVERY.columns).select_from(joined)
