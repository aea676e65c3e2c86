"""IN, first step: a message is durable in spool and inbox before it is acknowledged.

Nothing of it is believed yet; it is known by who brought it, under which id, for whom, and by
the digest of its bytes.
"""

from __future__ import annotations

import math

from connector.broker.consumer import Consumer
from connector.broker.message import Incoming
from connector.events import DocumentDuplicated, MessageQuarantined, MessageReceived
from connector.flow import codes
from connector.flow.ledger import Ledger, Work
from connector.flow.receipts import Receipts
from connector.model.states import InboxState
from connector.store import inbox
from connector.store.inbox import InboxMessage, NewMessage
from connector.store.spool import Spool, Spooled

__all__ = ["Receiver", "answered_as", "receiver_header"]

_BATCH = 64
_APPLIED = frozenset({InboxState.DELIVERED, InboxState.DUPLICATE})


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
        headers = {_word(key) or "": _plain(value) for key, value in message.headers.items()}
        new = NewMessage(
            user_id=_word(message.user_id),
            message_id=_word(message.message_id) or "",
            type=_word(message.type) or "",
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
            work.record(MessageReceived(sender=new.user_id, packet_id=new.message_key))

    def _answer_again(self, work: Work, new: NewMessage) -> None:
        row = inbox.message(work.tx, new.message_key)
        if row is None:
            return
        if row.kind == "status" and row.state in _APPLIED:
            _apply_again(work, row)
            return
        answered = answered_as(row)
        if row.kind != "document" or answered is None:
            return
        self._receipts.repeat(work, answered, receiver_header(row.headers))
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
                packet_id=new.message_key,
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


def answered_as(row: InboxMessage) -> str | None:
    """Return under which id the receipts of a row are kept; None if it was not answered.

    A packet that was refused before it was verified keeps them under the message's own key: the
    id that its sender stated may be somebody else's.
    """
    if row.packet_id is not None:
        return row.packet_id
    return row.message_key if row.state is InboxState.REFUSED else None


def _apply_again(work: Work, row: InboxMessage) -> None:
    """Look at a status once more: its document may have been sent again since."""
    inbox.update(
        work.tx, row.message_key, state=InboxState.RECEIVED, now=work.now, not_before=work.now
    )


def _word(value: object) -> str | None:
    """Return a property as text; a client may send bytes that are no UTF-8."""
    if value is None or isinstance(value, str):
        return value
    return value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else str(value)


def _plain(value: object) -> object:
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value if isinstance(value, str | int | float | bool) or value is None else str(value)
