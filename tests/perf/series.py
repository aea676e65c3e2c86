"""Measurements of the connector beside the races: end to end, memory, durability, signing."""

from __future__ import annotations

import statistics
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

from tests.perf.contest import (
    KEY_NAMES,
    Bench,
    Contestant,
    Filler,
    Member,
    Race,
    grown,
    open_site,
    own_cores,
    row_of,
    start,
)
from tests.perf.material import PARTS, Site
from tests.perf.peer_setup import AbsentPeerError, without_fsync
from tests.perf.process import PipelineError
from tests.perf.scenes import BOTH, PIPELINES, Direction, Profile, Scene

__all__ = ["durability", "end_to_end", "memory", "signing"]

_PATIENCE_SECONDS: Final = 240.0
_WHOLE_MESSAGE_BYTES: Final = 100_000_000
_SIGNING_BYTES: Final = 120_000_000
_MOST_SIGNATURES: Final = 60
_MOST_DOCUMENTS: Final = 3000
_WARM_UPS: Final = 3
_UP: Final = 0
_DOWN: Final = -1


def end_to_end(bench: Bench, scene: Scene) -> list[dict[str, Any]]:
    """Measure from the export to the last signed receipt, each side on a core of its own."""
    with open_site(bench, scene) as site, ExitStack() as stack:
        pairs = [pair for tool in scene.tools if (pair := _pair(bench, site, tool, stack))]
        for pair in pairs:
            pair.warm_up(scene)
        for _ in range(scene.rounds):
            for pair in pairs:
                pair.turn(scene)
        return [pair.row(scene) for pair in pairs if pair.rates]


def _pair(bench: Bench, site: Site, tool: str, stack: ExitStack) -> Pair | None:
    if tool not in bench.commands:
        return None
    roles = ("end", "serve") if tool == "connector" else ("out", "in")
    cores = [[bench.cores[0]], [bench.cores[-1]]]
    try:
        members = []
        for role, pinned in zip(roles, cores, strict=True):
            members.append(start(bench, site, tool, role, cores=pinned))
            stack.callback(members[-1].process.close)
    except PipelineError as error:
        bench.cannot(PIPELINES[tool].name, "end to end", site.attachment_bytes, str(error))
        return None
    return Pair(bench, PIPELINES[tool].name, members[0], members[1])


class Pair:
    """A sender and a receiver that work at the same time."""

    def __init__(self, bench: Bench, name: str, sender: Member, receiver: Member) -> None:
        self.rates: list[float] = []
        self._bench = bench
        self._name = name
        self._sender = sender
        self._receiver = receiver
        self._documents = 0
        self._failed = False

    def warm_up(self, scene: Scene) -> None:
        """Run some rounds, and find out how many documents fill one."""
        self._documents = scene.documents or 5
        self.turn(scene)
        for _ in range(_WARM_UPS if scene.documents is None else 0):
            if self.rates:
                wanted = grown(self._documents, self.rates[-1], scene.seconds)
                self._documents = min(_MOST_DOCUMENTS, wanted)
                self.turn(scene)
        self.rates.clear()

    def turn(self, scene: Scene) -> None:
        """Run one round; a pair that fails leaves."""
        if self._failed:
            return
        self._bench.server.purge()  # what ended processes had taken and not acknowledged
        try:
            rows = self._sender.prepare(self._documents, files=True)
            self._both(_UP)
            with self._bench.spare.lent():
                self.rates.append(self._documents / self._seconds(rows))
            self._both(_DOWN)
            self._sender.site.clear(self._sender.place)
        except PipelineError as error:
            self._failed = True
            self.rates.clear()
            for member in (self._sender, self._receiver):  # or it would take others' messages
                member.process.close(at_once=True)
            self._bench.cannot(self._name, "end to end", scene.attachment_bytes, str(error))
        self._bench.server.purge()

    def _seconds(self, rows: Path | None) -> float:
        begun = time.perf_counter()
        self._receiver.process.order(self._documents)
        self._sender.process.order(self._documents, rows)
        self._sender.process.result(_PATIENCE_SECONDS)
        self._receiver.process.result(_PATIENCE_SECONDS)
        return time.perf_counter() - begun

    def _both(self, order: int) -> None:
        """Start or end the connector's daemons, which would take the messages of others."""
        if self._name == PIPELINES["connector"].name:
            for member in (self._sender, self._receiver):
                member.process.order(order)
                member.process.result(_PATIENCE_SECONDS)

    def row(self, scene: Scene) -> dict[str, Any]:
        """Return the median."""
        return {
            "name": f"{self._name} end to end",
            "attachment_bytes": scene.attachment_bytes,
            "documents_per_second": round(statistics.median(self.rates), 2),
        }


def memory(bench: Bench, profile: Profile) -> list[dict[str, Any]]:
    """Measure peaks of the connector and of the broker alone, before anybody else loads it."""
    found = []
    for size in profile.memory_bytes:
        if size > _WHOLE_MESSAGE_BYTES and not PARTS:
            for direction in BOTH:
                reason = PIPELINES["connector"].limit_reason
                bench.cannot("connector", direction, size, reason)
            continue
        documents = max(2, min(100, _WHOLE_MESSAGE_BYTES // size))
        scene = Scene(size, ("connector",), rounds=1, documents=1 if size > 2**29 else documents)
        for direction in BOTH:
            found += _peaks(bench, scene, direction)
    return found


def _peaks(bench: Bench, scene: Scene, direction: Direction) -> list[dict[str, Any]]:
    with open_site(bench, scene) as site, ExitStack() as stack:
        one = _connector(bench, site, direction, stack)
        fillers = (
            {"connector": Filler(bench, site, stack, for_peers=False)} if direction == "in" else {}
        )
        race = Race(bench, scene, [one], fillers)
        race.run()
        if not one.rounds:
            return []
        (answer,) = one.rounds
    return [
        {
            "direction": direction,
            "attachment_bytes": scene.attachment_bytes,
            "documents": scene.documents,
            "seconds_per_document": round(1 / answer["rate"], 4),
            "peak_mib": round(answer["peak_mib"], 1),
            "broker_peak_mib": answer["broker_peak_mib"],
        }
    ]


def _connector(
    bench: Bench,
    site: Site,
    direction: Direction,
    stack: ExitStack,
    environ: dict[str, str] | None = None,
) -> Contestant:
    cores = own_cores(bench.cores, 1)
    member = start(bench, site, "connector", direction, cores=cores, environ=environ)
    stack.callback(member.process.close)
    return Contestant("connector", direction, [member])


def durability(bench: Bench, scene: Scene) -> list[dict[str, Any]]:
    """Measure the same with and without fsync, in turns; without it nothing would be safe."""
    try:
        ways = {"with fsync": {}, "without fsync": without_fsync()}
    except AbsentPeerError as error:
        for direction in BOTH:
            bench.cannot("connector without fsync", direction, scene.attachment_bytes, str(error))
        return []
    found = []
    for direction in BOTH:
        with open_site(bench, scene) as site, ExitStack() as stack:
            contestants = [_connector(bench, site, direction, stack, way) for way in ways.values()]
            filler = Filler(bench, site, stack, for_peers=False) if direction == "in" else None
            Race(bench, scene, contestants, {"connector": filler} if filler else {}).run()
            found += [
                {"way": way, **row_of(one, scene)}
                for way, one in zip(ways, contestants, strict=True)
                if one.rounds
            ]
    return found


def signing(bench: Bench, profile: Profile) -> list[dict[str, Any]]:
    """Measure the processor time of sealing and verifying next to SHA-256 and the signature."""
    found = []
    command = [*bench.commands["connector"][:-1], "tests.perf.ours_signing"]
    for size, key_type in profile.signing:
        scene = Scene(size, (), key_type=key_type)
        with open_site(bench, scene) as site:
            bench.commands["signing"] = command
            try:
                member = start(bench, site, "signing", "out", cores=own_cores(bench.cores, 1))
                with member.process as process, bench.spare.lent():
                    count = max(2, min(_MOST_SIGNATURES, _SIGNING_BYTES // size))
                    process.order(count, site.lay_out(member.place, count))
                    answer = process.result(_PATIENCE_SECONDS)
            except PipelineError as error:
                bench.cannot("connector", "signing", size, str(error))
                continue
        facts = {"attachment_bytes": size, "key": KEY_NAMES[key_type]}
        found.append(facts | {k: v for k, v in answer.items() if k.endswith(("_ms", "_ratio"))})
    return found
