"""The daemon: one thread a stage and agency, stopped together, failed together.

SIGTERM drains, a second one stops at once. While RabbitMQ is away, collecting and sealing go on;
what was sealed waits in the outbox.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from enum import StrEnum
from types import FrameType
from typing import Any

from connector.errors import (
    Bug,
    ConnectorError,
    StorageError,
    TransientError,
    UnavailableError,
)
from connector.events import AlarmRaised, NodeStarted, NodeStopped, SourceFailed
from connector.flow.adapter import Adapter
from connector.flow.links import Link
from connector.flow.node import Node
from connector.service import codes
from connector.service.health import HealthServer
from connector.service.notify import notify, watchdog_interval_seconds
from connector.service.worker import Worker

__all__ = ["Daemon", "Stage"]

_IDLE_SECONDS = 0.2
_DRAIN_SECONDS = 30.0
_STALLED_SECONDS = 300.0
_CONNECT_ATTEMPTS = 2
_QUIET_ROUNDS = 3
_UPKEEP_SECONDS = 5.0


class Stage(StrEnum):
    """The parts of the daemon that can run alone."""

    COLLECT = "collect"
    RELAY = "relay"
    RECEIVE = "receive"


ALL_STAGES = frozenset(Stage)


class Daemon:
    """Runs a node's corridors until it is told to stop."""

    def __init__(self, node: Node, stages: frozenset[Stage] = ALL_STAGES) -> None:
        self._node = node
        self._stages = stages
        self._stop = threading.Event()
        self._failure: BaseException | None = None
        self._workers: list[Worker] = []
        self._links: list[Link] = []
        self._source_errors: dict[str, ConnectorError] = {}

    def run(self) -> None:
        """Run until SIGTERM or SIGINT; raise what made it fail.

        Raises:
            ConnectorError: the error that ended it; its `exit_status` is the process's.
        """
        with self._signals(), self._linked() as links, self._health():
            self._workers = self._make_workers(links)
            for worker in self._workers:
                worker.start()
            with self._node.ledger.work() as work:
                work.record(NodeStarted())
            notify("READY=1", f"STATUS={len(self._workers)} workers")
            self._watch()
            notify("STOPPING=1")
            self._end_workers()
        if self._failure is not None:
            raise self._failure

    def once(self) -> None:
        """Collect everything, send and receive until nothing moves, then return.

        Raises:
            UnavailableError: the broker did not answer; what was collected is durable.
            ConnectorError: a source could not be read; everything else was done.
        """
        if Stage.COLLECT in self._stages:
            for adapter in self._node.adapters:
                self._collect(adapter)
        if self._talks:
            self._drain()
        for error in self._source_errors.values():
            raise error

    @property
    def _talks(self) -> bool:
        return bool(self._stages & {Stage.RELAY, Stage.RECEIVE})

    def _drain(self) -> None:
        with self._linked() as links:
            patience = _CONNECT_ATTEMPTS * self._node.config.broker.connect_timeout_seconds
            for link in links:
                if not link.wait_connected(patience):
                    raise UnavailableError(codes.BROKER_AWAY.at(agency=link.agency))
            quiet = 0
            while quiet < _QUIET_ROUNDS:
                moved = sum(self._round(link) for link in links)
                quiet = 0 if moved or not all(link.idle for link in links) else quiet + 1

    def _round(self, link: Link) -> int:
        moved = 0
        if Stage.RECEIVE in self._stages:
            moved += self._node.upkeep.step()
            moved += link.receiver.pump(_IDLE_SECONDS)
            moved += self._node.admission.pump() + self._node.desk.pump()
        if Stage.RELAY in self._stages:
            moved += link.relay.pump(0.05)
        return moved

    def _make_workers(self, links: list[Link]) -> list[Worker]:
        workers = []
        if Stage.COLLECT in self._stages:
            poll = self._node.config.poll_seconds
            workers += [
                self._worker(f"collect {adapter.name}", _collecting(self, adapter), poll)
                for adapter in self._node.adapters
            ]
        if Stage.RELAY in self._stages:
            workers += [
                self._worker(f"relay {link.agency}", _pumping(link.relay.pump)) for link in links
            ]
        if Stage.RECEIVE in self._stages:
            workers += [
                self._worker(f"receive {link.agency}", _pumping(link.receiver.pump))
                for link in links
            ]
            workers.append(
                self._worker("upkeep", lambda _go_on: self._node.upkeep.step(), _UPKEEP_SECONDS)
            )
            workers.append(self._worker("admit", self._node.admission.pump))
            workers.append(self._worker("deliver", self._node.desk.pump))
        return workers

    def _worker(
        self,
        name: str,
        step: Callable[[Callable[[], bool]], int],
        idle_seconds: float = _IDLE_SECONDS,
    ) -> Worker:
        return Worker(
            name,
            step,
            idle_seconds=idle_seconds,
            clock=self._node.clock,
            on_failure=self._fail,
            on_trouble=self._trouble,
        )

    def _collect(self, adapter: Adapter, go_on: Callable[[], bool] = lambda: True) -> int:
        """Read one export; whatever is wrong with it concerns no other adapter."""
        try:
            taken = self._node.collector.collect(adapter, go_on)
        except StorageError:
            raise
        except ConnectorError as error:
            self._source_failed(adapter, error)
            return 0
        except Exception as error:  # noqa: BLE001 - the other adapters and stages go on
            finding = codes.SOURCE_UNEXPECTED.at(adapter=adapter.name, reason=repr(error))
            self._source_failed(adapter, Bug(finding))
            return 0
        self._source_errors.pop(adapter.name, None)
        return taken.sealed

    def _source_failed(self, adapter: Adapter, error: ConnectorError) -> None:
        self._source_errors[adapter.name] = error
        self._node.ledger.tell(
            SourceFailed(adapter=adapter.name, reason=str(error), error_code=error.code)
        )

    def _watch(self) -> None:
        """Sleep until the end; give signs of life while every worker moves."""
        interval = watchdog_interval_seconds() or 5.0
        while not self._stop.wait(interval):
            if self.live():
                notify("WATCHDOG=1")

    def live(self) -> bool:
        """Tell whether every worker ended a step lately."""
        limit = max(_STALLED_SECONDS, 2 * self._node.config.poll_seconds)
        return all(worker.stalled_seconds() < limit for worker in self._workers)

    def ready(self) -> Mapping[str, Any]:
        """Return whether the node works; without a broker it still accepts documents."""
        connected = all(link.connected for link in self._links)
        return {"ready": not self._stop.is_set(), "broker_connected": connected}

    def _end_workers(self) -> None:
        end = self._node.clock.monotonic() + _DRAIN_SECONDS
        for worker in self._workers:
            worker.stop()
        for worker in self._workers:
            worker.join(max(0.0, end - self._node.clock.monotonic()))
        if isinstance(self._failure, StorageError):
            return  # nothing can be written any more
        with self._node.ledger.work() as work:
            work.record(NodeStopped())

    def _fail(self, _name: str, error: BaseException) -> None:
        self._failure = self._failure or error
        self._stop.set()

    def _trouble(self, _name: str, error: TransientError) -> None:
        self._node.ledger.tell(
            SourceFailed(adapter=_name, reason=str(error), error_code=error.code)
        )

    @contextmanager
    def _linked(self) -> Iterator[list[Link]]:
        self._links = self._node.open_links() if self._talks else []
        try:
            yield self._links
        finally:
            for link in self._links:
                link.close()

    @contextmanager
    def _health(self) -> Iterator[None]:
        settings = self._node.config.metrics
        if settings is None:
            yield
            return
        registry = self._node.emitter.registry
        try:
            server = HealthServer(settings.listen, registry, self.live, self.ready)
        except (OSError, OverflowError) as error:
            finding = codes.HEALTH_FAILED.at(listen=settings.listen, reason=error)
            self._node.ledger.tell(AlarmRaised(error_code=finding.code, reason=finding.en))
            yield
            return
        server.start()
        try:
            yield
        finally:
            server.stop()

    @contextmanager
    def _signals(self) -> Iterator[None]:
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}

        def on_signal(number: int, _frame: FrameType | None) -> None:
            if self._stop.is_set():
                signal.signal(number, signal.SIG_DFL)
                signal.raise_signal(number)
            self._stop.set()

        for number in before:
            signal.signal(number, on_signal)
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def _collecting(daemon: Daemon, adapter: Adapter) -> Callable[[Callable[[], bool]], int]:
    return lambda go_on: daemon._collect(adapter, go_on)  # noqa: SLF001 - a step of its own


def _pumping(pump: Callable[[float], int]) -> Callable[[Callable[[], bool]], int]:
    return lambda _go_on: pump(_IDLE_SECONDS)
