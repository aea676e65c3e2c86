"""A store of the bench is as large as it claims, and holds documents, not only rows."""

from __future__ import annotations

from pathlib import Path

from connector.clock import SystemClock
from connector.model.states import DeliveryState
from connector.store import journal, outbox, sources
from connector.store.outbox import OutboxPacket
from connector.store.store import Store
from tests.perf.growth import multiply


def test_every_document_is_multiplied_with_an_identity_of_its_own(tmp_path: Path) -> None:
    """Three records become twelve, each under its own key and packet; the journal grows alike."""
    clock = SystemClock()
    store = Store.open(tmp_path, clock=clock)
    with store.begin() as tx:
        for number in range(3):
            sources.record_taken(
                tx,
                adapter="bench",
                source_key=f"k{number}",
                content_digest=f"{number:064x}",
                packet_id=f"aaaa000{number}-0000-5000-8000-00000000000{number}",
                place=f"export/1.csv:{number}",
                now=clock.now(),
            )
            journal.append(tx, "document_sealed", {"number": number}, now=clock.now())
    store.close()

    multiply(tmp_path / "store.db", 3, same_bodies=False)

    store = Store.open(tmp_path, clock=clock)
    try:
        with store.read() as tx:
            assert journal.count(tx) == 12
            keys = [f"k{number}{copy}" for number in range(3) for copy in ("", ".1", ".2", ".3")]
            taken = [sources.taken(tx, "bench", key) for key in keys]
            assert all(row is not None for row in taken)
            assert len({row.packet_id for row in taken if row is not None}) == 12
    finally:
        store.close()


def test_a_multiplied_backlog_can_be_sent(tmp_path: Path) -> None:
    """Each copy waits for its receiver and is made of what its original is made of."""
    clock = SystemClock()
    store = Store.open(tmp_path, clock=clock)
    ids = [f"aaaa000{number}-0000-5000-8000-00000000000{number}" for number in range(3)]
    with store.begin() as tx:
        for number, packet_id in enumerate(ids):
            packet = OutboxPacket(
                packet_id=packet_id,
                kind="document",
                sender="G22",
                document_id=f"G22,2026/01/05,{number}/CV",
                content_digest="c" * 64,
                digest="d" * 64,
                body_size=1000,
                sealed_at=clock.now(),
            )
            outbox.enqueue(tx, packet, ["G09"], f"recipe {number}".encode())
    store.close()

    multiply(tmp_path / "store.db", 2, same_bodies=True)

    store = Store.open(tmp_path, clock=clock)
    try:
        with store.read() as tx:
            due = outbox.due(tx, now=clock.now(), limit=100)
            assert len({packet.packet_id for packet, _ in due}) == 9
            assert {delivery.state for _, delivery in due} == {DeliveryState.QUEUED}
            for packet, _ in due:
                original = packet.packet_id[-1]
                assert outbox.recipe(tx, packet.packet_id) == f"recipe {original}".encode()
    finally:
        store.close()
