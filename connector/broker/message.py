"""What goes to the broker, what comes back about it, and what comes in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

__all__ = [
    "CONTENT_TYPE",
    "Body",
    "DeliveryTag",
    "Incoming",
    "Outcome",
    "OutcomeKind",
    "Outgoing",
    "Sent",
]

CONTENT_TYPE: Final = "application/edxml+xml"

Body = bytes | tuple[bytes, ...]
"""The bytes of a message, or their pieces as they lie in memory: nobody has to join them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """One persistent, mandatory message; `key` is the delivery (packet id, receiver code).

    `part` counts from 1 if the packet travels in several messages; 0 is a whole packet.
    """

    key: tuple[str, str]
    part: int = 0
    exchange: str
    routing_key: str
    body: Body = field(repr=False)
    message_id: str
    type: str
    correlation_id: str | None = None
    user_id: str
    headers: Mapping[str, Any] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """Number of bytes of the body."""
        return len(self.body) if isinstance(self.body, bytes) else sum(map(len, self.body))

    @property
    def sent(self) -> Sent:
        """What has to be remembered of the message until it is answered."""
        return Sent(
            key=self.key,
            part=self.part,
            exchange=self.exchange,
            routing_key=self.routing_key,
            message_id=self.message_id,
            user_id=self.user_id,
            size=self.size,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A message whose bytes are on their way: only its size is kept."""

    key: tuple[str, str]
    part: int
    exchange: str
    routing_key: str
    message_id: str
    user_id: str
    size: int


class OutcomeKind(StrEnum):
    """What the broker did with a message.

    CONFIRMED: durable in every queue it was routed to, the only proof of sending (G2).
    RETURNED: no queue for this receiver; nothing was stored.
    NACKED: refused for now, for instance because the receiver's queue is full.
    UNKNOWN: the connection went before the answer; send the same id again.
    REFUSED: the broker closed the channel over this very message; it cannot pass as it is.
    """

    CONFIRMED = "confirmed"
    RETURNED = "returned"
    NACKED = "nacked"
    UNKNOWN = "unknown"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Outcome:
    """The answer for one submitted message; `error_code` names the finding behind `reason`."""

    key: tuple[str, str]
    kind: OutcomeKind
    reason: str = ""
    error_code: str | None = None
    part: int = 0


@dataclass(frozen=True, slots=True, order=True)
class DeliveryTag:
    """Handle for acknowledging one received message; void once its channel is gone."""

    generation: int
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """One received message, held by the broker for us until it is acked.

    All but the body is plain: text, and headers that fit into JSON. Properties that could not be
    read at all are left out (`wire.UNREADABLE` is in the headers then).
    """

    body: bytes = field(repr=False)
    user_id: str | None
    message_id: str | None
    type: str | None
    correlation_id: str | None
    headers: Mapping[str, Any]
    queue: str
    redelivered: bool
    tag: DeliveryTag
    content_type: str | None = None
