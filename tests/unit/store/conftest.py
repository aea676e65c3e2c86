"""A store on disk, a clock that stands still, and makers of rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from connector.clock import ManualClock
from connector.store.inbox import NewMessage
from connector.store.outbox import OutboxPacket
from connector.store.store import Store


@pytest.fixture
def clock() -> ManualClock:
    """A clock that only the test moves."""
    return ManualClock()


@pytest.fixture
def store(tmp_path: Path, clock: ManualClock) -> Iterator[Store]:
    """An empty store."""
    opened = Store.open(tmp_path / "state", clock=clock)
    yield opened
    opened.close()


@pytest.fixture
def packet(clock: ManualClock) -> Callable[..., OutboxPacket]:
    """Make an outbox packet from its id and whatever else matters."""

    def make(packet_id: str, **columns: Any) -> OutboxPacket:
        plain: dict[str, Any] = {
            "kind": "document",
            "sender": "G22",
            "document_id": f"G22,2026/01/05,{packet_id}/CV",
            "business_type": 0,
            "content_digest": f"content-{packet_id}",
            "digest": f"digest-{packet_id}",
            "body_size": 1000,
            "subject": "Về việc kiểm tra",
            "code": f"{packet_id}/CV-VPCP",
            "sealed_at": clock.now(),
        }
        return OutboxPacket(packet_id=packet_id, **{**plain, **columns})

    return make


@pytest.fixture
def new_message(clock: ManualClock) -> Callable[..., NewMessage]:
    """Make a message from its id and whatever else matters."""

    def make(message_id: str | None, **columns: Any) -> NewMessage:
        plain: dict[str, Any] = {
            "user_id": "G22",
            "type": "document",
            "queue": "edoc.G09.inbox",
            "body_sha256": "0" * 64,
            "body_size": 1000,
            "headers": {"edoc-sender": "G22"},
            "received_at": clock.now(),
        }
        return NewMessage(message_id=message_id, **{**plain, **columns})

    return make
