"""Back-pressure by bytes: who is held, for how long, and what lets him go."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

from connector.broker.brake import Brake


def test_nobody_is_held_below_the_limit() -> None:
    """While no more bytes wait than may, nothing blocks, and nothing is noted."""
    brake, changed = Brake(100, 4000), threading.Condition()
    brake.add(100)
    with changed:
        brake.hold(changed)
    assert brake.waiting == 100


def test_handing_out_lets_go() -> None:
    """Who is held goes on as soon as enough was handed out, long before the wait is over."""
    brake, changed = Brake(100, 4000), threading.Condition()
    brake.add(150)
    held = threading.Event()

    def receive() -> None:
        with changed:
            held.set()
            brake.hold(changed)

    thread = threading.Thread(target=receive)
    thread.start()
    held.wait()
    for size in (20, 40):
        with changed:
            brake.release(size)
            changed.notify_all()
    thread.join(10)
    assert not thread.is_alive()
    assert brake.waiting == 90


_T = TypeVar("_T")


class Recorder(threading.Condition):
    """Notes how long somebody would have been held, and holds nobody."""

    def __init__(self) -> None:
        super().__init__()
        self.waits: list[float | None] = []

    def wait_for(self, predicate: Callable[[], _T], timeout: float | None = None) -> _T:
        """Note a wait that nothing ended."""
        self.waits.append(timeout)
        return predicate()


def test_waits_are_bounded_and_apart() -> None:
    """The broker is heard in time: a wait has an end, and the next does not follow at once."""
    for heartbeat, longest in ((8, 2), (4000, 5), (0, 5)):
        brake, changed = Brake(100, heartbeat), Recorder()
        brake.add(1000)
        for _ in range(100):
            brake.hold(changed)
        assert changed.waits == [longest]


def test_stopping_and_a_lost_channel_let_go() -> None:
    """Nobody is held once the consumer stops, or when what waited is gone with its channel."""
    for letting in ("let_go", "clear"):
        brake, changed = Brake(100, 0), Recorder()
        brake.add(1000)
        getattr(brake, letting)()
        brake.hold(changed)
        assert changed.waits == []
