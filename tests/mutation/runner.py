"""Do the tests notice when the verifier is wrong?

``python -m tests.mutation.runner [--sample N]``
Each mutant is first shown to the corpus. What the corpus lets pass is put into a copy of the
tree, where the unit tests of the verifier run against it until one fails. A mutant that nobody
notices survives and is listed with its line.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from typing import Final

from tests.mutation.mutants import Mutant, mutants
from tests.mutation.quick import MODULES, QuickJudge

__all__ = ["main"]

ROOT: Final = Path(__file__).resolve().parents[2]
TESTS: Final = (
    "tests/unit/trust/test_structure.py",
    "tests/unit/trust/test_verify.py",
    "tests/unit/trust/test_signer.py",
    "tests/unit/trust/test_stages.py",
)
COPIED: Final = ("connector", "tests/corpus", "tests/unit/trust", "schemas", "pyproject.toml")
SECONDS: Final = 120
WORKERS: Final = 2


def main() -> int:
    """Run, print the survivors and the score, write the report; 1 if the score is too low."""
    options = _options()
    found = [each for module in MODULES for each in mutants(module, _source(module))]
    if options.sample and options.sample < len(found):
        found = random.Random(options.seed).sample(found, options.sample)  # noqa: S311
    noticed = QuickJudge().notices(found, WORKERS)
    left = [mutant for mutant, seen in zip(found, noticed, strict=True) if not seen]
    sys.stdout.write(f"{len(found)} mutants, {len(left)} of them pass the corpus\n")
    sys.stdout.flush()
    with tempfile.TemporaryDirectory() as scratch:
        survivors = _survivors(left, Path(scratch))
    return _report(found, survivors, options)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sample", type=int, default=0, help="judge only so many mutants")
    parser.add_argument("--seed", type=int, default=0, help="which sample")
    parser.add_argument("--minimum", type=float, default=85.0, help="least score, in per cent")
    parser.add_argument("--report", type=Path, default=ROOT / "var/mutation/report.json")
    return parser.parse_args()


def _source(module: str) -> str:
    return (ROOT / module).read_text(encoding="utf-8")


def _survivors(found: list[Mutant], scratch: Path) -> list[Mutant]:
    """Return the mutants that no unit test notices; the tests must pass without any."""
    trees: SimpleQueue[Path] = SimpleQueue()
    for number in range(WORKERS):
        trees.put(_copy(scratch / str(number)))
    first = trees.get()
    if _fails(first):
        raise SystemExit("the tests fail without any mutant")
    trees.put(first)

    def judge(mutant: Mutant) -> bool:
        tree = trees.get()
        path = tree / mutant.module
        original = path.read_bytes()
        path.write_text(mutant.source, encoding="utf-8")
        try:
            return _fails(tree)
        finally:
            path.write_bytes(original)
            trees.put(tree)

    alive = []
    with ThreadPoolExecutor(WORKERS) as pool:
        for mutant, dead in zip(found, pool.map(judge, found), strict=True):
            if not dead:
                alive.append(mutant)
                sys.stdout.write(f"survived {mutant.module}:{mutant.line} {mutant.change}\n")
                sys.stdout.flush()
    return alive


def _copy(tree: Path) -> Path:
    for name in COPIED:
        source, target = ROOT / name, tree / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target)
    return tree


def _fails(tree: Path) -> bool:
    """Tell whether a test fails in a tree; one that never ends fails too."""
    tests = [name for name in TESTS if (tree / name).exists()]
    quiet = ("-x", "-q", "-p", "no:randomly", "-p", "no:cacheprovider", "-p", "no:xdist")
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        run = subprocess.run(
            [sys.executable, "-m", "pytest", *quiet, "--timeout=60", *tests],
            cwd=tree,
            env=environment,
            capture_output=True,
            timeout=SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return True
    return run.returncode != 0


def _report(found: list[Mutant], survivors: list[Mutant], options: argparse.Namespace) -> int:
    total, alive = (
        Counter(each.module for each in found),
        Counter(each.module for each in survivors),
    )
    score = 100 * (len(found) - len(survivors)) / max(len(found), 1)
    told = {
        "score": round(score, 1),
        "mutants": len(found),
        "killed": len(found) - len(survivors),
        "modules": {
            module: {"mutants": total[module], "survived": alive[module]} for module in MODULES
        },
        "survivors": [
            {"module": each.module, "line": each.line, "change": each.change} for each in survivors
        ],
    }
    options.report.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(told, indent=2, ensure_ascii=False)
    options.report.write_text(text + "\n", encoding="utf-8")
    summary = f"{told['killed']} of {told['mutants']} mutants noticed: {told['score']} %"
    sys.stdout.write(f"\n{summary}; {options.report}\n")
    return 0 if score >= options.minimum else 1


if __name__ == "__main__":
    sys.exit(main())
