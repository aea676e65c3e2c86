"""Faults of the process and of its machine: F13, F21, F25."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from tests.fault.arena import Arena

__all__ = [
    "clock_ahead",
    "clock_behind",
    "few_descriptors",
    "killed",
    "log_full",
    "second_daemon",
]

_HOUR = 3600
_NOT_NOW = {69, 75}


@contextmanager
def killed(arena: Arena) -> Iterator[None]:
    """The kernel's OOM killer takes a daemon, at any moment."""
    code = arena.any_code()
    yield
    arena.kill(code)


@contextmanager
def few_descriptors(arena: Arena) -> Iterator[None]:
    """A daemon gets too few file descriptors for what it has to open."""
    code = arena.any_code()
    arena.stop(code)
    arena.start(code, before=f"ulimit -n {arena.rolls.randrange(12, 40)}")
    yield
    arena.pause(0.5, 1.5)
    arena.kill(code)


@contextmanager
def log_full(arena: Arena) -> Iterator[None]:
    """Whatever a daemon says cannot be written."""
    code = arena.any_code()
    arena.stop(code)
    arena.start(code, before="exec >/dev/full 2>&1")
    yield
    arena.pause(0.5, 1.0)
    arena.kill(code)


@contextmanager
def second_daemon(arena: Arena) -> Iterator[None]:
    """Somebody starts a second daemon on the same state directory."""
    code = arena.any_code()
    command = [sys.executable, "-m", "connector", "run", "--config", str(arena.sites[code].config)]
    yield
    second = subprocess.run(command, capture_output=True, check=False, timeout=60)
    assert second.returncode in _NOT_NOW, f"the second daemon ended with {second.returncode}"


@contextmanager
def clock_ahead(arena: Arena) -> Iterator[None]:
    """The clock of a daemon jumps ahead by hours, and back."""
    code = arena.any_code()
    with arena.wrong_clock(code) as clock:
        arena.pause(0.8, 1.2)
        clock.set(arena.rolls.randrange(1, 20) * _HOUR)
        yield
        arena.pause(0.5, 1.0)


@contextmanager
def clock_behind(arena: Arena) -> Iterator[None]:
    """The clock of a daemon falls back by hours, and is set right."""
    code = arena.any_code()
    with arena.wrong_clock(code) as clock:
        arena.pause(0.8, 1.2)
        clock.set(-arena.rolls.randrange(1, 20) * _HOUR)
        yield
        arena.pause(0.5, 1.0)
