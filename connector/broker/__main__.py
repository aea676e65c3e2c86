"""A broker for one's own nodes on this machine: `python -m connector.broker start DIRECTORY`.

It stays until `stop`, or until Ctrl-C with `run`; users, queues and messages stay in the directory.
If RabbitMQ ends by itself, `run` ends with 69 and says why; after `start`, keeper.log has it.
It is for trying things out: loopback only, without TLS.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import os
import signal
import struct
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Final, TextIO

from connector.broker.private import PrivateNode
from connector.clock import SystemClock
from connector.errors import ConnectorError, UnavailableError

__all__ = ["main"]

_AMQP: Final = 5672
_MANAGEMENT: Final = 15672
_PORTS: Final = range(1, 1 << 16)
_ENDS: Final = (signal.SIGTERM, signal.SIGINT)
_PATIENCE_SECONDS: Final = 180.0
_POLL_SECONDS: Final = 0.1
_LOCK: Final = "hhqqi4x"
"""The kernel's `struct flock`: kind, whence, start, length, process."""
_TOLD: Final = """\
broker:
  url: "amqp://127.0.0.1:{port}/"
  management_url: "http://127.0.0.1:{management}"
  management_user: {user}
  management_password: {{file: "{password}"}}
"""


_RUNS_ALREADY: Final = """\
{directory}: máy chủ của thư mục này đang chạy, dừng bằng stop
{directory}: its broker runs already, end it with stop"""
_STOPPED_EARLY: Final = """\
{directory}: máy chủ bị dừng trước khi sẵn sàng, hãy chạy lại
{directory}: its broker was stopped before it was ready, start it again"""
_NONE_RUNS: Final = """\
{directory}: không có máy chủ nào đang chạy
{directory}: no broker runs"""
_ELSEWHERE: Final = """\
{directory}: máy chủ chạy ở vùng chứa hoặc máy khác, hãy dừng ở đó
{directory}: its broker runs in another container or machine, end it there"""
_NOT_ENDED: Final = """\
{directory}: tiến trình {keeper} chưa kết thúc, hãy thử stop lại sau
{directory}: process {keeper} has not ended yet, try stop again later"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Start, run or stop the broker of a directory; return the exit status."""
    given = _parser().parse_args(arguments)
    directory: Path = given.directory.absolute()
    try:
        if given.verb == "stop":
            return _stop(directory)
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        ports = given.port, given.management_port
        if given.verb == "start":
            return _start(directory, ports)
        return _run(directory, ports, detached=given.detached)
    except ConnectorError as error:
        return _tell(error)
    except OSError as error:
        _say(f"{error.filename or directory}: {error.strerror}")
        return os.EX_CANTCREAT


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m connector.broker", description=__doc__)
    parser.add_argument("verb", choices=("start", "run", "stop"))
    parser.add_argument("directory", type=Path)
    parser.add_argument("--port", type=_port, default=_AMQP)
    parser.add_argument("--management-port", type=_port, default=_MANAGEMENT)
    parser.add_argument("--detached", action="store_true", help=argparse.SUPPRESS)
    return parser


def _port(text: str) -> int:
    port = int(text) if text.isascii() and text.isdecimal() else 0
    if port not in _PORTS:
        reason = f"{text!r} is no port: 1 to 65535"
        raise argparse.ArgumentTypeError(reason)
    return port


def _run(directory: Path, ports: tuple[int, int], *, detached: bool) -> int:
    """Keep the broker until a signal; what connector.yaml needs is told when it is ready."""
    ended = threading.Event()
    for number in _ENDS:
        signal.signal(number, lambda *_: ended.set())
    with _opened(directory) as held:
        try:
            fcntl.lockf(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _say(_RUNS_ALREADY.format(directory=directory))
            return os.EX_TEMPFAIL
        held.truncate(0)
        held.write(str(os.getpid()))
        held.flush()
        with PrivateNode(directory, at=ports) as node:
            if ended.is_set():
                _say(_STOPPED_EARLY.format(directory=directory))
                return os.EX_TEMPFAIL
            password = directory / "admin.password"
            password.touch(mode=0o600)
            password.write_text(node.admin_password, encoding="ascii")
            facts = {"user": node.admin_user, "password": password}
            print(_TOLD.format(port=ports[0], management=ports[1], **facts), flush=True)  # noqa: T201
            if detached:
                _leave_the_terminal(directory / "keeper.log")
            return _keep(node, ended)


def _keep(node: PrivateNode, ended: threading.Event) -> int:
    """Wait for the end; if the node has ended by itself, tell why and how to exit."""
    while not ended.wait(1):
        try:
            _ = node.pid
        except UnavailableError as error:
            _say(node.log_tail())
            return _tell(error)
    return os.EX_OK


def _start(directory: Path, ports: tuple[int, int]) -> int:
    """Run the broker in a process of its own; return when it is ready, or has failed."""
    options = ["--port", str(ports[0]), "--management-port", str(ports[1]), "--detached"]
    command = [sys.executable, "-m", "connector.broker", "run", str(directory), *options]
    keeper = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, start_new_session=True, text=True
    )
    told = "".join(keeper.stdout or ())  # until it lets go of it
    if not told:
        return keeper.wait()
    print(told, end="")  # noqa: T201
    return os.EX_OK


def _stop(directory: Path) -> int:
    """End the broker in order, and wait until it has ended."""
    try:
        with _opened(directory) as file:
            keeper = _holder(file)
            if keeper is None:
                _say(_NONE_RUNS.format(directory=directory))
                return os.EX_OK
            if keeper <= 0:
                _say(_ELSEWHERE.format(directory=directory))
                return os.EX_TEMPFAIL
            with contextlib.suppress(ProcessLookupError):
                os.kill(keeper, signal.SIGTERM)
            clock = SystemClock()
            deadline = clock.monotonic() + _PATIENCE_SECONDS
            while _holder(file) == keeper:
                if clock.monotonic() > deadline:
                    _say(_NOT_ENDED.format(directory=directory, keeper=keeper))
                    return os.EX_TEMPFAIL
                clock.sleep(_POLL_SECONDS)
    except FileNotFoundError:
        _say(_NONE_RUNS.format(directory=directory))
    return os.EX_OK


def _opened(directory: Path) -> TextIO:
    """Open the file that the process of a running broker holds; its number is for people."""
    path = directory / "keeper.pid"
    if directory.is_dir():
        path.touch(mode=0o600)
    return path.open("r+", encoding="ascii")


def _holder(file: TextIO) -> int | None:
    """Return the process that holds a file, None if there is none, 0 or less if it is not ours.

    The kernel knows, whatever number an earlier keeper has left in the file.
    """
    question = struct.pack(_LOCK, fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
    kind, *_, process = struct.unpack(_LOCK, fcntl.fcntl(file, fcntl.F_GETLK, question))
    return None if kind == fcntl.F_UNLCK else int(process)


def _leave_the_terminal(log: Path) -> None:
    """Let go of the streams of the command that started this process."""
    log.touch(mode=0o600)
    with log.open("wb") as own:
        for stream in (sys.stdout, sys.stderr):
            os.dup2(own.fileno(), stream.fileno())


def _tell(error: ConnectorError) -> int:
    for finding in error.findings:
        _say(f"{finding.code} {finding.vi} / {finding.en} → {finding.hint_en}")
    return error.exit_status


def _say(text: str) -> None:
    print(text, file=sys.stderr)  # noqa: T201


if __name__ == "__main__":
    sys.exit(main())
