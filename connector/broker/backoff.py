"""How long to wait before connecting again: soon at first, then 1 to 60 seconds with jitter."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Final

from tenacity import RetryCallState, Retrying, wait_exponential_jitter

__all__ = ["Backoff"]

_QUICK_SECONDS: Final = 0.2


@dataclass(slots=True)
class Backoff:
    """Counts failures in a row and says how long to wait; `reset` after a success."""

    first_seconds: float = 1.0
    max_seconds: float = 60.0
    failures: int = field(default=0, init=False)

    def reset(self) -> None:
        """Start again with a quick attempt."""
        self.failures = 0

    def next_seconds(self) -> float:
        """Count one failure and return the wait after it, at most `max_seconds`."""
        self.failures += 1
        if self.failures == 1:
            # Jitter, so that all nodes of a country do not return in the same moment.
            quick = _QUICK_SECONDS * (1 + random.random())  # noqa: S311
            return min(quick, self.first_seconds, self.max_seconds)
        wait = wait_exponential_jitter(multiplier=self.first_seconds, max=self.max_seconds)
        state = RetryCallState(Retrying(), None, (), {})
        state.attempt_number = self.failures - 1
        return min(self.max_seconds, wait(state))
