"""What messages of one transaction have in common is done once, and all of it or nothing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from connector.clock import ManualClock
from connector.errors import Bug
from connector.events import Emitter
from connector.flow.ledger import Ledger, Work
from connector.flow.together import move, wake_held
from connector.model.states import InboxState
from connector.store import inbox
from connector.store.inbox import NewMessage
from connector.store.store import Store

_LATER = dt.timedelta(hours=1)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """A ledger over an empty store."""
    clock = ManualClock()
    store = Store.open(tmp_path, clock=clock)
    yield Ledger(store, Emitter(CollectorRegistry()), clock)
    store.close()


def _received(ledger: Ledger, count: int) -> list[str]:
    """Put messages into the inbox and return their keys."""
    new = [
        NewMessage(
            user_id="G22",
            message_id=f"m{number}",
            type="document",
            queue="edoc.G09.inbox",
            body_sha256="ab" * 32,
            body_size=10,
            headers={},
            received_at=ledger.clock.now(),
            receiver="G09",
        )
        for number in range(count)
    ]
    with ledger.work() as work:
        inbox.receive_many(work.tx, new)
    return [each.message_key for each in new]


def _moved_one_by_one(work: Work, keys: list[str]) -> None:
    move(work, keys[0], InboxState.VERIFIED, packet_id="p0", served=("G09",))
    move(work, keys[1], InboxState.VERIFIED, packet_id="p1", served=())
    move(work, keys[2], InboxState.QUARANTINED, findings=[{"code": "EDX-3101"}])


def test_messages_are_moved_when_the_transaction_ends(ledger: Ledger) -> None:
    """Until then they are as they were; then each has its own state and columns."""
    keys = _received(ledger, 3)
    with ledger.work() as work:
        _moved_one_by_one(work, keys)
        assert set(inbox.states(work.tx, keys).values()) == {InboxState.RECEIVED}
    with ledger.store.read() as tx:
        rows = inbox.messages(tx, keys)
    assert [rows[key].state for key in keys] == [
        InboxState.VERIFIED,
        InboxState.VERIFIED,
        InboxState.QUARANTINED,
    ]
    assert [rows[key].packet_id for key in keys] == ["p0", "p1", None]
    assert rows[keys[0]].served == ("G09",)


def test_a_move_that_may_not_be_undoes_all_of_them(ledger: Ledger) -> None:
    """An illegal move is a bug, and none of the transaction's moves remains."""
    keys = _received(ledger, 3)
    with pytest.raises(Bug), ledger.work() as work:
        _moved_one_by_one(work, [*keys[:2], "x" * 64])
    with ledger.store.read() as tx:
        assert set(inbox.states(tx, keys).values()) == {InboxState.RECEIVED}


def test_the_held_documents_of_each_sender_are_woken(ledger: Ledger) -> None:
    """Whoever is named, however often, has his held documents looked at again now."""
    keys = _received(ledger, 2)
    until = ledger.clock.now() + _LATER
    with ledger.work() as work:
        for key, sender in zip(keys, ("G22", "H41"), strict=True):
            known = {"kind": "document", "sender": sender, "not_before": until}
            inbox.update(work.tx, key, state=InboxState.HELD, now=work.now, **known)
    with ledger.work() as work:
        wake_held(work, "G22")
        wake_held(work, "G22")
    with ledger.store.read() as tx:
        rows = inbox.messages(tx, keys)
    assert rows[keys[0]].not_before == ledger.clock.now()
    assert rows[keys[1]].not_before == until
