"""The states of a delivery and of a received document, and which moves are legal.

A delivery is one (packet, receiver code). Status codes move it forward; forward skips are
legal, backward moves are recorded and change nothing (architecture section 4).
"""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum
from typing import Final

from connector.model.envelope import StatusCode

__all__ = [
    "DELIVERY_PROGRESS",
    "OPEN_DELIVERY_STATES",
    "DeliveryState",
    "InboxState",
    "overtaken_by",
    "state_after_status",
]


class DeliveryState(StrEnum):
    """Sender's view of one packet on its way to one receiver."""

    QUEUED = "queued"
    UNCONFIRMED = "unconfirmed"
    SENT = "sent"
    ARRIVED = "arrived"
    ACCEPTED = "accepted"
    ASSIGNED = "assigned"
    PROCESSING = "processing"
    FINISHED = "finished"
    REFUSED = "refused"
    RETURNED = "returned"
    BLOCKED = "blocked"
    PARKED = "parked"
    RECALL_REQUESTED = "recall requested"
    RECALLED = "recalled"


class InboxState(StrEnum):
    """Receiver's view of one packet."""

    RECEIVED = "received"
    VERIFIED = "verified"
    DELIVERED = "delivered"
    QUARANTINED = "quarantined"
    REFUSED = "refused"
    DUPLICATE = "duplicate"
    HELD = "held"
    PARKED = "parked"
    CANCELLED = "cancelled"


OPEN_DELIVERY_STATES: Final = frozenset(
    {DeliveryState.QUEUED, DeliveryState.UNCONFIRMED, DeliveryState.BLOCKED}
)
"""States from which the relay publishes, each time with the same id."""

DELIVERY_PROGRESS: Final = (
    DeliveryState.QUEUED,
    DeliveryState.UNCONFIRMED,
    DeliveryState.SENT,
    DeliveryState.ARRIVED,
    DeliveryState.ACCEPTED,
    DeliveryState.ASSIGNED,
    DeliveryState.PROCESSING,
    DeliveryState.FINISHED,
)

_BY_STATUS: Final = {
    StatusCode.ARRIVED: DeliveryState.ARRIVED,
    StatusCode.ACCEPTED: DeliveryState.ACCEPTED,
    StatusCode.ASSIGNED: DeliveryState.ASSIGNED,
    StatusCode.PROCESSING: DeliveryState.PROCESSING,
    StatusCode.FINISHED: DeliveryState.FINISHED,
}
_FINAL: Final = frozenset({DeliveryState.REFUSED, DeliveryState.RECALLED})


def state_after_status(current: DeliveryState, status: StatusCode) -> DeliveryState | None:
    """Return the delivery's next state for a received status, None if it changes nothing.

    A status can overtake our own confirm, so it also moves deliveries that are not yet ``sent``.
    15 recalls only what was asked back; 16 leaves the delivery as it is.
    """
    if current in _FINAL:
        return None
    if status is StatusCode.REFUSED:
        return DeliveryState.REFUSED
    if status is StatusCode.CHANGE_AGREED:
        return DeliveryState.RECALLED if current is DeliveryState.RECALL_REQUESTED else None
    reached = _BY_STATUS.get(status)
    if reached is None or current is DeliveryState.RECALL_REQUESTED:
        return None
    return reached if _rank(reached) > _rank(current) else None


def overtaken_by(status: StatusCode, sent: Collection[StatusCode]) -> StatusCode | None:
    """Return the status of ours that forbids to send another one now, None if it may be sent.

    Processing goes forward only, nothing follows a refusal or a taken-back document, and what
    is finished is not refused any more (QĐ 28/2018 Đ9). A repetition is no objection.
    """
    ends = [each for each in (StatusCode.REFUSED, StatusCode.CHANGE_AGREED) if each in sent]
    if status in sent:
        return None
    if ends:
        return ends[0]
    if status is StatusCode.REFUSED:
        return StatusCode.FINISHED if StatusCode.FINISHED in sent else None
    later = [each for each in _BY_STATUS if each in sent and status in _BY_STATUS]
    return next((each for each in later if each.value > status.value), None)


def _rank(state: DeliveryState) -> int:
    return DELIVERY_PROGRESS.index(state) if state in DELIVERY_PROGRESS else -1
