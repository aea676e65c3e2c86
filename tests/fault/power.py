"""Power cuts at every write and every sync of a real run.

Two agencies exchange documents over a broker while all their writes are recorded
(`record`). From the trace the disks are rebuilt as they are after a cut at any moment, the
nodes are started on them, and must have kept every promise that was given before the cut: what
was given to the broker, what was acknowledged to it, what was answered 03.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from connector.broker.consumer import Consumer
from connector.broker.message import DeliveryTag, Incoming, Outgoing
from connector.broker.publisher import Publisher
from connector.disk import Syncing
from connector.errors import ConnectorError
from connector.store import engine
from tests.fault.checker import check
from tests.fault.disk import Change, Disk, Kept, Op, read_trace, shim, shim_environ
from tests.fault.evidence import Agency, World, digest_of, query, sent_bodies, sink_copies
from tests.fault.forks import quiet, until
from tests.fault.patching import patch
from tests.fault.runner import Runner
from tests.fault.world import Site

__all__ = ["Cut", "Recording", "cut_points", "judge", "record", "run_cuts"]

_TRACE: Final = "disk.trace"
_IN_PARTS_BYTES: Final = 150_000
_COUNTS: Final = frozenset(
    {Op.WRITE, Op.TRUNCATE, Op.SYNC, Op.SYNC_DIR, Op.RENAME, Op.LINK, Op.UNLINK, Op.CREATE, Op.MARK}
)


@dataclass(frozen=True, slots=True)
class Cut:
    """One cut: after how many records, and what of the un-synced survives."""

    at: int
    kept: Kept
    seed: int


@dataclass(frozen=True, slots=True)
class Recording:
    """A run on disk: the state before it, its trace, and the codes of its agencies."""

    directory: Path
    codes: tuple[str, ...]

    @property
    def root(self) -> Path:
        """Where the agencies ran."""
        return self.directory / "world"

    @property
    def baseline(self) -> Path:
        """The same before the run."""
        return self.directory / "before"

    @property
    def trace(self) -> Path:
        """What was written."""
        return self.directory / _TRACE

    def changes(self) -> list[Change]:
        """Read the trace."""
        return read_trace(self.trace)


def record(recording: Recording, library: Path, *, rounds: int, careless: bool = False) -> None:
    """Let the agencies of a prepared world exchange documents with all writes recorded.

    A `careless` run syncs nothing, so that it can be seen whether anybody notices.
    """
    for code in recording.codes:  # as an installation makes them, once and in quiet
        (recording.root / code / "state").mkdir(mode=0o700, exist_ok=True)
        (recording.root / code / "sink").mkdir(exist_ok=True)
    shutil.copytree(recording.root, recording.baseline)
    recording.trace.unlink(missing_ok=True)
    environ = shim_environ(library, recording.root, trace=str(recording.trace))
    how = "careless" if careless else "careful"
    command = [sys.executable, "-m", "tests.fault.power", str(recording.root), str(rounds), how]
    subprocess.run([*command, *recording.codes], env=environ, check=True)


def _without_fsync() -> None:
    """Sync nothing any more, neither files nor the database."""
    for name in ("fsync", "fdatasync"):
        patch(os, name, lambda _descriptor: None)
    patch(Syncing, "begin", lambda _syncing, _descriptors, **_how: None)
    patch(engine, "_PRAGMAS", ("synchronous=OFF", *engine._PRAGMAS[1:]))


def _exchange(root: Path, rounds: int, codes: Sequence[str]) -> None:
    """Run inside the recorded process: documents both ways, replies, replacements, recalls."""
    quiet()
    _mark_promises()
    sites = [Site(code, root / code) for code in codes]
    runners = [Runner(site) for site in sites]
    for runner in runners:
        runner.connect()
    world = World.load(root / "world.json")
    for number in range(rounds):
        for here, there in (runners, runners[::-1]):
            files, size = 1 + number % 2, _IN_PARTS_BYTES if number % 2 else 0
            document = here.site.record(f"{number}/VP", [there.site.code], files=files, size=size)
            _rest(runners, world, here, document, "accepted")
            if number % 3 == 1:
                earlier = here.site.document_id(f"{number - 1}/VP")
                newer = here.site.record(f"9{number}/VP", [there.site.code], ThayThe=earlier)
                _rest(runners, world, here, newer, "accepted")
                there.obey({"do": "reply", "document": document, "status": "06", "must": ""})
                _rest(runners, world, here, document, "finished")
            if number % 3 == 2:
                here.obey({"do": "recall", "document": document, "must": ""})
                _rest(runners, world, here, document, "recalled")
            if number % 4 == 3:
                for runner in runners:
                    runner.node.store.checkpoint()
    for runner in runners:
        runner.close()


def _rest(
    runners: Sequence[Runner], world: World, sender: Runner, document: str, state: str
) -> None:
    """Move until a document has reached a state; no other connection is opened on the stores."""

    def reached() -> bool:
        for runner in runners:
            runner.step(0.002)
        rows = _states(sender, document)
        return state in rows and len(rows) >= 1

    if not until(reached, 60.0, 0.0):
        raise TimeoutError(f"{document} in {world.agencies.keys()} is not {state}")


def _states(runner: Runner, document: str) -> list[str]:
    from connector.store import outbox

    with runner.node.store.read() as tx:
        return [
            delivery.state.value
            for packet in outbox.by_document(tx, runner.site.code, document)
            for delivery in outbox.deliveries(tx, packet.packet_id)
            if packet.business_type in {0, 3}
        ]


def _mark_promises() -> None:
    """Let everything that leaves the process be noted in the trace just before it does."""
    held: dict[tuple[int, DeliveryTag], dict[str, Any]] = {}
    submit, take, ack = Publisher.submit, Consumer.receive_many, Consumer.ack

    def marking_submit(self: Publisher, message: Outgoing, *args: Any, **kwargs: Any) -> None:
        fact = {"gave": message.user_id, "packet": message.message_id, "to": message.key[1]}
        shim().shim_mark(json.dumps(fact).encode())
        submit(self, message, *args, **kwargs)

    def noting_take(self: Consumer, *args: Any, **kwargs: Any) -> list[Incoming]:
        found = take(self, *args, **kwargs)
        for message in found:
            held[id(self), message.tag] = _fact_of(message)
        return found

    def marking_ack(self: Consumer, tags: Any) -> None:
        tags = list(tags)
        for tag in tags:
            shim().shim_mark(json.dumps(held.pop((id(self), tag))).encode())
        ack(self, tags)

    patch(Publisher, "submit", marking_submit)
    patch(Consumer, "receive_many", noting_take)
    patch(Consumer, "ack", marking_ack)


def _fact_of(message: Incoming) -> dict[str, Any]:
    """Return what a message promises once it is acknowledged; of a part, where it belongs."""
    fact = {"took": message.queue, "body": hashlib.sha256(message.body).hexdigest()}
    if "edoc-part" not in message.headers:
        return fact
    number, count, whole = (message.headers[f"edoc-{name}"] for name in ("part", "parts", "size"))
    size = len(message.body)
    at = whole - size if number == count else (number - 1) * size
    return fact | {"part": number, "id": message.message_id, "at": at, "size": size}


def cut_points(changes: Sequence[Change], *, number: int, seed: int) -> list[Cut]:
    """Choose cuts: every moment at least once without the un-synced, then with some of it."""
    rolls = random.Random(seed)  # noqa: S311 - repeatable, not secret
    moments = [at for at, change in enumerate(changes, start=1) if change.op in _COUNTS]
    if number < len(moments):
        moments = sorted(rolls.sample(moments, number))
    cuts = [Cut(at, Kept.NOTHING, 0) for at in moments]
    while len(cuts) < number:
        cuts.append(Cut(rolls.choice(moments), Kept.SOME, rolls.randrange(1 << 30)))
    return sorted(cuts, key=lambda cut: cut.at)


@dataclass(slots=True)
class Judged:
    """What one cut came to."""

    cut: Cut
    after: str
    promises: int
    faults: list[str] = field(default_factory=list)


def run_cuts(
    recording: Recording, cuts: Sequence[Cut], work: Path, *, ignore_syncs: bool = False
) -> Iterator[Judged]:
    """Rebuild, start and judge; `cuts` are in the order of the trace.

    With `ignore_syncs` the disk lied: nothing was ever synced.
    """
    changes = recording.changes()
    disk, at = Disk(recording.root, recording.baseline), 0
    for cut in cuts:
        for change in changes[at : cut.at]:
            if not ignore_syncs or change.op not in {Op.SYNC, Op.SYNC_DIR}:
                disk.apply(change)
        at = cut.at
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(parents=True)
        rolls = random.Random(cut.seed)  # noqa: S311 - repeatable, not secret
        disk.materialise(work, cut.kept, rolls)
        marks = [json.loads(mark) for mark in disk.marks]
        last = changes[cut.at - 1]
        after = f"{last.op.name} {last.path.removeprefix(str(recording.root))}"
        yield Judged(cut, after, len(marks), judge(work, marks))


def judge(root: Path, marks: Sequence[Mapping[str, Any]]) -> list[str]:
    """Start the nodes on what a cut left, and return which promises are broken."""
    world = World.load(root / "world.json")
    faults = [fault for mark in marks for fault in _broken(mark, world)]
    for code in world.agencies:
        runner = None
        try:
            runner = Runner(Site(code, root / code))
            while runner.step():
                pass
        except ConnectorError as error:
            faults.append(f"lost: {code} does not start again: {error}")
        finally:
            if runner is not None:
                runner.close()
    faults += [str(fault) for fault in check(world, settled=False).faults]
    return faults + [fault for mark in marks for fault in _broken(mark, world)]


def _broken(mark: Mapping[str, Any], world: World) -> Iterator[str]:
    """Compare one promise with a disk."""
    if "gave" in mark:
        yield from _not_kept(mark, world)
        return
    code = mark["took"].removeprefix("edoc.").split(".inbox")[0].split(".dead")[0]
    agency = world.agencies[code]
    if "part" in mark:
        if mark["body"] not in _copies_of(mark, agency):
            yield f"lost: {code} has acknowledged part {mark['part']} of {mark['id']}"
        return
    rows = query(agency.database, "SELECT 1 FROM inbox_message WHERE body_sha256 = ?", mark["body"])
    if not rows:
        yield f"lost: {code} has acknowledged {mark['body'][:12]} and does not know it"
    if digest_of(agency.spool / mark["body"][:2] / mark["body"][2:]) != mark["body"]:
        yield f"lost: {code} has acknowledged {mark['body'][:12]} and has not its bytes"


def _copies_of(mark: Mapping[str, Any], agency: Agency) -> Iterator[str | None]:
    """Yield the digests of what stands where a part belongs: among the parts, or in the whole."""
    known = "SELECT body_sha256 FROM inbox_message WHERE message_id = ?"
    for row in query(agency.database, known, mark["id"]):
        yield _digest_at(agency.spool, row["body_sha256"], mark["at"], mark["size"])
    waiting = (
        "SELECT assembly, start FROM inbox_part JOIN inbox_assembly USING (assembly)"
        " WHERE number = ? AND json_extract(facts, '$.message_id') = ?"
    )
    for row in query(agency.database, waiting, mark["part"], mark["id"]):
        parts = agency.spool.with_name("parts")
        yield _digest_at(parts, row["assembly"], row["start"], mark["size"])


def _digest_at(directory: Path, name: str, at: int, size: int) -> str | None:
    path = directory / name[:2] / name[2:]
    if not path.is_file():
        return None
    return hashlib.sha256(path.read_bytes()[at : at + size]).hexdigest()


def _not_kept(mark: Mapping[str, Any], world: World) -> Iterator[str]:
    agency = world.agencies[mark["gave"]]
    rows = query(agency.database, "SELECT * FROM outbox_packet WHERE packet_id = ?", mark["packet"])
    if not rows:
        yield f"lost: {agency.code} has sent {mark['packet']} and does not know it"
        return
    if sent_bodies(agency, [mark["packet"]])[mark["packet"]] is None:
        yield f"lost: {agency.code} has sent {mark['packet']} and has not its bytes"
    if rows[0]["kind"] == "status" and rows[0]["status_code"] == "03":
        answered = rows[0]["correlation_id"]
        if not sink_copies(agency, [answered]):
            yield f"lost: {agency.code} has answered 03 to {answered}, which its clerk has not"


if __name__ == "__main__":
    if sys.argv[3] == "careless":
        _without_fsync()
    _exchange(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[4:])
