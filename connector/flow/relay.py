"""OUT, second half: what is due in the outbox goes to the broker; each outcome has its state.

A delivery is ``sent`` only on a publisher confirm; a return, a nack, a refusal and silence each
have their own next step, always with the same id (guarantee G2).
"""

from __future__ import annotations

import datetime as dt
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from connector import crash
from connector.broker.message import Outcome, OutcomeKind, Outgoing
from connector.broker.publisher import Publisher
from connector.broker.topology import exchange_for
from connector.errors import ConnectorError, Finding, StorageError, UnavailableError
from connector.events import DeliveryBlocked, DeliveryParked, DeliveryReturned, DeliverySent
from connector.flow import codes
from connector.flow.bodies import Bodies, Fresh
from connector.flow.consignment import Consignment
from connector.flow.containment import concerns_one_body
from connector.flow.ledger import Ledger, Work
from connector.flow.retry import RetryPolicy
from connector.model.states import OPEN_DELIVERY_STATES, DeliveryState
from connector.store import outbox
from connector.store.outbox import Delivery, OutboxPacket
from connector.store.spool import Spool
from connector.store.store import Transaction

__all__ = ["Relay"]

_BATCH = 128
_SILENCE = dt.timedelta(minutes=2)

_PART_BYTES = 4 * 1024 * 1024
_LARGE_AT_ONCE = 4
_RECOVERED_AT_ONCE = 5_000
_GATHER_SECONDS = 0.02
_SENT_AGAIN = frozenset({OutcomeKind.NACKED, OutcomeKind.UNKNOWN})

Key = tuple[str, str]


class _Claimed(NamedTuple):
    packet: OutboxPacket
    delivery: Delivery
    recipe: bytes

    @property
    def key(self) -> Key:
        return _key(self.packet, self.delivery)


class Relay:
    """Publishes the outbox of one agency through its own broker connection."""

    def __init__(
        self,
        ledger: Ledger,
        spool: Spool,
        publisher: Publisher,
        policy: RetryPolicy,
        *,
        agency: str,
        sends_for: Callable[[str], bool],
        environment: str,
        part_bytes: int = _PART_BYTES,
        fresh: Fresh | None = None,
    ) -> None:
        self._ledger = ledger
        self._bodies = Bodies(spool, fresh)
        self._part_bytes = part_bytes
        self._publisher = publisher
        self._policy = policy
        self._agency = agency
        self._sends_for = sends_for
        self._environment = environment
        self._in_flight: set[Key] = set()
        self._decided: list[Outcome] = []
        self._foreign: set[str] = set()
        self._large: deque[_Claimed] = deque()
        self._consignments: dict[Key, Consignment] = {}
        self._confirmed: dict[Key, set[int]] = {}

    @property
    def idle(self) -> bool:
        """Tell whether nothing is outstanding at the broker."""
        return not self._in_flight

    def recover(self) -> None:
        """Queue again what was unconfirmed when the process ended: unknown, same id."""
        of_others = 0
        more = True
        while more:
            with self._ledger.work() as work:
                rows = outbox.list_deliveries(
                    work.tx,
                    states=[DeliveryState.UNCONFIRMED],
                    limit=_RECOVERED_AT_ONCE,
                    offset=of_others,
                )
                keys = [_key(*row) for row in rows if self._sends_for(row[0].sender)]
                outbox.set_states(
                    work.tx, keys, DeliveryState.QUEUED, now=work.now, not_before=work.now
                )
            of_others += len(rows) - len(keys)
            more = len(rows) == _RECOVERED_AT_ONCE

    def pump(self, timeout: float = 0.0) -> int:
        """Settle outcomes and publish what is due; return how much moved."""
        outcomes = list(self._publisher.outcomes(timeout, _GATHER_SECONDS))
        claimed = self._settle(outcomes)
        moved = len(outcomes)
        if claimed or self._publisher.connected:
            moved += self._publish(claimed or self._claim()) + self._publish_parts()
        return moved

    def _publish(self, rows: Sequence[_Claimed]) -> int:
        for index, claimed in enumerate(rows):
            try:
                self._begin(claimed)
            except UnavailableError:
                self._release([each.key for each in rows[index:]])
                return index
            except ConnectorError:  # they are due again after their silence, like all unconfirmed
                self._in_flight.difference_update(each.key for each in rows[index:])
                raise
        return len(rows)

    def _begin(self, claimed: _Claimed) -> None:
        """Send a small packet; let a large one wait for its turn to be sent in parts."""
        packet = claimed.packet
        if packet.body_size > self._part_bytes:
            self._large.append(claimed)
            return
        try:
            body = self._bodies.pieces(packet, claimed.recipe)
        except StorageError as error:
            self._set_aside(claimed.key, error)
        else:
            self._publisher.submit(self._message(claimed, body))
            crash.point("relay.submitted")

    def _begin_large(self) -> None:
        """Begin one more large packet, all of whose bytes are looked at before the first leaves."""
        if not self._large or len(self._consignments) >= _LARGE_AT_ONCE:
            return
        claimed = self._large.popleft()
        try:
            parts = self._bodies.check(claimed.packet, claimed.recipe)
        except StorageError as error:
            self._set_aside(claimed.key, error)
            return
        confirmed = self._confirmed.pop(claimed.key, set())
        self._consignments[claimed.key] = Consignment(
            self._message(claimed), parts, self._part_bytes, confirmed
        )

    def _publish_parts(self) -> int:
        """Send of each large packet what the window has room for, at most one part each time."""
        self._begin_large()
        sent = 0
        for key, consignment in list(self._consignments.items()):
            size = consignment.next_size()
            if size is None or not self._publisher.has_room(size):
                continue
            try:
                message = consignment.next_message()
            except StorageError as error:
                del self._consignments[key]
                self._set_aside(key, error)
                continue
            try:
                self._publisher.submit(message)
            except UnavailableError:
                consignment.not_taken(message.part)
                break
            crash.point("relay.part_submitted")
            sent += 1
        return sent

    def _claim(self) -> Sequence[_Claimed]:
        """Mark what is due as unconfirmed, durably, before any of it is published."""
        with self._ledger.store.read() as tx:
            if not self._is_due(tx, self._ledger.clock.now()):
                return ()
        with self._ledger.work() as work:
            claimed = self._claimed_in(work)
        crash.point("relay.claimed")
        self._in_flight.update(each.key for each in claimed)
        return claimed

    def _claimed_in(self, work: Work) -> Sequence[_Claimed]:
        """Claim what is due inside a transaction: a recall may just have ended a delivery."""
        rows = self._due(work.tx, work.now)
        recipes = outbox.recipes(work.tx, [packet.packet_id for packet, _ in rows])
        outbox.set_states(
            work.tx,
            [_key(*row) for row in rows],
            DeliveryState.UNCONFIRMED,
            now=work.now,
            not_before=work.now + _SILENCE,
            count_attempt=True,
        )
        return [_Claimed(packet, d, recipes[packet.packet_id]) for packet, d in rows]

    def _due(self, tx: Transaction, now: dt.datetime) -> Sequence[tuple[OutboxPacket, Delivery]]:
        """Return what this agency may publish now, however much of others stands before it."""
        while True:
            depth = _BATCH + len(self._in_flight)
            found = outbox.due(tx, now=now, limit=depth, not_of=self._foreign)
            foreign = {p.sender for p, _ in found if not self._sends_for(p.sender)}
            if not foreign:
                return [row for row in found if _key(*row) not in self._in_flight][:_BATCH]
            self._foreign |= foreign

    def _is_due(self, tx: Transaction, now: dt.datetime) -> bool:
        """Tell whether there is something to claim; most often the first delivery says so."""
        for packet, delivery in outbox.due(tx, now=now, limit=1, not_of=self._foreign):
            ours = self._sends_for(packet.sender) and _key(packet, delivery) not in self._in_flight
            return ours or bool(self._due(tx, now))
        return False

    def _release(self, keys: Sequence[Key]) -> None:
        self._in_flight.difference_update(keys)
        with self._ledger.work() as work:
            outbox.set_states(
                work.tx,
                keys,
                DeliveryState.QUEUED,
                now=work.now,
                not_before=work.now,
                only_from={DeliveryState.UNCONFIRMED},
            )

    def _message(self, claimed: _Claimed, body: tuple[bytes, ...] = ()) -> Outgoing:
        """Return the message of a delivery."""
        packet = claimed.packet
        return Outgoing(
            key=claimed.key,
            exchange=exchange_for(packet.priority),
            routing_key=claimed.delivery.receiver,
            body=body,
            message_id=packet.packet_id,
            type=packet.kind,
            correlation_id=packet.correlation_id,
            user_id=self._agency,
            headers={
                "edoc-sender": packet.sender,
                "edoc-receiver": claimed.delivery.receiver,
                "edoc-sha256": packet.digest,
                "edoc-environment": self._environment,
            },
        )

    def _set_aside(self, key: Key, error: StorageError) -> None:
        """Park a delivery whose packet cannot be made any more; a broken disk is another matter."""
        self._in_flight.discard(key)
        if not concerns_one_body(error):
            raise error
        with self._ledger.store.read() as tx:
            delivery = outbox.delivery(tx, *key)
        if delivery is not None:
            self._give_up(delivery, error.findings[0])

    def _give_up(self, delivery: Delivery, finding: Finding) -> None:
        self._in_flight.discard((delivery.packet_id, delivery.receiver))
        with self._ledger.work() as work:
            _set(work, delivery, DeliveryState.PARKED, finding)
            work.record(DeliveryParked(**_facts(delivery, finding)))

    def _settle(self, outcomes: Iterable[Outcome]) -> Sequence[_Claimed]:
        """Record outcomes; the same wait for the disk claims what is due next, which it returns."""
        self._decided += [whole for each in outcomes if (whole := self._decide(each)) is not None]
        if not self._decided:  # they are kept while the disk is full
            return ()
        crash.point("relay.confirmed")
        with self._ledger.work() as work:
            self._settle_all(work, self._decided)
            claimed = self._claimed_in(work) if self._publisher.connected else ()
        crash.point("relay.settled")
        self._in_flight.difference_update(outcome.key for outcome in self._decided)
        self._in_flight.update(each.key for each in claimed)
        self._decided = []
        return claimed

    def _decide(self, outcome: Outcome) -> Outcome | None:
        """Return what an outcome means for its whole delivery, None if that is open yet."""
        if not outcome.part:
            return outcome
        consignment = self._consignments.get(outcome.key)
        whole = None if consignment is None else consignment.settle(outcome)
        if consignment is not None and whole is not None:
            del self._consignments[outcome.key]
            if whole.kind in _SENT_AGAIN:
                self._confirmed[outcome.key] = consignment.confirmed
        return whole

    def _settle_all(self, work: Work, outcomes: Sequence[Outcome]) -> None:
        """Settle plain confirms together, everything else one by one."""
        found = outbox.deliveries_of(work.tx, [each.key for each in outcomes])
        plain: list[Key] = []
        for outcome in outcomes:
            delivery = found.get(outcome.key)
            if delivery is None:
                continue
            is_open = delivery.state in OPEN_DELIVERY_STATES
            if is_open and outcome.kind is OutcomeKind.CONFIRMED:
                plain.append(outcome.key)
                work.record(DeliverySent(packet_id=delivery.packet_id, receiver=delivery.receiver))
            else:
                self._settle_one(work, delivery, outcome)
        outbox.set_states(work.tx, plain, DeliveryState.SENT, now=work.now)

    def _settle_one(self, work: Work, delivery: Delivery, outcome: Outcome) -> None:
        packet_id, receiver = outcome.key
        if delivery.state not in OPEN_DELIVERY_STATES:
            _note_late(work, delivery, outcome)
        elif outcome.kind is OutcomeKind.RETURNED:
            finding = codes.SENT_UNROUTABLE.at(receiver=receiver)
            _set(work, delivery, DeliveryState.RETURNED, finding)
            work.record(DeliveryReturned(**_facts(delivery, finding)))
        elif outcome.kind is OutcomeKind.UNKNOWN:
            due = self._policy.due(work.now, 1)
            outbox.set_state(
                work.tx, packet_id, receiver, DeliveryState.QUEUED, now=work.now, not_before=due
            )
        else:
            self._hold_back(work, delivery, outcome)

    def _hold_back(self, work: Work, delivery: Delivery, outcome: Outcome) -> None:
        refused = outcome.kind is OutcomeKind.REFUSED
        text = codes.SENT_REFUSED if refused else codes.SENT_NACKED
        finding = text.at(receiver=delivery.receiver, reason=outcome.reason or "")
        packet = outbox.packet(work.tx, delivery.packet_id)
        since = packet.sealed_at if packet else work.now
        if refused or self._policy.given_up(work.now, since, attempts=delivery.attempts):
            if not refused:
                finding = codes.SENT_TOO_OLD.at(
                    attempts=delivery.attempts, since=since, packet_id=delivery.packet_id
                )
            _set(work, delivery, DeliveryState.PARKED, finding)
            work.record(DeliveryParked(**_facts(delivery, finding)))
            return
        due = self._policy.due(work.now, delivery.attempts)
        _set(work, delivery, DeliveryState.BLOCKED, finding, not_before=due)
        work.record(DeliveryBlocked(**_facts(delivery, finding)))


def _note_late(work: Work, delivery: Delivery, outcome: Outcome) -> None:
    """Record an outcome that something overtook: a receiver's status, or a recall.

    What was asked back and then came back without a way needs nobody's consent any more.
    """
    if outcome.kind is OutcomeKind.CONFIRMED:
        work.record(DeliverySent(packet_id=delivery.packet_id, receiver=delivery.receiver))
    elif (
        outcome.kind is OutcomeKind.RETURNED
        and delivery.state is DeliveryState.RECALL_REQUESTED
        and delivery.attempts == 1
    ):
        finding = codes.SENT_UNROUTABLE.at(receiver=delivery.receiver)
        _set(work, delivery, DeliveryState.RECALLED, finding)
        work.record(DeliveryReturned(**_facts(delivery, finding)))


def _facts(delivery: Delivery, finding: Finding) -> dict[str, str]:
    return {
        "packet_id": delivery.packet_id,
        "receiver": delivery.receiver,
        "reason": finding.en,
        "error_code": finding.code,
    }


def _set(
    work: Work,
    delivery: Delivery,
    state: DeliveryState,
    finding: Finding,
    *,
    not_before: dt.datetime | None = None,
) -> None:
    outbox.set_state(
        work.tx,
        delivery.packet_id,
        delivery.receiver,
        state,
        now=work.now,
        reason=finding.en,
        error_code=finding.code,
        not_before=not_before,
    )


def _key(packet: OutboxPacket, delivery: Delivery) -> Key:
    return packet.packet_id, delivery.receiver
