"""A pipeline's process: orders, answers, and what /proc says about it and its children."""

from __future__ import annotations

import json
import os
import queue
import re
import signal
import subprocess
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

__all__ = ["ROOT", "PipelineError", "Process", "Tree"]

ROOT: Final = Path(__file__).resolve().parents[2]
_TICKS: Final = os.sysconf("SC_CLK_TCK")
_MEMORY: Final = re.compile(r"VmHWM:\s+(\d+) kB")
_RESET_PEAK: Final = "5"
_TOLD_CHARACTERS: Final = 400
_SAMPLE_SECONDS: Final = 0.2


class PipelineError(Exception):
    """A pipeline ended or did not answer; says why, as far as it told."""


class Tree:
    """A process with all of its descendants, as /proc shows them."""

    def __init__(self, pid: int) -> None:
        self._pid = pid

    def pids(self) -> list[int]:
        """Return the living processes, the oldest first."""
        found, waiting = [], [self._pid]
        while waiting:
            pid = waiting.pop()
            found.append(pid)
            for path in Path(f"/proc/{pid}/task").glob("*/children"):
                waiting += map(int, _text(path).split())
        return found

    def cpu_seconds(self) -> float:
        """Return the processor time of all, with that of children that have ended."""
        total = 0
        for pid in self.pids():
            fields = _text(Path(f"/proc/{pid}/stat")).rpartition(")")[2].split()
            total += sum(map(int, fields[11:15]))
        return total / _TICKS

    def reset_peaks(self) -> None:
        """Forget the peaks so far."""
        for pid in self.pids():
            try:
                Path(f"/proc/{pid}/clear_refs").write_text(_RESET_PEAK, encoding="ascii")
            except OSError:
                continue

    def peaks(self) -> dict[int, float]:
        """Return the peak of each living process, in MiB."""
        found = {pid: _MEMORY.search(_text(Path(f"/proc/{pid}/status"))) for pid in self.pids()}
        return {pid: int(match[1]) / 1024 for pid, match in found.items() if match}


class Process:
    """One pipeline; used as a context, it ends with it."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        log: Path,
        environ: Mapping[str, str] | None = None,
        cores: Sequence[int] = (),
    ) -> None:
        pinned = ["taskset", "-c", ",".join(map(str, cores))] if cores else []
        self._log = log
        with log.open("wb") as errors:
            self._process = subprocess.Popen(
                [*pinned, *command],
                cwd=ROOT,
                env={**os.environ, **(environ or {})},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                start_new_session=True,
            )
        self._tree = Tree(self._process.pid)
        self._lines: queue.Queue[str] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self._cpu = 0.0
        self._peak = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close(at_once=error is not None)

    def wait_ready(self, seconds: float) -> None:
        """Wait until it can take orders; raises PipelineError."""
        if self._answer(seconds) != "ready":
            raise PipelineError(self._why())

    def order(self, count: int, rows: Path | None = None) -> None:
        """Give an order; `result` waits for it."""
        stdin = self._process.stdin
        if stdin is None or self._process.poll() is not None:
            raise PipelineError(self._why())
        self._tree.reset_peaks()
        self._peak = 0.0
        self._cpu = self._tree.cpu_seconds()
        stdin.write(f"{count}\t{rows or ''}\n")
        stdin.flush()

    def result(self, seconds: float) -> dict[str, float]:
        """Return the answer to an order, with `cpu_seconds` and `peak_mib`."""
        text = self._answer(seconds)
        cpu = self._tree.cpu_seconds() - self._cpu
        self._sample()
        answer: dict[str, float] = json.loads(text)
        return {"cpu_seconds": cpu, "peak_mib": self._peak, **answer}

    def close(self, *, at_once: bool = False) -> None:
        """End it: kindly, then not."""
        try:
            if self._process.stdin:
                self._process.stdin.close()
            self._process.wait(0.1 if at_once else 30)
        except (OSError, subprocess.TimeoutExpired):
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(30)
        self._reader.join(10)

    def _answer(self, seconds: float) -> str:
        left = seconds
        while left > 0:
            try:
                line = self._lines.get(timeout=_SAMPLE_SECONDS)
            except queue.Empty:
                left -= _SAMPLE_SECONDS
                self._sample()
                continue
            if not line:
                raise PipelineError(self._why())
            return line.strip()
        self.close(at_once=True)
        raise PipelineError(f"no answer within {seconds:.0f} s")

    def _sample(self) -> None:
        """Note the peaks of all that live now; children may be gone later."""
        self._peak = max(self._peak, sum(self._tree.peaks().values()))

    def _read(self) -> None:
        stdout = self._process.stdout
        if stdout is not None:
            with stdout:
                for line in stdout:
                    self._lines.put(line)
        self._lines.put("")

    def _why(self) -> str:
        text = self._log.read_text(encoding="utf-8", errors="replace").strip()
        last = text.splitlines()[-1] if text else f"ended with {self._process.wait()}"
        return last[:_TOLD_CHARACTERS]


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
