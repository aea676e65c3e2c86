"""OUT, second half: what is due in the outbox goes to the broker; each outcome has its state.

A delivery is ``sent`` only on a publisher confirm; a return, a nack, a refusal and silence each
have their own next step, always with the same id (guarantee G2).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Sequence

from connector.broker.message import Outcome, OutcomeKind, Outgoing
from connector.broker.publisher import Publisher
from connector.broker.topology import exchange_for
from connector.errors import Finding, StorageError, UnavailableError
from connector.events import DeliveryBlocked, DeliveryParked, DeliveryReturned, DeliverySent
from connector.flow import codes
from connector.flow.containment import concerns_one_body
from connector.flow.ledger import Ledger, Work
from connector.flow.retry import RetryPolicy
from connector.model.states import OPEN_DELIVERY_STATES, DeliveryState
from connector.store import outbox
from connector.store.outbox import Delivery, OutboxPacket
from connector.store.spool import Spool
from connector.store.store import Transaction

__all__ = ["Relay"]

_BATCH = 256
_DEEPEST = 65_536
_SILENCE = dt.timedelta(minutes=2)

Key = tuple[str, str]


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
    ) -> None:
        self._ledger = ledger
        self._spool = spool
        self._publisher = publisher
        self._policy = policy
        self._agency = agency
        self._sends_for = sends_for
        self._environment = environment
        self._in_flight: set[Key] = set()

    @property
    def idle(self) -> bool:
        """Tell whether nothing is outstanding at the broker."""
        return not self._in_flight

    def recover(self) -> None:
        """Queue again what was unconfirmed when the process ended: unknown, same id."""
        with self._ledger.work() as work:
            rows = outbox.list_deliveries(
                work.tx, states=[DeliveryState.UNCONFIRMED], limit=1_000_000, offset=0
            )
            keys = [_key(*row) for row in rows if self._sends_for(row[0].sender)]
            outbox.set_states(
                work.tx, keys, DeliveryState.QUEUED, now=work.now, not_before=work.now
            )

    def pump(self, timeout: float = 0.0) -> int:
        """Settle outcomes and publish what is due; return how much moved."""
        moved = self._settle(self._publisher.outcomes(timeout))
        if self._publisher.connected:
            moved += self._publish()
        return moved

    def _publish(self) -> int:
        rows = self._claim()
        for index, (packet, delivery) in enumerate(rows):
            message = self._message(packet, delivery)
            if message is None:
                continue
            try:
                self._publisher.submit(message)
            except UnavailableError:
                self._release([_key(*row) for row in rows[index:]])
                return index
        return len(rows)

    def _claim(self) -> Sequence[tuple[OutboxPacket, Delivery]]:
        """Mark what is due as unconfirmed, durably, before any of it is published.

        It is looked for again inside the writing transaction: a recall by another process may
        have ended a delivery in between.
        """
        with self._ledger.store.read() as tx:
            if not self._due(tx, self._ledger.clock.now()):
                return ()
        with self._ledger.work() as work:
            rows = self._due(work.tx, work.now)
            keys = [_key(*row) for row in rows]
            outbox.set_states(
                work.tx,
                keys,
                DeliveryState.UNCONFIRMED,
                now=work.now,
                not_before=work.now + _SILENCE,
                count_attempt=True,
            )
        self._in_flight.update(keys)
        return rows

    def _due(self, tx: Transaction, now: dt.datetime) -> Sequence[tuple[OutboxPacket, Delivery]]:
        """Return what this agency may publish now, however much of others stands before it."""
        depth = _BATCH + len(self._in_flight)
        while True:
            found = outbox.due(tx, now=now, limit=depth)
            rows = [
                row
                for row in found
                if _key(*row) not in self._in_flight and self._sends_for(row[0].sender)
            ]
            if rows or len(found) < depth or depth >= _DEEPEST:
                return rows[:_BATCH]
            depth *= 4

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

    def _message(self, packet: OutboxPacket, delivery: Delivery) -> Outgoing | None:
        """Return the message of a delivery; None, and the delivery parked, if its body is gone."""
        try:
            with self._spool.verify(packet.body_sha256).open() as stream:
                body = stream.read()
        except StorageError as error:
            if not concerns_one_body(error):
                raise
            self._give_up(delivery, error.findings[0])
            return None
        return Outgoing(
            key=_key(packet, delivery),
            exchange=exchange_for(packet.priority),
            routing_key=delivery.receiver,
            body=body,
            message_id=packet.packet_id,
            type=packet.kind,
            correlation_id=packet.correlation_id,
            user_id=self._agency,
            headers={
                "edoc-sender": packet.sender,
                "edoc-receiver": delivery.receiver,
                "edoc-sha256": packet.digest,
                "edoc-environment": self._environment,
            },
        )

    def _give_up(self, delivery: Delivery, finding: Finding) -> None:
        with self._ledger.work() as work:
            _set(work, delivery, DeliveryState.PARKED, finding)
            work.record(DeliveryParked(**_facts(delivery, finding)))
        self._in_flight.discard((delivery.packet_id, delivery.receiver))

    def _settle(self, outcomes: Iterable[Outcome]) -> int:
        outcomes = list(outcomes)
        if not outcomes:
            return 0
        with self._ledger.work() as work:
            for outcome in outcomes:
                self._settle_one(work, outcome)
        self._in_flight.difference_update(outcome.key for outcome in outcomes)
        return len(outcomes)

    def _settle_one(self, work: Work, outcome: Outcome) -> None:
        packet_id, receiver = outcome.key
        delivery = outbox.delivery(work.tx, packet_id, receiver)
        if delivery is None:
            return
        if delivery.state not in OPEN_DELIVERY_STATES:
            _note_late(work, delivery, outcome)
            return
        if outcome.kind is OutcomeKind.CONFIRMED:
            outbox.set_state(work.tx, packet_id, receiver, DeliveryState.SENT, now=work.now)
            work.record(DeliverySent(packet_id=packet_id, receiver=receiver))
        elif outcome.kind is OutcomeKind.RETURNED:
            finding = codes.SENT_UNROUTABLE.at(receiver=receiver)
            _set(work, delivery, DeliveryState.RETURNED, finding)
            work.record(
                DeliveryReturned(
                    packet_id=packet_id,
                    receiver=receiver,
                    reason=finding.en,
                    error_code=finding.code,
                )
            )
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
