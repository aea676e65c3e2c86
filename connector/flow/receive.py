"""IN, first step: a message is durable in spool and inbox before it is acknowledged.

Nothing of it is believed yet; it is known by who brought it, under which id, for whom, and by
the digest of its bytes.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from connector import crash
from connector.broker.consumer import Consumer
from connector.broker.message import Incoming
from connector.errors import Finding, StorageError
from connector.events import DocumentDuplicated, MessageQuarantined, MessageReceived
from connector.flow import codes
from connector.flow.assembly import Assembler
from connector.flow.containment import concerns_one_body
from connector.flow.ledger import Ledger, Work
from connector.flow.part_headers import is_part
from connector.flow.receipts import Receipts
from connector.flow.verified import JustReceived
from connector.model.states import InboxState
from connector.store import inbox
from connector.store.inbox import InboxMessage, NewMessage
from connector.store.spool import Spool

__all__ = ["Receiver", "answered_as", "receiver_header"]

_BATCH = 64
_TEND_SECONDS = 60.0
_STEP_SECONDS = 0.02
_DEAD = ".dead"
_APPLIED = frozenset({InboxState.DELIVERED, InboxState.DUPLICATE})


@dataclass(slots=True)
class _Taken:
    """What has to follow the acknowledgement of a batch."""

    complete: list[str] = field(default_factory=list)
    unneeded: list[str] = field(default_factory=list)


class _Body(NamedTuple):
    """A body that is durable: of a part where it stands, of all others by which digest."""

    sha256: str
    start: int | None = None


class Receiver:
    """Takes messages of one agency's queues into the inbox."""

    def __init__(
        self,
        ledger: Ledger,
        spool: Spool,
        consumer: Consumer,
        receipts: Receipts,
        assembler: Assembler,
        arrived: JustReceived | None = None,
    ) -> None:
        self._ledger = ledger
        self._arrived = arrived or JustReceived(limit_bytes=0)
        self._spool = spool
        self._consumer = consumer
        self._receipts = receipts
        self._assembler = assembler
        self._tended: float | None = None
        self._in_hand: list[Incoming] = []

    def pump(self, timeout: float = 0.0) -> int:
        """Take what has arrived; return how many messages were acknowledged.

        Raises:
            StorageError: nothing of this batch was acknowledged; it stays in hand and is stored
                first the next time. Should the process end, the broker delivers it again.
        """
        self._tend()
        self._arrived.wait_for_room(_STEP_SECONDS)
        messages = self._in_hand or self._consumer.receive_many(_BATCH, timeout)
        if not messages:
            return 0
        self._in_hand = messages
        taken = self._keep_all(messages)
        self._in_hand = []
        crash.point("receive.committed")
        self._consumer.ack([message.tag for message in messages])
        crash.point("receive.acked")
        self._join_all(taken.complete)
        self._assembler.drop(taken.unneeded)
        return len(messages)

    def _keep_all(self, messages: Sequence[Incoming]) -> _Taken:
        """Make a batch of messages durable, all or none."""
        taken = _Taken()
        with self._assembler.receiving():
            bodies = self._bodies(messages)
            crash.point("receive.spooled")
            with self._ledger.work() as work:
                for message, body in zip(messages, bodies, strict=True):
                    self._store(work, message, body, taken)
        return taken

    def _bodies(self, messages: Sequence[Incoming]) -> list[_Body]:
        """Make all bodies durable: packets in the spool, parts beside it."""
        wholes = [message.body for message in messages if not _is_part(message)]
        spooled = iter(self._spool.put_many(wholes))
        now = self._ledger.clock.now()
        parts = [(_new(each, "", now), each.body) for each in messages if _is_part(each)]
        starts = iter(self._assembler.stage(parts))
        return [
            _Body("", next(starts)) if _is_part(message) else _Body(next(spooled).sha256)
            for message in messages
        ]

    def _tend(self) -> None:
        """Join what is complete since before a restart or a failure; let go what never will be."""
        now = self._ledger.clock.monotonic()
        if self._tended is None:
            self._join_all(self._assembler.complete())
        if self._tended is None or now - self._tended > _TEND_SECONDS:
            self._assembler.expire()
            self._tended = now

    def _join_all(self, assemblies: Iterable[str]) -> None:
        """Join assemblies; what fails is looked for again the next time, for it was acked."""
        tended, self._tended = self._tended, None
        for assembly in dict.fromkeys(assemblies):
            with self._assembler.joining():
                try:
                    self._join(assembly)
                except StorageError as error:
                    if not concerns_one_body(error):
                        raise
                    self._assembler.lost(assembly, error)
        self._tended = tended

    def _join(self, assembly: str) -> None:
        whole = self._assembler.join(assembly)
        if whole is None:
            return
        crash.point("receive.joined")
        with self._ledger.work() as work:
            self._keep(work, whole.message, whole.finding)
            digests = self._assembler.joined(work, assembly)
        crash.point("receive.parts_recorded")
        self._assembler.drop(digests)

    def _store(self, work: Work, message: Incoming, body: _Body, taken: _Taken) -> None:
        new = _new(message, body.sha256, work.now)
        if message.queue.endswith(_DEAD):
            reason = str(new.headers.get("x-first-death-reason", "?"))
            self._keep(work, new, codes.MESSAGE_DEAD.at(reason=reason))
        elif _is_part(message):
            self._take_part(work, new, message.body, body.start, taken)
        elif self._keep(work, new):  # kept before anybody else can see the row, and look for it
            self._arrived.receive(new.message_key, message.body)

    def _take_part(
        self, work: Work, new: NewMessage, body: bytes, start: int | None, taken: _Taken
    ) -> None:
        arrived = self._assembler.take(work, new, body, start)
        if arrived.finding is not None:  # evidence belongs where all evidence is
            sha256 = self._spool.put(body).sha256
            self._keep(work, replace(new, body_sha256=sha256), arrived.finding)
        if arrived.known is not None:
            self._repeat(work, arrived.known)
        if arrived.complete is not None:
            taken.complete.append(arrived.complete)
        if arrived.unneeded is not None:
            taken.unneeded.append(arrived.unneeded)

    def _keep(self, work: Work, new: NewMessage, finding: Finding | None = None) -> bool:
        """Put a message into the inbox, or aside if there is a finding; False if it was there."""
        fresh = inbox.receive(work.tx, new)
        if not fresh:
            self._answer_again(work, new)
        elif finding is not None:
            _set_aside(work, new, finding)
        else:
            work.record(MessageReceived(sender=new.user_id, packet_id=new.message_key))
        return fresh

    def _answer_again(self, work: Work, new: NewMessage) -> None:
        row = inbox.message(work.tx, new.message_key)
        if row is not None:
            self._repeat(work, row)

    def _repeat(self, work: Work, row: InboxMessage) -> None:
        """Say again what was said to a message that has come once more."""
        if row.kind == "status" and row.state in _APPLIED:
            _apply_again(work, row)
            return
        answered = answered_as(row)
        if row.kind != "document" or answered is None:
            return
        if inbox.receipts(work.tx, row.message_key):  # a copy that was answered for itself
            answered = row.message_key
        self._receipts.repeat(work, answered, receiver_header(row.headers))
        work.record(
            DocumentDuplicated(
                packet_id=row.packet_id, document_id=row.document_id, sender=row.sender
            )
        )


def _set_aside(work: Work, new: NewMessage, finding: Finding) -> None:
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


def _new(message: Incoming, body_sha256: str, now: dt.datetime) -> NewMessage:
    """Return a message as the inbox keeps it."""
    headers = {_word(key) or "": _plain(value) for key, value in message.headers.items()}
    return NewMessage(
        user_id=_word(message.user_id),
        message_id=_word(message.message_id) or "",
        type=_word(message.type) or "",
        queue=message.queue,
        body_sha256=body_sha256,
        body_size=len(message.body),
        headers=headers,
        received_at=now,
        receiver=receiver_header(headers),
    )


def _is_part(message: Incoming) -> bool:
    return is_part(message.headers) and not message.queue.endswith(_DEAD)


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
