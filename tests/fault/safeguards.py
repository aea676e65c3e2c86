"""Each safeguard switched off alone: the checker must notice, or it proves nothing.

Every safeguard is tried twice in the same situation, in force and switched off. In force nothing
may be wrong, switched off something must be.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from connector import crash
from connector.broker.consumer import Consumer
from connector.broker.message import DeliveryTag, Incoming
from connector.broker.sandbox import Sandbox
from connector.broker.topology import dead_queue, queues_of
from connector.sinks.folder import FolderSink
from connector.store import inbox, sources
from connector.trust.pki import DevPki
from tests.fault.checker import check
from tests.fault.disk import build_shim
from tests.fault.evidence import World, query
from tests.fault.forks import Child, until
from tests.fault.patching import patch
from tests.fault.power import Recording, cut_points, record, run_cuts
from tests.fault.runner import Start, start_node, warm
from tests.fault.world import Site, build_world

__all__ = ["SAFEGUARDS", "Bench", "try_all"]

_PATIENCE_SECONDS: Final = 30.0
_SHORT_SECONDS: Final = 4.0


@dataclass(slots=True)
class Bench:
    """A sender and a receiver on an empty world, and what is needed for the next one."""

    root: Path
    pki: DevPki
    sandbox: Sandbox

    def prepare(self, name: str) -> tuple[Site, Site, World]:
        """Build fresh nodes and empty the queues."""
        for code in ("G22", "H41"):
            for queue in (*queues_of(code), dead_queue(code)):
                path = ["queues", self.sandbox.vhost, queue, "contents"]
                self.sandbox.management._delete(path)
        directory = self.root / name
        directory.mkdir(parents=True)
        sites = build_world(directory, self.pki, self.sandbox)
        return sites["G22"], sites["H41"], World.load(directory / "world.json")

    def start(self, site: Site, prepare: Callable[[], None] | None = None) -> Child:
        """Start a node whose process is changed first."""
        return start_node(site, Start(prepare=prepare), site.directory / "node.log")


def _state(site: Site, document: str) -> str | None:
    rows = query(
        site.database,
        "SELECT d.state FROM delivery d JOIN outbox_packet p ON p.packet_id = d.packet_id"
        " WHERE p.document_id = ?",
        document,
    )
    return rows[0]["state"] if rows else None


def _reaches(site: Site, document: str, *states: str, seconds: float = _PATIENCE_SECONDS) -> bool:
    return until(lambda: _state(site, document) in states, seconds, 0.02)


def _faults(world: World, *children: Child) -> list[str]:
    for child in children:
        child.stop()
    return [str(fault) for fault in check(world).faults]


def dedup(bench: Bench, *, off: bool) -> list[str]:
    """The same packet is sent twice."""
    sender, receiver, world = bench.prepare(f"dedup-{off}")
    children = [bench.start(sender), bench.start(receiver, _without_dedup if off else None)]
    document = sender.record("1/VP", ["H41"])
    _reaches(sender, document, "accepted")
    children[0].send('{"do": "resend", "document": "' + document + '"}')
    until(lambda: _received(receiver) >= 2, _PATIENCE_SECONDS, 0.02)
    _reaches(sender, document, "accepted", seconds=_SHORT_SECONDS if off else _PATIENCE_SECONDS)
    until(lambda: _open(receiver) == 0, _PATIENCE_SECONDS, 0.02)
    return _faults(world, *children)


def _received(site: Site) -> int:
    statement = "SELECT sum(copies) AS n FROM inbox_message WHERE type = 'document'"
    return int(query(site.database, statement)[0]["n"] or 0)


def _open(site: Site) -> int:
    statement = "SELECT count(*) AS n FROM inbox_message WHERE state IN ('received', 'verified')"
    return int(query(site.database, statement)[0]["n"])


def _without_dedup() -> None:
    """Take each message for a new one, on record and in the folder."""
    receive, home = inbox.receive, FolderSink._home

    def always_new(tx: Any, message: Any) -> bool:
        tx.exec_driver_sql("DROP INDEX IF EXISTS uq_inbox_message_in_effect")
        return receive(tx, replace(message, message_id=str(uuid.uuid4())))

    def elsewhere(self: FolderSink, item: Any) -> Path:
        found = home(self, item)
        return found.with_name(f"{uuid.uuid4().hex[:8]}-{found.name}")

    patch(inbox, "receive", always_new)
    patch(inbox, "by_packet", lambda _tx, _packet_id: None)
    patch(FolderSink, "_home", elsewhere)


def mandatory(bench: Bench, *, off: bool) -> list[str]:
    """A document goes to an agency for which the broker has no queue."""
    sender, _, world = bench.prepare(f"mandatory-{off}")
    child = bench.start(sender, _without_mandatory if off else None)
    document = sender.record("1/VP", ["H29"])
    _reaches(sender, document, "sent", "returned")
    return _faults(world, child)


def _without_mandatory() -> None:
    from pika.channel import Channel

    publish = Channel.basic_publish

    def careless(self: Channel, *args: Any, **kwargs: Any) -> Any:
        return publish(self, *args, **{**kwargs, "mandatory": False})

    patch(Channel, "basic_publish", careless)


def cursor(bench: Bench, *, off: bool) -> list[str]:
    """The process dies between the cursor and the packets that it stands for."""
    sender, receiver, world = bench.prepare(f"cursor-{off}")
    document = sender.record("1/VP", ["H41"])
    peer = bench.start(receiver)
    dying = bench.start(sender, _cursor_first if off else _dies_before_commit)
    until(dying.poll, _PATIENCE_SECONDS)
    again = bench.start(sender)
    _reaches(sender, document, "accepted", seconds=_SHORT_SECONDS if off else _PATIENCE_SECONDS)
    return _faults(world, again, peer)


def _dies_before_commit() -> None:
    crash.arm("collect.cursor", 1)


def _cursor_first() -> None:
    """Let the cursor be durable before the packets, and the process die between them."""
    from connector.flow.adapters.adapter import Adapter
    from connector.flow.collect import Collector

    collect, open_source = Collector.collect, Adapter.open_source
    ledgers: list[Any] = []

    def noting(self: Collector, adapter: Any, *more: Any) -> Any:
        ledgers.append(self._ledger)
        return collect(self, adapter, *more)

    patch(Collector, "collect", noting)
    patch(Adapter, "open_source", lambda self: _Hasty(open_source(self), self.name, ledgers[-1]))


class _Hasty:
    """A source whose cursor is durable as soon as a batch was read."""

    def __init__(self, source: Any, adapter: str, ledger: Any) -> None:
        self._source = source
        self._adapter = adapter
        self._ledger = ledger

    def __getattr__(self, name: str) -> Any:
        return getattr(self._source, name)

    def read(self, *given: Any, **named: Any) -> Iterator[Any]:
        for batch in self._source.read(*given, **named):
            with self._ledger.work() as work:
                sources.set_cursor(work.tx, self._adapter, batch.cursor)
            crash.arm("store.begun", 1)
            yield batch


def ack_after_commit(bench: Bench, *, off: bool) -> list[str]:
    """The receiver dies while it records a message."""
    sender, receiver, world = bench.prepare(f"ack-{off}")
    peer = bench.start(sender)
    dying = bench.start(receiver, _ack_first if off else _dies_while_recording)
    document = sender.record("1/VP", ["H41"])
    until(dying.poll, _PATIENCE_SECONDS)
    again = bench.start(receiver)
    _reaches(sender, document, "accepted", seconds=_SHORT_SECONDS if off else _PATIENCE_SECONDS)
    return _faults(world, again, peer)


def _dies_while_recording() -> None:
    crash.arm("inbox.received", 1)


def _ack_first() -> None:
    """Acknowledge what has arrived before it is recorded; give the broker time to hear it."""
    take, ack = Consumer.receive_many, Consumer.ack

    def acked(self: Consumer, *given: Any, **named: Any) -> list[Incoming]:
        found = take(self, *given, **named)
        if found:
            ack(self, [message.tag for message in found])
            self.backlog()
            crash.arm("inbox.received", 1)
        return found

    def nothing(_self: Consumer, _tags: Iterable[DeliveryTag]) -> None:
        return

    patch(Consumer, "receive_many", acked)
    patch(Consumer, "ack", nothing)


def fsync(bench: Bench, *, off: bool) -> list[str]:
    """The power is cut at many moments."""
    recording = Recording(bench.root / f"fsync-{off}", ("G22", "H41"))
    recording.directory.mkdir()
    build_world(recording.root, bench.pki, bench.sandbox, recording.codes)
    shim = build_shim(recording.directory)
    record(recording, shim, rounds=1, careless=off)
    cuts = cut_points(recording.changes(), number=12, seed=1)
    work = recording.directory / "cut"
    return [fault for judged in run_cuts(recording, cuts, work) for fault in judged.faults]


SAFEGUARDS: Final[Mapping[str, Callable[..., list[str]]]] = {
    "dedup": dedup,
    "fsync": fsync,
    "mandatory": mandatory,
    "transaction around the cursor": cursor,
    "ack after commit": ack_after_commit,
}
"""Every safeguard by name, with the situation in which it matters."""


def try_all(bench: Bench) -> Iterator[dict[str, Any]]:
    """Try each safeguard in force and switched off."""
    warm(bench.prepare("warm")[:2])
    for name, situation in SAFEGUARDS.items():
        yield {
            "safeguard": name,
            "in_force": situation(bench, off=False),
            "switched_off": situation(bench, off=True),
        }
