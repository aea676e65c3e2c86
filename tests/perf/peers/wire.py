"""How the bench and a pipeline talk: arguments, orders, answers. Nothing but the standard library.

A pipeline is a program called with ``key=value`` arguments (`Task`). It prints ``ready``, then
reads orders, ``COUNT<tab>ROWS_FILE`` a line, and answers each with one line of JSON: ``seconds``,
and ``cpu_seconds`` if it knows better than the bench, which reads /proc.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Row", "Task", "read_rows", "serve"]


@dataclass(frozen=True, slots=True)
class Row:
    """One document of the export and the file that it carries."""

    number: str
    date: str
    subject: str
    path: Path


@dataclass(frozen=True, slots=True)
class Task:
    """What one process does, for whom, and where everything lies."""

    tool: str
    role: str
    code: str
    name: str
    peer_code: str
    peer_name: str
    url: str
    key: Path
    certificate: Path
    peer_certificate: Path
    schemas: Path
    directory: Path
    window: int

    def arguments(self) -> list[str]:
        """Return it as the arguments of a program."""
        return [f"{name}={getattr(self, name)}" for name in self.__slots__]

    @classmethod
    def parse(cls, arguments: Sequence[str]) -> Task:
        """Return what `arguments` gave."""
        given = dict(argument.split("=", 1) for argument in arguments)
        paths = {
            name: Path(given.pop(name))
            for name in ("key", "certificate", "peer_certificate", "schemas", "directory")
        }
        window = int(given.pop("window"))
        return cls(**given, **paths, window=window)  # type: ignore[arg-type]


def read_rows(path: Path) -> list[Row]:
    """Return the rows of an order."""
    lines = path.read_text(encoding="utf-8").splitlines()
    fields = (line.split("\t") for line in lines)
    return [Row(number, date, subject, Path(file)) for number, date, subject, file in fields]


def serve(
    prepare: Callable[[list[Row]], None], run: Callable[[int], float], *, tells_cpu: bool = False
) -> None:
    """Carry out orders until the input ends; only `run` is timed, in seconds.

    A pipeline whose preparation is work tells its own processor time, without it.
    """
    _say("ready")
    for line in sys.stdin:
        count, _, file = line.rstrip("\n").partition("\t")
        prepare(read_rows(Path(file)) if file else [])
        cpu = time.process_time()
        seconds = run(int(count))
        answer = {"seconds": seconds}
        if tells_cpu:
            answer["cpu_seconds"] = time.process_time() - cpu
        _say(json.dumps(answer))


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
