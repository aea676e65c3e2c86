"""IN, last step: hand a verified document over, act on what it names, answer.

A sink takes a packet once, however often this step is repeated. 03 goes out only if the sink
says that the clerk's desk has it; 15 goes out by itself once a recalled or updated document was
cancelled or changed there (QĐ 28/2018 Đ9(2)).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from connector.edxml.parser import Limits
from connector.edxml.reader import read
from connector.errors import Finding, PermanentError, TransientError
from connector.events import (
    AlarmRaised,
    DocumentCancelled,
    DocumentDelivered,
    DocumentHeld,
    DocumentRefused,
    DocumentUpdated,
    SinkFailed,
)
from connector.flow import codes
from connector.flow.acts import Acts, Waiting
from connector.flow.containment import Containment, waiting
from connector.flow.ledger import Ledger, Work
from connector.flow.ours import Ours
from connector.flow.receipts import Answer, Receipts, reason_of
from connector.flow.retry import RetryPolicy
from connector.model.envelope import BusinessType, Document, StatusCode
from connector.model.inbound import Inbound, InboundTarget
from connector.model.states import InboxState
from connector.sinks.base import Sink
from connector.store import inbox
from connector.store.inbox import InboxMessage
from connector.store.spool import Spool

__all__ = ["DeliveryDesk"]

_BATCH = 32
_HELD_AT_MOST = 10_000
_MOMENT = dt.timedelta(seconds=1)
_READY = frozenset({InboxState.VERIFIED, InboxState.HELD})


@dataclass(frozen=True, slots=True)
class _Done:
    """What the sinks did with a packet."""

    on_desk: bool
    targets: tuple[InboundTarget, ...] = ()


class DeliveryDesk:
    """Delivers verified documents into the legacy systems of this node's agencies."""

    def __init__(
        self,
        ledger: Ledger,
        spool: Spool,
        ours: Ours,
        receipts: Receipts,
        sinks: Mapping[str, Sequence[Sink]],
        policy: RetryPolicy,
        limits: Limits,
        hold_seconds: float,
    ) -> None:
        self._ledger = ledger
        self._spool = spool
        self._ours = ours
        self._receipts = receipts
        self._sinks = sinks
        self._policy = policy
        self._hold = dt.timedelta(seconds=hold_seconds)
        self._limits = limits
        self._acts = Acts()
        self._containment = Containment(ledger, policy)

    def pump(self, go_on: Callable[[], bool] = lambda: True) -> int:
        """Deliver what is due; return how many packets were looked at.

        `go_on` is asked before each packet.
        """
        with self._ledger.store.read() as tx:
            ready = waiting(tx, self._ledger, _READY, _BATCH, held_verified=True)
        done = 0
        for row in ready:
            if not go_on():
                break
            self._containment.run(row, self._deliver)
            done += 1
        return done

    def item(self, row: InboxMessage) -> Inbound:
        """Return a verified row as a sink is given it.

        Raises:
            StorageError: its body is gone, or is not any more what was verified.
        """
        body = self._spool.verify(row.body_sha256)
        with body.open() as stream:
            envelope = read(stream.read(), limits=self._limits).envelope
        if not isinstance(envelope, Document) or row.packet_id is None:
            raise TypeError(row.message_key)
        return Inbound(
            packet_id=row.packet_id,
            packet=body,
            digest=row.digest or "",
            document=envelope,
            served=row.served,
            arrived_at=row.received_at,
            verification=row.verification or {},
        )

    def _deliver(self, row: InboxMessage) -> None:
        item = self.item(row)
        with self._ledger.store.read() as tx:
            targets = self._acts.targets(tx, item, row.sender or "")
        if isinstance(targets, Waiting):
            self._wait(row, item, targets)
            return
        try:
            done = self._hand_over(item, targets)
        except TransientError as error:
            self._retry(row, error.findings)
        except PermanentError as error:
            self._park(row, error.findings)
        else:
            self._finish(row, item, done)

    def _hand_over(self, item: Inbound, targets: tuple[InboundTarget, ...]) -> _Done:
        sinks = self.sinks_of(item.served)
        act = item.document.business_type
        if act is BusinessType.NEW:
            taken = [sink.deliver(item) for sink in sinks]
            return _Done(on_desk=any(taken))
        if act is BusinessType.REPLACE:
            taken = [sink.replace(item, targets) for sink in sinks]
            return _Done(on_desk=any(taken), targets=targets)
        for sink in sinks:
            for target in targets:
                if act is BusinessType.RECALL:
                    sink.cancel(item, target)
                else:
                    sink.update(item, target)
        return _Done(on_desk=False, targets=targets)

    def sinks_of(self, served: Sequence[str]) -> list[Sink]:
        """Return the sinks of some served codes, each once.

        Raises:
            PermanentError: a code has no sink.
        """
        found: list[Sink] = []
        for code in served:
            sinks = self._sinks.get(code, ())
            if not sinks:
                raise PermanentError(codes.NO_SINK.at(receiver=code))
            found += [sink for sink in sinks if sink not in found]
        return found

    def cancel(self, item: Inbound) -> None:
        """Cancel a delivered document in its sinks because a person agreed to take it back."""
        target = InboundTarget(item.packet_id, item.document.document_id)
        for sink in self.sinks_of(item.served):
            sink.cancel(item, target)

    def _finish(self, row: InboxMessage, item: Inbound, done: _Done) -> None:
        act = item.document.business_type
        answers: list[Answer | None] = []
        if done.on_desk:
            answers += self.answers(item, StatusCode.ACCEPTED)
        if act in {BusinessType.RECALL, BusinessType.UPDATE}:
            answers += self.answers(item, StatusCode.CHANGE_AGREED)
        with self._ledger.work() as work:
            inbox.update(work.tx, row.message_key, state=InboxState.DELIVERED, now=work.now)
            self._note(work, row, item, done)
            if act in {BusinessType.NEW, BusinessType.REPLACE}:
                _wake_held(work, row)
            for answer in answers:
                if answer is not None:
                    self._receipts.enqueue(work, answer)

    def _note(self, work: Work, row: InboxMessage, item: Inbound, done: _Done) -> None:
        facts = {"document_id": item.document.document_id, "sender": row.sender}
        act = item.document.business_type
        if act in {BusinessType.NEW, BusinessType.REPLACE}:
            work.record(DocumentDelivered(packet_id=item.packet_id, **facts))
        for target in done.targets:
            if act is BusinessType.RECALL:
                before = inbox.by_packet(work.tx, target.packet_id)
                if before is not None:
                    key = before.message_key
                    inbox.update(work.tx, key, state=InboxState.CANCELLED, now=work.now)
                work.record(DocumentCancelled(packet_id=target.packet_id, **facts))
            else:
                work.record(DocumentUpdated(packet_id=target.packet_id, **facts))

    def answers(
        self, item: Inbound, status: StatusCode, reason: str | None = None
    ) -> list[Answer | None]:
        """Seal a status for each served code; None for those of an agency without a key."""
        return [
            self._receipts.prepare(
                item.document,
                digest=item.digest,
                answers=item.packet_id,
                addressed=code,
                status=status,
                reason=reason,
            )
            for code in item.served
        ]

    def _wait(self, row: InboxMessage, item: Inbound, why: Waiting) -> None:
        now = self._ledger.clock.now()
        if why.for_person:
            self._park(row, (why.finding,))
        elif now - row.received_at > self._hold:
            self._refuse(row, item, why.finding)
        else:
            self._hold_back(row, why.finding)

    def _hold_back(self, row: InboxMessage, finding: Finding) -> None:
        wait = self._policy.due(self._ledger.clock.now(), row.attempts + 1)
        wait = min(wait, row.received_at + self._hold + _MOMENT)
        with self._ledger.work() as work:
            inbox.update(
                work.tx,
                row.message_key,
                state=InboxState.HELD,
                now=work.now,
                attempts=row.attempts + 1,
                not_before=wait,
                findings=[finding.as_dict()],
            )
            if row.state is not InboxState.HELD:
                work.record(DocumentHeld(**_facts(row, finding)))

    def _refuse(self, row: InboxMessage, item: Inbound, finding: Finding) -> None:
        answers = self.answers(item, StatusCode.REFUSED, reason_of((finding,)))
        with self._ledger.work() as work:
            inbox.update(
                work.tx,
                row.message_key,
                state=InboxState.REFUSED,
                now=work.now,
                findings=[finding.as_dict()],
            )
            work.record(DocumentRefused(**_facts(row, finding)))
            _alarm(work, row, finding)
            for answer in answers:
                if answer is not None:
                    self._receipts.enqueue(work, answer)

    def _retry(self, row: InboxMessage, findings: tuple[Finding, ...]) -> None:
        now = self._ledger.clock.now()
        if self._policy.given_up(now, row.received_at, attempts=row.attempts + 1):
            finding = codes.SINK_FAILED.at(
                attempts=row.attempts + 1, since=row.received_at, reason=findings[0].en
            )
            self._park(row, (finding, *findings))
            return
        with self._ledger.work() as work:
            inbox.update(
                work.tx,
                row.message_key,
                state=row.state,
                now=work.now,
                attempts=row.attempts + 1,
                not_before=self._policy.due(now, row.attempts + 1),
                findings=[finding.as_dict() for finding in findings],
            )
            work.record(SinkFailed(**_facts(row, findings[0])))

    def _park(self, row: InboxMessage, findings: tuple[Finding, ...]) -> None:
        with self._ledger.work() as work:
            inbox.update(
                work.tx,
                row.message_key,
                state=InboxState.PARKED,
                now=work.now,
                findings=[finding.as_dict() for finding in findings],
            )
            work.record(SinkFailed(**_facts(row, findings[0])))
            _alarm(work, row, findings[0])


def _wake_held(work: Work, row: InboxMessage) -> None:
    """Let acts of the same sender look again: the document they wait for may be this one."""
    held = inbox.list_messages(
        work.tx, states=[InboxState.HELD], kind="document", limit=_HELD_AT_MOST
    )
    for each in held:
        if each.sender == row.sender:
            inbox.update(
                work.tx, each.message_key, state=each.state, now=work.now, not_before=work.now
            )


def _facts(row: InboxMessage, finding: Finding) -> dict[str, str | None]:
    return {
        "packet_id": row.packet_id,
        "document_id": row.document_id,
        "sender": row.sender,
        "reason": finding.en,
        "error_code": finding.code,
    }


def _alarm(work: Work, row: InboxMessage, finding: Finding) -> None:
    work.record(
        AlarmRaised(
            packet_id=row.packet_id,
            error_code=finding.code,
            reason=finding.en,
            sender=row.sender,
        )
    )
