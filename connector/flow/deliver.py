"""IN, last step: hand a verified document over, act on what it names, answer.

A sink takes a packet once, however often this step is repeated. 03 goes out only if the sink
says that the clerk's desk has it; 15 goes out by itself once a recalled or updated document was
cancelled or changed there (QĐ 28/2018 Đ9(2)).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import groupby, islice, takewhile

from connector import crash
from connector.edxml.parser import Limits
from connector.edxml.reader import read
from connector.errors import Finding, PermanentError, StorageError, TransientError
from connector.events import (
    DocumentCancelled,
    DocumentDelivered,
    DocumentHeld,
    DocumentRefused,
    DocumentUpdated,
    SinkFailed,
)
from connector.flow import codes
from connector.flow.acts import Acts, Waiting
from connector.flow.containment import (
    Containment,
    Step,
    alarm,
    chunks,
    concerns_one_body,
    facts_of,
    put_aside,
    put_off,
    waiting,
)
from connector.flow.handover import Done, answers_to, asked_of, deliver_to
from connector.flow.ledger import Ledger, Work
from connector.flow.ours import Ours
from connector.flow.receipts import Answer, Receipts, Sealing, reason_of
from connector.flow.retry import RetryPolicy
from connector.flow.together import move, wake_held
from connector.flow.verified import JustVerified
from connector.model.content import BytesContent, Content
from connector.model.envelope import BusinessType, Document, Envelope, StatusCode
from connector.model.inbound import Inbound, InboundTarget
from connector.model.states import InboxState
from connector.sinks.base import Sink
from connector.store import inbox
from connector.store.inbox import InboxMessage
from connector.store.spool import Spool

__all__ = ["DeliveryDesk"]

_BATCH = 32
_MOMENT = dt.timedelta(seconds=1)
_READY = frozenset({InboxState.VERIFIED, InboxState.HELD})


class DeliveryDesk:
    """Delivers verified documents into the legacy systems of this node's agencies."""

    def __init__(
        self,
        ledger: Ledger,
        spool: Spool,
        *,
        ours: Ours,
        receipts: Receipts,
        sinks: Mapping[str, Sequence[Sink]],
        policy: RetryPolicy,
        limits: Limits,
        hold_seconds: float,
        just_verified: JustVerified | None = None,
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
        self._just_verified = just_verified or JustVerified()
        self._containment = Containment(ledger, policy)

    def pump(self, go_on: Callable[[], bool] = lambda: True) -> int:
        """Deliver what is due; return how many packets were looked at.

        New documents that follow each other share the sinks' waits and one commit; `go_on` is
        asked before each packet.
        """
        with self._ledger.store.read() as tx:
            ready = waiting(tx, self._ledger, _READY, _BATCH, held_verified=True)
        done = 0
        for together, rows in groupby(ready, key=_is_plain):
            taken = list(takewhile(lambda _: go_on(), rows))
            if together:
                for some in chunks(taken):
                    self._deliver_new(some)
            else:
                for row in taken:
                    self._containment.run(row, self._deliver)
            done += len(taken)
        return done

    def item(self, row: InboxMessage) -> Inbound:
        """Return a verified row as a sink is given it.

        Raises:
            StorageError: its body is gone, or is not any more what was verified.
        """
        known = self._just_verified.take(row.message_key)
        body: Content
        envelope: Envelope
        if known is None:
            body = self._spool.verify(row.body_sha256)
            envelope = read(body, limits=self._limits, scratch=self._spool.scratch).envelope
        elif (
            known.packet is None
            or known.as_of is None
            or known.as_of != self._spool.last_put(row.body_sha256)
        ):
            # What was verified itself; sinks compare the packet's digest.
            body, envelope = self._spool.get(row.body_sha256), known.document
        else:  # the very bytes whose digest this is, and nobody wrote their file since
            body, envelope = BytesContent(known.packet), known.document
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

    def _deliver_new(self, rows: Sequence[InboxMessage]) -> None:
        """Deliver new documents; those that the sinks do not take together are tried alone."""
        items = [
            (row, item)
            for row in rows
            if (item := self._containment.attempt(row, self.item)) is not None
        ]
        try:
            done = self._hand_over_all([item for _, item in items])
            crash.point("deliver.handed_over")
        except StorageError as error:
            if not concerns_one_body(error):
                raise
            done = None
        except Exception:  # noqa: BLE001 - which of them it was shows when each is tried alone
            done = None
        if done is None:
            for row, _ in items:
                self._containment.run(row, self._deliver)
            return
        asked = [answers_to(item, each) for (_, item), each in zip(items, done, strict=True)]
        sealing = iter(self._receipts.begin([each for some in asked for each in some]))
        ready: list[tuple[InboxMessage, Step]] = []
        for (row, item), each, some in zip(items, done, asked, strict=True):
            mine = list(islice(sealing, len(some)))
            sealed = partial(self._finished, item=item, done=each, sealing=mine)
            step = self._containment.attempt(row, sealed)
            if step is not None:
                ready.append((row, step))
        self._containment.commit(ready, self._prepared)

    def _prepared(self, row: InboxMessage) -> Step:
        """Hand one new document over again and return the step that follows."""
        item = self.item(row)
        done = self._hand_over(item, ())
        sealing = self._receipts.begin(answers_to(item, done))
        return self._finished(row, item=item, done=done, sealing=sealing)

    def _hand_over_all(self, items: Sequence[Inbound]) -> list[Done]:
        """Hand new documents over, for each sink at once."""
        on_desk = [False] * len(items)
        targets = [self.sinks_of(item.served) for item in items]
        sinks = list(dict.fromkeys(sink for each in targets for sink in each))
        for sink in sinks:
            mine = [index for index, each in enumerate(targets) if sink in each]
            taken = deliver_to(sink, [items[index] for index in mine])
            for index, desk in zip(mine, taken, strict=True):
                on_desk[index] = on_desk[index] or desk
        return [Done(on_desk=desk) for desk in on_desk]

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
            sealing = self._receipts.begin(answers_to(item, done))
            step = self._finished(row, item=item, done=done, sealing=sealing)
            self._containment.finish(row, step)

    def _hand_over(self, item: Inbound, targets: tuple[InboundTarget, ...]) -> Done:
        sinks = self.sinks_of(item.served)
        act = item.document.business_type
        if act is BusinessType.NEW:
            taken = [sink.deliver(item) for sink in sinks]
            return Done(on_desk=any(taken))
        if act is BusinessType.REPLACE:
            taken = [sink.replace(item, targets) for sink in sinks]
            return Done(on_desk=any(taken), targets=targets)
        for sink in sinks:
            for target in targets:
                if act is BusinessType.RECALL:
                    sink.cancel(item, target)
                else:
                    sink.update(item, target)
        return Done(on_desk=False, targets=targets)

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

    def _finished(
        self, row: InboxMessage, *, item: Inbound, done: Done, sealing: Sequence[Sealing]
    ) -> Step:
        """Return the step that ends a delivered packet once the answers to it are sealed."""
        act = item.document.business_type
        answers = [sealed() for sealed in sealing]

        def step(work: Work) -> None:
            move(work, row.message_key, InboxState.DELIVERED)
            self._note(work, row, item, done)
            if act in {BusinessType.NEW, BusinessType.REPLACE}:
                wake_held(work, row.sender or "")
            self._receipts.enqueue(work, answers)

        return step

    def _note(self, work: Work, row: InboxMessage, item: Inbound, done: Done) -> None:
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
        return [sealed() for sealed in self._receipts.begin(asked_of(item, status, reason))]

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
            put_off(work, row, (finding,), until=wait, state=InboxState.HELD)
            if row.state is not InboxState.HELD:
                work.record(DocumentHeld(**facts_of(row, finding)))

    def _refuse(self, row: InboxMessage, item: Inbound, finding: Finding) -> None:
        answers = self.answers(item, StatusCode.REFUSED, reason_of((finding,)))
        with self._ledger.work() as work:
            put_aside(work, row, InboxState.REFUSED, (finding,))
            work.record(DocumentRefused(**facts_of(row, finding)))
            alarm(work, row, finding)
            self._receipts.enqueue(work, answers)

    def _retry(self, row: InboxMessage, findings: tuple[Finding, ...]) -> None:
        now = self._ledger.clock.now()
        if self._policy.given_up(now, row.received_at, attempts=row.attempts + 1):
            finding = codes.SINK_FAILED.at(
                attempts=row.attempts + 1, since=row.received_at, reason=findings[0].en
            )
            self._park(row, (finding, *findings))
            return
        with self._ledger.work() as work:
            put_off(work, row, findings, until=self._policy.due(now, row.attempts + 1))
            work.record(SinkFailed(**facts_of(row, findings[0])))

    def _park(self, row: InboxMessage, findings: tuple[Finding, ...]) -> None:
        with self._ledger.work() as work:
            put_aside(work, row, InboxState.PARKED, findings)
            work.record(SinkFailed(**facts_of(row, findings[0])))
            alarm(work, row, findings[0])


def _is_plain(row: InboxMessage) -> bool:
    """Tell whether a packet acts on no other one."""
    return row.business_type == int(BusinessType.NEW) and row.state is InboxState.VERIFIED
