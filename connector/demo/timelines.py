"""The timeline of every document that was sent, as its sender's journal has it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from connector.clock import VIETNAM, SystemClock
from connector.demo.nodes import DemoNode
from connector.flow.report import timeline
from connector.store import outbox
from connector.store.store import Store

__all__ = ["timelines"]


def timelines(nodes: Sequence[DemoNode]) -> Iterator[str]:
    """Yield the lines of all timelines, one document after the other."""
    for node in nodes:
        store = Store.open(node.directory / "state", clock=SystemClock(), read_only=True)
        try:
            yield from _of_store(store)
        finally:
            store.close()


def _of_store(store: Store) -> Iterator[str]:
    with store.read() as tx:
        rows = outbox.list_deliveries(tx, kind="document", limit=10_000)
    packets = dict.fromkeys(packet.packet_id for packet, _ in reversed(rows))
    for packet_id in packets:
        (found,) = timeline(store, packet_id)
        yield f"{found.code}  {found.subject}"
        for event in found.events:
            moment = event.at.astimezone(VIETNAM).strftime("%H:%M:%S.%f")[:-3]
            yield f"    {moment}  {event.event:<18} {event.receiver:<7} {event.detail}".rstrip()
