"""Processes beside the daemon that answer questions about things, so many of them at a time.

Where nobody can be asked the daemon does the work itself: while no process is ready, for which
nobody waits, and for a minute after one could not be started. A process that dies over its
question is replaced, and each thing of the question is asked about alone; what kills two more
by itself is not to be touched again, by the daemon least of all.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from functools import partial
from typing import Any, Final, Generic, TypeVar

from connector.clock import Clock
from connector.flow.workers.processes import LOST, Processes, Stopped

__all__ = ["Died", "Pool", "Stopped"]

_ALONE: Final = 2

_Item = TypeVar("_Item")
_Answer = TypeVar("_Answer")
_Question = Callable[[Sequence[_Item]], object]


class Died(Exception):
    """Two processes died over one thing alone; says how."""


class Pool(Generic[_Item, _Answer]):
    """Asks processes about things; each question is answered by a list, one answer a thing."""

    def __init__(
        self,
        module: str,
        setup: object,
        hello: object,
        *,
        count: int,
        clock: Clock,
        hopeless: Callable[[object], bool] = lambda _: False,
    ) -> None:
        """Take how processes are started and how many, one at least; none is started yet.

        `hello` is a question about nothing: who does not answer `[]` is not fit to work, and
        after an answer that is `hopeless` no other process is tried.
        """
        count = max(count, 1)
        self._processes: Final = Processes(module, setup, hello, count, clock, hopeless)
        self._threads: Final = ThreadPoolExecutor(count, module.rpartition(".")[2])

    def start(self) -> None:
        """Start what is missing of the processes and wait until they have answered."""
        self._processes.fill()

    def at_hand(self) -> bool:
        """Tell whether a process is ready; those that are missing are started beside."""
        if self._processes.wanting() and self._beside(self._processes.fill) is None:
            self._processes.put_off()
        return self.ready

    @property
    def ready(self) -> bool:
        """Whether a process has answered and was not found dead since."""
        return self._processes.any()

    def submit(
        self, items: Sequence[_Item], question: _Question[_Item], *, chunk: int
    ) -> list[Callable[[], _Answer | None]]:
        """Begin to ask about things, `chunk` in one question; each result gives one answer.

        It is None where the daemon has to do the work.

        Raises (each result, not this):
            Died: the thing kills whoever looks at it.
            Stopped: the pool was closed meanwhile.
        """
        results: list[Callable[[], _Answer | None]] = []
        for start in range(0, len(items), chunk):
            mine = items[start : start + chunk]
            answers = self._beside(self._answers, mine, question)
            results += [partial(_taken, answers, number) for number in range(len(mine))]
        return results

    def processes(self) -> tuple[int, ...]:
        """Return the ids of the processes that are there."""
        return self._processes.ids()

    def close(self) -> None:
        """End all processes, busy ones too."""
        self._processes.close()
        self._threads.shutdown(cancel_futures=True)

    def _beside(self, work: Callable[..., Any], *given: object) -> Future[Any] | None:
        try:
            return self._threads.submit(work, *given)
        except RuntimeError:  # closed, or the system has no thread for us
            return None

    def _answers(
        self, items: Sequence[_Item], question: _Question[_Item]
    ) -> list[_Answer | Died | None]:
        try:
            return [*self._asked(items, question)]
        except LOST:
            return [self._alone(item, question) for item in items]

    def _alone(self, item: _Item, question: _Question[_Item]) -> _Answer | Died | None:
        reason = ""
        for _ in range(_ALONE):
            try:
                return self._asked([item], question)[0]
            except LOST as error:
                reason = repr(error)
        return Died(reason)

    def _asked(self, items: Sequence[_Item], question: _Question[_Item]) -> list[_Answer | None]:
        """Return the answers; None of everything if nobody can say.

        Raises one of `LOST` if a process died over it, and Stopped.
        """
        try:
            answers: list[_Answer | None] = self._processes.ask(question(items), len(items))
        except (*LOST, Stopped):
            raise
        except Exception:  # noqa: BLE001 - whatever it is, the daemon finds it again
            return [None] * len(items)
        return answers


def _taken(answers: Future[list[_Answer | Died | None]] | None, number: int) -> _Answer | None:
    if answers is None:
        return None
    try:
        answer = answers.result()[number]
    except CancelledError as error:
        raise Stopped from error
    if isinstance(answer, Died):
        raise answer
    return answer
