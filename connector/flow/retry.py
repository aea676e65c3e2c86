"""How long to wait before the next attempt: exponential with jitter, kept as a due time."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import cast

from tenacity import RetryCallState, wait_random_exponential

__all__ = ["RetryPolicy"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """Waits of one disposition; a thread never sleeps through them, the row has a due time."""

    first_seconds: float = 5.0
    max_seconds: float = 3600.0
    park_after_seconds: float = 259_200.0
    park_after_attempts: int = 5

    def wait_seconds(self, attempts: int) -> float:
        """Return the jittered wait after so many attempts, at least the first step's half."""
        state = cast("RetryCallState", _Attempt(max(attempts, 1)))
        wait = wait_random_exponential(multiplier=self.first_seconds, max=self.max_seconds)
        return max(self.first_seconds / 2, wait(state))

    def due(self, now: dt.datetime, attempts: int) -> dt.datetime:
        """Return when to try again."""
        return now + dt.timedelta(seconds=self.wait_seconds(attempts))

    def given_up(self, now: dt.datetime, since: dt.datetime, *, attempts: int) -> bool:
        """Tell whether what began at `since` has been tried long enough, and often enough.

        What is old because the node or the broker stood still still gets its attempts.
        """
        age = (now - since).total_seconds()
        return attempts >= self.park_after_attempts and age > self.park_after_seconds


@dataclass(frozen=True, slots=True)
class _Attempt:
    attempt_number: int
