"""What leaves: signed packets and the state of each delivery (packet, receiver) (G2, G3, G5)."""

from __future__ import annotations

import datetime as dt
import heapq
from collections.abc import Collection, Iterator, Sequence
from functools import lru_cache
from itertools import islice
from typing import Final

from sqlalchemy import Connection, bindparam, func, select, text, update

from connector import crash
from connector.errors import Bug
from connector.model.states import DeliveryState
from connector.model.transitions import DELIVERY_BEFORE
from connector.store import codes
from connector.store import tables as t
from connector.store.columns import moment_text
from connector.store.outbox_queries import (
    by_digest,
    by_document,
    counts,
    counts_of,
    deliveries,
    deliveries_of,
    delivery,
    find,
    list_deliveries,
    next_due,
    oldest_open,
    packet,
    recipe,
    recipes,
    unanswered_count,
)
from connector.store.outbox_rows import (
    DELIVERY,
    DOCUMENT,
    PACKET,
    STATUS,
    Delivery,
    OutboxPacket,
)
from connector.store.statements import Statement, Values, insert_into, limited

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
    "deliveries_of",
    "delivery",
    "due",
    "enqueue",
    "enqueue_many",
    "find",
    "list_deliveries",
    "next_due",
    "oldest_open",
    "packet",
    "recipe",
    "recipes",
    "set_state",
    "set_states",
    "unanswered_count",
]

_URGENT_LANE: Final = 0
_NORMAL_LANE: Final = 1
_FIRST_STATE: Final = DeliveryState.QUEUED.value

_P: Final = t.outbox_packet.c
_D: Final = t.delivery.c
_LAST: Final = Statement(select(func.max(_P.position)))
_KNOWN: Final = Statement(
    select(_P.position).where(_P.packet_id == bindparam("packet_id")), "packet_id"
)
_ADD_PACKET: Final = insert_into(t.outbox_packet, ("position", *PACKET.names))
_ADD_RECIPE: Final = insert_into(t.outbox_recipe, ("position", "recipe"))
_ADD_DELIVERY: Final = insert_into(
    t.delivery,
    (
        *("packet_id", "receiver", "position", "sender", "lane", "kind", "state", "attempts"),
        *("not_before", "updated_at"),
    ),
)
_NEXT_SENDER: Final = Statement(
    select(func.min(_D.sender)).where(text(t.OPEN_DELIVERY), _D.sender > bindparam("after")),
    "after",
)
_DUE: Final = Statement(
    limited(
        select(_D.lane, _D.position, *PACKET.columns, *DELIVERY.columns)
        .select_from(t.delivery.join(t.outbox_packet, _D.packet_id == _P.packet_id))
        .where(
            text(t.OPEN_DELIVERY.replace("state", "delivery.state")),
            _D.sender == bindparam("sender"),
            _D.not_before <= bindparam("now"),
        )
        .order_by(_D.lane, _D.position, _D.receiver)
    ),
    "sender",
    "now",
    "at_most",
)
_MOVED: Final = (
    *("new_state", "now", "new_reason", "new_error_code", "until", "counted", "sent", "status"),
    *("key_packet", "key_receiver"),
)
_MOVE: Final = (
    update(t.delivery)
    .ordered_values(
        (_D.state, bindparam("new_state")),
        (_D.updated_at, bindparam("now")),
        (_D.reason, bindparam("new_reason")),
        (_D.error_code, bindparam("new_error_code")),
        (_D.not_before, func.coalesce(bindparam("until"), _D.not_before)),
        (_D.attempts, _D.attempts + bindparam("counted")),
        (_D.sent_at, func.coalesce(_D.sent_at, bindparam("sent"))),
        (_D.last_status, func.coalesce(bindparam("status"), _D.last_status)),
    )
    .where(_D.packet_id == bindparam("key_packet"), _D.receiver == bindparam("key_receiver"))
)


def enqueue(tx: Connection, packet: OutboxPacket, receivers: Sequence[str], recipe: bytes) -> bool:
    """Queue a packet for its receivers; False, and nothing written, if its id is there already.

    From `recipe` and the spool its bytes are made again each time that it is sent.
    """
    return enqueue_many(tx, ((packet, receivers, recipe),))[0]


def enqueue_many(
    tx: Connection, items: Sequence[tuple[OutboxPacket, Sequence[str], bytes]]
) -> list[bool]:
    """Queue packets as `enqueue` does, each with its receivers and recipe, in this order."""
    position = (_LAST.first(tx) or (0,))[0] or 0
    fresh: list[bool] = []
    packets: dict[str, Values] = {}
    made: list[Values] = []
    waiting: list[Values] = []
    for new, receivers, whole in items:
        key = new.packet_id
        if not receivers:
            raise Bug(codes.MISUSE.at(reason=f"packet {key} has no receiver"))
        fresh.append(key not in packets and _KNOWN.first(tx, key) is None)
        if not fresh[-1]:
            continue
        position += 1
        packets[key] = (position, *PACKET.write(new))
        made.append((position, whole))
        waiting += _new_deliveries(new, receivers, position)
    _ADD_PACKET.change_many(tx, list(packets.values()))
    _ADD_RECIPE.change_many(tx, made)
    _ADD_DELIVERY.change_many(tx, waiting)
    crash.point("outbox.enqueued")
    return fresh


def due(
    tx: Connection, *, now: dt.datetime, limit: int, not_of: Collection[str] = ()
) -> list[tuple[OutboxPacket, Delivery]]:
    """Return open deliveries whose time has come: urgent ones first, then in order of arrival.

    Those of the senders in `not_of` are left out, at no cost however many they are.
    """
    moment = moment_text(now)
    by_sender = [
        _DUE.all(tx, sender, moment, limit) for sender in _open_senders(tx) if sender not in not_of
    ]
    split = 2 + len(PACKET.columns)
    ordered = heapq.merge(*by_sender, key=lambda row: (row[0], row[1], row[split + 1]))
    return [
        (PACKET.read(row[2:split]), DELIVERY.read(row[split:])) for row in islice(ordered, limit)
    ]


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

    `not_before` and `status` stay as they are unless given. An unknown delivery is a Bug, and so
    is a move that `connector.model.transitions` does not have.
    """
    values = _moved(state, now, not_before, status, reason, error_code, count_attempt=count_attempt)
    if _move_from(DELIVERY_BEFORE[state]).change(tx, *values, packet_id, receiver) != 1:
        before = delivery(tx, packet_id, receiver)
        what = "no delivery" if before is None else f"illegal move {before.state} → {state}"
        raise Bug(codes.MISUSE.at(reason=f"{what} of {packet_id} to {receiver}"))


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
    """Move a batch of (packet id, receiver) and return how many were moved.

    Deliveries from whose state there is no such move stay, with `only_from` also those in other
    states: a status may have overtaken a confirm.
    """
    legal = DELIVERY_BEFORE[state]
    allowed = legal if only_from is None else legal.intersection(only_from)
    if not allowed:
        return 0
    values = _moved(state, now, not_before, count_attempt=count_attempt)
    return _move_from(allowed).change_many(tx, [(*values, *key) for key in keys])


def _open_senders(tx: Connection) -> Iterator[str]:
    """Yield whose packets are open; one step along the index each, not one a packet."""
    sender = ""
    while (found := _NEXT_SENDER.first(tx, sender)) and found[0] is not None:
        sender = found[0]
        yield sender


def _new_deliveries(
    packet: OutboxPacket, receivers: Sequence[str], position: int
) -> Iterator[Values]:
    lane = _URGENT_LANE if packet.priority > 0 else _NORMAL_LANE
    at = moment_text(packet.sealed_at)
    rest = (position, packet.sender, lane, packet.kind, _FIRST_STATE, 0, at, at)
    return ((packet.packet_id, receiver, *rest) for receiver in dict.fromkeys(receivers))


def _moved(
    state: DeliveryState,
    now: dt.datetime,
    not_before: dt.datetime | None,
    status: str | None = None,
    reason: str | None = None,
    error_code: str | None = None,
    *,
    count_attempt: bool,
) -> Values:
    at = moment_text(now)
    until = None if not_before is None else moment_text(not_before)
    sent = at if state is DeliveryState.SENT else None
    word = DeliveryState(state).value
    return (word, at, reason, error_code, until, int(count_attempt), sent, status)


@lru_cache(maxsize=64)
def _move_from(states: frozenset[DeliveryState]) -> Statement:
    return Statement(_MOVE.where(text(t.one_of("state", states))), *_MOVED)
