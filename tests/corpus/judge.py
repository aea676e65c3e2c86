"""Verifies files in a process of its own, under limits: ``python -m tests.corpus.judge``.

Each line of standard input is JSON: ``file``, and if wanted ``seconds`` of processor time and
``megabytes`` of address space beyond what stands already, at which the kernel puts an end to it.
Each line of standard output is the verdict with what it cost, processor time and memory in use
beyond what stood already, and with whatever the interpreter opened meanwhile. With ``--closed``
no file descriptor is left over: nothing, not even a library in C, could open a file or a socket.
"""

from __future__ import annotations

import json
import math
import resource
import sys
from pathlib import Path
from typing import Any, Final

from connector.trust.verify import explain
from tests.corpus.signing import sign
from tests.corpus.vector import document, g22, packet
from tests.corpus.world import NOW, World

__all__ = ["main"]

_MEGABYTE: Final = 1_000_000
_OPENING: Final = ("open", "socket.", "subprocess.", "os.", "shutil.", "urllib.", "ctypes.dlopen")


class _Watch:
    """Keeps the audit events that are about files, sockets and processes."""

    def __init__(self) -> None:
        self.on = False
        self.seen: list[str] = []

    def __call__(self, event: str, args: tuple[Any, ...]) -> None:
        """Take one event of the interpreter."""
        if self.on and event.startswith(_OPENING):
            self.seen.append(f"{event} {args!r}"[:200])


def _limit(seconds: int | None, megabytes: int | None) -> None:
    """Let the kernel end this process when it takes more from now on."""
    if seconds is not None:
        usage = resource.getrusage(resource.RUSAGE_SELF)
        used = math.ceil(usage.ru_utime + usage.ru_stime)
        resource.setrlimit(resource.RLIMIT_CPU, (used + seconds, used + seconds))
    if megabytes is not None:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
        most = pages * resource.getpagesize() + megabytes * _MEGABYTE
        resource.setrlimit(resource.RLIMIT_AS, (most, resource.RLIM_INFINITY))


class _Cost:
    """What is used from now on."""

    def __init__(self) -> None:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the peak begins anew
        self._memory = self._megabytes("VmRSS")
        self._begun = self._seconds()

    def so_far(self) -> dict[str, float]:
        """Return processor time in seconds, and the most memory in use at once in megabytes."""
        seconds = self._seconds() - self._begun
        return {"seconds": seconds, "megabytes": self._megabytes("VmHWM") - self._memory}

    @staticmethod
    def _megabytes(name: str) -> float:
        text = Path("/proc/self/status").read_text(encoding="ascii")
        return int(text.partition(f"{name}:")[2].split()[0]) * 1024 / _MEGABYTE

    @staticmethod
    def _seconds() -> float:
        usage = resource.getrusage(resource.RUSAGE_SELF)
        return usage.ru_utime + usage.ru_stime


def main() -> None:
    """Judge what standard input names."""
    world = World()
    trust = world.trust()
    explain(sign(packet(document()), g22(world)), trust, at=NOW)  # loads what is loaded once
    watch = _Watch()
    sys.addaudithook(watch)
    orders = [json.loads(line) for line in sys.stdin]
    contents = [Path(order["file"]).read_bytes() for order in orders]
    if "--closed" in sys.argv:
        resource.setrlimit(resource.RLIMIT_NOFILE, (3, 3))
    for order, data in zip(orders, contents, strict=True):
        _limit(order.get("seconds"), order.get("megabytes"))
        cost = _Cost() if "seconds" in order else None
        watch.on = True
        verdict = explain(data, trust, at=NOW)
        watch.on = False
        ended = [each.name for each in verdict.stages if each.outcome in {"failed", "held"}]
        codes = [finding.code for finding in verdict.findings]
        told = {"stage": ended[0] if ended else None, "codes": codes, "opened": watch.seen}
        sys.stdout.write(json.dumps({**told, **(cost.so_far() if cost else {})}) + "\n")


if __name__ == "__main__":
    main()
