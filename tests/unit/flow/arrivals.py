"""Packets and messages from H41 to G22 as they come from the broker, without one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from connector.broker.consumer import Consumer
from connector.broker.message import DeliveryTag, Incoming
from connector.edxml.parser import Limits
from connector.flow.node import Node
from connector.flow.receive import Receiver
from connector.flow.workers.sealer import Sealer
from connector.model.content import BytesContent
from connector.model.envelope import (
    Attachment,
    Document,
    DocumentCode,
    DocumentType,
    Organization,
    Promulgation,
    Signer,
)
from connector.model.packet import WriteOptions
from connector.trust.keys import load_key
from connector.trust.pki import DevPki
from connector.trust.settings import PemKey

__all__ = ["NOW", "AtHand", "messages_of", "packet", "receiver_of"]

NOW = dt.datetime(2026, 1, 5, 3, 0, tzinfo=dt.UTC)


def packet(pki: DevPki, number: int, content: bytes | None = None) -> bytes:
    """Return a signed packet from H41 to G22, with a small file unless another one is given."""
    code = DocumentCode(f"{number:02}", "UBND-VP")
    document = Document(
        sender=Organization(organ_id="H41", organ_name="UBND tỉnh Nghệ An"),
        receivers=(Organization(organ_id="G22", organ_name="Văn phòng Chính phủ"),),
        code=code,
        promulgation=Promulgation("Vinh", dt.date(2026, 1, 5)),
        document_type=DocumentType(type=2, type_name="Công văn"),
        subject="V/v thử",
        signer=Signer(full_name="Trần Văn A"),
        document_id=f"H41,2026/01/05,{code}",
        attachments=(
            Attachment(
                content_id="id-1",
                name="a.pdf",
                content_type="application/pdf",
                content=BytesContent(content or b"%PDF-1.4\n" + bytes([number])),
            ),
        ),
    )
    settings = PemKey(
        type="pem",
        key_file=pki.key_file("H41"),
        certificate_file=pki.certificate_file("H41"),
    )
    keys = {"H41": load_key(settings, now=NOW)}
    return Sealer(keys, Limits()).seal(document, "H41", WriteOptions(), NOW).data


@dataclass
class AtHand:
    """A consumer whose messages are all there already."""

    waiting: list[Incoming]

    def receive_many(self, limit: int, _timeout: float) -> list[Incoming]:
        """Hand out the next ones."""
        found, self.waiting = self.waiting[:limit], self.waiting[limit:]
        return found

    def ack(self, tags: Sequence[DeliveryTag]) -> None:
        """Take an acknowledgement, which is never empty."""
        assert tags


def messages_of(packets: Sequence[bytes]) -> list[Incoming]:
    """Return the messages in which H41 sends packets to G22."""
    return [
        Incoming(
            body=body,
            user_id="H41",
            message_id=f"m{number}",
            type="document",
            correlation_id=None,
            headers={"edoc-receiver": "G22", "edoc-environment": "test"},
            queue="edoc.G22.inbox",
            redelivered=False,
            tag=DeliveryTag(0, number),
        )
        for number, body in enumerate(packets, 1)
    ]


def receiver_of(node: Node, consumer: AtHand) -> Receiver:
    """Return what takes messages into the inbox of a node, as the node itself would do it."""
    return Receiver(
        node.ledger,
        node.spool,
        cast("Consumer", consumer),
        node.receipts,
        node.assembler,
        node.admission.arrived,
    )
