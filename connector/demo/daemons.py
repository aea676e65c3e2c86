"""The daemons of the demonstration: started, watched, started again as systemd would, stopped."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from connector.clock import Clock
from connector.demo import codes
from connector.demo.nodes import DemoNode
from connector.errors import TransientError, UnavailableError

__all__ = ["CONNECTOR", "Daemons", "complaints", "indented", "running_daemons"]

CONNECTOR: Final = (sys.executable, "-m", "connector")
_STARTS: Final = 4
_RESTART_SECONDS: Final = 5.0
_STOP_SECONDS: Final = 40.0
_TAIL_LINES: Final = 5
_LINE_CHARACTERS: Final = 240
_KINDS: Final = 3
_MOMENT: Final = re.compile(r"^\S+Z ")
_COMPLAINT: Final = re.compile(r'^(?:warning|error) EDX-|"level": "(?:warning|error|critical)"')

Say = Callable[[str], None]


@dataclass(slots=True)
class _Daemon:
    """The process of one node; `again_at` is when it will be started again, if it has ended."""

    node: DemoNode
    process: subprocess.Popen[bytes] = field(init=False)
    starts: int = 0
    again_at: float | None = None

    def start(self) -> None:
        """Run `connector run` with its output behind what its log holds."""
        with self.node.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*CONNECTOR, "run", "--config", str(self.node.config)], stderr=log, stdout=log
            )
        self.starts += 1
        self.again_at = None

    def may_start_again(self) -> bool:
        """Tell whether what it needs was away and a new start may cure it, as in its unit file."""
        return self.process.returncode == UnavailableError.exit_status and self.starts < _STARTS


class Daemons:
    """One `connector run` for each node."""

    def __init__(self, nodes: Sequence[DemoNode], clock: Clock, say: Say) -> None:
        self._daemons = [_Daemon(node) for node in nodes]
        self._clock = clock
        self._say = say

    def start(self) -> None:
        """Start all of them."""
        for daemon in self._daemons:
            daemon.start()

    def check(self) -> None:
        """Start again what ended because something was unavailable.

        Raises:
            TransientError: one has ended for another reason, or for the last time.
        """
        for daemon in self._daemons:
            if daemon.process.poll() is not None:
                self._ended(daemon)

    def _ended(self, daemon: _Daemon) -> None:
        if not daemon.may_start_again():
            raise TransientError(
                codes.DAEMON_ENDED.at(
                    str(daemon.node.log),
                    status=daemon.process.returncode,
                    lines=indented(_last_lines(daemon.node.log)),
                )
            )
        now = self._clock.monotonic()
        if daemon.again_at is None:
            code = daemon.node.agency.code
            self._say(f"the daemon of {code} found something unavailable; it is started again …")
            daemon.again_at = now + _RESTART_SECONDS
        elif now >= daemon.again_at:
            daemon.start()

    def stop(self) -> None:
        """End all that were started: SIGTERM, and SIGKILL for who does not listen."""
        started = [daemon.process for daemon in self._daemons if daemon.starts]
        for process in started:
            process.send_signal(signal.SIGTERM)
        for process in started:
            try:
                process.wait(timeout=_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@contextmanager
def running_daemons(nodes: Sequence[DemoNode], clock: Clock, say: Say) -> Iterator[Daemons]:
    """Run a daemon for each node as long as the block lasts; raise what `check` raises at its end.

    Raises:
        TransientError: a daemon has ended by itself.
    """
    daemons = Daemons(nodes, clock, say)
    try:
        daemons.start()
        yield daemons
        daemons.check()
    finally:
        daemons.stop()


def complaints(nodes: Sequence[DemoNode]) -> Iterator[str]:
    """Yield the last warnings and errors of different kinds in each node's log."""
    for node in nodes:
        lines = [_short(line) for line in _lines(node.log) if _COMPLAINT.search(line)]
        last = {_kind(line): line for line in lines}
        for line in sorted(last.values(), key=lines.index)[-_KINDS:]:
            yield f"{node.agency.code}: {line}"


def _kind(line: str) -> str:
    """Return the words before a line's first fact, without the time."""
    return _MOMENT.sub("", line.partition(" · ")[0])


def indented(lines: Iterable[str]) -> str:
    """Return lines as the end of a message, each on a line of its own."""
    return "".join(f"\n    {line}" for line in lines) or " -"


def _last_lines(log: Path) -> list[str]:
    return [_short(line) for line in _lines(log)[-_TAIL_LINES:]]


def _lines(log: Path) -> list[str]:
    if not log.exists():
        return []
    return [line for line in log.read_text("utf-8", "replace").splitlines() if line.strip()]


def _short(line: str) -> str:
    """Return a line of a log as people read it, what happened first."""
    text = line.strip()
    if text.startswith("{"):
        with suppress(ValueError):
            facts = json.loads(text)
            what = " ".join(str(facts.pop(name, "")) for name in ("timestamp", "level", "event"))
            text = " · ".join([what, *(f"{name} {value}" for name, value in facts.items())])
    return text if len(text) <= _LINE_CHARACTERS else text[: _LINE_CHARACTERS - 1] + "…"
