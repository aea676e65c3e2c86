"""The connector's own corridors, with the threads that the daemon gives them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from connector.clock import SystemClock
from connector.config.node import load_node
from connector.events import Emitter
from connector.flow.links import Link
from connector.flow.node import Node, open_node
from connector.model.states import DeliveryState, InboxState
from connector.service.logs import configure_logs
from connector.store import inbox, outbox
from tests.perf.material import Bench, Row

__all__ = ["OurIn", "OurOut"]

_IDLE_SECONDS = 0.2
_POLL_SECONDS = 0.05
_PATIENCE_SECONDS = 120.0

Steps = dict[str, Callable[[], int]]


class _Ours:
    def __init__(self, bench: Bench, node: str) -> None:
        configure_logs("error")
        self._bench = bench
        self._config = load_node(bench.config(node))
        self._clock = SystemClock()

    @contextmanager
    def _opened(self) -> Iterator[Node]:
        node = open_node(self._config, clock=self._clock, emitter=Emitter())
        try:
            yield node
        finally:
            node.close()

    @contextmanager
    def _linked(self, node: Node) -> Iterator[Link]:
        (link,) = node.open_links()
        try:
            if not link.wait_connected(20):
                raise RuntimeError(link.publisher.trouble or link.consumer.trouble)
            yield link
        finally:
            link.close()

    @contextmanager
    def _working(self, steps: Steps) -> Iterator[list[Exception]]:
        failures: list[Exception] = []
        stop = threading.Event()

        def repeat(step: Callable[[], int]) -> None:
            try:
                while not stop.is_set():
                    if not step():
                        stop.wait(_IDLE_SECONDS)
            except Exception as error:  # noqa: BLE001 - told to the main thread
                failures.append(error)

        threads = [
            threading.Thread(target=repeat, args=(step,), name=name, daemon=True)
            for name, step in steps.items()
        ]
        for thread in threads:
            thread.start()
        try:
            yield failures
        finally:
            stop.set()
            for thread in threads:
                thread.join(30)

    def _wait(self, done: Callable[[], bool], failures: list[Exception]) -> None:
        end = time.monotonic() + _PATIENCE_SECONDS
        while not done():
            if failures:
                raise failures[0]
            if time.monotonic() > end:
                raise TimeoutError
            time.sleep(_POLL_SECONDS)


class OurOut(_Ours):
    """Collect, map, validate, sign, spool, outbox, relay, confirm."""

    def __init__(self, bench: Bench) -> None:
        super().__init__(bench, "sender")
        self._round = 0

    def prepare(self, rows: list[Row]) -> None:
        """Lay the export out."""
        self._round += 1
        self._bench.export(rows, f"{self._round:04}")

    def run(self, count: int) -> float:
        """Send what was laid out; return the seconds until the last confirm is on record."""
        with self._opened() as node, self._linked(node) as link:
            (adapter,) = node.adapters
            with node.store.read() as tx:
                before = outbox.counts(tx).get(DeliveryState.SENT, 0)

            def done() -> bool:
                with node.store.read() as tx:
                    return outbox.counts(tx).get(DeliveryState.SENT, 0) == before + count

            with self._working({"relay": lambda: link.relay.pump(_IDLE_SECONDS)}) as failures:
                begun = time.perf_counter()
                collected = node.collector.collect(adapter)
                if collected.sealed != count:
                    raise RuntimeError(collected)
                self._wait(done, failures)
                return time.perf_counter() - begun


class OurIn(_Ours):
    """Receive, spool, inbox, verify, deliver to a folder, sign and send the receipt 01."""

    def __init__(self, bench: Bench) -> None:
        super().__init__(bench, "receiver")

    def prepare(self, rows: list[Row]) -> None:
        """Nothing: the packets wait in the queue."""

    def run(self, count: int) -> float:
        """Take `count` packets; return the seconds until the last receipt is confirmed."""
        with self._opened() as node:
            with node.store.read() as tx:
                delivered = inbox.counts(tx, "document").get(InboxState.DELIVERED, 0) + count
                answered = outbox.counts_of(tx, "status").get(DeliveryState.SENT, 0) + count

            def done() -> bool:
                with node.store.read() as tx:
                    here = inbox.counts(tx, "document").get(InboxState.DELIVERED, 0)
                    there = outbox.counts_of(tx, "status").get(DeliveryState.SENT, 0)
                return here == delivered and there == answered

            begun = time.perf_counter()
            with self._linked(node) as link:
                steps: Steps = {
                    "receive": lambda: link.receiver.pump(_IDLE_SECONDS),
                    "admit": node.admission.pump,
                    "deliver": node.desk.pump,
                    "relay": lambda: link.relay.pump(_IDLE_SECONDS),
                }
                with self._working(steps) as failures:
                    self._wait(done, failures)
                    return time.perf_counter() - begun
