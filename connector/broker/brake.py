"""Back-pressure by bytes: the socket is read only as fast as messages are handed out."""

from __future__ import annotations

import threading
import time
from typing import Final

__all__ = ["Brake"]

_LONGEST_WAIT: Final = 5.0


class Brake:
    """Counts bytes that wait, and holds the I/O thread while they are too many.

    Each wait is at most a quarter of the heartbeat, with as long a time between two of them, so
    that the broker always hears of us. All methods run under the lock of the consumer.
    """

    def __init__(self, limit: int, heartbeat_seconds: float) -> None:
        self._limit: Final = limit
        quarter = heartbeat_seconds / 4 if heartbeat_seconds else _LONGEST_WAIT
        self._longest: Final = min(quarter, _LONGEST_WAIT)
        self._waiting = 0
        self._free = False
        self._not_before = 0.0

    @property
    def waiting(self) -> int:
        """Number of bytes that were not handed out yet."""
        return self._waiting

    def add(self, size: int) -> None:
        """Count what has arrived."""
        self._waiting += size

    def release(self, size: int) -> None:
        """Count what was handed out."""
        self._waiting -= size

    def clear(self) -> None:
        """Forget all: the channel is gone."""
        self._waiting = 0

    def let_go(self) -> None:
        """Hold nobody any more: the consumer stops."""
        self._free = True

    def hold(self, changed: threading.Condition) -> None:
        """Wait until there is room again, or long enough."""
        if self._easy() or time.monotonic() < self._not_before:
            return
        changed.wait_for(self._easy, self._longest)
        if not self._easy():
            self._not_before = time.monotonic() + self._longest

    def _easy(self) -> bool:
        return self._free or self._waiting <= self._limit
