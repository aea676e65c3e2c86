"""The fault suite: everything at full length, in slices that resume and add up.

python -m tests.fault.run                  full length; what has been run already stays
python -m tests.fault.run --short          a short form of everything, within two minutes
python -m tests.fault.run --only kills     only some parts
python -m tests.fault.run --docs           put the table into docs/delivery-guarantees.md
python -m tests.fault.run --estimate       how long the full length takes on so many cores
python -m tests.fault.run --again FILE     repeat the history of a storm, var/fault/storm-*.jsonl

Results of another version of the program are not added up: their slices run again, unless
--keep is given; then the report names the commit of each.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Any, Final

from tests.fault.checker import KINDS
from tests.fault.faults.table import FAULTS
from tests.fault.report import add_up, put_into, table
from tests.fault.version import fingerprint

__all__ = ["COSTS", "WAITS", "estimate", "full_plan", "main", "short_plan"]

ROOT: Final = Path(__file__).parents[2]
_PAGE: Final = ROOT / "docs" / "delivery-guarantees.md"
_KILLS: Final = 10_400
_SLICE: Final = 800
_FRESH: Final = 280
_CUTS: Final = 2_200
_RUNS: Final = 22
_STORM_SECONDS: Final = 1_800
_IN_FLIGHT: Final = 100_000
_FEW_IN_FLIGHT: Final = 2_000
_WAITING: Final = frozenset({"faults", "storm", "again", "restart"})
"""Parts that mostly wait: they run beside those that compute."""

Spec = dict[str, Any]

COSTS: Final[Mapping[str, tuple[float, float]]] = {
    "kills": (40.0, 0.65),
    "fresh": (40.0, 2.2),
    "power": (20.0, 0.3),
    "safeguards": (40.0, 0.0),
    "faults": (12.0, 1.3),
    "storm": (15.0, 0.45),
    "restart": (40.0, 0.0),
    "again": (15.0, 1.3),
}
"""Measured: processor seconds of a slice to begin with, and of each thing (or second) in it."""

WAITS: Final[Mapping[str, tuple[float, float]]] = {
    "faults": (20.0, 6.0),
    "storm": (30.0, 1.1),
    "restart": (80.0, 0.0),
    "again": (20.0, 6.0),
}
"""Measured: seconds of a slice of those that mostly wait, in the same way."""


def full_plan(seed: int) -> Iterator[tuple[str, Spec]]:
    """Yield the slices of the full length, the longest first."""
    for number in range(3):
        name = f"storm-{seed}-{number}"
        yield name, {"part": "storm", "seed": seed + number, "seconds": _STORM_SECONDS / 3}
    for name in FAULTS:
        for number in range(2):
            spec = {"names": [name], "count": _RUNS // 2}
            yield f"faults-{seed}-{name}-{number}", {"part": "faults", "seed": seed + number} | spec
    for number in range(_KILLS // _SLICE):
        name = f"kills-{seed}-{number:02}"
        yield name, {"part": "kills", "seed": seed + number, "count": _SLICE}
    for number in range(4):
        name = f"fresh-{seed}-{number}"
        yield name, {"part": "fresh", "seed": seed + number, "count": _FRESH // 4}
        power = {"part": "power", "seed": seed + number, "count": _CUTS // 4, "rounds": 12}
        yield f"power-{seed}-{number}", power | {"lying": 10}
    yield f"safeguards-{seed}", {"part": "safeguards", "seed": seed}
    yield f"restart-{seed}", {"part": "restart", "seed": seed, "count": _IN_FLIGHT}


def short_plan(seed: int) -> Iterator[tuple[str, Spec]]:
    """Yield a short form of each part."""
    slices = [
        {"part": "safeguards", "seed": seed},
        {"part": "kills", "seed": seed, "count": 27},
        {"part": "power", "seed": seed, "count": 30, "rounds": 3, "lying": 3},
        {"part": "fresh", "seed": seed, "count": 2},
    ]
    yield "several", {"part": "several", "seed": seed, "slices": slices}
    quick = ["F4", "F9", "F11", "F14", "F16", "F18", "F21", "F22", "F25"]
    faults = {"names": quick, "count": 1, "in_flight": _FEW_IN_FLIGHT}
    yield "faults", {"part": "faults", "seed": seed} | faults


def _run(name: str, spec: Spec, directory: Path) -> bool:
    """Run one slice in a process of its own; False if it failed."""
    specification = directory / f"{name}.json"
    specification.write_text(json.dumps(spec), encoding="utf-8")
    result = directory / f"{name}.jsonl"
    command = [sys.executable, "-m", "tests.fault.slices", str(specification), str(result)]
    with (directory / f"{name}.log").open("wb") as log:
        done = subprocess.run(command, cwd=ROOT, stdout=log, stderr=log, check=False)
    return done.returncode == 0


def _run_all(
    plan: Iterable[tuple[str, Spec]], directory: Path, jobs: int, *, keep: bool
) -> list[str]:
    """Run what has no result yet; return the slices that failed."""
    todo = [one for one in plan if not _is_done(directory / f"{one[0]}.jsonl", one[1], keep=keep)]
    with ThreadPoolExecutor(jobs) as computing, ThreadPoolExecutor(jobs) as waiting:
        running = {
            (waiting if spec["part"] in _WAITING else computing).submit(
                _run, name, spec, directory
            ): name
            for name, spec in todo
        }
        failed = []
        for ended in as_completed(running):
            name, fine = running[ended], ended.result()
            sys.stdout.write(f"{name}: {'done' if fine else 'FAILED, see its log'}\n")
            sys.stdout.flush()
            if not fine:
                failed.append(name)
    return failed


def _is_done(result: Path, spec: Spec, *, keep: bool) -> bool:
    """Tell whether a slice has been run, as it is asked for now and with this program."""
    if not result.exists():
        return False
    with result.open(encoding="utf-8") as lines:
        first = json.loads(next(lines))
    return keep or (first["spec"], first.get("fingerprint")) == (spec, fingerprint())


def estimate(plan: Iterable[tuple[str, Spec]], cores: int) -> float:
    """Return how many minutes slices take: what they compute is shared, what waits is not."""
    computed, waited = 0.0, [0.0] * cores
    for _, spec in plan:
        cost, wait = COSTS[spec["part"]], WAITS.get(spec["part"], (0.0, 0.0))
        number = spec.get("seconds") or spec.get("count", 1) * len(spec.get("names", "1"))
        computed += cost[0] + cost[1] * number
        if spec["part"] in _WAITING:
            waited[waited.index(min(waited))] += wait[0] + wait[1] * number
    return max(computed / cores, *waited) / 60


def _arguments(given: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fault.run", description=__doc__)
    parser.add_argument("--short", action="store_true", help="a short form of everything")
    parser.add_argument("--only", action="append", help="kills, fresh, power, faults or storm")
    parser.add_argument("--match", default="", help="only slices whose name contains this")
    parser.add_argument("--seed", type=int, default=1, help="another seed, other cases")
    parser.add_argument("--jobs", type=int, default=min(2, os.cpu_count() or 1))
    parser.add_argument("--directory", type=Path, default=ROOT / "var" / "fault")
    parser.add_argument("--keep", action="store_true", help="count what another version did")
    parser.add_argument("--estimate", action="store_true", help="only say how long it takes")
    parser.add_argument("--again", type=Path, help="a storm's result, to repeat its history")
    parser.add_argument("--docs", action="store_true", help="only write the page's table")
    return parser.parse_args(given)


def main(given: list[str] | None = None) -> int:
    """Run the suite; 1 if a slice failed or anything was not as promised."""
    asked = _arguments(given)
    directory: Path = asked.directory / "short" if asked.short else asked.directory
    directory.mkdir(parents=True, exist_ok=True)
    chosen = _chosen(asked)
    if asked.estimate:
        sys.stdout.write(f"about {estimate(chosen, asked.jobs):.0f} minutes\n")
        return 0
    failed = [] if asked.docs else _run_all(chosen, directory, asked.jobs, keep=asked.keep)
    of_this_program = {
        directory / f"{name}.jsonl"
        for name, spec in _whole_plan(asked)
        if _is_done(directory / f"{name}.jsonl", spec, keep=False)
    }
    report = add_up(
        path for path in directory.glob("*.jsonl") if asked.keep or path in of_this_program
    )
    (directory / "report.json").write_text(
        json.dumps(report, ensure_ascii=False, indent=1), encoding="utf-8"
    )
    if asked.docs and not report["seeds"]:
        sys.stdout.write("nothing has been run with this program; --keep counts what is there\n")
        return 1
    if asked.docs and not put_into(_PAGE, table(report)):
        sys.stdout.write(f"{_PAGE} has no marks; put this there:\n\n{table(report)}\n")
    return _tell(report, failed)


def _whole_plan(asked: argparse.Namespace) -> list[tuple[str, Spec]]:
    if asked.again is not None:
        return [_repeated(asked.again)]
    return list(short_plan(asked.seed) if asked.short else full_plan(asked.seed))


def _chosen(asked: argparse.Namespace) -> list[tuple[str, Spec]]:
    return [
        (name, spec)
        for name, spec in _whole_plan(asked)
        if (not asked.only or spec["part"] in asked.only) and asked.match in name
    ]


def _repeated(result: Path) -> tuple[str, Spec]:
    """Return the slice that repeats a storm."""
    lines = [json.loads(line) for line in result.read_text("utf-8").splitlines()]
    history = [[each["name"], each["variant"], each["seed"]] for each in lines if "name" in each]
    seed = lines[0]["spec"]["seed"]
    return f"again-{result.stem}", {"part": "again", "seed": seed, "history": history}


def _tell(report: dict[str, Any], failed: list[str]) -> int:
    counts = {kind: report[kind.replace(" ", "_")] for kind in KINDS}
    found = ", ".join(f"{kind} {number}" for kind, number in counts.items())
    sys.stdout.write(
        f"{report['kills']} kills at {report['crash_points_killed_at']} of"
        f" {report['crash_points']} points, {report['power_cuts']} power cuts,"
        f" {sum(line['runs'] for line in report['faults'].values())} runs of faults,"
        f" {report['documents']} documents: {found}\n"
    )
    for fault in report["wrong"][:20]:
        sys.stdout.write(f"  {fault}\n")
    unnoticed = [name for name, seen in report["safeguards_noticed"].items() if not seen]
    for name in unnoticed:
        sys.stdout.write(f"  nobody notices that this is switched off: {name}\n")
    return int(bool(failed or unnoticed) or any(counts.values()))


if __name__ == "__main__":
    sys.exit(main())
