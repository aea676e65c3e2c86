"""The fault suite: everything at full length, in slices that resume and add up.

python -m tests.fault.run                  full length; what has been run already stays
python -m tests.fault.run --short          a short form of everything, within two minutes
python -m tests.fault.run --only kills     only some parts
python -m tests.fault.run --docs           put the table into docs/delivery-guarantees.md
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

from tests.fault.checker import KINDS
from tests.fault.faults.table import FAULTS
from tests.fault.report import add_up, put_into, table

__all__ = ["full_plan", "main", "short_plan"]

ROOT: Final = Path(__file__).parents[2]
_PAGE: Final = ROOT / "docs" / "delivery-guarantees.md"
_KILLS: Final = 10_400
_SLICE: Final = 400
_FRESH: Final = 220
_CUTS: Final = 2_200
_RUNS: Final = 22
_STORM_SECONDS: Final = 1_800

Spec = dict[str, Any]


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


def short_plan(seed: int) -> Iterator[tuple[str, Spec]]:
    """Yield a short form of each part."""
    slices = [
        {"part": "safeguards", "seed": seed},
        {"part": "kills", "seed": seed, "count": 24},
        {"part": "power", "seed": seed, "count": 30, "rounds": 3, "lying": 3},
        {"part": "fresh", "seed": seed, "count": 2},
    ]
    yield "several", {"part": "several", "seed": seed, "slices": slices}
    quick = ["F4", "F9", "F14", "F16", "F18", "F21", "F25"]
    yield "faults", {"part": "faults", "seed": seed, "names": quick, "count": 1}


def _run(name: str, spec: Spec, directory: Path) -> bool:
    """Run one slice in a process of its own; False if it failed."""
    specification = directory / f"{name}.json"
    specification.write_text(json.dumps(spec), encoding="utf-8")
    result = directory / f"{name}.jsonl"
    command = [sys.executable, "-m", "tests.fault.slices", str(specification), str(result)]
    with (directory / f"{name}.log").open("wb") as log:
        done = subprocess.run(command, cwd=ROOT, stdout=log, stderr=log, check=False)
    return done.returncode == 0


def _run_all(plan: Iterable[tuple[str, Spec]], directory: Path, jobs: int) -> list[str]:
    """Run what has no result yet; return the slices that failed."""
    todo = [(name, spec) for name, spec in plan if not (directory / f"{name}.jsonl").exists()]
    with ThreadPoolExecutor(jobs) as pool:
        fine = pool.map(lambda one: _run(one[0], one[1], directory), todo)
        failed = []
        for (name, _), ended in zip(todo, fine, strict=True):
            sys.stdout.write(f"{name}: {'done' if ended else 'FAILED, see its log'}\n")
            sys.stdout.flush()
            if not ended:
                failed.append(name)
    return failed


def _arguments(given: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fault.run", description=__doc__)
    parser.add_argument("--short", action="store_true", help="a short form of everything")
    parser.add_argument("--only", action="append", help="kills, fresh, power, faults or storm")
    parser.add_argument("--match", default="", help="only slices whose name contains this")
    parser.add_argument("--seed", type=int, default=1, help="another seed, other cases")
    parser.add_argument("--jobs", type=int, default=min(2, os.cpu_count() or 1))
    parser.add_argument("--directory", type=Path, default=ROOT / "var" / "fault")
    parser.add_argument("--docs", action="store_true", help="only write the page's table")
    return parser.parse_args(given)


def main(given: list[str] | None = None) -> int:
    """Run the suite; 1 if a slice failed or anything was not as promised."""
    asked = _arguments(given)
    directory: Path = asked.directory / "short" if asked.short else asked.directory
    directory.mkdir(parents=True, exist_ok=True)
    failed: list[str] = []
    if not asked.docs:
        plan = short_plan(asked.seed) if asked.short else full_plan(asked.seed)
        chosen = [
            (name, spec)
            for name, spec in plan
            if (not asked.only or spec["part"] in asked.only) and asked.match in name
        ]
        failed = _run_all(chosen, directory, asked.jobs)
    report = add_up(directory.glob("*.jsonl"))
    (directory / "report.json").write_text(
        json.dumps(report, ensure_ascii=False, indent=1), encoding="utf-8"
    )
    if asked.docs and not put_into(_PAGE, table(report)):
        sys.stdout.write(f"{_PAGE} has no marks; put this there:\n\n{table(report)}\n")
    return _tell(report, failed)


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
