"""Envelope → packet → sealed → durable in the outbox: the one way anything leaves a node."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from connector.clock import VIETNAM, Clock, vietnam_date
from connector.edxml.pack import pack
from connector.edxml.parser import Limits
from connector.errors import Finding, PermanentError
from connector.events import DocumentSealed, StatusQueued
from connector.flow import codes
from connector.flow.ledger import Work
from connector.model.envelope import BusinessType, Document, Envelope, TraceHeader
from connector.model.identity import content_digest
from connector.model.packet import Sealed, WriteOptions
from connector.model.states import DeliveryState
from connector.store import outbox
from connector.store.outbox import OutboxPacket
from connector.store.spool import Spool, Spooled
from connector.store.store import Transaction
from connector.trust.keys import SigningKey
from connector.trust.sign import seal

__all__ = ["Origin", "Outbound", "Prepared", "stamp"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a packet comes from: an adapter's record, or nothing for packets made here."""

    adapter: str | None = None
    place: str | None = None
    source_key: str | None = None
    config_hash: str | None = None


@dataclass(frozen=True, slots=True)
class Prepared:
    """A sealed packet whose bytes are in the spool; only a commit makes it count."""

    sealed: Sealed
    body: Spooled


class Outbound:
    """Seals envelopes and enqueues them, document and receivers in one transaction."""

    def __init__(
        self,
        *,
        spool: Spool,
        keys: Mapping[str, SigningKey],
        clock: Clock,
        canonical: Callable[[str], str],
        limits: Limits,
    ) -> None:
        self._canonical = canonical
        self._spool = spool
        self._keys = keys
        self._clock = clock
        self._limits = limits

    def can_sign(self, agency: str) -> bool:
        """Tell whether an agency of this node has a key; without one it only receives."""
        return agency in self._keys

    def conflicting(self, tx: Transaction, document: Document) -> Finding | None:
        """Return what speaks against a document whose DocumentId went out with other content.

        Updates and recalls name a document that was sent, so they conflict with none (G3).
        """
        if document.business_type not in {BusinessType.NEW, BusinessType.REPLACE}:
            return None
        digest = content_digest(document)
        sender = self._canonical(document.sender.organ_id)
        for packet in outbox.by_document(tx, sender, document.document_id):
            same_act = packet.business_type == int(document.business_type)
            if same_act and packet.content_digest != digest:
                return codes.DOCUMENT_CONFLICT.at(
                    "document_id", document_id=document.document_id, packet_id=packet.packet_id
                )
        return None

    def prepare(
        self, envelope: Envelope, *, agency: str, options: WriteOptions | None = None
    ) -> Prepared:
        """Write, validate, sign and spool an envelope in the name of an agency of this node.

        Raises:
            PermanentError: schema, rules or size forbid it; nothing durable refers to it.
        """
        if not self.can_sign(agency):
            raise PermanentError(codes.AGENCY_WITHOUT_KEY.at(code=agency))
        self._check_files(envelope)
        now = self._clock.now()
        stamped = stamp(envelope, now)
        packet = pack(stamped, options or WriteOptions(), today=vietnam_date(now))
        sealed = seal(packet, self._keys[agency])
        limit = self._limits.max_bytes
        if len(sealed.data) > limit:
            raise PermanentError(codes.PACKET_TOO_LARGE.at(size=len(sealed.data), limit=limit))
        return Prepared(sealed=sealed, body=self._spool.put(sealed.data))

    def enqueue_document(
        self, work: Work, prepared: Prepared, *, receivers: Sequence[str], origin: Origin
    ) -> bool:
        """Put a document packet into the outbox; False if the same packet is there already.

        A recall marks the deliveries that it asks back (architecture section 4).
        """
        document = prepared.sealed.envelope
        if not isinstance(document, Document):
            raise TypeError(document)
        row = replace(
            self._row(work, prepared, origin),
            kind="document",
            business_type=int(document.business_type),
            subject=document.subject,
            code=str(document.code),
            priority=int(document.priority),
        )
        if not outbox.enqueue(work.tx, row, receivers):
            return False
        work.record(
            DocumentSealed(
                packet_id=row.packet_id,
                document_id=row.document_id,
                sender=row.sender,
                adapter=origin.adapter,
                place=origin.place,
                config_hash=origin.config_hash,
            )
        )
        if document.business_type is BusinessType.RECALL:
            _ask_back(work, row, receivers)
        return True

    def enqueue_status(
        self, work: Work, prepared: Prepared, *, receiver: str, answers: str
    ) -> bool:
        """Put a status packet that answers a packet into the outbox; False if it was there."""
        report = prepared.sealed.envelope
        if isinstance(report, Document):
            raise TypeError(report)
        row = replace(
            self._row(work, prepared, Origin()),
            kind="status",
            status_code=report.status_code.value,
            code=report.response_for.code,
            correlation_id=answers,
        )
        if not outbox.enqueue(work.tx, row, [receiver]):
            return False
        work.record(
            StatusQueued(
                packet_id=row.packet_id,
                document_id=row.document_id,
                sender=row.sender,
                status=report.status_code.value,
                answers=answers,
                reason=report.description,
            )
        )
        return True

    def _check_files(self, envelope: Envelope) -> None:
        files = envelope.attachments if isinstance(envelope, Document) else ()
        limit = self._limits.max_attachment_bytes
        for file in files:
            size = file.content.size
            if size > limit:
                raise PermanentError(
                    codes.ATTACHMENT_TOO_LARGE.at(name=file.name, size=size, limit=limit)
                )

    def _row(self, work: Work, prepared: Prepared, origin: Origin) -> OutboxPacket:
        sealed = prepared.sealed
        envelope = sealed.envelope
        document_id = (
            envelope.document_id
            if isinstance(envelope, Document)
            else envelope.response_for.document_id
        )
        return OutboxPacket(
            packet_id=sealed.packet_id,
            kind="document",
            sender=self._canonical(envelope.sender.organ_id),
            document_id=document_id,
            business_type=None,
            status_code=None,
            content_digest=sealed.content_digest,
            digest=sealed.digest,
            body_sha256=prepared.body.sha256,
            body_size=prepared.body.size,
            subject=None,
            code=None,
            correlation_id=None,
            priority=0,
            adapter=origin.adapter,
            place=origin.place,
            source_key=origin.source_key,
            config_hash=origin.config_hash,
            sealed_at=work.now,
        )


def stamp(envelope: Envelope, now: dt.datetime) -> Envelope:
    """Return a document with the first hop of its trace; a trace that it has is kept."""
    if not isinstance(envelope, Document) or envelope.traces:
        return envelope
    moment = now.astimezone(VIETNAM).replace(microsecond=0)
    return replace(envelope, traces=(TraceHeader(envelope.sender.organ_id, moment),))


def _ask_back(work: Work, recall: OutboxPacket, receivers: Sequence[str]) -> None:
    for target in outbox.by_document(work.tx, recall.sender, recall.document_id):
        if target.business_type not in {BusinessType.NEW, BusinessType.REPLACE}:
            continue
        for delivery in outbox.deliveries(work.tx, target.packet_id):
            if delivery.receiver in receivers and delivery.state in _RECALLABLE:
                outbox.set_state(
                    work.tx,
                    target.packet_id,
                    delivery.receiver,
                    DeliveryState.RECALL_REQUESTED,
                    now=work.now,
                )


_RECALLABLE = frozenset(DeliveryState) - {
    DeliveryState.REFUSED,
    DeliveryState.RECALLED,
    DeliveryState.RETURNED,
}
