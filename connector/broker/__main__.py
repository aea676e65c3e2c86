"""A broker for one's own nodes on this machine: `python -m connector.broker start DIRECTORY`.

It stays until `stop`, or until Ctrl-C with `run`; users, queues and messages stay in the directory.
It is for trying things out: loopback only, without TLS.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Final, TextIO

from connector.broker.private import PrivateNode
from connector.errors import ConnectorError

__all__ = ["main"]

_AMQP: Final = 5672
_MANAGEMENT: Final = 15672
_ENDS: Final = (signal.SIGTERM, signal.SIGINT)
_TOLD: Final = """\
broker:
  url: "amqp://127.0.0.1:{port}/"
  management_url: "http://127.0.0.1:{management}"
  management_user: {user}
  management_password: {{file: "{password}"}}
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Start, run or stop the broker of a directory; return the exit status."""
    given = _parser().parse_args(arguments)
    directory: Path = given.directory.absolute()
    try:
        if given.verb == "stop":
            return _stop(directory)
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        ports = given.port, given.management_port
        return _start(directory, ports) if given.verb == "start" else _run(directory, ports)
    except ConnectorError as error:
        for finding in error.findings:
            _say(f"{finding.code} {finding.vi} / {finding.en} → {finding.hint_en}")
        return error.exit_status
    except OSError as error:
        _say(f"{error.filename or directory}: {error.strerror}")
        return os.EX_CANTCREAT


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m connector.broker", description=__doc__)
    parser.add_argument("verb", choices=("start", "run", "stop"))
    parser.add_argument("directory", type=Path)
    parser.add_argument("--port", type=int, default=_AMQP)
    parser.add_argument("--management-port", type=int, default=_MANAGEMENT)
    return parser


def _run(directory: Path, ports: tuple[int, int]) -> int:
    """Keep the broker until a signal; what connector.yaml needs is told when it is ready."""
    ended = threading.Event()
    for number in _ENDS:
        signal.signal(number, lambda *_: ended.set())
    with _lock(directory) as held:
        if not _is_free(held):
            _say(f"{directory}: its broker runs already")
            return os.EX_TEMPFAIL
        with PrivateNode(directory, at=ports) as node:
            password = directory / "admin.password"
            password.touch(mode=0o600)
            password.write_text(node.admin_password, encoding="ascii")
            held.truncate(0)
            held.write(str(os.getpid()))
            held.flush()
            facts = {"user": node.admin_user, "password": password}
            print(_TOLD.format(port=ports[0], management=ports[1], **facts), flush=True)  # noqa: T201
            if os.getsid(0) == os.getpid():
                _leave_the_terminal()
            while not ended.wait(1):
                pass
    return os.EX_OK


def _start(directory: Path, ports: tuple[int, int]) -> int:
    """Run the broker in a process of its own; return when it is ready, or has failed."""
    options = ["--port", str(ports[0]), "--management-port", str(ports[1])]
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
        with _lock(directory) as held:
            if _is_free(held):
                _say(f"{directory}: no broker runs")
                return os.EX_OK
            os.kill(int(held.read()), signal.SIGTERM)
            fcntl.flock(held, fcntl.LOCK_EX)
    except FileNotFoundError:
        _say(f"{directory}: no broker runs")
    return os.EX_OK


def _lock(directory: Path) -> TextIO:
    """Open the file that the process of a running broker holds, with its number in it."""
    path = directory / "keeper.pid"
    if directory.is_dir():
        path.touch(mode=0o600)
    return path.open("r+", encoding="ascii")


def _is_free(lock: TextIO) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _leave_the_terminal() -> None:
    """Let go of the streams of the command that started this process."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (1, 2):
        os.dup2(nowhere, stream)


def _say(text: str) -> None:
    print(text, file=sys.stderr)  # noqa: T201


if __name__ == "__main__":
    sys.exit(main())
