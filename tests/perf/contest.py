"""Pipelines that take turns: processes, warm-up, rounds, medians."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from tests.perf.material import Site, empty
from tests.perf.memory import Spare
from tests.perf.peer_setup import Commands
from tests.perf.process import PipelineError, Process
from tests.perf.scenes import PIPELINES, Direction, Scene
from tests.perf.server import Server

__all__ = [
    "KEY_NAMES",
    "Bench",
    "Contestant",
    "Member",
    "grown",
    "open_site",
    "own_cores",
    "row_of",
    "run_scene",
]

KEY_NAMES: Final = {"rsa2048": "RSA-2048", "rsa3072": "RSA-3072", "p256": "P-256"}
_PATIENCE_SECONDS: Final = 240.0
_ROUND_BYTES: Final = 300_000_000
_MOST_DOCUMENTS: Final = 4000
_FIRST: Final = 3
_MOST_WARM_UPS: Final = 8
_GROWTH: Final = 8
_FROM_PEER_BYTES: Final = 2_500_000
"""Packets of larger attachments may travel in parts, which only the connector reads."""


@dataclass(slots=True)
class Bench:
    """What every measurement needs, and what it adds to."""

    work: Path
    server: Server
    commands: Commands
    cores: Sequence[int]
    spare: Spare
    unable: list[dict[str, Any]] = field(default_factory=list)
    sites: int = 0

    def cannot(self, name: str, direction: str, size: int, reason: str) -> None:
        """Note that a pipeline has no row, and why."""
        self.unable.append(
            {"name": name, "direction": direction, "attachment_bytes": size, "reason": reason}
        )


@dataclass(slots=True)
class Member:
    """One process at its place."""

    process: Process
    place: Path
    site: Site

    def prepare(self, count: int, *, files: bool) -> Path | None:
        """Make the files of a round, if it sends any."""
        return self.site.lay_out(self.place, count) if files else None


@dataclass(slots=True)
class Contestant:
    """One pipeline with its processes, and its rounds so far."""

    name: str
    direction: Direction
    members: list[Member]
    documents: int = 0
    rounds: list[dict[str, float]] = field(default_factory=list)

    def run(self, documents: int) -> dict[str, float]:
        """Run one round on documents that nobody has seen before."""
        shares = _shares(documents, len(self.members))
        sends = self.direction == "out"
        floor = self.name.startswith("floor")
        rows = [
            m.prepare(n, files=sends or floor) for m, n in zip(self.members, shares, strict=True)
        ]
        for member, share, row in zip(self.members, shares, rows, strict=True):
            member.process.order(share, row)
        answers = [member.process.result(_PATIENCE_SECONDS) for member in self.members]
        for member in self.members:
            member.site.clear(member.place)
        seconds = max(answer["seconds"] for answer in answers)
        return {
            "documents": documents,
            "rate": documents / seconds,
            "cpu_ms": sum(answer["cpu_seconds"] for answer in answers) / documents * 1000,
            "peak_mib": sum(answer["peak_mib"] for answer in answers),
        }


def _shares(documents: int, members: int) -> list[int]:
    return [documents // members + (index < documents % members) for index in range(members)]


def grown(documents: int, rate: float, seconds: float) -> int:
    """Return how many documents to try next: a few say little about the rate of many."""
    took = documents / rate
    if took >= seconds * 0.6:
        return documents
    return max(documents + 1, round(documents * min(_GROWTH, seconds / took)))


def own_cores(cores: Sequence[int], workers: int) -> list[int]:
    """Return the cores on which a pipeline with so many workers runs; the broker has all."""
    return list(cores[:workers])


@contextmanager
def open_site(bench: Bench, scene: Scene) -> Iterator[Site]:
    """Make a place for a scene, and empty what is in it afterwards."""
    bench.sites += 1
    directory = bench.work / f"s{bench.sites}"
    site = Site(directory, bench.server.urls, scene.attachment_bytes, scene.key_type)
    try:
        yield site
    finally:
        empty(directory)


def start(
    bench: Bench,
    site: Site,
    tool: str,
    role: str,
    *,
    cores: Sequence[int] = (),
    place: Path | None = None,
    environ: Mapping[str, str] | None = None,
) -> Member:
    """Start one process; raises PipelineError if it does not get ready."""
    place = place or site.place()
    task = site.task(tool, role, place)
    command = [*bench.commands[tool], *task.arguments()]
    process = Process(command, log=place / "log", environ=environ, cores=cores)
    member = Member(process, place, site)
    try:
        process.wait_ready(_PATIENCE_SECONDS)
    except PipelineError:
        process.close(at_once=True)
        raise
    return member


class Filler:
    """Fills the receiver's queue with signed packets; its work is not timed."""

    def __init__(self, bench: Bench, site: Site, stack: ExitStack, *, for_peers: bool) -> None:
        large = site.attachment_bytes > _FROM_PEER_BYTES
        tool = "tuned" if for_peers and large else "connector"
        self._sender = start(bench, site, tool, "out")
        stack.callback(self._sender.process.close)

    def fill(self, count: int) -> None:
        """Put so many packets into the queue."""
        Contestant("filler", "out", [self._sender]).run(count)


def run_scene(bench: Bench, scene: Scene) -> list[dict[str, Any]]:
    """Measure all pipelines of a scene, one direction after the other; return the rows."""
    rows = []
    for direction in scene.directions:
        with open_site(bench, scene) as site, ExitStack() as stack:
            contestants = _contestants(bench, scene, site, direction, stack)
            fillers = _fillers(bench, site, stack, contestants) if direction == "in" else {}
            race = Race(bench, scene, contestants, fillers)
            race.run()
            rows += [row_of(one, scene) for one in race.contestants if one.rounds]
    return rows


def _contestants(
    bench: Bench, scene: Scene, site: Site, direction: Direction, stack: ExitStack
) -> list[Contestant]:
    made = []
    for tool in scene.tools:
        pipeline = PIPELINES[tool]
        fits = direction in pipeline.directions and tool in bench.commands
        if not fits or scene.key_type not in pipeline.key_types:
            continue
        name, size = pipeline.name, scene.attachment_bytes
        if size > pipeline.limit_bytes:
            bench.cannot(name, direction, size, pipeline.limit_reason)
            continue
        count = 1 if tool == "connector" else scene.workers
        cores = own_cores(bench.cores, scene.workers)
        try:
            members = []
            for index in range(count):
                pinned = cores if count == 1 else [cores[index]]
                member = start(bench, site, tool, direction, cores=pinned)
                stack.callback(member.process.close)
                members.append(member)
        except PipelineError as error:
            bench.cannot(name, direction, size, str(error))
            continue
        made.append(Contestant(name, direction, members))
    return made


def _fillers(
    bench: Bench, site: Site, stack: ExitStack, contestants: Sequence[Contestant]
) -> dict[str, Filler]:
    """Return who fills the queue for each; they start only if somebody receives."""
    fillers: dict[bool, Filler] = {}
    chosen = {}
    for one in contestants:
        if one.name.startswith("floor"):
            continue
        for_peers = one.name != "connector"
        if for_peers not in fillers:
            fillers[for_peers] = Filler(bench, site, stack, for_peers=for_peers)
        chosen[one.name] = fillers[for_peers]
    return chosen


class Race:
    """The rounds of a scene; whoever fails leaves it, with the reason."""

    def __init__(
        self,
        bench: Bench,
        scene: Scene,
        contestants: list[Contestant],
        fillers: Mapping[str, Filler],
    ) -> None:
        self.contestants = contestants
        self._bench = bench
        self._scene = scene
        self._fillers = fillers

    def run(self) -> None:
        """Warm up, then let all take turns."""
        for one in list(self.contestants):
            self._guarded(one, self._warm_up)
        for _ in range(self._scene.rounds):
            for one in list(self.contestants):
                self._guarded(one, lambda one: one.rounds.append(self._turn(one, one.documents)))

    def _warm_up(self, one: Contestant) -> None:
        """Run until it is warm, and find out how many documents fill a round."""
        if self._scene.documents:
            one.documents = self._scene.documents
            self._turn(one, min(one.documents, _FIRST * len(one.members)))
            return
        wanted = next(known for known in PIPELINES.values() if known.name == one.name)
        documents, spent = _FIRST * len(one.members), 0.0
        for _ in range(_MOST_WARM_UPS):
            rate = self._turn(one, documents)["rate"]
            spent += documents / rate
            enough = grown(documents, rate, self._scene.seconds)
            if enough <= documents and spent >= wanted.warm_up_seconds:
                break
            documents = self._count(one, enough)
        one.documents = self._count(one, rate * self._scene.seconds)

    def _count(self, one: Contestant, wanted: float) -> int:
        most = min(_MOST_DOCUMENTS, _ROUND_BYTES // self._scene.attachment_bytes)
        return max(len(one.members), min(round(wanted), most))

    def _turn(self, one: Contestant, documents: int) -> dict[str, float]:
        self._bench.server.purge()  # what ended processes had taken and not acknowledged
        filler = self._fillers.get(one.name)
        if filler:
            filler.fill(documents)
        server = self._bench.server
        server.reset_peak()
        before = server.cpu_seconds()
        with self._bench.spare.lent():
            answer = one.run(documents)
        answer["broker_cpu_ms"] = (server.cpu_seconds() - before) / documents * 1000
        answer["broker_peak_mib"] = server.peak_mib() or 0.0
        server.purge()
        return answer

    def _guarded(self, one: Contestant, action: Any) -> None:
        try:
            action(one)
        except PipelineError as error:
            self.contestants.remove(one)
            one.rounds.clear()
            for member in one.members:  # or it would take the messages of others
                member.process.close(at_once=True)
            size = self._scene.attachment_bytes
            self._bench.cannot(one.name, one.direction, size, str(error))
            self._bench.server.purge()


def row_of(one: Contestant, scene: Scene) -> dict[str, Any]:
    """Return the medians, as they stand in the report; a key other than RSA-2048 is named."""
    key = "" if scene.key_type == "rsa2048" else f", {KEY_NAMES[scene.key_type]}"
    return {
        "name": f"{one.name} {one.direction}{key}",
        "direction": one.direction,
        "attachment_bytes": scene.attachment_bytes,
        "workers": scene.workers,
        "documents_per_second": _median(one, "rate", 2),
        "cpu_ms_per_document": _median(one, "cpu_ms", 3),
        "peak_mib": round(max(answer["peak_mib"] for answer in one.rounds), 1),
    }


def _median(one: Contestant, name: str, digits: int) -> float:
    return round(statistics.median(answer[name] for answer in one.rounds), digits)
