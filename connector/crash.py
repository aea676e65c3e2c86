"""Named points between two durable steps, at which the fault suite kills the process.

A point does nothing in a running node but compare one variable with None. It is armed by
``CONNECTOR_CRASH_AT=name:n``, and then ends the process with SIGKILL at the n-th passage: nothing
is flushed, no handler runs, as if the machine had lost the process.

Nobody arms a production node by accident: the variable is refused unless ``CONNECTOR_FAULTS=1``
stands beside it, and always where ``environment: production`` is configured
(docs/adr/0011-named-crash-points.md).
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Mapping
from typing import Final

from connector import crash_codes as codes
from connector.errors import ConfigError

__all__ = ["POINTS", "arm", "arm_from", "disarm", "point", "watch"]

POINTS: Final = (
    # a record of an export becomes a packet in the outbox
    "collect.read",
    "collect.mapped",
    "collect.prepared",
    "collect.settled",
    "collect.cursor",
    "collect.committed",
    "collect.acknowledged",
    "outbound.sealed",
    "outbound.kept",
    "outbox.enqueued",
    # the outbox goes to the broker
    "relay.claimed",
    "relay.submitted",
    "relay.part_submitted",
    "relay.confirmed",
    "relay.settled",
    # files become durable
    "spool.written",
    "spool.synced",
    "spool.named",
    "spool.adopted",
    # every transaction of either corridor
    "store.begun",
    "store.committing",
    "store.committed",
    "ledger.told",
    "journal.appended",
    "inbox.received",
    "inbox.updated",
    "inbox.receipt",
    "sources.taken",
    "durable.synced",
    # the broker's side of receiving
    "consumer.arrived",
    "consumer.handed_out",
    "consumer.acked",
    "receive.spooled",
    "receive.committed",
    "receive.acked",
    "receive.part_taken",
    "receive.joined",
    "receive.parts_recorded",
    "receive.parts_unneeded",
    "receive.parts_dropped",
    # what arrived is looked at
    "admit.decided",
    "admit.answered",
    # statuses, both ways
    "receipt.sealed",
    "receipt.queued",
    "receipt.repeated",
    "status.found",
    "status.applied",
    "status.recorded",
    # a document reaches the clerk
    "deliver.handed_over",
    "sink.opened",
    "sink.copied",
    "sink.written",
    "sink.renamed",
    "sink.synced",
    "folder.built",
    "folder.placed",
    "folder.marked",
    "folder.cancelled",
    "folder.replaced",
    "folder.updated",
    "sql.inserted",
    "sql.marked",
    "sql.committed",
    # what a person asks for
    "recall.sealed",
    "recall.queued",
    "adapter.said",
    # states of documents, from and to legacy systems
    "feed.replied",
    "feed.noted",
    "feed.cursor",
    "report.written",
    "report.cursor",
)
"""Every point, each placed exactly once in the code; `tests/fault/test_crash.py` compares."""

_AT: Final = "CONNECTOR_CRASH_AT"
_ALLOWED: Final = "CONNECTOR_FAULTS"

_on_point: Callable[[str], None] | None = None


def point(name: str) -> None:
    """Pass a point; the process may end here."""
    if _on_point is not None:
        _on_point(name)


def arm(name: str, passage: int) -> None:
    """Kill this process at the n-th passage of a point, counted from now over all threads.

    Raises:
        ConfigError: there is no such point, or the passage is not above 0.
    """
    if name not in POINTS or passage < 1:
        raise ConfigError(codes.POINT_UNKNOWN.at(variable=_AT, value=f"{name}:{passage}"))
    left, lock = passage, threading.Lock()

    def kill(passed: str) -> None:
        nonlocal left
        if passed != name:
            return
        with lock:
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
                signal.pause()  # the signal may reach another thread first

    watch(kill)


def watch(on_point: Callable[[str], None]) -> None:
    """Call a function at every passage of any point, in the thread that passes."""
    global _on_point  # noqa: PLW0603 - one comparison is all that a point may cost
    _on_point = on_point


def disarm() -> None:
    """Let all points do nothing again."""
    global _on_point  # noqa: PLW0603 - see `watch`
    _on_point = None


def arm_from(environ: Mapping[str, str], *, production: bool) -> None:
    """Arm what the environment names; nothing if it names nothing.

    Raises:
        ConfigError: a point is named where no faults are allowed, or it does not exist.
    """
    wanted = environ.get(_AT)
    if wanted is None:
        return
    if production or environ.get(_ALLOWED) != "1":
        raise ConfigError(codes.WITHOUT_LEAVE.at(_AT, variable=_AT))
    name, _, passage = wanted.rpartition(":")
    if not passage.isascii() or not passage.isdigit():
        raise ConfigError(codes.POINT_UNKNOWN.at(_AT, variable=_AT, value=wanted))
    arm(name, int(passage))
