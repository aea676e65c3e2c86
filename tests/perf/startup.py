"""How long the command line takes to start, and what it imports on the way."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

__all__ = ["HEAVY", "heavy_imports", "measure"]

HEAVY: Final = ("cryptography", "pika", "signxml", "sqlalchemy", "xmlschema")
"""What neither help nor lint needs, and what takes longest to load."""

_SPY: Final = """
import json, sys, traceback
heavy, found, place = set(sys.argv[1].split(",")), {}, sys.argv[2]

class Spy:
    def find_spec(self, name, path=None, target=None):
        if name in heavy and name not in found:
            frames = [f for f in traceback.extract_stack() if "/connector/" in f.filename]
            found[name] = [f"{f.filename.rpartition('/connector/')[2]}:{f.lineno}" for f in frames]
        return None

sys.meta_path.insert(0, Spy())
sys.argv = ["connector", *sys.argv[3:]]
try:
    from connector.cli import main
    main()
except SystemExit as end:
    found["exit"] = end.code
with open(place, "w", encoding="utf-8") as stream:
    json.dump(found, stream)
"""


def heavy_imports(arguments: Sequence[str], report: Path) -> dict[str, Any]:
    """Run the command line; return which heavy library was imported from where, and ``exit``.

    The places are those of the connector's own files, the outermost first.
    """
    command = [sys.executable, "-c", _SPY, ",".join(HEAVY), str(report), *arguments]
    subprocess.run(command, capture_output=True, check=True)
    found: dict[str, Any] = json.loads(report.read_text(encoding="utf-8"))
    return found


def measure(adapter: Path, runs: int) -> list[dict[str, Any]]:
    """Return the median milliseconds of each start, in turns, and the ratio to the bare one."""
    program = str(Path(sys.executable).with_name("connector"))
    commands = {
        "python -c pass": [sys.executable, "-c", "pass"],
        "connector --help": [program, "--help"],
        "connector lint": [program, "lint", str(adapter)],
    }
    times: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(runs + 1):
        for name, command in commands.items():
            begun = time.perf_counter()
            subprocess.run(command, capture_output=True, check=True)
            times[name].append(time.perf_counter() - begun)
    medians = {name: statistics.median(taken[1:]) for name, taken in times.items()}
    bare = medians["python -c pass"]
    return [
        {"command": name, "milliseconds": round(median * 1000, 1), "ratio": round(median / bare, 2)}
        for name, median in medians.items()
    ]
