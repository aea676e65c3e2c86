"""The inbox and its receipts against a dictionary: any sequence of steps leaves both the same."""

from __future__ import annotations

import datetime as dt
from contextlib import nullcontext, suppress
from dataclasses import dataclass

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule

from connector.errors import Bug
from connector.model.states import InboxState
from connector.model.transitions import INBOX_BEFORE
from connector.store import inbox
from connector.store.due_again import CLOCK_STEP, due_again
from connector.store.inbox import NewMessage
from tests.property.machines import LENGTH, StoreMachine

STATES = st.sampled_from(list(InboxState))
DELAYS = st.one_of(st.none(), st.integers(-60, 600))
OPEN = frozenset({InboxState.RECEIVED, InboxState.VERIFIED, InboxState.HELD})
SENDERS = ("G22", "H41")
ANSWERED = ("p0", "p1")
"""Packets to which answers are noted; what was answered need not be on record."""


@dataclass
class Expected:
    """What the model knows of one message."""

    order: tuple[int, int]
    not_before: dt.datetime
    updated_at: dt.datetime
    state: InboxState = InboxState.RECEIVED
    attempts: int = 0
    copies: int = 1
    sender: str | None = None
    kind: str | None = None


class InboxMachine(StoreMachine):
    """Steps of receiver, admission, delivery and operator, with crashes and restarts between."""

    def __init__(self) -> None:
        super().__init__()
        self.model: dict[str, Expected] = {}
        self.answers: dict[tuple[str, str, str], str] = {}

    @rule(
        chosen=st.lists(
            st.tuples(st.integers(0, 3), st.booleans(), st.sampled_from("01")),
            min_size=1,
            max_size=3,
        )
    )
    def receive(self, chosen: list[tuple[int, bool, str]]) -> None:
        """Keep some messages together; a copy is counted, another body is another message."""
        messages = [self._message(*each) for each in chosen]
        fresh = []
        for message in messages:
            known = self.model.get(message.message_key)
            fresh.append(known is None)
            if known is not None:
                known.copies += 1
                continue
            lane = 0 if message.queue.endswith("urgent") else 1
            now = self.clock.now()
            self.model[message.message_key] = Expected((lane, len(self.model)), now, now)
        with self.store.begin() as tx:
            assert inbox.receive_many(tx, messages) == fresh

    @precondition(lambda self: self.model)
    @rule(
        data=st.data(),
        state=STATES,
        delay=DELAYS,
        attempt=st.booleans(),
        sender=st.sampled_from([None, *SENDERS]),
    )
    def move(
        self,
        data: st.DataObject,
        state: InboxState,
        delay: int | None,
        attempt: bool,
        sender: str | None,
    ) -> None:
        """Move some messages together: all of them, or none if there is no such move for one."""
        one = st.sampled_from(sorted(self.model))
        keys = data.draw(st.lists(one, min_size=1, max_size=3, unique=True))
        columns: dict[str, object] = {}
        if delay is not None:
            columns["not_before"] = self.clock.now() + dt.timedelta(seconds=delay)
        if sender is not None:
            columns |= {"sender": sender, "kind": "document"}
        changes = []
        for key in keys:
            attempts = self.model[key].attempts + attempt
            changes.append((key, state, {**columns, "attempts": attempts}))
        legal = all(self.model[key].state in INBOX_BEFORE[state] for key in keys)
        refused = nullcontext() if legal else pytest.raises(Bug)
        with refused, self.store.begin() as tx:
            inbox.update_many(tx, changes, now=self.clock.now())
        if not legal:
            return
        for key, _, values in changes:
            found = self.model[key]
            found.state, found.updated_at = state, self.clock.now()
            for name, value in values.items():
                setattr(found, name, value)

    @rule(
        packet=st.sampled_from(ANSWERED),
        code=st.sampled_from(SENDERS),
        status=st.sampled_from(["01", "02", "03"]),
        number=st.integers(0, 9),
    )
    def answer(self, packet: str, code: str, status: str, number: int) -> None:
        """Note an answer of ours; the first one of a kind stays, whatever comes later."""
        key = packet, code, status
        with self.store.begin() as tx:
            new = inbox.add_receipt(
                tx,
                answers_packet_id=packet,
                addressed_code=code,
                status_code=status,
                receipt_packet_id=f"r{number}",
                now=self.clock.now(),
            )
        assert new == (key not in self.answers)
        self.answers.setdefault(key, f"r{number}")

    @rule(packet=st.sampled_from(ANSWERED), sender=st.sampled_from(SENDERS))
    def fail(self, packet: str, sender: str) -> None:
        """Begin a step and fail before its end: neither message nor answer stays."""
        now = self.clock.now()
        with suppress(KeyError), self.store.begin() as tx:
            inbox.receive(tx, self._message(9, urgent=False, body="2"))
            inbox.wake_held(tx, sender, now=now)
            receipt = {"answers_packet_id": packet, "addressed_code": "G09", "status_code": "06"}
            inbox.add_receipt(tx, **receipt, receipt_packet_id="r", now=now)
            raise KeyError

    @rule(sender=st.sampled_from(SENDERS))
    def wake(self, sender: str) -> None:
        """What is held of a sender is due now."""
        held = [
            each
            for each in self.model.values()
            if (each.state, each.kind, each.sender) == (InboxState.HELD, "document", sender)
        ]
        with self.store.begin() as tx:
            assert inbox.wake_held(tx, sender, now=self.clock.now()) == len(held)
        self._due_now(held)

    @rule(seconds=st.integers(1, 900))
    def set_back(self, seconds: int) -> None:
        """The clock goes back; what was written at a later time is due now."""
        self.clock.sleep(-seconds)
        later = self.clock.now() + CLOCK_STEP
        ahead = [e for e in self.model.values() if e.state in OPEN and e.updated_at > later]
        with self.store.begin() as tx:
            assert due_again(tx, now=self.clock.now()) == len(ahead)
        self._due_now(ahead)

    @invariant()
    def the_same_are_due(self) -> None:
        """Due messages and their order are those of the model."""
        now = self.clock.now()
        opened = {key: each for key, each in self.model.items() if each.state in OPEN}
        due = [key for key, each in opened.items() if each.not_before <= now]
        with self.store.read() as tx:
            found = [each.message_key for each in inbox.to_process(tx, now=now, limit=100)]
        assert found == sorted(due, key=lambda key: self.model[key].order)

    @invariant()
    def the_same_is_on_record(self) -> None:
        """Every message has the state, attempts, copies and dates of the model."""
        with self.store.read() as tx:
            rows = {row.message_key: row for row in inbox.list_messages(tx, limit=100)}
        assert rows.keys() == self.model.keys()
        for key, expected in self.model.items():
            known = {name: value for name, value in vars(expected).items() if name != "order"}
            assert {name: getattr(rows[key], name) for name in known} == known

    @invariant()
    def the_same_was_answered(self) -> None:
        """Each answer is there once, as it was given first."""
        with self.store.read() as tx:
            found = [each for packet in ANSWERED for each in inbox.receipts(tx, packet)]
        assert len(found) == len(self.answers)
        assert self.answers == {
            (each.answers_packet_id, each.addressed_code, each.status_code): each.receipt_packet_id
            for each in found
        }

    def _message(self, number: int, urgent: bool, body: str) -> NewMessage:
        return NewMessage(
            user_id="G22",
            message_id=f"m{number}",
            type="document",
            queue="edoc.G09.inbox.urgent" if urgent else "edoc.G09.inbox",
            body_sha256=body * 64,
            body_size=1,
            headers={},
            received_at=self.clock.now(),
        )

    def _due_now(self, messages: list[Expected]) -> None:
        for each in messages:
            each.not_before = each.updated_at = self.clock.now()


InboxMachine.TestCase.settings = LENGTH
TestInbox = InboxMachine.TestCase
