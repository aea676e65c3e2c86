"""A store of the bench is as large as it claims, and holds documents, not only rows."""

from __future__ import annotations

from pathlib import Path

from connector.clock import SystemClock
from connector.store import journal, sources
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
