"""One pipeline in a process of its own, so that its processor time and memory are its own.

    python -m tests.perf.worker NAME BENCH_JSON

Reads ``{"first": N, "documents": N}`` lines and answers each with what the round cost.
"""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, Protocol

from tests.perf.material import Bench, Row

__all__ = ["PIPELINES"]


class Pipeline(Protocol):
    """One way of sending or receiving."""

    def prepare(self, rows: list[Row]) -> None:
        """Get ready, untimed."""
        ...

    def run(self, count: int) -> float:
        """Move that many documents and return the seconds it took."""
        ...


def _ours_out(bench: Bench) -> Pipeline:
    from tests.perf.ours import OurOut

    return OurOut(bench)


def _ours_in(bench: Bench) -> Pipeline:
    from tests.perf.ours import OurIn

    return OurIn(bench)


def _peer_out(*, tuned: bool) -> Callable[[Bench], Pipeline]:
    def make(bench: Bench) -> Pipeline:
        from tests.perf.naive import PeerOut

        return PeerOut(bench, tuned=tuned)

    return make


def _peer_in(*, tuned: bool) -> Callable[[Bench], Pipeline]:
    def make(bench: Bench) -> Pipeline:
        from tests.perf.naive import PeerIn

        return PeerIn(bench, tuned=tuned)

    return make


PIPELINES: Final[dict[str, Callable[[Bench], Pipeline]]] = {
    "connector out": _ours_out,
    "tuned libraries out": _peer_out(tuned=True),
    "naive script out": _peer_out(tuned=False),
    "connector in": _ours_in,
    "tuned libraries in": _peer_in(tuned=True),
    "naive script in": _peer_in(tuned=False),
}
"""Every pipeline by name; only the chosen one's libraries are loaded."""


def main(name: str, bench_file: Path) -> None:
    """Serve rounds until the input ends."""
    bench = Bench.load(bench_file)
    pipeline = PIPELINES[name](bench)
    for line in sys.stdin:
        order = json.loads(line)
        pipeline.prepare(bench.rows(order["first"], order["documents"]))
        cpu = time.process_time()
        seconds = pipeline.run(order["documents"])
        answer = {
            "seconds": seconds,
            "cpu_seconds": time.process_time() - cpu,
            "peak_mib": _peak_mib(),
        }
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def _peak_mib() -> float:
    status = Path("/proc/self/status").read_text(encoding="ascii")
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    return int(found[1]) / 1024 if found else 0.0


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
