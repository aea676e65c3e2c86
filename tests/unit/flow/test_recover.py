"""What was with the broker when the process ended: queued again, however much that is."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from connector.clock import ManualClock
from connector.events import Emitter
from connector.flow import relay as module
from connector.flow.ledger import Ledger
from connector.flow.relay import Relay
from connector.flow.retry import RetryPolicy
from connector.model.states import DeliveryState
from connector.store import outbox
from connector.store.outbox import OutboxPacket
from connector.store.spool import Spool
from connector.store.store import Store

NOW = dt.datetime(2026, 1, 5, tzinfo=dt.UTC)


def in_flight(store: Store, spool: Spool, count: int) -> None:
    """Write unconfirmed deliveries, every third of another agency, all of one file."""
    body = spool.put(b"<edXML/>")
    recipe = b'[{"bytes":{"sha256":"%s","size":%d}}]' % (body.sha256.encode(), body.size)
    for number in range(count):
        packet = OutboxPacket(
            packet_id=f"p{number:02}",
            kind="document",
            sender="H41" if number % 3 == 0 else "G22",
            document_id=f"D{number}",
            business_type=0,
            content_digest=f"c{number}",
            digest=f"d{number}",
            body_size=body.size,
            sealed_at=NOW,
        )
        with store.begin() as tx:
            assert outbox.enqueue(tx, packet, ["G09"], recipe=recipe)
            key = (packet.packet_id, "G09")
            outbox.set_states(tx, [key], DeliveryState.UNCONFIRMED, now=NOW)


def test_everything_of_ours_is_queued_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In batches, so that memory does not grow with what is in flight; others' stays as it is."""
    monkeypatch.setattr(module, "_RECOVERED_AT_ONCE", 4)
    clock = ManualClock()
    store, spool = Store.open(tmp_path / "state", clock=clock), Spool(tmp_path / "spool")
    in_flight(store, spool, 25)
    nobody: Any = None
    relay = Relay(
        Ledger(store, Emitter(), clock),
        spool,
        nobody,
        RetryPolicy(),
        agency="G22",
        sends_for=lambda sender: sender == "G22",
        environment="test",
    )
    relay.recover()
    with store.read() as tx:
        rows = outbox.list_deliveries(tx, limit=100)
    found = {(packet.sender, delivery.state) for packet, delivery in rows}
    assert found == {("G22", DeliveryState.QUEUED), ("H41", DeliveryState.UNCONFIRMED)}
    assert len(rows) == 25
    store.close()
