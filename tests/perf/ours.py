"""The connector as a pipeline: the daemon itself, in a process that obeys the bench.

    python -m tests.perf.ours tool=connector role=out|in|end|serve|collect|relay ...

out: an export appears, the last confirm is on record. in: the queue is full, the last receipt is
confirmed. end: as out, until the last receipt came back; serve: the other side of it. collect and
relay: half of out, for backlogs. All that is used of the connector is how `connector run` starts
a node, that SIGTERM ends it, and its events.
"""

from __future__ import annotations

import os
import queue
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Final

from connector.clock import SystemClock
from connector.config.node import load_node
from connector.disk import only_by_threads
from connector.events import Emitter, Event
from connector.flow.node import open_node
from connector.service.daemon import Daemon, Stage
from connector.service.logs import configure_logs
from tests.perf.material import export
from tests.perf.peers.wire import Row, Task, serve

__all__ = ["main"]

_PATIENCE_SECONDS: Final = 230.0
_ALL: Final = frozenset(Stage)
_STAGES: Final = {
    "out": frozenset({Stage.COLLECT, Stage.RELAY}),
    "collect": frozenset({Stage.COLLECT}),
    "relay": frozenset({Stage.RELAY}),
    "in": frozenset({Stage.RELAY, Stage.RECEIVE}),
    "end": _ALL,
    "serve": frozenset({Stage.RELAY, Stage.RECEIVE}),
}
_DONE: Final = {
    "out": ("delivery_sent",),
    "collect": ("document_sealed",),
    "relay": ("delivery_sent",),
    "in": ("document_delivered", "delivery_sent"),
    "end": ("status_applied",),
    "serve": ("document_delivered", "delivery_sent"),
}
"""What happens once for each document, last."""
_TROUBLE: Final = frozenset(
    {
        "alarm_raised",
        "delivery_parked",
        "delivery_returned",
        "document_refused",
        "message_quarantined",
        "record_refused",
        "source_failed",
    }
)
"""What must not happen to any document of the bench; there is no sense in waiting on."""


class Counting(Emitter):
    """Logs as the daemon does, and knows how often each event happened.

    To count costs some processor time that is the bench's own, not the connector's; so whoever
    waits is only woken once an event has happened as often as he wants, not on each.
    """

    def __init__(self) -> None:
        super().__init__()
        self._changed = threading.Condition()
        self._counts: Counter[str] = Counter()
        self._wanted: dict[str, int] = {}
        self._first: dict[str, float] = {}
        self._trouble: str | None = None

    def emit(self, event: Event) -> None:
        """Log and count it."""
        super().emit(event)
        name = event.name()
        with self._changed:
            self._counts[name] += 1
            self._first.setdefault(name, time.perf_counter())
            if name in _TROUBLE:
                self._trouble = self._trouble or f"{name}: {event.facts()}"
            if self._trouble or self._counts[name] == self._wanted.get(name):
                self._changed.notify_all()

    def count(self, name: str) -> int:
        """Return how often it happened."""
        return self._counts[name]

    def first(self, name: str) -> float | None:
        """Return when it happened for the first time."""
        return self._first.get(name)

    def wait(self, wanted: dict[str, int], alive: Callable[[], bool]) -> float:
        """Wait until all have happened that often; return when. Raises RuntimeError."""
        end = time.perf_counter() + _PATIENCE_SECONDS
        with self._changed:
            self._wanted = wanted
            while any(self._counts[name] < count for name, count in wanted.items()):
                if self._trouble:
                    raise RuntimeError(self._trouble)
                if not alive() or time.perf_counter() > end:
                    raise RuntimeError(f"wanted {wanted}, have {dict(self._counts)}")
                self._changed.wait(0.5)
            return time.perf_counter()


class Run:
    """One daemon, from start to stop; `loop` is called on the main thread."""

    def __init__(self, task: Task) -> None:
        self.emitter: Final = Counting()
        self._task = task
        self._failure: BaseException | None = None
        self._ended = threading.Event()
        self.begun = 0.0

    def loop(self) -> None:
        """Run the daemon until `stop`."""
        try:
            config = load_node(self._task.directory / "connector.yaml")
            node = open_node(config, clock=SystemClock(), emitter=self.emitter)
            try:
                self.begun = time.perf_counter()
                Daemon(node, _STAGES[self._task.role]).run()
            finally:
                node.close()
        except BaseException as error:  # noqa: BLE001 - told to the thread that waits
            self._failure = error
        finally:
            self._ended.set()

    def alive(self) -> bool:
        """Tell whether the daemon still runs; raise what ended it."""
        if self._failure is not None:
            raise RuntimeError(repr(self._failure)) from self._failure
        return not self._ended.is_set()

    def stop(self) -> None:
        """End it as systemd would."""
        main = threading.main_thread().ident
        if main is not None and not self._ended.is_set():
            signal.pthread_kill(main, signal.SIGTERM)
        self._ended.wait(60)


class Ours:
    """Obeys the bench; daemons that only send stay up, the receiving one starts for each round."""

    def __init__(self, task: Task, start: Callable[[Run], None]) -> None:
        self._task = task
        self._start = start
        self._stays = task.role in {"out", "end", "serve", "collect"}
        self._run: Run | None = None
        self._latest: Run | None = None
        self._appear: Callable[[], object] = lambda: None

    def prepare(self, rows: list[Row]) -> None:
        """Write the export aside; start the daemon if it stays."""
        exports = self._task.role in {"out", "end", "collect"}
        if self._run is None and self._stays:
            if exports:
                export(self._task.directory, [])()
            self._run = self._started()
        if exports:
            self._appear = export(self._task.directory, rows)

    def run(self, count: int) -> float:
        """Move so many documents; return the seconds it took. A negative number ends the daemon."""
        if count < 0:
            self.close()
            return 0.0
        if self._run is None:
            return self._once(count)
        wanted = self._wanted(self._run, count)
        begun = time.perf_counter()
        self._appear()
        return self._run.emitter.wait(wanted, self._run.alive) - begun

    def close(self) -> None:
        """End the daemon that stayed, or that a failed round left."""
        if self._latest is not None:
            self._latest.stop()
        self._run = self._latest = None

    def _once(self, count: int) -> float:
        """Run a daemon for this round; the clock starts when it has reached the broker."""
        run = self._started()
        done = run.emitter.wait(self._wanted(run, count), run.alive)
        run.stop()
        return done - (run.emitter.first("broker_connected") or run.begun)

    def _wanted(self, run: Run, count: int) -> dict[str, int]:
        names = _DONE[self._task.role]
        before = run.emitter.count if self._stays else lambda _name: 0
        return {name: before(name) + count for name in names}

    def _started(self) -> Run:
        run = self._latest = Run(self._task)
        self._start(run)
        first = "node_started" if self._task.role == "collect" else "broker_connected"
        if self._stays:
            run.emitter.wait({first: 1, "node_started": 1}, run.alive)
        return run


def main(arguments: list[str]) -> None:
    """Serve orders on a thread; the main thread, which gets the signals, runs the daemons."""
    task = Task.parse(arguments)
    configure_logs("info", "json")
    if "eatmydata" in os.environ.get("LD_PRELOAD", ""):
        only_by_threads()  # whose calls the library swallows
    runs: queue.Queue[Run | None] = queue.Queue()
    ours = Ours(task, runs.put)

    failures: list[Exception] = []

    def obey() -> None:
        try:
            serve(ours.prepare, ours.run)
        except Exception as error:  # noqa: BLE001 - the last word of the process, see below
            failures.append(error)
        finally:
            ours.close()
            runs.put(None)

    threading.Thread(target=obey, daemon=True).start()
    while (run := runs.get()) is not None:
        run.loop()
    if failures:
        sys.exit(str(failures[0]))


if __name__ == "__main__":
    main(sys.argv[1:])
