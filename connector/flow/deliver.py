"""IN, last step: hand a verified document over, act on what it names, answer.

A sink takes a packet once, however often this step is repeated. What hands over one by one may be
slow: it is committed every few seconds. One that does not answer is asked once in a round; its
other documents wait. 03 goes out only if the sink says that the clerk's desk has it; 15 goes out by
itself once a recalled or updated document was cancelled or changed there (QĐ 28/2018 Đ9(2)).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import groupby, islice

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
from connector.flow.handover import (
    Done,
    Handed,
    Round,
    answers_to,
    asked_of,
    hand_over,
    hand_over_all,
    wait,
)
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
from connector.sinks.base import BatchSink, Sink
from connector.store import inbox
from connector.store.inbox import InboxMessage
from connector.store.spool import Spool

__all__ = ["DeliveryDesk"]

_BATCH = 32
_BATCHES = 64
_COMMIT_SECONDS = 2.0
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

        New documents for sinks that take several at once share the waits and one commit. `go_on`
        is asked before each packet and each hand-over. If a sink does not answer, what is due for
        the others is looked at all the same.
        """
        done, tour = 0, Round(go_on)
        for _ in range(_BATCHES):
            with self._ledger.store.read() as tx:
                ready = waiting(tx, self._ledger, _READY, _BATCH, held_verified=True)
            for plain, rows in groupby(ready, key=_is_plain):
                deliver = self._deliver_new if plain else self._acted
                done += deliver(list(rows), tour)
            self._leave(tour)
            if tour.over or not ready or not tour.troubled:
                break
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
            body = self._spool.verify(row.body_sha256, put_aside=True)
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

    def _deliver_new(self, rows: Sequence[InboxMessage], tour: Round) -> int:
        """Deliver new documents, together where all of their sinks can take them so."""
        quick = [row for row in rows if all(isinstance(s, BatchSink) for s in self._known(row))]
        keys = {row.message_key for row in quick}
        slow = [row for row in rows if row.message_key not in keys]
        done = sum(self._together(some, tour) for some in chunks(quick))
        return done + sum(self._one_by_one(some, tour) for some in chunks(slow))

    def _together(self, rows: Sequence[InboxMessage], tour: Round) -> int:
        """Deliver new documents; those that the sinks do not take together are tried alone."""
        if any(tour.misses(self._known(row)) for row in rows):
            return self._one_by_one(rows, tour)
        items: list[tuple[InboxMessage, Inbound]] = []
        for row in rows:
            if not tour.goes_on():
                return 0
            item = self._containment.attempt(row, self.item)
            if item is not None:
                items.append((row, item))
        try:
            given = [item for _, item in items]
            done = hand_over_all(given, [self.sinks_of(item.served) for item in given], tour)
        except StorageError as error:
            if not concerns_one_body(error):
                raise
            self._one_by_one([row for row, _ in items], tour)
        except Exception:  # noqa: BLE001 - which of them it was shows when each is tried alone
            self._one_by_one([row for row, _ in items], tour)
        else:
            self._settle([(*pair, each) for pair, each in zip(items, done, strict=True)], tour)
        return len(rows)

    def _one_by_one(self, rows: Sequence[InboxMessage], tour: Round) -> int:
        """Deliver new documents, each by itself; what was delivered in some seconds is committed.

        So a slow service is not given again what it has, however the daemon ends.
        """
        clock, looked = self._ledger.clock, 0
        handed: list[Handed] = []
        since = clock.monotonic()
        for row in rows:
            if not tour.goes_on():
                break
            looked += 1
            sinks = self._known(row)
            if tour.misses(sinks) and (row.findings or tour.misses_all(sinks)):
                tour.leave(row, sinks)
                continue
            self._containment.run(row, partial(self._take, tour=tour, handed=handed))
            if clock.monotonic() - since >= _COMMIT_SECONDS:
                self._settle(handed, tour)
                handed, since = [], clock.monotonic()
        self._settle(handed, tour)
        return looked

    def _take(self, row: InboxMessage, *, tour: Round, handed: list[Handed]) -> None:
        item = self.item(row)
        sinks = self._known(row)
        missed = tour.misses(sinks)
        done = self._tried(row, item, (), tour)
        if done is not None and missed:  # its other sinks have it by now, and need not wait
            tour.leave(row, sinks)
        elif done is not None:
            handed.append((row, item, done))

    def _settle(self, handed: Sequence[Handed], tour: Round) -> None:
        """Answer new documents that the sinks have, and commit them together."""
        if not handed:
            return
        crash.point("deliver.handed_over")
        asked = [answers_to(item, done) for _, item, done in handed]
        sealing = iter(self._receipts.begin([each for some in asked for each in some]))
        ready: list[tuple[InboxMessage, Step]] = []
        for (row, item, done), some in zip(handed, asked, strict=True):
            mine = list(islice(sealing, len(some)))
            sealed = partial(self._finished, item=item, done=done, sealing=mine)
            step = self._containment.attempt(row, sealed)
            if step is not None:
                ready.append((row, step))
        self._containment.commit(ready, partial(self._prepared, tour=tour))

    def _acted(self, rows: Sequence[InboxMessage], tour: Round) -> int:
        """Deliver packets that act on others, one after the other."""
        looked = 0
        for row in rows:
            if not tour.goes_on():
                break
            looked += 1
            if tour.misses(sinks := self._known(row)):
                tour.leave(row, sinks)
            else:
                self._containment.run(row, partial(self._deliver, tour=tour))
        return looked

    def _leave(self, tour: Round) -> None:
        """Let packets wait whose sink did not answer to another one."""
        waits = [(row, partial(wait, row, why, self._policy)) for row, why in tour.left]
        tour.left.clear()
        self._containment.commit(waits, lambda _row: None)

    def _prepared(self, row: InboxMessage, *, tour: Round) -> Step | None:
        """Hand one new document over again and return the step that follows."""
        if not tour.goes_on():
            return None
        item = self.item(row)
        done = hand_over(item, self.sinks_of(item.served), (), tour)
        sealing = self._receipts.begin(answers_to(item, done))
        return self._finished(row, item=item, done=done, sealing=sealing)

    def _deliver(self, row: InboxMessage, *, tour: Round) -> None:
        item = self.item(row)
        with self._ledger.store.read() as tx:
            targets = self._acts.targets(tx, item, row.sender or "")
        if isinstance(targets, Waiting):
            self._wait(row, item, targets)
            return
        done = self._tried(row, item, targets, tour)
        if done is not None:
            sealing = self._receipts.begin(answers_to(item, done))
            step = self._finished(row, item=item, done=done, sealing=sealing)
            self._containment.finish(row, step)

    def _tried(
        self, row: InboxMessage, item: Inbound, targets: tuple[InboundTarget, ...], tour: Round
    ) -> Done | None:
        """Hand a packet over; None if that failed, which is on record then."""
        try:
            return hand_over(item, self.sinks_of(item.served), targets, tour)
        except TransientError as error:
            self._retry(row, error.findings)
        except PermanentError as error:
            self._park(row, error.findings)
        return None

    def _known(self, row: InboxMessage) -> list[Sink]:
        """Return the sinks of a packet as far as its codes have any."""
        return [sink for code in row.served for sink in self._sinks.get(code, ())]

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
