"""What the inbox holds: messages as they came, what became of them, and our answers."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from connector.model.states import InboxState
from connector.store import tables as t
from connector.store.rows import Shape

__all__ = ["MESSAGE", "RECEIPT", "InboxMessage", "NewMessage", "Receipt", "message_key"]


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
    broker delivered it; `closed_at` is when a person closed its case, for what stays quarantined.
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
    closed_at: dt.datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """A status of ours that answers a received packet for one addressed code."""

    answers_packet_id: str
    addressed_code: str
    status_code: str
    receipt_packet_id: str
    at: dt.datetime


MESSAGE: Final = Shape(InboxMessage, t.inbox_message)
RECEIPT: Final = Shape(Receipt, t.inbox_receipt)
