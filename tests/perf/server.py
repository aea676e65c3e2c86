"""The broker of the bench: a private node with the shipped settings, its queues and its memory."""

from __future__ import annotations

import os
import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pika

from connector.broker.private import PrivateNode
from connector.broker.sandbox import Sandbox
from connector.broker.settings import BrokerSettings
from tests.perf.material import RECEIVER, SENDER, Urls
from tests.perf.process import ROOT, Tree

__all__ = ["Server", "open_server"]

_SHIPPED: Final = (
    "max_message_size",
    "raft.wal_max_size_bytes",
    "vm_memory_high_watermark.relative",
)
_QUEUES: Final = [
    f"edoc.{code}.{name}" for code, _ in (SENDER, RECEIVER) for name in ("inbox", "inbox.urgent")
]


class Server:
    """Queues of two agencies on a broker; its memory, if it runs on this machine."""

    def __init__(self, sandbox: Sandbox, pid: int | None) -> None:
        self._sandbox = sandbox
        self._tree = Tree(pid) if pid else None
        self.version: Final = str(sandbox.management.overview()["rabbitmq_version"])
        self.idle_mib: Final = self.peak_mib()

    @property
    def urls(self) -> Urls:
        """How the agencies reach it."""
        return Urls(self._sandbox.settings(SENDER[0]).url, self._sandbox.settings(RECEIVER[0]).url)

    def purge(self) -> None:
        """Empty all queues."""
        connection = pika.BlockingConnection(pika.URLParameters(self._sandbox.admin.url))
        channel = connection.channel()
        for queue in _QUEUES:
            channel.queue_purge(queue)
        connection.close()

    def reset_peak(self) -> None:
        """Forget the peak so far."""
        if self._tree:
            self._tree.reset_peaks()

    def peak_mib(self) -> float | None:
        """Return the peak of its memory since the last reset; None if it is elsewhere."""
        return round(sum(self._tree.peaks().values()), 1) if self._tree else None

    def cpu_seconds(self) -> float:
        """Return the processor time that it has used; 0 if it is elsewhere."""
        return self._tree.cpu_seconds() if self._tree else 0.0


@contextmanager
def open_server(directory: Path) -> Iterator[Server]:
    """Start a node, or take the one that the environment names, and lay out the queues."""
    url = os.environ.get("CONNECTOR_BROKER_URL")
    if url:
        management = os.environ.get("CONNECTOR_BROKER_MANAGEMENT_URL")
        with _connected(BrokerSettings(url=url, management_url=management), None) as server:
            yield server
        return
    with (
        PrivateNode(directory, disposable=True, extra=shipped_settings()) as node,
        _connected(node.settings(), node.pid) as server,
    ):
        yield server


@contextmanager
def _connected(admin: BrokerSettings, pid: int | None) -> Iterator[Server]:
    with Sandbox(admin, f"bench-{uuid.uuid4().hex[:8]}") as sandbox:
        sandbox.connect([SENDER[0], RECEIVER[0]], settle_seconds=1.0)
        yield Server(sandbox, pid)


def shipped_settings() -> dict[str, str]:
    """Return what deploy/rabbitmq/rabbitmq.conf says about memory and sizes."""
    text = (ROOT / "deploy" / "rabbitmq" / "rabbitmq.conf").read_text(encoding="utf-8")
    found = dict(re.findall(r"^([\w.]+)\s*=\s*(\S+)$", text, re.MULTILINE))
    return {name: found[name] for name in _SHIPPED if name in found}
