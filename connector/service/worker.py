"""A thread that repeats one step; it waits when there is nothing to do and when a server is gone.

Only transient errors are waited out, a full disk among them: nothing is acknowledged meanwhile.
Anything else ends the daemon loudly: it restarts from what is durable.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from connector.clock import Clock
from connector.errors import StorageError, TransientError
from connector.flow.retry import RetryPolicy
from connector.store.codes import DISK_FULL

__all__ = ["Worker"]

_WAIT = RetryPolicy(first_seconds=1.0, max_seconds=30.0)


class Worker:
    """Runs a step again and again in its own thread.

    The step is given a function to ask between its parts: it counts as a sign of life, and says
    False once the step should end early.
    """

    def __init__(
        self,
        name: str,
        step: Callable[[Callable[[], bool]], int],
        *,
        idle_seconds: float,
        clock: Clock,
        on_failure: Callable[[str, BaseException], None],
        on_trouble: Callable[[str, TransientError], None],
    ) -> None:
        self.name = name
        self._step = step
        self._idle_seconds = idle_seconds
        self._clock = clock
        self._on_failure = on_failure
        self._on_trouble = on_trouble
        self._stop = threading.Event()
        self._woken = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._progress = clock.monotonic()

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Ask the thread to end after its current step."""
        self._stop.set()
        self._woken.set()

    def wake(self) -> None:
        """Let the step be repeated at once if it waits for something to do."""
        self._woken.set()

    def join(self, timeout_seconds: float) -> bool:
        """Wait for the end; False if the step is still running."""
        if self._thread.ident is not None:
            self._thread.join(timeout_seconds)
        return not self._thread.is_alive()

    def stalled_seconds(self) -> float:
        """Return how long ago the last sign of life was."""
        return self._clock.monotonic() - self._progress

    def go_on(self) -> bool:
        """Note a sign of life; False once the thread was asked to end."""
        self._progress = self._clock.monotonic()
        return not self._stop.is_set()

    def _stops(self) -> bool:
        """Tell whether to end; what woke the thread before is seen by the step that follows."""
        self._woken.clear()  # before the question: `stop` sets the other one first
        return self._stop.is_set()

    def _run(self) -> None:
        failures = 0
        while not self._stops():
            ends, wait = self._woken, self._idle_seconds
            try:
                moved = self._step(self.go_on)
                failures = 0
                wait = 0.0 if moved else self._idle_seconds
            except TransientError as error:
                if isinstance(error, StorageError) and error.code != DISK_FULL.code:
                    self._on_failure(self.name, error)
                    return
                failures += 1
                self._on_trouble(self.name, error)
                ends, wait = self._stop, _WAIT.wait_seconds(failures)
            except BaseException as error:  # noqa: BLE001 - the daemon must end with it, not hang
                self._on_failure(self.name, error)
                return
            self._progress = self._clock.monotonic()
            if wait:
                ends.wait(wait)
