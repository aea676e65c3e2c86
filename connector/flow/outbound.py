"""Envelope → packet → sealed → durable in the outbox: the one way anything leaves a node."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from connector import crash
from connector.clock import Clock
from connector.edxml import rule_codes
from connector.edxml.parser import Limits
from connector.errors import Finding, PermanentError
from connector.events import DocumentSealed, StatusQueued
from connector.flow import codes
from connector.flow.bodies import Fresh
from connector.flow.ledger import Work
from connector.flow.parties import same_but_for_parties
from connector.flow.workers.sealer import Sealer
from connector.flow.workers.sealing import Job, Workers
from connector.model.envelope import BusinessType, Document, Envelope
from connector.model.identity import content_digest
from connector.model.packet import Sealed, WriteOptions
from connector.model.recipe import encode
from connector.model.states import DeliveryState
from connector.store import outbox
from connector.store.outbox import OutboxPacket
from connector.store.spool import Spool, Spooled
from connector.store.store import Transaction
from connector.trust.keys import SigningKey

__all__ = ["Origin", "Outbound", "Prepared"]

_AHEAD_BYTES: Final = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a packet comes from: an adapter's record, or nothing for packets made here."""

    adapter: str | None = None
    place: str | None = None
    source_key: str | None = None
    config_hash: str | None = None


_NOWHERE: Final = Origin()


@dataclass(frozen=True, slots=True)
class Prepared:
    """A sealed packet whose files are in the spool; only a commit makes it count."""

    sealed: Sealed
    recipe: bytes


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
        workers: Workers | None = None,
    ) -> None:
        self._canonical = canonical
        self._spool = spool
        self._keys = keys
        self._clock = clock
        self._limits = limits
        self._sealer = Sealer(keys, limits)
        self._workers = workers
        self._keeper: Final = ThreadPoolExecutor(1, "keep")
        self.fresh: Final = Fresh()

    def can_sign(self, agency: str) -> bool:
        """Tell whether an agency of this node has a key; without one it only receives."""
        return agency in self._keys

    def conflicting(self, tx: Transaction, document: Document) -> Finding | None:
        """Return what speaks against a document whose DocumentId went out with other content.

        Updates and recalls name a document that was sent, so they conflict with none (G3).
        """
        if document.business_type not in {BusinessType.NEW, BusinessType.REPLACE}:
            return None
        digest = ""
        sender = self._canonical(document.sender.organ_id)
        for packet in outbox.by_document(tx, sender, document.document_id):
            same_act = packet.business_type == int(document.business_type)
            digest = digest or content_digest(document)
            if same_act and packet.content_digest != digest:
                return codes.DOCUMENT_CONFLICT.at(
                    "document_id", document_id=document.document_id, packet_id=packet.packet_id
                )
        return None

    def sent_as(self, tx: Transaction, document: Document, packet_id: str) -> bool:
        """Tell whether a document is what a packet of ours says, agencies' particulars aside."""
        return same_but_for_parties(tx, self._spool, document, packet_id, self._limits)

    def prepare(
        self, envelope: Envelope, *, agency: str, options: WriteOptions | None = None
    ) -> Prepared:
        """Write, validate, sign and spool an envelope in the name of an agency of this node.

        Raises:
            PermanentError: schema, rules or size forbid it; nothing durable refers to it.
        """
        return self.keep([self.seal(envelope, agency=agency, options=options)])[0]

    def seal(
        self, envelope: Envelope, *, agency: str, options: WriteOptions | None = None
    ) -> Sealed:
        """Write, validate and sign an envelope in the name of an agency; nothing is stored.

        Raises:
            PermanentError: schema, rules or size forbid it.
        """
        if not self.can_sign(agency):
            raise PermanentError(codes.AGENCY_WITHOUT_KEY.at(code=agency))
        return self._sealer.seal(envelope, agency, options or WriteOptions(), self._clock.now())

    @property
    def seals_beside(self) -> bool:
        """Tell whether packets are signed by other processes while this one goes on."""
        return self._workers is not None and self._workers.count > 0

    def begin(
        self, envelopes: Sequence[Envelope], *, agency: str, options: WriteOptions
    ) -> list[Callable[[], Sealed]]:
        """Begin to seal several envelopes; each result does as `seal` when it is called."""
        if not self.can_sign(agency):
            raise PermanentError(codes.AGENCY_WITHOUT_KEY.at(code=agency))
        now = self._clock.now()
        if self._workers is not None:
            return self._workers.submit([Job(each, agency, options, now) for each in envelopes])
        return [partial(self._sealer.seal, each, agency, options, now) for each in envelopes]

    def close(self) -> None:
        """End the processes that sign."""
        self._keeper.shutdown(cancel_futures=True)
        if self._workers is not None:
            self._workers.close()

    def keep_ahead(self, documents: Sequence[Document]) -> Future[list[Spooled]]:
        """Begin to make the small files of documents durable, while their packets are sealed.

        A file whose packet comes to nothing lies in the spool until it is tidied up.
        """
        contents = {
            each.content.sha256: each.content
            for document in documents
            for each in document.attachments
            if each.content.size <= _AHEAD_BYTES
        }
        try:
            return self._keeper.submit(self._spool.put_many, list(contents.values()))
        except RuntimeError:  # closed, or the system has no thread for us
            return _nothing_ahead()

    def keep(
        self, sealed: Sequence[Sealed], ahead: Future[list[Spooled]] | None = None
    ) -> list[Prepared]:
        """Make the attached files of packets durable together; statuses have none.

        Those of `ahead` are waited for instead, where they are the same.

        Raises:
            PermanentError: a file is no longer the one that was signed.
        """
        kept = set() if ahead is None else _kept(ahead)
        contents = {
            part.content.sha256: part.content
            for each in sealed
            for part in each.parts
            if not isinstance(part, bytes) and part.content.sha256 not in kept
        }
        crash.point("outbound.sealed")
        spooled = self._spool.put_many(list(contents.values())) if contents else []
        crash.point("outbound.kept")
        for expected, found in zip(contents, spooled, strict=True):
            if found.sha256 != expected:
                raise PermanentError(rule_codes.ATTACHMENT_CHANGED.at("AttachmentEncoded"))
        return [Prepared(each, encode(each.parts)) for each in sealed]

    def enqueue_document(
        self, work: Work, prepared: Prepared, *, receivers: Sequence[str], origin: Origin
    ) -> bool:
        """Put a document packet into the outbox; False if the same packet is there already.

        A recall marks the deliveries that it asks back (architecture section 4).
        """
        return self.enqueue_documents(work, [(prepared, receivers, origin)])[0]

    def enqueue_documents(
        self, work: Work, documents: Sequence[tuple[Prepared, Sequence[str], Origin]]
    ) -> list[bool]:
        """Put packets into the outbox as `enqueue_document` does, each with receivers and origin.

        None of them may be a recall of another.
        """
        items = [
            (self._document_row(work, prepared, origin), receivers, prepared.recipe)
            for prepared, receivers, origin in documents
        ]
        fresh = outbox.enqueue_many(work.tx, items)
        for (prepared, receivers, origin), (row, _, _), new in zip(
            documents, items, fresh, strict=True
        ):
            if not new:
                continue
            self.fresh.remember(prepared.sealed, prepared.recipe, len(receivers))
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
            if row.business_type == BusinessType.RECALL:
                _ask_back(work, row, receivers)
        return fresh

    def _document_row(self, work: Work, prepared: Prepared, origin: Origin) -> OutboxPacket:
        document = prepared.sealed.envelope
        if not isinstance(document, Document):
            raise TypeError(document)
        return self._row(
            work,
            prepared,
            origin,
            kind=outbox.DOCUMENT,
            business_type=int(document.business_type),
            subject=document.subject,
            code=str(document.code),
            priority=int(document.priority),
        )

    def enqueue_status(
        self, work: Work, prepared: Prepared, *, receiver: str, answers: str
    ) -> bool:
        """Put a status packet that answers a packet into the outbox; False if it was there."""
        return self.enqueue_statuses(work, [(prepared, receiver, answers)])[0]

    def enqueue_statuses(
        self, work: Work, statuses: Sequence[tuple[Prepared, str, str]]
    ) -> list[bool]:
        """Put statuses into the outbox as `enqueue_status` does, each with receiver and answers."""
        items: list[tuple[OutboxPacket, Sequence[str], bytes]] = []
        queued: list[StatusQueued] = []
        for prepared, receiver, answers in statuses:
            report = prepared.sealed.envelope
            if isinstance(report, Document):
                raise TypeError(report)
            status, answered = report.status_code.value, report.response_for
            facts = {"status_code": status, "code": answered.code, "correlation_id": answers}
            row = self._row(work, prepared, _NOWHERE, kind=outbox.STATUS, **facts)
            items.append((row, [receiver], prepared.recipe))
            queued.append(
                StatusQueued(
                    packet_id=row.packet_id,
                    document_id=row.document_id,
                    sender=row.sender,
                    status=status,
                    answers=answers,
                    reason=report.description,
                )
            )
        fresh = outbox.enqueue_many(work.tx, items)
        for (prepared, _, _), event, new in zip(statuses, queued, fresh, strict=True):
            if new:
                self.fresh.remember(prepared.sealed, prepared.recipe, 1)
                work.record(event)
        return fresh

    def _row(self, work: Work, prepared: Prepared, origin: Origin, **own: Any) -> OutboxPacket:
        sealed = prepared.sealed
        envelope = sealed.envelope
        document_id = (
            envelope.document_id
            if isinstance(envelope, Document)
            else envelope.response_for.document_id
        )
        return OutboxPacket(
            packet_id=sealed.packet_id,
            sender=self._canonical(envelope.sender.organ_id),
            document_id=document_id,
            content_digest=sealed.content_digest,
            digest=sealed.digest,
            body_size=sealed.size,
            adapter=origin.adapter,
            place=origin.place,
            source_key=origin.source_key,
            config_hash=origin.config_hash,
            sealed_at=work.now,
            **own,
        )


def _nothing_ahead() -> Future[list[Spooled]]:
    nothing: Future[list[Spooled]] = Future()
    nothing.cancel()
    return nothing


def _kept(ahead: Future[list[Spooled]]) -> set[str]:
    """Return the digests of the files that were kept ahead; none if that was called off."""
    try:
        return {each.sha256 for each in ahead.result()}
    except CancelledError:
        return set()


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
