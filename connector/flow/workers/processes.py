"""The processes of a pool: each is asked by one thread at a time, and forgotten once it died."""

from __future__ import annotations

import math
import pickle
import threading
from collections.abc import Callable
from functools import partial
from typing import Any, Final

from connector.clock import Clock
from connector.flow.workers.child import Child

__all__ = ["LOST", "NobodyToAsk", "Processes", "Stopped"]

LOST: Final = (OSError, EOFError, pickle.UnpicklingError)
"""What asking raises if the process died over the question."""

_START_AGAIN_SECONDS: Final = 60.0


class Stopped(Exception):
    """The pool was closed before there was an answer."""


class NobodyToAsk(Exception):
    """There is no process that is fit to be asked, which says nothing about any question."""


class _Hopeless(Exception):
    """No process is to be started any more."""


class Processes:
    """Knows who is idle, who has died, and when another is to be started."""

    def __init__(
        self,
        module: str,
        setup: object,
        hello: object,
        count: int,
        clock: Clock,
        hopeless: Callable[[object], bool],
    ) -> None:
        """Take what `Pool` takes; none is started yet."""
        self._start: Final = partial(Child, module)
        self._greet: Final = partial(_greet, setup, hello, hopeless)
        self._count: Final = count
        self._clock: Final = clock
        self._changed: Final = threading.Condition()
        self._idle: Final[list[Child]] = []
        self._all: Final[list[Child]] = []
        self._greeted: Final[list[Child]] = []
        self._starting = 0
        self._filling = False
        self._not_before = 0.0
        self._closed = False

    def ask(self, question: object, about: int) -> list[Any]:
        """Return the answers of an idle process; of a new one if there is none at all.

        Raises one of `LOST` if it died over the question, NobodyToAsk, and Stopped.
        """
        child = self._taken()
        try:
            answers = _fitting(child.ask(question), about)
        except BaseException as error:
            if self._forget(child):
                raise Stopped from error
            raise
        self._give_back(child)
        return answers

    def fill(self) -> None:
        """Start what is missing, one after the other, until one cannot be started."""
        try:
            while self._may_start():
                self._give_back(self._new())
        except (NobodyToAsk, Stopped):
            return
        finally:
            self._filling = False

    def put_off(self) -> None:
        """Start nothing for some time."""
        with self._changed:
            self._not_before = self._clock.monotonic() + _START_AGAIN_SECONDS
            self._filling = False

    def wanting(self) -> bool:
        """Tell whether `fill` is called for; nobody else is told so until that is done."""
        with self._changed:
            self._bury()
            missing = len(self._all) + self._starting < self._count
            wanting = missing and not self._filling and not self._closed and self._is_due()
            self._filling = self._filling or wanting
            return wanting

    def any(self) -> bool:
        """Tell whether there is a process."""
        with self._changed:
            return bool(self._all)

    def ids(self) -> tuple[int, ...]:
        """Return the ids of all processes."""
        with self._changed:
            return tuple(child.process.pid for child in self._all)

    def close(self) -> None:
        """End all processes; nobody is asked any more."""
        with self._changed:
            self._closed = True
            ended = *self._all, *self._greeted
            self._all.clear()
            self._idle.clear()
            self._changed.notify_all()
        for child in ended:
            child.end()

    def _taken(self) -> Child:
        with self._changed:
            while not self._closed:
                self._bury()
                if self._idle:
                    return self._idle.pop()
                if not self._all and not self._starting:
                    break
                self._changed.wait()
            self._claim()
        return self._new()

    def _may_start(self) -> bool:
        with self._changed:
            self._bury()
            while self._starting and len(self._all) + self._starting >= self._count:
                self._changed.wait()
            if len(self._all) >= self._count:
                return False
            self._claim()
            return True

    def _claim(self) -> None:
        if self._closed:
            raise Stopped
        if not self._is_due():
            raise NobodyToAsk
        self._starting += 1

    def _is_due(self) -> bool:
        return self._clock.monotonic() >= self._not_before

    def _new(self) -> Child:
        """Start the process that was claimed."""
        child, again = None, _START_AGAIN_SECONDS
        failed: Exception | None = None
        try:
            child = self._ready()
        except _Hopeless as error:
            again, failed = math.inf, error
        except Exception as error:  # noqa: BLE001 - whatever it is, it may pass
            failed = error
        finally:
            closed = self._started(child, again)
        if closed and child is not None:
            child.end()
        if closed:
            raise Stopped from failed
        if child is None:
            raise NobodyToAsk from failed
        return child

    def _ready(self) -> Child:
        """Return a process that has answered once; `close` ends it before it has, too."""
        child = self._start()
        try:
            self._note_greeted(child)
            self._greet(child)
        except BaseException:
            child.end()
            raise
        finally:
            with self._changed:
                if child in self._greeted:
                    self._greeted.remove(child)
        return child

    def _note_greeted(self, child: Child) -> None:
        with self._changed:
            if self._closed:
                raise Stopped
            self._greeted.append(child)

    def _started(self, child: Child | None, again: float) -> bool:
        """Note what came of a start; tell whether all processes were ended meanwhile."""
        with self._changed:
            self._starting -= 1
            if child is None:
                self._not_before = self._clock.monotonic() + again
            elif not self._closed:
                self._all.append(child)
            self._changed.notify_all()
            return self._closed

    def _give_back(self, child: Child) -> None:
        with self._changed:
            if child in self._all:
                self._idle.append(child)
            self._changed.notify_all()

    def _forget(self, child: Child) -> bool:
        """End a process that is of no use any more; tell whether all were ended."""
        with self._changed:
            if child in self._all:
                self._all.remove(child)
            self._changed.notify_all()
            closed = self._closed
        child.end()
        return closed

    def _bury(self) -> None:
        """Forget who died while idle: that was over no question."""
        for child in [each for each in self._idle if each.process.poll() is not None]:
            self._idle.remove(child)
            self._all.remove(child)
            child.end()


def _greet(setup: object, hello: object, hopeless: Callable[[object], bool], child: Child) -> None:
    """Let a process answer once, so that what kills it later is a question."""
    child.tell(setup)
    _fitting(child.ask(hello), 0, hopeless)


def _fitting(
    answers: object, about: int, hopeless: Callable[[object], bool] = lambda _: False
) -> list[Any]:
    if hopeless(answers):
        raise _Hopeless
    if not isinstance(answers, list) or len(answers) != about:
        raise NobodyToAsk
    return answers
