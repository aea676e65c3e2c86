"""Processes beside the daemon that wait for questions; each is asked by one thread at a time."""

from __future__ import annotations

import pickle
import queue
import threading
from collections.abc import Callable
from typing import Any, Final

from connector.flow.workers.child import Child

__all__ = ["LOST", "Closed", "NotStarted", "Pool"]

LOST: Final = (OSError, EOFError, pickle.UnpicklingError)
"""What asking raises if the process died over the question."""


class NotStarted(Exception):
    """There is no process to ask, which says nothing about any question."""


class Closed(NotStarted):
    """Nobody is asked any more."""


class Pool:
    """Starts a process when none is idle, and forgets one that died."""

    def __init__(self, start: Callable[[], Child]) -> None:
        """Take what starts a process; it may raise one of `LOST`."""
        self._start: Final = start
        self._idle: Final[queue.SimpleQueue[Child]] = queue.SimpleQueue()
        self._all: Final[list[Child]] = []
        self._lock: Final = threading.Lock()
        self.closed = False

    def fill(self, count: int) -> None:
        """Start some processes at once; raises NotStarted."""
        for _ in range(count):
            self._idle.put(self._new())

    def ask(self, question: object) -> Any:
        """Return the answer of an idle process, or of a new one.

        Raises one of `LOST` if the process died, and NotStarted if there is none to ask.
        """
        child = self._free()
        try:
            answer = child.ask(question)
        except BaseException:
            with self._lock:
                if child in self._all:
                    self._all.remove(child)
            child.end()
            raise
        self._idle.put(child)
        return answer

    def processes(self) -> tuple[int, ...]:
        """Return the ids of the processes that were started."""
        with self._lock:
            return tuple(child.process.pid for child in self._all)

    def close(self) -> None:
        """End all processes, busy ones too."""
        with self._lock:
            self.closed = True
            for child in self._all:
                child.end()
            self._all.clear()

    def _free(self) -> Child:
        if self.closed:
            raise Closed
        try:
            return self._idle.get_nowait()
        except queue.Empty:
            return self._new()

    def _new(self) -> Child:
        try:
            child = self._start()
        except LOST as error:
            raise NotStarted from error
        with self._lock:
            if not self.closed:
                self._all.append(child)
                return child
        child.end()
        raise Closed
