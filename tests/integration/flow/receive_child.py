"""Receives one packet in a process of its own and says how much memory that took at most.

``python -m tests.integration.flow.receive_child CONFIG FILE PART_BYTES DIGEST``: the file is
handed to the receiving side of the node as parts, as the broker would; then verified, delivered.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, cast

from connector.broker.consumer import Consumer
from connector.broker.message import DeliveryTag, Incoming
from connector.clock import SystemClock
from connector.config.node import load_node
from connector.events import Emitter
from connector.flow.node import open_node
from connector.flow.receive import Receiver
from connector.service.logs import configure_logs
from connector.store import inbox

__all__ = ["main"]


class _Parts:
    """A file as messages, one at a time."""

    def __init__(self, file: Path, part_bytes: int, digest: str) -> None:
        self._messages = _messages(file, part_bytes, digest)

    def receive_many(self, _limit: int, _timeout: float) -> list[Incoming]:
        """Return the next message."""
        found = next(self._messages, None)
        return [] if found is None else [found]

    def ack(self, _tags: Sequence[DeliveryTag]) -> None:
        """Forget messages."""


def _messages(file: Path, part_bytes: int, digest: str) -> Iterator[Incoming]:
    size = file.stat().st_size
    count = -(-size // part_bytes)
    with file.open("rb") as stream:
        for number in range(1, count + 1):
            headers: dict[str, Any] = {
                "edoc-receiver": "H41",
                "edoc-environment": "test",
                "edoc-sha256": digest,
            }
            if count > 1:
                headers |= {"edoc-part": number, "edoc-parts": count, "edoc-size": size}
            yield Incoming(
                body=stream.read(part_bytes),
                user_id="G22",
                message_id="m1",
                type="document",
                correlation_id=None,
                headers=headers,
                queue="edoc.H41.inbox",
                redelivered=False,
                tag=DeliveryTag(0, number),
            )


def main(config: str, file: str, part_bytes: str, digest: str) -> None:
    """Receive, verify and deliver; print the state of the message and the peak in kilobytes."""
    configure_logs("error")
    node = open_node(load_node(Path(config)), clock=SystemClock(), emitter=Emitter())
    consumer = cast("Consumer", _Parts(Path(file), int(part_bytes), digest))
    receiver = Receiver(node.ledger, node.spool, consumer, node.receipts, node.assembler)
    while receiver.pump():
        pass
    node.admission.pump()
    node.desk.pump()
    with node.store.read() as tx:
        (row,) = inbox.list_messages(tx, limit=2)
    node.close()
    status = Path("/proc/self/status").read_text(encoding="ascii")
    (peak,) = re.findall(r"VmHWM:\s+([0-9]+) kB", status)
    sys.stdout.write(f"{row.state.value} {peak}\n")
    sys.stderr.write(f"{row.findings}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
