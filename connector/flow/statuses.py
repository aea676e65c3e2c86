"""Statuses that we receive: each moves exactly the delivery that it answers, or nothing.

A status that names a digest which is not ours changes nothing and raises an alarm; a repeated or
backward one is recorded and ignored (guarantees G3, G4), as is the answer to an earlier sending of
what somebody wants sent again.
"""

from __future__ import annotations

from typing import Any, Protocol

from connector import crash
from connector.errors import Finding, Severity
from connector.events import AlarmRaised, StatusApplied, StatusIgnored
from connector.flow import codes
from connector.flow.ledger import Ledger, Work
from connector.flow.ours import Ours
from connector.model.envelope import BusinessType, StatusCode, StatusReport
from connector.model.identity import packet_id as identity_of
from connector.model.states import DeliveryState, InboxState, state_after_status
from connector.store import inbox, outbox
from connector.store.inbox import InboxMessage
from connector.store.outbox import Delivery, OutboxPacket
from connector.store.store import Transaction

__all__ = ["Proven", "StatusDesk"]

_DOCUMENTS = frozenset({int(BusinessType.NEW), int(BusinessType.REPLACE)})
_ACTS = frozenset({int(BusinessType.RECALL), int(BusinessType.UPDATE)})


class Proven(Protocol):
    """What is kept of the proof that a status is authentic."""

    @property
    def digest(self) -> str:
        """The digest of the signed Reference."""
        ...

    def as_dict(self) -> dict[str, Any]:
        """Return the verdict JSON-ready."""
        ...


class StatusDesk:
    """Applies verified status packets to the outbox."""

    def __init__(self, ledger: Ledger, ours: Ours) -> None:
        self._ledger = ledger
        self._ours = ours

    def take(self, row: InboxMessage, report: StatusReport, verified: Proven) -> None:
        """Apply one verified status and finish its inbox row in the same transaction."""
        with self._ledger.work() as work:
            self.apply(work, row, report, verified)

    def apply(self, work: Work, row: InboxMessage, report: StatusReport, verified: Proven) -> None:
        """Apply one verified status and finish its inbox row, with whatever else is in hand."""
        sender = self._ours.canonical(report.sender.organ_id)
        packet_id = identity_of(report)
        crash.point("status.found")
        finding = self._apply(work, report, sender)
        crash.point("status.applied")
        before = inbox.by_packet(work.tx, packet_id)
        state = InboxState.DELIVERED
        if finding is not None and finding.severity is Severity.ERROR:
            state = InboxState.QUARANTINED
        elif before is not None and before.message_key != row.message_key:
            state = InboxState.DUPLICATE
        inbox.update(
            work.tx,
            row.message_key,
            state=state,
            now=work.now,
            packet_id=packet_id,
            sender=sender,
            document_id=report.response_for.document_id,
            kind="status",
            digest=verified.digest,
            status_code=report.status_code.value,
            findings=[finding.as_dict()] if finding else [],
            verification=verified.as_dict(),
        )
        if finding is not None:
            _ignore(work, packet_id, report, sender, finding)
        crash.point("status.recorded")

    def _apply(self, work: Work, report: StatusReport, sender: str) -> Finding | None:
        if report.status_code is StatusCode.TAKE_BACK:
            return codes.ACT_AMBIGUOUS.at(named=f"13, {report.response_for.document_id}")
        packet = self._meant(work.tx, report)
        if packet is None:
            if report.evidence is not None:
                return codes.STATUS_FOREIGN.at(digest=report.evidence.digest, sender=sender)
            return self._unmatched(report, sender)
        delivery = outbox.delivery(work.tx, packet.packet_id, sender)
        if delivery is None:
            return self._unmatched(report, sender)
        return _move(work, packet, sender, report)

    def _meant(self, tx: Transaction, report: StatusReport) -> OutboxPacket | None:
        if report.evidence is not None:
            return outbox.by_digest(tx, report.evidence.digest)
        issuer = self._ours.canonical(report.response_for.organ_id)
        packets = [
            packet
            for packet in outbox.by_document(tx, issuer, report.response_for.document_id)
            if packet.business_type in _DOCUMENTS
        ]
        return packets[0] if len(packets) == 1 else None

    def _unmatched(self, report: StatusReport, sender: str) -> Finding:
        document_id = report.response_for.document_id
        return codes.STATUS_UNMATCHED.at(document_id=document_id, sender=sender)


def _move(work: Work, packet: OutboxPacket, sender: str, report: StatusReport) -> Finding | None:
    """Move the delivery of the packet, and what its act asked back."""
    status = report.status_code
    delivery = outbox.delivery(work.tx, packet.packet_id, sender)
    if delivery is None:
        return None
    agreed_act = packet.business_type in _ACTS and status is StatusCode.CHANGE_AGREED
    reached = DeliveryState.FINISHED if agreed_act else state_after_status(delivery.state, status)
    if agreed_act and packet.business_type == BusinessType.RECALL:
        _taken_back(work, packet, sender)
    if reached is None or reached is delivery.state:
        return codes.STATUS_NO_CHANGE.at(status=status.value, state=delivery.state.value)
    if _has_yet_to_leave_again(delivery):
        return codes.STATUS_TOO_EARLY.at(status=status.value)
    _set(work, packet, sender, reached, report)
    if packet.business_type == BusinessType.RECALL and reached is DeliveryState.REFUSED:
        _alarm_refused_recall(work, packet, sender, report)
    return None


def _has_yet_to_leave_again(delivery: Delivery) -> bool:
    """Tell whether somebody wants a delivery sent again that had left before.

    What an earlier sending is answered then does not take it out of the queue; the receiver says
    it again of the copy. Once that is on its way, it may be what the answer is to.
    """
    left_before = delivery.sent_at is not None or delivery.last_status is not None
    return left_before and delivery.state in {DeliveryState.QUEUED, DeliveryState.BLOCKED}


def _alarm_refused_recall(
    work: Work, recall: OutboxPacket, sender: str, report: StatusReport
) -> None:
    finding = codes.RECALL_REFUSED.at(
        receiver=sender, document_id=recall.document_id, reason=report.description or "-"
    )
    work.record(
        AlarmRaised(
            packet_id=recall.packet_id,
            error_code=finding.code,
            reason=finding.en,
            sender=sender,
        )
    )


def _taken_back(work: Work, recall: OutboxPacket, sender: str) -> None:
    for target in outbox.by_document(work.tx, recall.sender, recall.document_id):
        delivery = outbox.delivery(work.tx, target.packet_id, sender)
        if target.business_type not in _DOCUMENTS or delivery is None:
            continue
        if state_after_status(delivery.state, StatusCode.CHANGE_AGREED) is not None:
            _set(work, target, sender, DeliveryState.RECALLED, None)


def _set(
    work: Work,
    packet: OutboxPacket,
    receiver: str,
    state: DeliveryState,
    report: StatusReport | None,
) -> None:
    status = report.status_code.value if report else StatusCode.CHANGE_AGREED.value
    reason = report.description if report else None
    outbox.set_state(
        work.tx,
        packet.packet_id,
        receiver,
        state,
        now=work.now,
        reason=reason,
        status=status,
    )
    work.record(
        StatusApplied(
            packet_id=packet.packet_id,
            receiver=receiver,
            status=status,
            state=state.value,
            reason=reason,
        )
    )


def _ignore(
    work: Work, packet_id: str, report: StatusReport, sender: str, finding: Finding
) -> None:
    work.record(
        StatusIgnored(
            packet_id=packet_id,
            status=report.status_code.value,
            sender=sender,
            document_id=report.response_for.document_id,
            reason=finding.en,
        )
    )
    if finding.severity is Severity.ERROR:
        work.record(
            AlarmRaised(
                packet_id=packet_id,
                error_code=finding.code,
                reason=finding.en,
                sender=sender,
            )
        )
