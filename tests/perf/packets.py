"""Fills the receiver's queue with signed packets, and empties the queues after each round."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from types import TracebackType
from typing import Self

import pika

from connector.clock import SystemClock, vietnam_date
from connector.edxml.pack import pack
from connector.flow.outbound import stamp
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
from connector.model.packet import Sealed
from connector.trust.keys import load_key
from connector.trust.settings import PemKey
from connector.trust.sign import seal
from tests.perf.material import RECEIVER, SENDER, Bench, Row

__all__ = ["Filler"]

_QUEUES = [f"edoc.{code}.inbox" for code, _ in (SENDER, RECEIVER)]


class Filler:
    """Publishes as the sending agency does; its work is not timed."""

    def __init__(self, bench: Bench, admin_url: str) -> None:
        self._bench = bench
        self._clock = SystemClock()
        keys = bench.pki / "keys"
        settings = PemKey(type="pem", key_file=keys / "g22.key", certificate_file=keys / "g22.crt")
        self._key = load_key(settings, now=self._clock.now())
        self._sender_url = bench.sender_url
        self._admin_url = admin_url

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.purge()

    def fill(self, rows: Sequence[Row]) -> None:
        """Put a signed packet for each row into the receiver's queue."""
        connection = pika.BlockingConnection(pika.URLParameters(self._sender_url))
        channel = connection.channel()
        channel.confirm_delivery()
        for row in rows:
            sealed = self._sealed(row)
            properties = pika.BasicProperties(  # type: ignore[no-untyped-call]
                content_type="application/edxml+xml",
                delivery_mode=2,
                message_id=sealed.packet_id,
                type="document",
                user_id=SENDER[0],
                headers={
                    "edoc-sender": SENDER[0],
                    "edoc-receiver": RECEIVER[0],
                    "edoc-sha256": sealed.digest,
                    "edoc-environment": "test",
                },
            )
            channel.basic_publish("edoc", RECEIVER[0], sealed.data, properties, mandatory=True)
        connection.close()

    def purge(self) -> None:
        """Empty both agencies' queues."""
        connection = pika.BlockingConnection(pika.URLParameters(self._admin_url))
        channel = connection.channel()
        for queue in _QUEUES:
            channel.queue_purge(queue)
        connection.close()

    def _sealed(self, row: Row) -> Sealed:
        now = self._clock.now()
        date = dt.datetime.strptime(row.date, "%Y/%m/%d").replace(tzinfo=dt.UTC).date()
        data = (self._bench.adapter / "files" / row.file).read_bytes()
        attachment = Attachment(
            content_id=str(uuid.uuid4()),
            name=row.file,
            content_type="application/pdf",
            content=BytesContent(data),
        )
        document = Document(
            sender=Organization(organ_id=SENDER[0], organ_name=SENDER[1]),
            receivers=(Organization(organ_id=RECEIVER[0], organ_name=RECEIVER[1]),),
            code=DocumentCode(row.number, "VPCP-KSTT"),
            promulgation=Promulgation("Hà Nội", date),
            document_type=DocumentType(type=2, type_name="Công văn"),
            subject=row.subject,
            signer=Signer(full_name="Trần Văn Mẫu"),
            document_id=f"{SENDER[0]},{row.date},{row.number}/VPCP-KSTT",
            attachments=(attachment,),
        )
        return seal(pack(stamp(document, now), today=vietnam_date(now)), self._key)
