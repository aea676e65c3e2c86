"""IN, first step: a message is durable in spool and inbox before it is acknowledged.

Nothing of it is believed yet; it is known by who brought it, under which id, for whom, and by
the digest of its bytes.
"""

from __future__ import annotations

from connector.broker.consumer import Consumer
from connector.broker.message import Incoming
from connector.events import DocumentDuplicated, MessageQuarantined, MessageReceived
from connector.flow import codes
from connector.flow.ledger import Ledger, Work
from connector.flow.receipts import Receipts
from connector.model.states import InboxState
from connector.store import inbox
from connector.store.inbox import NewMessage
from connector.store.spool import Spool, Spooled

__all__ = ["Receiver", "receiver_header"]

_BATCH = 64


class Receiver:
    """Takes messages of one agency's queues into the inbox."""

    def __init__(
        self, ledger: Ledger, spool: Spool, consumer: Consumer, receipts: Receipts
    ) -> None:
        self._ledger = ledger
        self._spool = spool
        self._consumer = consumer
        self._receipts = receipts

    def pump(self, timeout: float = 0.0) -> int:
        """Take what has arrived; return how many messages were acknowledged.

        Raises:
            StorageError: nothing of this batch was acknowledged; the broker delivers it again.
        """
        messages = self._consumer.receive_many(_BATCH, timeout)
        if not messages:
            return 0
        bodies = [self._spool.put(message.body) for message in messages]
        with self._ledger.work() as work:
            for message, body in zip(messages, bodies, strict=True):
                self._store(work, message, body)
        self._consumer.ack([message.tag for message in messages])
        return len(messages)

    def _store(self, work: Work, message: Incoming, body: Spooled) -> None:
        headers = {str(key): _plain(value) for key, value in message.headers.items()}
        new = NewMessage(
            user_id=message.user_id,
            message_id=message.message_id or "",
            type=message.type or "",
            queue=message.queue,
            body_sha256=body.sha256,
            body_size=body.size,
            headers=headers,
            received_at=work.now,
            receiver=receiver_header(headers),
        )
        fresh = inbox.receive(work.tx, new)
        if not fresh:
            self._answer_again(work, new)
        elif message.queue.endswith(".dead"):
            self._set_aside(work, new)
        else:
            work.record(MessageReceived(sender=message.user_id, packet_id=message.message_id))

    def _answer_again(self, work: Work, new: NewMessage) -> None:
        row = inbox.message(work.tx, new.message_key)
        if row is None or row.packet_id is None or row.kind != "document":
            return
        self._receipts.repeat(work, row.packet_id, receiver_header(row.headers))
        work.record(
            DocumentDuplicated(
                packet_id=row.packet_id, document_id=row.document_id, sender=row.sender
            )
        )

    def _set_aside(self, work: Work, new: NewMessage) -> None:
        finding = codes.MESSAGE_DEAD.at(reason=str(new.headers.get("x-first-death-reason", "?")))
        inbox.update(
            work.tx,
            new.message_key,
            state=InboxState.QUARANTINED,
            now=work.now,
            findings=[finding.as_dict()],
        )
        work.record(
            MessageQuarantined(
                packet_id=new.message_id,
                sender=new.user_id,
                reason=finding.en,
                error_code=finding.code,
            )
        )


def receiver_header(headers: object) -> str | None:
    """Return the code for which a message was routed here, as its sender stated it."""
    if not isinstance(headers, dict):
        return None
    value = headers.get("edoc-receiver")
    return value if isinstance(value, str) else None


def _plain(value: object) -> object:
    return value if isinstance(value, str | int | float | bool) or value is None else str(value)
