"""The outbox against a dictionary: any sequence of steps leaves both with the same deliveries."""

from __future__ import annotations

import datetime as dt
from contextlib import nullcontext, suppress
from dataclasses import dataclass

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule

from connector.errors import Bug
from connector.model.states import OPEN_DELIVERY_STATES, DeliveryState
from connector.model.transitions import DELIVERY_BEFORE
from connector.store import outbox
from connector.store.outbox import OutboxPacket
from tests.property.machines import LENGTH, StoreMachine

RECEIVERS = ("G09", "G22", "H41")
KEYS = [(f"p{number}", receiver) for number in range(6) for receiver in RECEIVERS]
STATES = st.sampled_from(list(DeliveryState))
DELAYS = st.one_of(st.none(), st.integers(-60, 600))


@dataclass
class Expected:
    """What the model knows of one delivery."""

    order: tuple[int, int, str]
    not_before: dt.datetime
    state: DeliveryState = DeliveryState.QUEUED
    attempts: int = 0
    reason: str | None = None
    sent_at: dt.datetime | None = None
    last_status: str | None = None


class OutboxMachine(StoreMachine):
    """Steps of collector, relay and receipts, with crashes and restarts between them."""

    def __init__(self) -> None:
        super().__init__()
        self.model: dict[tuple[str, str], Expected] = {}
        self.packets: list[str] = []

    @rule(
        number=st.integers(0, 5),
        priority=st.integers(0, 4),
        receivers=st.lists(st.sampled_from(RECEIVERS), min_size=1, max_size=4),
    )
    def enqueue(self, number: int, priority: int, receivers: list[str]) -> None:
        """Queue a packet, perhaps one that is there already."""
        packet_id = f"p{number}"
        packet = OutboxPacket(
            packet_id=packet_id,
            kind="document",
            sender="G22",
            document_id="D",
            content_digest="c",
            digest="d",
            body_size=1,
            priority=priority,
            sealed_at=self.clock.now(),
        )
        with self.store.begin() as tx:
            assert outbox.enqueue(tx, packet, receivers, b"[]") == (packet_id not in self.packets)
        if packet_id not in self.packets:
            self.packets.append(packet_id)
            for receiver in receivers:
                order = (0 if priority else 1, len(self.packets), receiver)
                self.model[packet_id, receiver] = Expected(order, self.clock.now())

    @precondition(lambda self: self.model)
    @rule(data=st.data(), state=STATES, delay=DELAYS, attempt=st.booleans(), reason=st.booleans())
    def move_one(
        self,
        data: st.DataObject,
        state: DeliveryState,
        delay: int | None,
        attempt: bool,
        reason: bool,
    ) -> None:
        """Move one delivery, as a status or an operator does; a move that there is not is a Bug."""
        key = data.draw(st.sampled_from(sorted(self.model)))
        why, status = ("vì", "01") if reason else (None, None)
        not_before = self._moment(delay)
        legal = self.model[key].state in DELIVERY_BEFORE[state]
        refused = nullcontext() if legal else pytest.raises(Bug)
        with refused, self.store.begin() as tx:
            outbox.set_state(
                tx,
                *key,
                state,
                now=self.clock.now(),
                reason=why,
                not_before=not_before,
                count_attempt=attempt,
                status=status,
            )
        if not legal:
            return
        self._moved(key, state, not_before, attempt=attempt)
        self.model[key].reason = why
        self.model[key].last_status = status or self.model[key].last_status

    @rule(
        keys=st.lists(st.sampled_from(KEYS), unique=True),
        state=STATES,
        delay=DELAYS,
        attempt=st.booleans(),
        only_from=st.one_of(st.none(), st.sets(STATES)),
    )
    def move_many(
        self,
        keys: list[tuple[str, str]],
        state: DeliveryState,
        delay: int | None,
        attempt: bool,
        only_from: set[DeliveryState] | None,
    ) -> None:
        """Move a batch, as the relay does; deliveries that are not there stay away."""
        not_before = self._moment(delay)
        with self.store.begin() as tx:
            moved = outbox.set_states(
                tx,
                keys,
                state,
                now=self.clock.now(),
                not_before=not_before,
                count_attempt=attempt,
                only_from=only_from,
            )
        chosen = [
            key
            for key in keys
            if key in self.model
            and self.model[key].state in DELIVERY_BEFORE[state]
            and (only_from is None or self.model[key].state in only_from)
        ]
        assert moved == len(chosen)
        for key in chosen:
            self._moved(key, state, not_before, attempt=attempt)

    @rule(keys=st.lists(st.sampled_from(KEYS)))
    def fail(self, keys: list[tuple[str, str]]) -> None:
        """Begin a batch and fail before its end: nothing of it stays."""
        with suppress(KeyError), self.store.begin() as tx:
            outbox.set_states(tx, keys, DeliveryState.FINISHED, now=self.clock.now())
            raise KeyError

    @invariant()
    def the_same_are_due(self) -> None:
        """Due deliveries, their order and the next moment are those of the model."""
        opened = {k: e for k, e in self.model.items() if e.state in OPEN_DELIVERY_STATES}
        now = self.clock.now()
        due = sorted((k for k, e in opened.items() if e.not_before <= now), key=self._order)
        soonest = min((max(e.not_before, now) for e in opened.values()), default=None)
        with self.store.read() as tx:
            found = [(p.packet_id, d.receiver) for p, d in outbox.due(tx, now=now, limit=1000)]
            assert found == due
            assert outbox.next_due(tx, now) == soonest
            assert (outbox.oldest_open(tx) is None) == (not opened)

    @invariant()
    def the_same_is_on_record(self) -> None:
        """Every delivery has the state, attempts and dates of the model."""
        with self.store.read() as tx:
            pairs = outbox.list_deliveries(tx, limit=1000)
            counts = outbox.counts(tx)
        assert len(pairs) == sum(counts.values()) == len(self.model)
        for _, found in pairs:
            expected = self.model[found.packet_id, found.receiver]
            assert {name: getattr(found, name) for name in vars(expected) if name != "order"} == {
                name: value for name, value in vars(expected).items() if name != "order"
            }

    def _order(self, key: tuple[str, str]) -> tuple[int, int, str]:
        return self.model[key].order

    def _moment(self, delay: int | None) -> dt.datetime | None:
        return None if delay is None else self.clock.now() + dt.timedelta(seconds=delay)

    def _moved(
        self,
        key: tuple[str, str],
        state: DeliveryState,
        not_before: dt.datetime | None,
        *,
        attempt: bool,
    ) -> None:
        expected = self.model[key]
        expected.state, expected.reason = state, None
        expected.attempts += attempt
        expected.not_before = not_before or expected.not_before
        if state is DeliveryState.SENT:
            expected.sent_at = expected.sent_at or self.clock.now()


OutboxMachine.TestCase.settings = LENGTH
TestOutbox = OutboxMachine.TestCase
