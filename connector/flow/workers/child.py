"""A process of our own beside the daemon: a fresh interpreter that answers over pipes."""

from __future__ import annotations

import os
import pickle
import signal
import struct
import subprocess
import sys
from collections.abc import Callable
from typing import IO, Any, Final

__all__ = ["Child", "receive", "send", "serve_parent"]

_LENGTH: Final = struct.Struct(">Q")


class Child:
    """One process, driven by one thread at a time; it inherits no handles of ours."""

    def __init__(self, module: str) -> None:
        """Start the process at the `main` of a module."""
        start = f"from {module} import main; main()"
        self.process: Final = subprocess.Popen(
            [sys.executable, "-c", start], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def tell(self, setup: object) -> None:
        """Tell the process what it needs before it is asked; raises OSError if it died."""
        send(self._pipe(self.process.stdin), setup)

    def ask(self, question: object) -> Any:
        """Return the answer; raises EOFError or OSError if the process died."""
        send(self._pipe(self.process.stdin), question)
        return receive(self._pipe(self.process.stdout))

    def end(self) -> None:
        """End the process and wait for it."""
        self.process.kill()
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                try:
                    stream.close()
                except OSError:
                    continue  # what could not be written to a dead process
        self.process.wait()

    @staticmethod
    def _pipe(stream: IO[bytes] | None) -> IO[bytes]:
        if stream is None:
            raise BrokenPipeError
        return stream


def serve_parent(serve: Callable[[IO[bytes], IO[bytes]], None]) -> None:
    """Serve the daemon that started this process, until that ends; signals are its business."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # nobody else may write between answers
    try:
        serve(sys.stdin.buffer, answers)
    except (EOFError, BrokenPipeError):
        return


def send(stream: IO[bytes], value: object) -> None:
    """Write one value with its length before it."""
    data = pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
    stream.write(_LENGTH.pack(len(data)))
    stream.write(data)
    stream.flush()


def receive(stream: IO[bytes]) -> Any:
    """Read one value; EOFError if the other side is gone."""
    head = stream.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        raise EOFError
    (length,) = _LENGTH.unpack(head)
    data = stream.read(length)
    if len(data) < length:
        raise EOFError
    return pickle.loads(data)  # noqa: S301 - from a process of our own
