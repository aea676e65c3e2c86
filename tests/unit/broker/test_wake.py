"""Whoever waits for outcomes can be woken because there is something new to submit."""

from __future__ import annotations

import threading

import pytest

from connector.broker.publisher import Publisher
from connector.broker.settings import BrokerSettings

_FOR_EVER = 3600.0


@pytest.fixture
def publisher() -> Publisher:
    """A publisher that was never started."""
    return Publisher(BrokerSettings(url="amqp://G22:secret@127.0.0.1:1/"), lambda _: None)


def test_a_wait_is_ended(publisher: Publisher) -> None:
    """It ends without outcomes, long before its time."""
    found: list[object] = []
    waiting = threading.Thread(
        target=lambda: found.append(publisher.outcomes(_FOR_EVER)), daemon=True
    )
    waiting.start()
    publisher.wake()
    waiting.join(30)
    assert found == [[]]


def test_a_call_between_two_waits_is_not_lost(publisher: Publisher) -> None:
    """The next wait ends at once, and only that one."""
    publisher.wake()
    assert publisher.outcomes(_FOR_EVER) == []
    assert publisher.outcomes(0.0) == []
