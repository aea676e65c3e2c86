"""What operators and legacy scripts do by hand; every act is journalled with who did it.

Nobody ever needs SQL (guarantee G5): retry, park, release, resend, recall, reply.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from connector import crash
from connector.edxml.reader import read
from connector.errors import PermanentError
from connector.events import DocumentCancelled, OperatorActed
from connector.flow import codes
from connector.flow.bodies import Bodies
from connector.flow.deliver import DeliveryDesk
from connector.flow.ledger import Ledger, Work
from connector.flow.ours import Ours
from connector.flow.outbound import Origin, Outbound
from connector.flow.own_signature import OwnSignature
from connector.flow.part_headers import is_part_alone
from connector.flow.receipts import Receipts, named
from connector.flow.refusals import impossible, only
from connector.model.envelope import Business, BusinessType, Document, StatusCode
from connector.model.states import DeliveryState, InboxState, overtaken_by
from connector.store import inbox, outbox
from connector.store.inbox import InboxMessage
from connector.store.outbox import Delivery, OutboxPacket
from connector.store.spool import Spool

__all__ = ["Operator", "Recalled"]

_Row = TypeVar("_Row", OutboxPacket, InboxMessage)
_REPLIES = frozenset(StatusCode) - {StatusCode.ARRIVED, StatusCode.TAKE_BACK}
_NEVER_LEFT = frozenset({DeliveryState.QUEUED, DeliveryState.PARKED})
_CONSENTS = frozenset({StatusCode.CHANGE_AGREED, StatusCode.CHANGE_REFUSED})
_ACTS = frozenset({int(BusinessType.RECALL), int(BusinessType.UPDATE), int(BusinessType.REPLACE)})
_TAKEN_BACK = frozenset({int(BusinessType.NEW), int(BusinessType.REPLACE)})
_SENDABLE = frozenset(DeliveryState) - {DeliveryState.RECALLED, DeliveryState.RECALL_REQUESTED}
_GONE = frozenset(
    {
        DeliveryState.REFUSED,
        DeliveryState.RETURNED,
        DeliveryState.RECALLED,
        DeliveryState.RECALL_REQUESTED,
    }
)


@dataclass(frozen=True, slots=True)
class Recalled:
    """What a recall came to: the recalling packet, and receivers that were never reached."""

    packet_id: str | None
    receivers: tuple[str, ...]
    never_sent: tuple[str, ...]


class Operator:
    """Carries out commands on outbox and inbox in somebody's name."""

    def __init__(
        self,
        ledger: Ledger,
        spool: Spool,
        outbound: Outbound,
        ours: Ours,
        receipts: Receipts,
        desk: DeliveryDesk,
        own_signature: OwnSignature,
        *,
        actor: str,
    ) -> None:
        self._ledger = ledger
        self._spool = spool
        self._outbound = outbound
        self._ours = ours
        self._receipts = receipts
        self._desk = desk
        self._own_signature = own_signature
        self._actor = actor

    def sent_packet(self, text: str) -> OutboxPacket:
        """Return the one packet of the outbox that a text means.

        Raises:
            PermanentError: none, or several.
        """
        with self._ledger.store.read() as tx:
            found = outbox.find(tx, text=text)
        documents = [packet for packet in found if packet.kind == "document"] or found
        return only(_without_acts(documents), text)

    def received(self, text: str) -> InboxMessage:
        """Return the one received packet that a text means.

        Raises:
            PermanentError: none, or several.
        """
        with self._ledger.store.read() as tx:
            found = inbox.find(tx, text=text)
        documents = [
            row for row in found if row.kind != "status" and row.state is not InboxState.DUPLICATE
        ] or found
        verified = [row for row in documents if row.verification is not None] or documents
        return only(_of_issuer(_without_acts(verified), text), text)

    def requeue(
        self,
        text: str,
        *,
        receiver: str | None = None,
        states: Collection[DeliveryState] = _SENDABLE,
    ) -> list[Delivery]:
        """Send a packet again, with the same id, to its receivers in some states, or to one."""
        packet = self.sent_packet(text)
        with self._ledger.work() as work:
            every = outbox.deliveries(work.tx, packet.packet_id)
            meant = [each for each in every if receiver in {None, each.receiver}]
            chosen = [each for each in meant if each.state in states]
            if not chosen:
                told = ", ".join(f"{each.receiver} {each.state}" for each in meant)
                why = "deliveries" if meant else "no receiver"
                raise impossible("resend", why, text, states=told)
            keys = [(packet.packet_id, delivery.receiver) for delivery in chosen]
            outbox.set_states(
                work.tx, keys, DeliveryState.QUEUED, now=work.now, not_before=work.now
            )
            self._acted(work, "resend", packet.packet_id)
        return chosen

    def park_delivery(self, text: str, reason: str | None) -> OutboxPacket:
        """Stop sending a packet until somebody retries it."""
        packet = self.sent_packet(text)
        with self._ledger.work() as work:
            for delivery in outbox.deliveries(work.tx, packet.packet_id):
                if delivery.state in {DeliveryState.QUEUED, DeliveryState.BLOCKED}:
                    outbox.set_state(
                        work.tx,
                        packet.packet_id,
                        delivery.receiver,
                        DeliveryState.PARKED,
                        now=work.now,
                        reason=reason,
                    )
            self._acted(work, "outbox park", packet.packet_id, reason)
        return packet

    def process_again(self, text: str) -> InboxMessage:
        """Process a received packet again: from delivery if it was verified, else from start.

        Raises:
            PermanentError: it is done with, or it is but a part of a packet.
        """
        row = self.received(text)
        with self._ledger.work() as work:
            row = inbox.message(work.tx, row.message_key) or row
            if is_part_alone(row):
                raise impossible("retry", "part", text)
            verified = row.verification is not None and row.kind == "document"
            state = InboxState.VERIFIED if verified else InboxState.RECEIVED
            if row.state in {InboxState.DELIVERED, InboxState.CANCELLED, InboxState.DUPLICATE}:
                raise impossible("retry", "state", text, state=row.state.value)
            inbox.update(
                work.tx,
                row.message_key,
                state=state,
                now=work.now,
                not_before=work.now,
                attempts=0,
                closed_at=None,
            )
            self._acted(work, "inbox retry", row.packet_id or row.message_key)
        return row

    def park_received(self, text: str, reason: str | None) -> InboxMessage:
        """Set a received packet aside until somebody retries it."""
        row = self.received(text)
        with self._ledger.work() as work:
            row = inbox.message(work.tx, row.message_key) or row
            if row.state not in {InboxState.RECEIVED, InboxState.VERIFIED, InboxState.HELD}:
                raise impossible("park", "state", text, state=row.state.value)
            inbox.update(work.tx, row.message_key, state=InboxState.PARKED, now=work.now)
            self._acted(work, "inbox park", row.packet_id or row.message_key, reason)
        return row

    def close_quarantined(self, text: str, reason: str) -> InboxMessage:
        """Note that somebody has seen to a quarantined message; it stays where it is.

        Raises:
            PermanentError: it is not quarantined.
        """
        row = self.received(text)
        with self._ledger.work() as work:
            row = inbox.message(work.tx, row.message_key) or row
            state = "closed" if row.closed_at else row.state.value
            if state != InboxState.QUARANTINED.value:
                raise impossible("close", "state", text, state=state)
            closed = {"closed_at": work.now}
            inbox.update(work.tx, row.message_key, state=row.state, now=work.now, **closed)
            self._acted(work, "inbox close", row.message_key, reason)
        return row

    def reply(self, text: str, status: StatusCode, reason: str | None) -> list[str]:
        """Record and send a processing status; return the packets of the statuses sent.

        A 15 by hand cancels the document in the sink first, as an issuer's 13 asks.

        Raises:
            PermanentError: unknown packet, a status that receivers do not send, or one that
                the law forbids here (QĐ 28/2018 Đ9(2)).
        """
        row = self.received(text)
        self._check_reply(row, status, text)
        item = self._desk.item(row)
        cancels = (
            status is StatusCode.CHANGE_AGREED
            and row.state is InboxState.DELIVERED
            and row.business_type in _TAKEN_BACK
        )
        if cancels:
            self._desk.cancel(item)
        answers = self._desk.answers(item, status, reason)
        if not any(answers):
            raise PermanentError(codes.AGENCY_WITHOUT_KEY.at(code=", ".join(row.served)))
        with self._ledger.work() as work:
            if cancels:
                inbox.update(work.tx, row.message_key, state=InboxState.CANCELLED, now=work.now)
                work.record(DocumentCancelled(packet_id=row.packet_id, reason=reason))
            mine = [answer for answer in answers if answer is not None]
            queued = zip(mine, self._receipts.enqueue_now(work, mine), strict=True)
            fresh = [answer.prepared.sealed.packet_id for answer, new in queued if new]
            self._acted(work, f"reply {status.value}", item.packet_id, reason)
        return fresh

    def recall(self, text: str, reason: str | None) -> Recalled:
        """Take a sent document back: a recall packet to all whom it may have reached.

        Receivers to whom nothing was sent yet need no recall: their delivery simply ends.
        """
        packet = self.sent_packet(text)
        if packet.business_type not in {BusinessType.NEW, BusinessType.REPLACE}:
            raise impossible("recall", "act", text, business_type=packet.business_type)
        while True:
            with self._ledger.store.read() as tx:
                split = _split(outbox.deliveries(tx, packet.packet_id))
            if not split.never_sent and not split.reached:
                raise impossible("recall", "nothing to recall", text)
            recalled = self._recall(packet, split, reason)
            if recalled is not None:
                return recalled

    def _recall(self, packet: OutboxPacket, split: _Split, reason: str | None) -> Recalled | None:
        """Carry a recall out; None if the daemon has sent something meanwhile."""
        prepared = None
        if split.reached:
            recall = self._recall_of(self._document(packet), split.reached, reason)
            prepared = self._outbound.prepare(recall, agency=self._signer(packet.sender))
            crash.point("recall.sealed")
        with self._ledger.work() as work:
            if _split(outbox.deliveries(work.tx, packet.packet_id)) != split:
                return None
            for receiver in split.never_sent:
                outbox.set_state(
                    work.tx,
                    packet.packet_id,
                    receiver,
                    DeliveryState.RECALLED,
                    now=work.now,
                    reason=reason,
                )
            if prepared is not None:
                self._outbound.enqueue_document(
                    work, prepared, receivers=split.reached, origin=Origin()
                )
            self._acted(work, "recall", packet.packet_id, reason)
            crash.point("recall.queued")
        packet_id = prepared.sealed.packet_id if prepared else None
        return Recalled(packet_id, split.reached, split.never_sent)

    def send(self, data: bytes) -> tuple[str, bool]:
        """Seal a ready document packet again in our name and enqueue it: `connector send`.

        Raises:
            PermanentError: it is no valid document, not ours, or its DocumentId was sent with
                other content (G3).
            TrustError: it bears a signature that is broken or another's.
        """
        envelope = read(data).envelope
        if not isinstance(envelope, Document):
            raise impossible("send", "no document")
        sender = self._ours.canonical(envelope.sender.organ_id)
        receivers = tuple(
            dict.fromkeys(self._ours.canonical(to.organ_id) for to in envelope.receivers)
        )
        agency = self._signer(sender)
        self._own_signature.insist(data, agency=agency, sender=sender)
        prepared = self._outbound.prepare(envelope, agency=agency)
        with self._ledger.work() as work:
            conflict = self._outbound.conflicting(work.tx, envelope)
            if conflict is not None:
                raise PermanentError(conflict)
            fresh = self._outbound.enqueue_document(
                work, prepared, receivers=receivers, origin=Origin()
            )
            self._acted(work, "send", prepared.sealed.packet_id)
        return prepared.sealed.packet_id, fresh

    def _check_reply(self, row: InboxMessage, status: StatusCode, text: str) -> None:
        action = f"reply {status.value}"
        known = row.packet_id is not None and row.verification is not None
        if status not in _REPLIES or not known or row.kind != "document":
            raise impossible(action, "state", text, state=row.state.value)
        if status is StatusCode.CHANGE_REFUSED and row.business_type == BusinessType.RECALL:
            raise PermanentError(codes.RECALL_NOT_REFUSABLE.at(text))
        with self._ledger.store.read() as tx:
            receipts = inbox.receipts(tx, row.packet_id or "")
            found = inbox.find(tx, text=row.document_id or "")
        sent = {StatusCode(receipt.status_code) for receipt in receipts}
        overtaken = overtaken_by(status, sent)
        if overtaken is not None:
            raise impossible(action, "overtaken", text, status=overtaken.value)
        if status in _CONSENTS and not _asked_back(row, found):
            raise impossible(action, "not asked", text)

    def _signer(self, sender: str) -> str:
        agency = self._ours.agency_for(sender)
        if agency is None:
            raise PermanentError(codes.AGENCY_NOT_OF_NODE.at(code=sender))
        return agency.code

    def _document(self, packet: OutboxPacket) -> Document:
        with self._ledger.store.read() as tx:
            recipe = outbox.recipe(tx, packet.packet_id)
        envelope = Bodies(self._spool).envelope(packet, recipe)
        if not isinstance(envelope, Document):
            raise TypeError(packet.packet_id)
        return envelope

    def _recall_of(
        self, document: Document, receivers: Sequence[str], reason: str | None
    ) -> Document:
        """Build the recall; the document is named in all three places that the field knows."""
        return replace(
            document,
            receivers=tuple(
                to for to in document.receivers if self._ours.canonical(to.organ_id) in receivers
            ),
            response_for=(named(document),),
            business=Business(
                type=BusinessType.RECALL,
                reason=reason or "Thu hồi văn bản điện tử",
                document_id=document.document_id,
            ),
            traces=(),
            attachments=(),
        )

    def _acted(self, work: Work, action: str, target: str, reason: str | None = None) -> None:
        work.record(
            OperatorActed(
                packet_id=target, action=action, actor=self._actor, target=target, reason=reason
            )
        )


@dataclass(frozen=True, slots=True)
class _Split:
    never_sent: tuple[str, ...]
    reached: tuple[str, ...]


def _split(deliveries: Sequence[Delivery]) -> _Split:
    """Tell deliveries that surely never left from those that a recall has to follow."""
    never_sent = [d for d in deliveries if d.state in _NEVER_LEFT and d.attempts == 0]
    reached = [d for d in deliveries if d not in never_sent and d.state not in _GONE]
    return _Split(tuple(d.receiver for d in never_sent), tuple(d.receiver for d in reached))


def _of_issuer(found: Sequence[InboxMessage], text: str) -> Sequence[InboxMessage]:
    """Prefer what came from the agency that a DocumentId names: others may write any id."""
    return [row for row in found if text.startswith(f"{row.sender},")] or found


def _without_acts(found: Sequence[_Row]) -> Sequence[_Row]:
    """Prefer the document to its recalls and updates, which bear the same DocumentId and code."""
    return [row for row in found if row.business_type in _TAKEN_BACK] or found


def _asked_back(row: InboxMessage, found: Sequence[InboxMessage]) -> bool:
    """Tell whether its issuer wants something changed: by an act, or by a status 13."""
    return row.business_type in _ACTS or any(
        each.status_code == StatusCode.TAKE_BACK.value and each.sender == row.sender
        for each in found
    )
