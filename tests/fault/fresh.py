"""The same kills in fresh interpreters: `connector run` with its threads, armed by environment."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from tests.fault.forks import Child, fork
from tests.fault.kills import Lane
from tests.fault.runner import Runner, Start
from tests.fault.world import Site

__all__ = ["FreshLane", "Process"]


class Process(Child):
    """A program of its own, handled like a forked child."""

    def __init__(self, program: subprocess.Popen[bytes]) -> None:
        super().__init__(program.pid, -1)
        self._program = program

    def poll(self) -> bool:
        """Tell whether it has ended."""
        return self._program.poll() is not None

    def wait(self) -> int:
        """Wait for the end; return the exit code, negative for a signal."""
        return self._program.wait()

    def stop(self) -> int:
        """End it with SIGTERM and wait."""
        if not self.poll():
            self._program.send_signal(signal.SIGTERM)
        try:
            return self._program.wait(40.0)
        except subprocess.TimeoutExpired:
            return self.kill()

    def kill(self) -> int:
        """End it with SIGKILL."""
        self._program.kill()
        return self._program.wait()


class FreshLane(Lane):
    """A lane whose victims are programs, not forks; the peer and the recovery are forks."""

    def begin(self, site: Site, start: Start, log: Path) -> Child:
        """Start the daemon, armed by its environment as a person would arm it."""
        environ = dict(os.environ)
        if start.point is not None:
            environ |= {
                "CONNECTOR_CRASH_AT": f"{start.point}:{start.passage}",
                "CONNECTOR_FAULTS": "1",
            }
        command = [sys.executable, "-m", "connector", "run", "--config", str(site.config)]
        with log.open("ab") as stream:
            child = Process(subprocess.Popen(command, stdout=stream, stderr=stream, env=environ))
        if start.commands:
            fork(lambda _: _ask(site, start), log).wait()
        return child


def _ask(site: Site, start: Start) -> None:
    """Do what a person asks for, beside the daemon, as the command line does."""
    runner = Runner(site)
    for command in start.commands:
        runner.obey(command)
    runner.close()
