from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from connector.clock import ManualClock
from connector.events import (
    DeliverySent,
    DocumentSealed,
    Emitter,
    Event,
    NodeStarted,
    RecordRepeated,
    StatusQueued,
)
from connector.flow.ledger import Ledger, Work
from connector.store import journal, sources
from connector.store.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An empty store."""
    opened = Store.open(tmp_path, clock=ManualClock())
    yield opened
    opened.close()


class Noting(Emitter):
    """Notes what it is told instead of logging it."""

    def __init__(self, store: Store) -> None:
        super().__init__(CollectorRegistry())
        self.told: list[tuple[Event, int]] = []
        self._store = store

    def emit(self, event: Event) -> None:
        """Note an event with how many entries are durable then."""
        with self._store.read() as tx:
            self.told.append((event, journal.count(tx)))


def test_events_are_journalled_in_order_and_told_when_durable(store: Store) -> None:
    """A step's entries stand in the journal as they were recorded, before the world hears them."""
    emitter = Noting(store)
    ledger = Ledger(store, emitter, store.clock)
    events = [
        NodeStarted(),
        DeliverySent(packet_id="p1", receiver="G09"),
        RecordRepeated(adapter="a", place="a.csv:2", source_key="k"),
    ]
    with ledger.work() as work:
        for event in events:
            work.record(event)
    with ledger.work():
        pass
    with store.read() as tx:
        entries = journal.entries(tx, limit=9)
        assert journal.verify(tx) == []
    assert [(entry.event, entry.facts, entry.packet_id) for entry in entries] == [
        (event.name(), event.facts(), event.packet_id) for event in events
    ]
    assert emitter.told == [(event, 3) for event in events]


def test_a_step_that_fails_leaves_no_entry(store: Store) -> None:
    """Neither journal nor world hears of what was rolled back."""
    emitter = Noting(store)
    ledger = Ledger(store, emitter, store.clock)

    def fail(work: Work) -> None:
        sources.set_cursor(work.tx, "a", "1")
        work.record(NodeStarted())
        raise KeyError

    with pytest.raises(KeyError), ledger.work() as work:
        fail(work)
    with store.read() as tx:
        assert journal.count(tx) == 0
        assert sources.cursor(tx, "a") is None
    assert emitter.told == []


class Waiting:
    """Counts how often it was woken, and how many entries were durable then."""

    def __init__(self, store: Store) -> None:
        self.seen: list[int] = []
        self._store = store

    def wake(self) -> None:
        """Note it."""
        with self._store.read() as tx:
            self.seen.append(journal.count(tx))


def test_what_became_durable_wakes_who_goes_on_with_it(store: Store) -> None:
    """One call a step, after its commit; none for a step with other events, or that failed."""
    ledger = Ledger(store, Noting(store), store.clock)
    waiting, gone = Waiting(store), Waiting(store)
    ledger.wake_on(gone, DocumentSealed)
    del gone
    ledger.wake_on(waiting, DocumentSealed, StatusQueued)
    sealed = DocumentSealed(packet_id="p1", document_id="d", sender="G22")
    with ledger.work() as work:
        work.record(NodeStarted())

    def fail(work: Work) -> None:
        work.record(sealed)
        raise KeyError

    with pytest.raises(KeyError), ledger.work() as work:
        fail(work)
    assert waiting.seen == []
    with ledger.work() as work:
        work.record(sealed)
        work.record(sealed)
    assert waiting.seen == [3]


def test_what_was_deferred_is_done_together_before_the_journal(store: Store) -> None:
    """Each function is called once with all its items; what it records is journalled with it."""
    ledger = Ledger(store, Noting(store), store.clock)
    done: list[tuple[str, list[str]]] = []

    def one(work: Work, items: list[str]) -> None:
        done.append(("one", items))
        work.record(NodeStarted())

    def other(work: Work, items: list[str]) -> None:
        sources.set_cursor(work.tx, "a", items[-1])
        done.append(("other", items))

    with ledger.work() as work:
        work.defer(one, "1")
        work.defer(other, "2")
        work.defer(one, "3")
        assert done == []
    assert done == [("one", ["1", "3"]), ("other", ["2"])]
    with store.read() as tx:
        assert journal.count(tx) == 1
        assert sources.cursor(tx, "a") == "2"


def test_what_was_deferred_fails_with_its_transaction(store: Store) -> None:
    """Nothing remains of a step whose deferred part fails, and nothing is deferred any more."""
    emitter = Noting(store)
    ledger = Ledger(store, emitter, store.clock)

    def fail(_work: Work, _items: list[str]) -> None:
        raise KeyError

    def step(work: Work) -> None:
        sources.set_cursor(work.tx, "a", "1")
        work.record(NodeStarted())
        work.defer(fail, "x")

    with pytest.raises(KeyError), ledger.work() as work:
        step(work)
    with ledger.work():
        pass
    with store.read() as tx:
        assert journal.count(tx) == 0
        assert sources.cursor(tx, "a") is None
    assert emitter.told == []
