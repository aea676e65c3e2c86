"""The state machines of delivery and inbox as tables: which moves there are, and who makes them.

The store refuses every other move as a bug, so a state can only be reached as it is written
here. Staying in a state is always allowed: it notes another attempt or a new reason.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Generic, TypeVar

from connector.model.states import DeliveryState, InboxState

__all__ = ["DELIVERY_BEFORE", "DELIVERY_MOVES", "INBOX_BEFORE", "INBOX_MOVES", "Actor", "Move"]

S = TypeVar("S", DeliveryState, InboxState)


class Actor(StrEnum):
    """Who moves a state."""

    RELAY = "relay"
    START = "recovery at start"
    STATUS = "status of the receiver"
    ISSUER = "recall by the issuer"
    OPERATOR = "operator"
    COPY = "copy of a message"
    ADMISSION = "admission"
    DESK = "delivery desk"
    CONTAINMENT = "containment"


@dataclass(frozen=True, slots=True)
class Move(Generic[S]):
    """Moves into one state by one actor; `when` tells what has happened."""

    before: frozenset[S]
    after: S
    actor: Actor
    when: str


_D: Final = DeliveryState
_I: Final = InboxState

_OPEN: Final = frozenset({_D.QUEUED, _D.UNCONFIRMED, _D.BLOCKED})
_STUCK: Final = frozenset({_D.RETURNED, _D.PARKED})
_ANSWERED: Final = frozenset({_D.ARRIVED, _D.ACCEPTED, _D.ASSIGNED, _D.PROCESSING, _D.FINISHED})
_NOT_ARRIVED: Final = _OPEN | _STUCK | {_D.SENT}
_RUNNING: Final = _NOT_ARRIVED | _ANSWERED

_RELAY: Final = (
    Move(_OPEN, _D.UNCONFIRMED, Actor.RELAY, "given to the broker, durably noted before"),
    Move(_OPEN, _D.SENT, Actor.RELAY, "confirmed by the broker"),
    Move(_OPEN, _D.RETURNED, Actor.RELAY, "no queue for this receiver"),
    Move(_OPEN, _D.BLOCKED, Actor.RELAY, "refused for now: tried again when due"),
    Move(_OPEN, _D.QUEUED, Actor.RELAY, "no answer: the same id again"),
    Move(_OPEN, _D.PARKED, Actor.RELAY, "refused for good, too old, or its body is damaged"),
    Move(
        frozenset({_D.RECALL_REQUESTED}),
        _D.RECALLED,
        Actor.RELAY,
        "came back without a way after it was asked back",
    ),
    Move(frozenset({_D.UNCONFIRMED}), _D.QUEUED, Actor.START, "the process ended meanwhile"),
)
_STATUS: Final = (
    Move(_NOT_ARRIVED, _D.ARRIVED, Actor.STATUS, "01"),
    Move(_NOT_ARRIVED | {_D.ARRIVED}, _D.ACCEPTED, Actor.STATUS, "03"),
    Move(_NOT_ARRIVED | {_D.ARRIVED, _D.ACCEPTED}, _D.ASSIGNED, Actor.STATUS, "04"),
    Move(_RUNNING - {_D.PROCESSING, _D.FINISHED}, _D.PROCESSING, Actor.STATUS, "05"),
    Move(_RUNNING - {_D.FINISHED}, _D.FINISHED, Actor.STATUS, "06, or 15 to an act"),
    Move(_RUNNING | {_D.RECALL_REQUESTED}, _D.REFUSED, Actor.STATUS, "02"),
    Move(frozenset({_D.RECALL_REQUESTED}), _D.RECALLED, Actor.STATUS, "15 to the recall"),
    Move(frozenset({_D.RECALL_REQUESTED}), _D.FINISHED, Actor.STATUS, "15 to a recalled act"),
)
_BY_HAND: Final = (
    Move(_RUNNING - {_D.RETURNED}, _D.RECALL_REQUESTED, Actor.ISSUER, "asked back"),
    Move(frozenset({_D.QUEUED, _D.PARKED}), _D.RECALLED, Actor.ISSUER, "it had never left"),
    Move(
        _RUNNING | {_D.REFUSED},
        _D.QUEUED,
        Actor.OPERATOR,
        "resend, outbox retry: what had left before leaves again, whatever status comes first",
    ),
    Move(frozenset({_D.QUEUED, _D.BLOCKED}), _D.PARKED, Actor.OPERATOR, "outbox park"),
    Move(frozenset({_D.SENT}), _D.QUEUED, Actor.COPY, "the stored receipt goes out again"),
)
DELIVERY_MOVES: Final[tuple[Move[DeliveryState], ...]] = (*_RELAY, *_STATUS, *_BY_HAND)
"""Every move of a delivery; a status can overtake our own confirm."""

_FRESH: Final = frozenset({_I.RECEIVED, _I.HELD})
_READY: Final = frozenset({_I.VERIFIED, _I.HELD})
_WAITING: Final = _FRESH | _READY

INBOX_MOVES: Final[tuple[Move[InboxState], ...]] = (
    Move(_FRESH, _I.VERIFIED, Actor.ADMISSION, "all checks passed: 01"),
    Move(_FRESH, _I.REFUSED, Actor.ADMISSION, "a vouched-for sender's packet is wrong: 02"),
    Move(_FRESH, _I.QUARANTINED, Actor.ADMISSION, "nobody vouches for it, or it is dead"),
    Move(_FRESH, _I.DUPLICATE, Actor.ADMISSION, "its packet is here already"),
    Move(_FRESH, _I.HELD, Actor.ADMISSION, "revocation data is missing or too old"),
    Move(_FRESH, _I.DELIVERED, Actor.ADMISSION, "a status was applied"),
    Move(_READY, _I.DELIVERED, Actor.DESK, "the sinks have it: 03 if on the clerk's desk"),
    Move(_READY, _I.HELD, Actor.DESK, "it names a document that is not here yet"),
    Move(_READY, _I.REFUSED, Actor.DESK, "that document did not come in time: 02"),
    Move(_READY, _I.PARKED, Actor.DESK, "a sink gave up, or a person has to decide"),
    Move(_READY | {_I.DELIVERED, _I.PARKED}, _I.CANCELLED, Actor.DESK, "recalled: 15"),
    Move(_WAITING, _I.PARKED, Actor.CONTAINMENT, "it fails again and again by itself"),
    Move(frozenset({_I.DELIVERED, _I.DUPLICATE}), _I.RECEIVED, Actor.COPY, "a status again"),
    Move(frozenset({_I.DELIVERED}), _I.CANCELLED, Actor.OPERATOR, "reply 15"),
    Move(_WAITING, _I.PARKED, Actor.OPERATOR, "inbox park"),
    Move(
        _WAITING | {_I.PARKED, _I.QUARANTINED, _I.REFUSED},
        _I.RECEIVED,
        Actor.OPERATOR,
        "inbox retry of what was never verified",
    ),
    Move(
        _WAITING | {_I.PARKED, _I.REFUSED},
        _I.VERIFIED,
        Actor.OPERATOR,
        "inbox retry of a verified document",
    ),
)
"""Every move of a received message."""


def _before(moves: Iterable[Move[S]], states: Iterable[S]) -> Mapping[S, frozenset[S]]:
    """Return from which states each state may be reached, itself included."""
    before: dict[S, set[S]] = {state: {state} for state in states}
    for move in moves:
        before[move.after] |= move.before
    return {state: frozenset(found) for state, found in before.items()}


DELIVERY_BEFORE: Final = _before(DELIVERY_MOVES, DeliveryState)
"""For each state of a delivery those from which it may be reached."""

INBOX_BEFORE: Final = _before(INBOX_MOVES, InboxState)
"""For each state of a received message those from which it may be reached."""
