"""Children of a warmed parent: everything is imported and compiled once, then forked.

The parent holds no connection, no database and no thread, so that nothing is carried over a fork.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog

__all__ = ["Child", "fork", "handles", "quiet", "until"]

_POLL_SECONDS: Final = 0.002
PATIENCE_SECONDS: Final = 60.0
"""How long a recovery may take: the promise that is tested."""


@dataclass(slots=True)
class Child:
    """A forked process; `status` is its wait status once it has ended."""

    pid: int
    stop_pipe: int
    status: int | None = None

    def poll(self) -> bool:
        """Tell whether it has ended."""
        if self.status is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self._ended(status)
        return self.status is not None

    def wait(self) -> int:
        """Wait for the end; return the exit code, negative for a signal."""
        if self.status is None:
            self._ended(os.waitpid(self.pid, 0)[1])
        return os.waitstatus_to_exitcode(self.status or 0)

    def stop(self) -> int:
        """Ask it to end in order, and wait; it is killed if it takes longer than its time."""
        self._hang_up()
        until(self.poll, 20.0)
        return self.wait() if self.poll() else self.kill()

    def kill(self) -> int:
        """End it as the OOM killer would."""
        if not self.poll():
            os.kill(self.pid, signal.SIGKILL)
        return self.wait()

    def send(self, line: str) -> None:
        """Give it a command."""
        os.write(self.stop_pipe, line.encode() + b"\n")

    @property
    def killed(self) -> bool:
        """Tell whether SIGKILL ended it."""
        return self.status is not None and os.waitstatus_to_exitcode(self.status) == -signal.SIGKILL

    def _ended(self, status: int) -> None:
        self.status = status
        self._hang_up()

    def _hang_up(self) -> None:
        if self.stop_pipe >= 0:
            os.close(self.stop_pipe)
            self.stop_pipe = -1


def fork(work: Callable[[int], None], log: Path) -> Child:
    """Run `work` in a child; it gets a pipe that speaks commands and ends when it has to.

    What it raises goes to `log`, and its exit code is 70.
    """
    reading, writing = os.pipe()
    sys.stdout.flush()
    pid = os.fork()
    if pid:
        os.close(reading)
        return Child(pid, writing)
    os.close(writing)
    code = 70
    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        os.set_blocking(reading, False)
        work(reading)
        code = 0
    except BaseException:  # noqa: BLE001 - a child must never go on in its parent's code
        with log.open("a", encoding="utf-8") as stream:
            traceback.print_exc(file=stream)
    finally:
        os._exit(code)


def until(
    condition: Callable[[], object], timeout_seconds: float, poll: float = _POLL_SECONDS
) -> bool:
    """Wait until something is so; False if it is not in time."""
    end = time.monotonic() + timeout_seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(poll)
    return True


def quiet() -> None:
    """Let log lines be dropped: a run writes millions of them."""
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(50),
        cache_logger_on_first_use=False,
    )


def handles() -> list[str]:
    """Return what a fork would carry over: open files beside the standard ones, and threads."""
    found = []
    for path in Path("/proc/self/fd").iterdir():
        try:
            target = str(path.readlink())
        except FileNotFoundError:
            continue  # the listing itself
        if int(path.name) > 2 and not target.startswith("/proc/"):
            found.append(target)
    found += [thread.name for thread in threading.enumerate() if thread.name != "MainThread"]
    gc.collect()
    return found
