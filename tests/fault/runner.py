"""One node in one process, moved step by step, or killed at a named point."""

from __future__ import annotations

import gc
import json
import os
import select
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from connector import crash
from connector.clock import SystemClock
from connector.config.node import load_node
from connector.errors import PermanentError
from connector.events import Emitter
from connector.flow.adapters.acts import AdapterActs
from connector.flow.links import Link
from connector.flow.node import Node, open_node
from connector.flow.operate import Operator
from connector.flow.outbound import Origin
from connector.model.envelope import (
    Business,
    BusinessType,
    InformationChange,
    ReceiverChange,
    StatusCode,
)
from connector.store import journal
from tests.fault.forks import Child, fork
from tests.fault.world import ADAPTER, Site

__all__ = ["Runner", "Start", "start_node", "warm"]

_WAIT_SECONDS: Final = 0.004


@dataclass(frozen=True, slots=True)
class Start:
    """How a node is started: armed at a point or not, with what a person asks for at once."""

    point: str | None = None
    passage: int = 1
    commands: Sequence[dict[str, str]] = ()
    census: Path | None = None
    prepare: Callable[[], None] | None = None


class Runner:
    """A node whose corridors are moved by one thread."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.node: Node = open_node(load_node(site.config), clock=SystemClock(), emitter=Emitter())
        self.links: list[Link] = []
        self._seen: dict[Path, tuple[int, int]] = {}
        self._exchanges = self.node.exchanges()
        self._reported: str | None = None

    def connect(self) -> None:
        """Connect to the broker in the background."""
        self.links = self.node.open_links()

    def step(self, wait_seconds: float = 0.0) -> int:
        """Move everything once; return how much moved."""
        moved = self.collect()
        for link in self.links:
            moved += link.relay.pump(0.0)
            moved += link.receiver.pump(wait_seconds)
        moved += self.node.admission.pump() + self.node.desk.pump()
        return moved or self._exchange()

    def collect(self) -> int:
        """Read the export if its file changed."""
        seen = _seen(self.site.export)
        if seen == self._seen.get(self.site.export):
            return 0
        taken = sum(self.node.collector.collect(each).sealed for each in self.node.adapters)
        self._seen[self.site.export] = seen
        return taken

    def _exchange(self) -> int:
        """Let the legacy systems hear of states, if there is anything new to be heard."""
        seen = _seen(self.site.states)
        with self.node.store.read() as tx:
            head = journal.head(tx)
        if not self._exchanges or (head, seen) == (
            self._reported,
            self._seen.get(self.site.states),
        ):
            return 0
        moved = sum(each.step() for each in self._exchanges)
        self._reported, self._seen[self.site.states] = head, seen
        return moved

    def obey(self, command: dict[str, str]) -> None:
        """Do what a person asks for; asking again for what is done already changes nothing."""
        operator = self.node.operator("tester")
        if command["do"] == "pause":
            acts = AdapterActs(self.node.ledger, [ADAPTER], actor="tester")
            acts.pause(ADAPTER, "kiểm kê")
            acts.resume(ADAPTER, yes=True)
            return
        try:
            if command["do"] == "recall":
                operator.recall(command["document"], "gửi nhầm")
            elif command["do"] == "resend":
                operator.requeue(command["document"])
            elif command["do"] == "update":
                self._update(operator, command["document"])
            else:
                operator.reply(command["document"], StatusCode(command["status"]), None)
        except PermanentError:
            if "must" in command:
                raise

    def _update(self, operator: Operator, text: str) -> None:
        """Send an update packet: another agency is to get the document, too."""
        original = operator._document(operator.sent_packet(text))
        added = ReceiverChange("G09", added=True)
        business = Business(
            type=BusinessType.UPDATE,
            reason="Cập nhật văn bản điện tử",
            document_id=text,
            changes=(
                InformationChange(document_info=False, document_receiver=True, receivers=(added,)),
            ),
        )
        update = replace(original, business=business, attachments=(), traces=())
        outbound = self.node.outbound
        prepared = outbound.prepare(update, agency=self.site.code)
        receivers = [each.organ_id for each in original.receivers]
        with self.node.ledger.work() as work:
            outbound.enqueue_document(work, prepared, receivers=receivers, origin=Origin())

    def run(self, control: int) -> None:
        """Move until the other end of `control` is closed; obey its lines."""
        wait = 0.0
        while True:
            moved = self.step(wait)
            wait = 0.0 if moved else _WAIT_SECONDS
            if not moved and select.select([control], [], [], 0)[0]:
                text = os.read(control, 65536)
                if not text:
                    return
                for line in text.splitlines():
                    self.obey(json.loads(line))

    def close(self) -> None:
        """Disconnect and close the store."""
        for link in self.links:
            link.close()
        self.node.close()


def _seen(path: Path) -> tuple[int, int]:
    state = path.stat()
    return state.st_mtime_ns, state.st_size


def warm(sites: Iterable[Site]) -> None:
    """Load, compile and cache in this process whatever a node needs, and hold nothing of it."""
    for site in sites:
        runner = Runner(site)
        runner.step()
        runner.close()
        del runner
    gc.collect()
    gc.freeze()
    if threading.active_count() > 1:
        raise RuntimeError(f"a fork would lose these threads: {threading.enumerate()}")


def start_node(site: Site, start: Start, log: Path) -> Child:
    """Fork a child that is one node."""

    def work(control: int) -> None:
        census: Counter[str] = Counter()
        if start.prepare is not None:
            start.prepare()
        if start.point is not None:
            crash.arm(start.point, start.passage)
        elif start.census is not None:
            crash.watch(lambda name: census.update([name]))
        runner = Runner(site)
        runner.connect()
        for command in start.commands:
            runner.obey(command)
        runner.run(control)
        runner.close()
        if start.census is not None:
            start.census.write_text(json.dumps(census), encoding="utf-8")

    return fork(work, log)
