from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Connection

from connector.clock import ManualClock
from connector.errors import StorageError
from connector.model.states import InboxState
from connector.store import codes, conditions, inbox, outbox, sources
from connector.store.inbox import NewMessage
from connector.store.outbox import OutboxPacket
from connector.store.store import Store

READERS: dict[str, Callable[[Connection], Any]] = {
    "message": lambda tx: [inbox.by_packet(tx, "p"), *inbox.find(tx, text="m")],
    "messages": lambda tx: inbox.list_messages(tx, limit=10),
    "states": inbox.counts,
    "oldest message": inbox.oldest_open,
    "packets": lambda tx: outbox.find(tx, text="p1"),
    "packet": lambda tx: outbox.packet(tx, "p1"),
    "delivery": lambda tx: outbox.delivery(tx, "p1", "G09"),
    "deliveries": lambda tx: outbox.list_deliveries(tx, limit=10),
    "delivery states": outbox.counts,
    "next due": lambda tx: outbox.next_due(tx, ManualClock().now()),
    "oldest delivery": outbox.oldest_open,
    "conditions": conditions.conditions,
    "refusals": lambda tx: sources.refusals(tx, limit=10),
}
DAMAGE = [
    ("inbox_message.state", "bogus", ("message", "messages", "states")),
    ("inbox_message.received_at", "bogus", ("message", "messages", "oldest message")),
    ("inbox_message.received_at", "2026-01-05 01:00:00", ("oldest message", "messages")),
    ("inbox_message.updated_at", 7, ("message", "messages")),
    ("inbox_message.findings", "{", ("message", "messages")),
    ("inbox_message.findings", "[" * 100_000, ("message", "messages")),
    ("inbox_message.headers", b"\xff\x00", ("message", "messages")),
    ("inbox_message.served", "7", ("message", "messages")),
    ("delivery.state", "", ("delivery", "deliveries", "delivery states")),
    ("delivery.not_before", "soon", ("delivery", "deliveries", "next due")),
    ("outbox_packet.sealed_at", b"\x01", ("packet", "packets", "oldest delivery")),
    ("adapter_condition.since", "ever", ("conditions",)),
    ("source_refused.findings", "no", ("refusals",)),
]


@pytest.fixture
def filled(
    store: Store,
    clock: ManualClock,
    packet: Callable[..., OutboxPacket],
    new_message: Callable[..., NewMessage],
) -> Store:
    """A store with one row in each table that is read here."""
    with store.begin() as tx:
        outbox.enqueue(tx, packet("p1"), ["G09"], b"[]")
        message = new_message("m")
        inbox.receive(tx, message)
        inbox.update(
            tx, message.message_key, state=InboxState.VERIFIED, now=clock.now(), packet_id="p"
        )
        kind = conditions.ConditionKind.PAUSED
        conditions.put(tx, conditions.Condition(adapter="a", kind=kind, since=clock.now()))
        refusal: dict[str, Any] = {"row_digest": "d", "place": "x:1", "findings": ()}
        sources.record_refused(tx, adapter="a", source_key="k", now=clock.now(), **refusal)
    return store


@pytest.mark.parametrize("reader", READERS)
def test_what_the_program_wrote_is_read(filled: Store, reader: str) -> None:
    """Without damage everything here is there."""
    with filled.read() as tx:
        assert READERS[reader](tx)


@pytest.mark.parametrize(
    ("column", "value", "reader"),
    [(column, value, reader) for column, value, readers in DAMAGE for reader in readers],
)
def test_a_value_that_cannot_be_ours_is_a_damaged_store(
    filled: Store, column: str, value: object, reader: str
) -> None:
    """It is told as damage with its column, not as a defect of the program."""
    table, name = column.split(".")
    with filled.begin() as tx:
        tx.exec_driver_sql(f"UPDATE {table} SET {name} = ?", (value,))  # noqa: S608
    with pytest.raises(StorageError) as caught, filled.read() as tx:
        READERS[reader](tx)
    assert caught.value.code == codes.ROW_DAMAGED.code
    (finding,) = caught.value.findings
    assert finding.place == column
    assert len(finding.en) < 200
    assert "backup" in finding.hint_en


def test_the_first_damaged_column_of_a_row_is_told(filled: Store) -> None:
    """Columns that can be read are not blamed."""
    with filled.begin() as tx:
        tx.exec_driver_sql("UPDATE delivery SET state = 'bogus', sent_at = NULL")
    with pytest.raises(StorageError) as caught, filled.read() as tx:
        outbox.deliveries(tx, "p1")
    assert "'bogus'" in caught.value.findings[0].vi


def test_a_damaged_row_does_not_stop_the_writers(filled: Store) -> None:
    """The disk did not fail: what else is to be written can be."""
    with filled.begin() as tx:
        tx.exec_driver_sql("UPDATE delivery SET state = 'bogus'")
    with pytest.raises(StorageError), filled.begin() as tx:
        outbox.deliveries(tx, "p1")
    with filled.begin() as tx:
        sources.set_cursor(tx, "a", "1")
