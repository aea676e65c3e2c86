"""What runs once a document costs the same in a large store: it walks along an index, no more."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from connector.clock import ManualClock
from connector.model.states import DeliveryState, InboxState
from connector.store import inbox, journal, outbox, parts, sources
from connector.store.store import Store, Transaction

Steps = list[str]
KEY = "k" * 64
HOT: dict[str, Callable[[Transaction, Any], object]] = {
    "due": lambda tx, now: outbox.due(tx, now=now, limit=10),
    "next due": outbox.next_due,
    "set state": lambda tx, now: outbox.set_states(
        tx, [("p", "r"), ("q", "r")], DeliveryState.SENT, now=now
    ),
    "packet": lambda tx, _: outbox.packet(tx, "p"),
    "recipe": lambda tx, _: outbox.recipe(tx, "p"),
    "delivery": lambda tx, _: outbox.delivery(tx, "p", "r"),
    "deliveries": lambda tx, _: outbox.deliveries(tx, "p"),
    "our document": lambda tx, _: outbox.by_document(tx, "G22", "D"),
    "by digest": lambda tx, _: outbox.by_digest(tx, "d"),
    "to process": lambda tx, now: inbox.to_process(tx, now=now, limit=10),
    "held and verified": lambda tx, now: inbox.to_process(
        tx, now=now, limit=10, states={InboxState.HELD}, held_verified=True
    ),
    "message": lambda tx, _: inbox.message(tx, KEY),
    "states": lambda tx, _: inbox.states(tx, [KEY, "x" * 64]),
    "accepted": lambda tx, _: inbox.has_accepted(tx, "d"),
    "by packet": lambda tx, _: inbox.by_packet(tx, "p"),
    "their document": lambda tx, _: inbox.by_document(tx, "G22", "D"),
    "receipts": lambda tx, _: inbox.receipts(tx, "p"),
    "wake": lambda tx, now: inbox.wake_held(tx, "G22", now=now),
    "taken": lambda tx, _: sources.taken(tx, "a", "k"),
    "cursor": lambda tx, _: sources.cursor(tx, "a"),
    "head": lambda tx, _: journal.head(tx),
    "pieces": lambda tx, _: parts.pieces(tx, "a"),
    "unused": lambda tx, _: parts.unused(tx, [KEY]),
    "unanswered": outbox.unanswered_count,
    "failing": lambda tx, _: inbox.failing_count(tx),
}
ORDERED = {"receipts"}  # some four rows, in the order in which they were given


@pytest.fixture
def filled(store: Store, packet: Any, new_message: Any, clock: ManualClock) -> Store:
    """A store in which every statement finds something to do."""
    with store.begin() as tx:
        outbox.enqueue(tx, packet("p", digest="d", document_id="D"), ["r"], b"")
        inbox.receive(tx, new_message("m"))
        sources.set_cursor(tx, "a", "1")
        journal.append(tx, "e", {}, now=clock.now())
    return store


def plans(tx: Transaction, run: Callable[[], object]) -> Iterator[Steps]:
    """Yield how SQLite carries out each statement of a call."""
    statements: list[str] = []
    driver: Any = tx.connection.dbapi_connection
    driver.set_trace_callback(statements.append)
    try:
        run()
    finally:
        driver.set_trace_callback(None)
    assert statements
    for statement in statements:
        explained = driver.execute(f"EXPLAIN QUERY PLAN {statement}")
        yield [row[3] for row in explained]


@pytest.mark.parametrize("name", HOT)
def test_no_hot_query_reads_or_sorts_a_table(filled: Store, clock: ManualClock, name: str) -> None:
    """Each step is a search by an index, or a walk along one that holds only what is open."""
    with filled.begin() as tx:
        steps = [step for plan in plans(tx, lambda: HOT[name](tx, clock.now())) for step in plan]
    assert steps
    for step in steps:
        assert name in ORDERED or "TEMP B-TREE" not in step, steps
        assert not step.startswith("SCAN ") or _of_what_is_open(step), steps


def _of_what_is_open(step: str) -> bool:
    return any(
        index in step
        for index in ("ix_delivery_due", "ix_inbox_message_lane", "sqlite_autoindex_source_cursor")
    ) or step in {"SCAN journal", "SCAN outbox_packet"}


def test_the_newest_row_is_found_from_the_end(filled: Store) -> None:
    """Walking backwards and stopping at the first row is no reading of the journal."""
    with filled.begin() as tx:
        for number in range(50):
            journal.append(tx, "e", {"n": number}, now=filled.clock.now())
        driver: Any = tx.connection.dbapi_connection
        steps = 0

        def count() -> int:
            nonlocal steps
            steps += 1
            return 0

        driver.set_progress_handler(count, 1)
        journal.head(tx)
        driver.set_progress_handler(None, 1)
    assert steps < 50
