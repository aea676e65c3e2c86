"""Slices: parts of the fault suite that run alone, are repeatable, and add up.

    python -m tests.fault.slices SPEC.JSON RESULT.JSONL

A slice starts a broker of its own, does what its specification says, and writes one line a case.
The result appears by one rename, so a slice that was broken off counts as not run.
"""

from __future__ import annotations

import itertools
import json
import random
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from connector.broker.private import PrivateNode
from connector.broker.sandbox import Sandbox
from connector.trust.pki import DevPki
from tests.fault.arena import Arena
from tests.fault.disk import build_shim
from tests.fault.faults.table import FAULTS, attempt
from tests.fault.forks import quiet
from tests.fault.fresh import FreshLane
from tests.fault.kills import KINDS, Lane, cases, census, run_slice
from tests.fault.power import Recording, cut_points, record, run_cuts
from tests.fault.restart import restart
from tests.fault.runner import warm
from tests.fault.safeguards import Bench, try_all
from tests.fault.version import commit, fingerprint
from tests.fault.world import SMALL_PARTS, build_world, make_pki

__all__ = ["PARTS", "main"]

_CODES: Final = ("G22", "H41")
_THREE: Final = ("G22", "H41", "G09")
_MEMORY: Final = Path("/dev/shm")  # noqa: S108 - a kill needs no disk, and tests none of ours

Spec = Mapping[str, Any]
Line = dict[str, Any]


@contextmanager
def _scratch() -> Iterator[Path]:
    """Give a directory in memory: SIGKILL loses nothing that was written, synced or not."""
    base = _MEMORY if _MEMORY.is_dir() else None
    directory = Path(tempfile.mkdtemp(prefix="connector-fault-", dir=base))
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)


@contextmanager
def _broker(root: Path) -> Iterator[tuple[Sandbox, DevPki]]:
    with PrivateNode(root / "rabbitmq", disposable=True) as node:
        sandbox = Sandbox(node.settings(), "faults")  # it goes with its node
        sandbox.connect(_CODES)
        yield sandbox, make_pki(root / "pki")


def kills(root: Path, sandbox: Sandbox, pki: DevPki, spec: Spec) -> Iterator[Line]:
    """Kill forked nodes at crash points."""
    yield from _kills(Lane(root, pki, sandbox, _CODES), spec)


def fresh(root: Path, sandbox: Sandbox, pki: DevPki, spec: Spec) -> Iterator[Line]:
    """Kill fresh interpreters that run `connector run`."""
    yield from _kills(FreshLane(root, pki, sandbox, _CODES), spec)


def _kills(lane: Lane, spec: Spec) -> Iterator[Line]:
    warm(lane.sites.values())
    counts = census(lane)
    kinds = spec.get("kinds", KINDS)
    todo = (case for case in cases(counts, seed=spec["seed"]) if case.kind in kinds)
    for outcome in run_slice(lane, list(itertools.islice(todo, spec["count"]))):
        yield outcome.as_dict()
    yield {"documents": lane.documents(), "points": sorted({p for c in counts.values() for p in c})}


def power(root: Path, sandbox: Sandbox, pki: DevPki, spec: Spec) -> Iterator[Line]:
    """Cut the power at moments of a recorded run."""
    recording = Recording(root, _CODES)
    build_world(recording.root, pki, sandbox, _CODES, parts=SMALL_PARTS)
    record(recording, build_shim(root), rounds=spec["rounds"])
    for lying in (False, True):
        number = spec["lying" if lying else "count"]
        cuts = cut_points(recording.changes(), number=number, seed=spec["seed"])
        for judged in run_cuts(recording, cuts, root / "cut", ignore_syncs=lying):
            yield {"lying": lying, **asdict(judged)}


def safeguards(root: Path, sandbox: Sandbox, pki: DevPki, _spec: Spec) -> Iterator[Line]:
    """Switch each safeguard off, and see whether the checker notices."""
    yield from try_all(Bench(root, pki, sandbox))


def faults(spec: Spec) -> Iterator[Line]:
    """Do one kind of fault, or several, to running daemons, again and again."""
    with _scratch() as root, Arena(root, seed=spec["seed"]) as arena:
        arena.rest(arena.send(3))
        for number in range(spec["count"]):
            for name in spec["names"]:
                ways = spec.get("ways") or list(FAULTS[name].ways)
                way = ways[number % len(ways)]
                yield asdict(attempt(arena, name, way, spec["seed"] * 1000 + number))
        yield {"verdict": arena.verdict()}
        if "in_flight" in spec:
            yield {"restart": restart(arena, spec["in_flight"])}


def storm(spec: Spec) -> Iterator[Line]:
    """Do faults of every kind for a set time, in an order that the seed decides."""
    rolls = random.Random(spec["seed"])  # noqa: S311 - repeatable, not secret
    with _scratch() as root, Arena(root, seed=spec["seed"], codes=_THREE) as arena:
        arena.rest(arena.send(3))
        end = time.monotonic() + spec["seconds"]
        while time.monotonic() < end:
            name = rolls.choice(sorted(FAULTS))
            way = rolls.choice(sorted(FAULTS[name].ways))
            yield {"storm": True, **asdict(attempt(arena, name, way, rolls.randrange(1 << 30)))}
        yield {"storm": True, "verdict": arena.verdict()}


def again(spec: Spec) -> Iterator[Line]:
    """Repeat the history of a storm: the same agencies, faults and seeds, in the same order."""
    with _scratch() as root, Arena(root, seed=spec["seed"], codes=_THREE) as arena:
        arena.rest(arena.send(3))
        for name, way, seed in spec["history"]:
            yield {"storm": True, **asdict(attempt(arena, name, way, seed))}
        yield {"storm": True, "verdict": arena.verdict()}


def restarts(spec: Spec) -> Iterator[Line]:
    """Start a node with very many documents in flight."""
    with _scratch() as root, Arena(root, seed=spec["seed"]) as arena:
        yield {"restart": restart(arena, spec["count"])}


def several(spec: Spec) -> Iterator[Line]:
    """Run parts that share one broker and disturb it not, one after the other."""
    with _scratch() as root, _broker(root) as (sandbox, pki):
        for number, one in enumerate(spec["slices"]):
            yield {"spec": one}
            directory = root / f"slice-{number}"
            yield from _ON_A_QUIET_BROKER[one["part"]](directory, sandbox, pki, one)


_ON_A_QUIET_BROKER: Final = {
    "kills": kills,
    "fresh": fresh,
    "power": power,
    "safeguards": safeguards,
}
PARTS: Final[Mapping[str, Callable[[Spec], Iterator[Line]]]] = {
    **{name: lambda spec: several({"slices": [spec]}) for name in _ON_A_QUIET_BROKER},
    "several": several,
    "faults": faults,
    "storm": storm,
    "again": again,
    "restart": restarts,
}
"""What a slice can be."""


def main(spec_file: Path, result: Path) -> None:
    """Run one slice."""
    quiet()
    spec = json.loads(spec_file.read_text("utf-8"))
    began = time.monotonic()
    part = result.with_suffix(".part")
    with part.open("w", encoding="utf-8") as stream:
        tried = {"commit": commit(), "fingerprint": fingerprint()}
        stream.write(json.dumps({"spec": spec} | tried) + "\n")
        for line in PARTS[spec["part"]](spec):
            stream.write(json.dumps(line, ensure_ascii=False) + "\n")
            stream.flush()
        seconds = round(time.monotonic() - began, 1)
        used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        processor = round(sum(each.ru_utime + each.ru_stime for each in used), 1)
        end = {"seconds_of_slice": seconds, "processor_seconds_of_slice": processor}
        stream.write(json.dumps(end) + "\n")
    part.replace(result)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
