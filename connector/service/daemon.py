"""The daemon: one thread a stage and agency, stopped together, failed together.

SIGTERM drains, a second one stops at once; SIGHUP reads trust data, keys and adapters anew. While
RabbitMQ is away, collecting and sealing go on; what was sealed waits in the outbox.
"""

from __future__ import annotations

import queue
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from enum import StrEnum
from types import FrameType
from typing import Any

from connector.errors import (
    Bug,
    ConfigError,
    ConnectorError,
    StorageError,
    TransientError,
    UnavailableError,
)
from connector.events import (
    AlarmRaised,
    DocumentVerified,
    MessageReceived,
    NodeStarted,
    NodeStopped,
    SourceFailed,
)
from connector.flow.adapters.adapter import Adapter
from connector.flow.containment import concerns_one_body
from connector.flow.links import Link
from connector.flow.node import Node
from connector.flow.states.exchange import Exchange, exchange_names
from connector.flow.troubles import Troubles
from connector.service import codes
from connector.service.health import HealthServer
from connector.service.notify import notify, watchdog_interval_seconds
from connector.service.pace import steady
from connector.service.worker import Worker

__all__ = ["Daemon", "Stage"]

_IDLE_SECONDS = 0.2
_DRAIN_SECONDS = 30.0
_STALLED_SECONDS = 300.0
_CONNECT_ATTEMPTS = 2
_QUIET_ROUNDS = 3
_UPKEEP_SECONDS = 5.0
_TIDY_SECONDS = 60.0


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
        self._collecting: dict[str, Worker] = {}
        self._links: list[Link] = []
        self._source_errors: dict[str, ConnectorError] = {}
        self._troubles = Troubles(node.ledger)
        # A handler of signals may interrupt anything; this put() alone may interrupt itself.
        self._hangups: queue.SimpleQueue[str] = queue.SimpleQueue()

    def run(self) -> None:
        """Run until SIGTERM or SIGINT; raise what made it fail.

        Raises:
            ConnectorError: the error that ended it; its `exit_status` is the process's.
        """
        with steady(), self._signals(), self._linked() as links, self._health():
            self._node.reloading.begin()
            self._follow_troubles()
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
            ConfigError: the first collect of an adapter waits for a confirmation.
        """
        self._follow_troubles()
        if Stage.COLLECT in self._stages:
            for adapter in self._node.adapters:
                self._collect(adapter)
        if self._talks:
            self._drain()
        if Stage.RECEIVE in self._stages:
            moved = [self._exchanging(each)(lambda: True) for each in self._node.exchanges()]
            if any(moved) and self._talks:
                self._drain()
        for error in self._source_errors.values():
            raise error
        waiting = [self._node.intake.waits(adapter) for adapter in self._node.adapters]
        findings = [finding for finding in waiting if finding is not None]
        if findings:
            raise ConfigError(*findings)

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
        workers: list[Worker] = []
        if Stage.COLLECT in self._stages:
            self._collecting = {
                adapter.name: self._collector(adapter.name) for adapter in self._node.adapters
            }
            workers += self._collecting.values()
        if Stage.RELAY in self._stages:
            workers += [
                self._worker(f"relay {link.agency}", _pumping(link.relay.pump), 0.0)
                for link in links
            ]
        if Stage.RECEIVE in self._stages:
            workers += [
                self._worker(f"receive {link.agency}", _pumping(link.receiver.pump))
                for link in links
            ]
            workers.append(
                self._worker("upkeep", lambda _go_on: self._node.upkeep.step(), _UPKEEP_SECONDS)
            )
            workers.append(
                self._worker("tidy", lambda _go_on: self._node.tidying.step(), _TIDY_SECONDS)
            )
            poll = self._node.config.poll_seconds
            workers += [
                self._worker(exchange.name, self._exchanging(exchange), poll)
                for exchange in self._node.exchanges()
            ]
            admit = self._worker("admit", self._node.admission.pump)
            deliver = self._worker("deliver", self._node.desk.pump)
            self._node.ledger.wake_on(admit, MessageReceived)
            self._node.ledger.wake_on(deliver, DocumentVerified)
            workers += [admit, deliver]
        return [*workers, self._worker("reload", self._reload_when_asked, 0.0)]

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
        return self._reading(adapter.name, lambda: self._node.intake.collect(adapter, go_on).sealed)

    def _exchanging(self, exchange: Exchange) -> Callable[[Callable[[], bool]], int]:
        """Return the step of an exchange; what is wrong with it stops nothing else."""
        return lambda go_on: self._reading(exchange.name, lambda: exchange.step(go_on))

    def _reading(self, name: str, read: Callable[[], int]) -> int:
        """Read from a legacy system; what is wrong with it is told and stops nothing else."""
        try:
            count = read()
        except ConnectorError as error:
            if isinstance(error, StorageError) and not concerns_one_body(error):
                raise
            self._source_failed(name, error)
            return 0
        except Exception as error:  # noqa: BLE001 - the other adapters and stages go on
            finding = codes.SOURCE_UNEXPECTED.at(adapter=name, reason=repr(error))
            self._source_failed(name, Bug(finding))
            return 0
        self._source_errors.pop(name, None)
        self._troubles.went_well(name)
        return count

    def _reload_when_asked(self, _go_on: Callable[[], bool]) -> int:
        """Wait a moment for SIGHUP; several that came meanwhile count as one.

        One for which the disk has no room now goes on waiting.
        """
        try:
            name = self._hangups.get(timeout=_IDLE_SECONDS)
            while not self._hangups.empty():
                name = self._hangups.get_nowait()
        except queue.Empty:
            return 0
        try:
            return self._reload(name)
        except TransientError:
            self._hangups.put(name)
            raise

    def _reload(self, actor: str) -> int:
        """Read anew whatever may change while the daemon runs."""
        moved = self._node.upkeep.reload(actor) + self._node.reloading.reload().moved
        self._follow_troubles()
        if Stage.COLLECT in self._stages and not self._stop.is_set():
            self._follow_adapters()
        return moved

    def _follow_troubles(self) -> None:
        """Let `status` tell troubles of the adapters and exchanges that are there, of no other."""
        adapters = (adapter.name for adapter in self._node.adapters)
        self._troubles.follow([*adapters, *exchange_names(self._node.config)])

    def _follow_adapters(self) -> None:
        """Let a worker collect for each adapter that is there now, and for no other."""
        names = [adapter.name for adapter in self._node.adapters]
        gone = [self._collecting.pop(name) for name in set(self._collecting) - set(names)]
        new = {name: self._collector(name) for name in names if name not in self._collecting}
        self._collecting |= new
        kept = [worker for worker in self._workers if worker not in gone]
        self._workers = [*kept, *new.values()]
        for worker in gone:
            worker.stop()
        for worker in new.values():
            worker.start()

    def _collector(self, name: str) -> Worker:
        """Return the worker that collects for whichever adapter has a name at the time."""
        adapters = self._node.adapter_set

        def step(go_on: Callable[[], bool]) -> int:
            adapter = adapters.get(name)
            if adapter is None:
                return 0
            return self._collect(adapter, lambda: go_on() and adapters.get(name) is adapter)

        return self._worker(f"collect {name}", step, self._node.config.poll_seconds)

    def _source_failed(self, name: str, error: ConnectorError) -> None:
        self._source_errors[name] = error
        failed = SourceFailed(adapter=name, reason=str(error), error_code=error.code)
        self._node.ledger.tell(failed)
        self._troubles.failed(name, error.findings[0])

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
        ending = (signal.SIGTERM, signal.SIGINT)
        before = {number: signal.getsignal(number) for number in (*ending, signal.SIGHUP)}

        def on_signal(number: int, _frame: FrameType | None) -> None:
            if self._stop.is_set():
                signal.signal(number, signal.SIG_DFL)
                signal.raise_signal(number)
            self._stop.set()

        for number in ending:
            signal.signal(number, on_signal)
        signal.signal(signal.SIGHUP, lambda *_: self._hangups.put(signal.SIGHUP.name))
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def _pumping(pump: Callable[[float], int]) -> Callable[[Callable[[], bool]], int]:
    return lambda _go_on: pump(_IDLE_SECONDS)
