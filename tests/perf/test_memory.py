"""The bench keeps memory between the rounds, and nobody is short of it within one."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from tests.perf.memory import Spare, affordable_bytes

_SIZE = 64 << 20


def test_spare_memory_is_held_between_rounds_and_free_within_them() -> None:
    """Otherwise whoever writes files pays in his round for what the host took back."""
    idle = _resident()
    with closing(Spare(_SIZE)) as spare:
        between = _resident()
        with spare.lent():
            within = _resident()
        after = _resident()
    assert between - idle > _SIZE * 0.9
    assert within - idle < _SIZE * 0.1
    assert after - idle > _SIZE * 0.9
    assert _resident() - idle < _SIZE * 0.1


def test_spare_memory_leaves_most_of_the_machine_to_others() -> None:
    """A small machine measures with what it has."""
    total = Path("/proc/meminfo").read_text("ascii").split("MemTotal:")[1].split()[0]
    assert 0 < affordable_bytes() <= int(total) * 1024 / 8 * 1.01


def _resident() -> int:
    pages = Path("/proc/self/statm").read_text("ascii").split()[1]
    return int(pages) * 4096
