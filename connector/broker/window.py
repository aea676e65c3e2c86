"""How many unanswered messages the broker is trusted with at present.

It begins small, grows while confirms come fast, and shrinks when the broker refuses messages or
takes long over them: a broker in trouble is not given more than it can put away.
"""

from __future__ import annotations

from collections import deque
from typing import Final

__all__ = ["Window"]

_FIRST: Final = 8
_FAST_SECONDS: Final = 1.0
_SLOW_SECONDS: Final = 5.0


class Window:
    """The current limit, never above the one that is set; moments are monotonic seconds."""

    def __init__(self, most: int) -> None:
        self._most: Final = most
        self._published: Final[deque[float]] = deque()
        self.size = min(_FIRST, most)

    def published(self, at: float) -> None:
        """Note that a message was handed to the broker."""
        self._published.append(at)

    def answered(self, count: int, *, acked: bool, at: float) -> None:
        """Note an answer about the `count` oldest messages."""
        waited = 0.0
        for _ in range(min(count, len(self._published))):
            waited = max(waited, at - self._published.popleft())
        if not acked:
            self.size = max(self.size // 2, 1)
        elif waited <= _FAST_SECONDS:
            self.size = min(self.size + count, self._most)
        elif waited > _SLOW_SECONDS:
            self.size = max(self.size - count, min(_FIRST, self._most))

    def reset(self) -> None:
        """Begin anew: the channel and all its messages are gone, or the broker is in trouble."""
        self._published.clear()
        self.size = min(_FIRST, self._most)
