"""The peers that one writes in Python: build, validate, sign and send, and the way back.

None of them keeps anything durable of its own, checks who may sign for whom, or survives a
crash; they do one message at a time and wait for each confirm.

    python -m tests.perf.peers.python_peer tool=naive|tuned|xmlsec|command role=out|in ...
"""

from __future__ import annotations

import itertools
import sys
import time
import uuid

import pika
from lxml import etree

from tests.perf.peers.documents import build_document, build_receipt, unpack
from tests.perf.peers.tools import open_tool, validator
from tests.perf.peers.wire import Row, Task, serve

__all__ = ["PeerIn", "PeerOut", "main"]


class _Peer:
    def __init__(self, task: Task) -> None:
        self.task = task
        self.tool = open_tool(task)
        self._checks = {kind: validator(task, kind) for kind in ("document", "status")}
        parameters = pika.URLParameters(task.url)
        parameters.heartbeat = 0  # it has nobody to answer while others take their turns
        self._connection = pika.BlockingConnection(parameters)
        self.channel = self._connection.channel()
        self.channel.confirm_delivery()
        self.channel.basic_qos(prefetch_count=16)

    def seal(self, root: etree._Element, kind: str) -> bytes:
        self.check(root, kind)
        return self.tool.sign(root)

    def check(self, root: etree._Element, kind: str) -> None:
        self._checks[kind](root)

    def publish(self, body: bytes, kind: str) -> None:
        properties = pika.BasicProperties(  # type: ignore[no-untyped-call]
            content_type="application/edxml+xml",
            delivery_mode=2,
            message_id=str(uuid.uuid4()),
            type=kind,
            user_id=self.task.code,
            headers={"edoc-sender": self.task.code, "edoc-receiver": self.task.peer_code},
        )
        receiver = self.task.peer_code
        self.channel.basic_publish("edoc", receiver, body, properties, mandatory=True)


class PeerOut(_Peer):
    """Builds, validates, signs and sends, one by one."""

    def __init__(self, task: Task) -> None:
        super().__init__(task)
        self._rows: list[Row] = []

    def prepare(self, rows: list[Row]) -> None:
        """Take the rows of this round."""
        self._rows = rows

    def run(self, count: int) -> float:
        """Send `count` documents; return the seconds until the last confirm."""
        begun = time.perf_counter()
        for row in self._rows[:count]:
            root = build_document(row, row.path.read_bytes(), self.task)
            self.publish(self.seal(root, "document"), "document")
        return time.perf_counter() - begun


class PeerIn(_Peer):
    """Verifies, validates, writes the files and answers 01, one by one."""

    def __init__(self, task: Task) -> None:
        super().__init__(task)
        self._inbox = task.directory / "inbox"
        self._inbox.mkdir()

    def prepare(self, rows: list[Row]) -> None:
        """Nothing: the packets wait in the queue."""

    def run(self, count: int) -> float:
        """Take `count` packets; return the seconds until the last one is acknowledged."""
        begun = time.perf_counter()
        waiting = self.channel.consume(f"edoc.{self.task.code}.inbox")
        for method, _, body in itertools.islice(waiting, count):
            self.take(body or b"")
            self.channel.basic_ack(method.delivery_tag if method else 0)
        seconds = time.perf_counter() - begun
        self.channel.cancel()
        return seconds

    def take(self, body: bytes) -> None:
        """Take one packet and answer it."""
        root = self.tool.verify(body)
        self.check(root, "document")
        unpack(root, self._inbox / uuid.uuid4().hex)
        self.publish(self.seal(build_receipt(root, self.task), "status"), "status")


def main(arguments: list[str]) -> None:
    """Serve orders."""
    task = Task.parse(arguments)
    peer = PeerOut(task) if task.role == "out" else PeerIn(task)
    serve(peer.prepare, peer.run)


if __name__ == "__main__":
    main(sys.argv[1:])
