"""Waiting before the next attempt to connect."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from connector.broker.backoff import Backoff


def test_the_first_attempt_follows_soon() -> None:
    """A broker that only restarted is found again quickly."""
    assert Backoff().next_seconds() < 0.5


def test_waits_grow_up_to_the_limit() -> None:
    """After some failures the wait is the longest, and never longer."""
    backoff = Backoff(1.0, 60.0)
    waits = [backoff.next_seconds() for _ in range(12)]
    assert waits[1] >= 1.0
    assert all(later >= min(60.0, 1.0 * 2 ** (n - 1)) for n, later in enumerate(waits) if n)
    assert waits[-1] == 60.0


def test_a_success_starts_again() -> None:
    """After a reset the next wait is short."""
    backoff = Backoff()
    for _ in range(8):
        backoff.next_seconds()
    backoff.reset()
    assert backoff.next_seconds() < 0.5


@given(st.integers(1, 200), st.floats(0.01, 10), st.floats(0.01, 100))
def test_waits_stay_within_bounds(failures: int, first: float, longest: float) -> None:
    """No number of failures makes the wait negative or longer than the limit."""
    backoff = Backoff(first, longest)
    for _ in range(failures):
        assert 0 <= backoff.next_seconds() <= longest
