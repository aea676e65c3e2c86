"""What machines that use a store have in common: a clock, restarts, and an end."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from connector.clock import ManualClock
from connector.store.store import Store

__all__ = ["LENGTH", "StoreMachine"]

LENGTH = settings(
    max_examples=25,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


class StoreMachine(RuleBasedStateMachine):
    """A store whose daemon may stop and start at any time."""

    def __init__(self) -> None:
        super().__init__()
        self.directory = tempfile.TemporaryDirectory()
        self.clock = ManualClock()
        self.store = Store.open(Path(self.directory.name), clock=self.clock)

    def teardown(self) -> None:
        """Remove the store."""
        self.store.close()
        self.directory.cleanup()

    @rule(seconds=st.integers(0, 300))
    def wait(self, seconds: int) -> None:
        """Let time pass."""
        self.clock.sleep(seconds)

    @rule()
    def restart(self) -> None:
        """Close the store and open it again."""
        self.store.close()
        self.store = Store.open(Path(self.directory.name), clock=self.clock)
