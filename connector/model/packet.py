"""What an envelope becomes on its way out; each step has its own type, so none can be skipped.

``Envelope → Packet (written and valid) → Sealed (signed)``: only `edxml` makes a `Packet`, only
`trust` makes a `Sealed`, only a `Sealed` enters the outbox.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from connector.model.envelope import Envelope

__all__ = ["AttachmentEncoding", "ChildOrder", "CodeScheme", "Packet", "Sealed", "WriteOptions"]


class ChildOrder(StrEnum):
    """Order of MessageHeader's children: QCVN 102 clauses, or the axis operator's Java SDK."""

    QCVN = "qcvn"
    JAVA = "java"


class AttachmentEncoding(StrEnum):
    """How an attachment's bytes stand in the packet: single-entry stored ZIP, or themselves."""

    ZIP = "zip"
    RAW = "raw"


class CodeScheme(StrEnum):
    """How agency codes are spelled: QĐ 20/2020 (``H41.02``) or QCVN 102 (``000.00.02.H41``)."""

    QD20 = "qd20"
    QCVN102 = "qcvn102"


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteOptions:
    """How a route wants its packets written."""

    order: ChildOrder = ChildOrder.QCVN
    attachment_encoding: AttachmentEncoding = AttachmentEncoding.ZIP


@dataclass(frozen=True, slots=True)
class Packet:
    """A valid, unsigned packet: its canonical bytes and what they say."""

    data: bytes
    envelope: Envelope


@dataclass(frozen=True, slots=True)
class Sealed:
    """A signed packet.

    `digest` is the lower-case hex of the signed Reference's digest: what statuses name and what
    travels in the ``edoc-sha256`` header.
    """

    data: bytes
    envelope: Envelope
    packet_id: str
    content_digest: str
    digest: str
