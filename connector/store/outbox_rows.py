"""What the outbox holds: packets, and the state of each delivery."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Final

from connector.model.states import DeliveryState
from connector.store import tables as t
from connector.store.rows import Shape

__all__ = ["DELIVERY", "DOCUMENT", "PACKET", "STATUS", "Delivery", "OutboxPacket"]

DOCUMENT: Final = "document"
STATUS: Final = "status"


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxPacket:
    """A sealed packet; its recipe says of which bytes it is made.

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


PACKET: Final = Shape(OutboxPacket, t.outbox_packet)
DELIVERY: Final = Shape(Delivery, t.delivery)
