"""A RabbitMQ node of one's own on loopback: for the demo, for tests, for trying things out.

It shares nothing with a RabbitMQ service of the machine, several run side by side, and it ends
with the process that started it, however that ends.
"""

from __future__ import annotations

import atexit
import json
import os
import re
import signal
import socket
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import astuple, replace
from pathlib import Path
from types import TracebackType
from typing import Final, Self
from urllib.parse import quote

from connector.broker import codes
from connector.broker.management import Management
from connector.broker.passwords import ALGORITHM, new_password, password_hash
from connector.broker.server import (
    Layout,
    Ports,
    environment,
    find_server,
    free_ports,
    install_hint,
    is_installed,
    programs,
    write_files,
)
from connector.broker.settings import BrokerSettings
from connector.clock import Clock, SystemClock
from connector.errors import ConfigError, UnavailableError

__all__ = ["PrivateNode", "find_server", "install_hint", "is_installed"]

_ADMIN: Final = "connector-admin"
_ATTEMPTS: Final = 3
_POLL_SECONDS: Final = 0.1
_STOP_SECONDS: Final = 20.0
_LOG_LINES: Final = 200
_OUTPUTS: Final = ("epmd.log", "server.log")
"""What the two programs say on their streams."""
_TOLD_LINES: Final = 12
_ERROR_LINE: Final = re.compile(r"\[error\] <[^>]*> +\S")

# Waits for the end of our side of the pipe, which comes even if we are killed.
_GUARD: Final = """
read -r _
kill "-$3" "$1"; kill -CONT "$1"
for _ in 1 2 3 4 5 6 7 8 9 10; do sleep 1; kill -0 "$1" || break; done
kill -KILL "$1"; kill -TERM "$2"
"""


class PrivateNode:
    """One node in one directory; the data stays there over `stop` and `start`.

    A `disposable` node is killed by `stop`, which saves the seconds of an orderly end. `extra`
    are further lines of rabbitmq.conf, `plugins` those beside the management API, `at` the ports
    of AMQP and management instead of free ones. Raises ConfigError if RabbitMQ is not installed
    and UnavailableError, with the errors of the log, if the node does not start.
    """

    def __init__(
        self,
        directory: Path,
        *,
        disposable: bool = False,
        extra: Mapping[str, str] | None = None,
        plugins: Sequence[str] = (),
        at: tuple[int, int] | None = None,
        start_timeout_seconds: float = 120.0,
        clock: Clock | None = None,
    ) -> None:
        self.admin_user: Final = _ADMIN
        self.admin_password: Final = new_password()
        self._layout: Final = Layout(directory.absolute())
        self._how_to_stop: Final = signal.SIGKILL if disposable else signal.SIGTERM
        self._extra: Final = dict(extra or {})
        self._plugins: Final = ("rabbitmq_management", *plugins)
        self._at: Final = at
        self._timeout: Final = start_timeout_seconds
        self._clock: Final = clock or SystemClock()
        self._ports: Ports | None = None
        self._epmd: subprocess.Popen[bytes] | None = None
        self._node: subprocess.Popen[bytes] | None = None
        self._guard: subprocess.Popen[bytes] | None = None
        self._owner: Final = os.getpid()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def directory(self) -> Path:
        """Where the node keeps its data."""
        return self._layout.root

    @property
    def url(self) -> str:
        """AMQP URL of the administrator, with password."""
        return self.url_for(self.admin_user, self.admin_password)

    @property
    def management_url(self) -> str:
        """Address of the management API, without user."""
        return f"http://127.0.0.1:{self._running_ports().management}"

    @property
    def pid(self) -> int:
        """Process id of the node; raises UnavailableError if it does not run."""
        if self._node is None or self._node.poll() is not None:
            raise UnavailableError(codes.SERVER_STOPPED.at(str(self.directory)))
        return self._node.pid

    def url_for(self, user: str, password: str, vhost: str = "/") -> str:
        """Return the AMQP URL for a user and virtual host."""
        login = f"{quote(user, safe='')}:{quote(password, safe='')}"
        return f"amqp://{login}@127.0.0.1:{self._running_ports().amqp}/{quote(vhost, safe='')}"

    def settings(self) -> BrokerSettings:
        """Return the administrator's settings."""
        return BrokerSettings(url=self.url, management_url=self.management_url)

    def management(self, vhost: str = "/") -> Management:
        """Return the administrator's client of the management API."""
        return Management(self.management_url, self.admin_user, self.admin_password, vhost)

    def start(self) -> None:
        """Start the node and wait until it takes connections."""
        if self._node is not None:
            return
        for port in filter(_listens, self._at or ()):
            raise UnavailableError(codes.PORT_TAKEN.at(str(self.directory), port=port))
        atexit.register(self.stop)
        for attempt in range(1, _ATTEMPTS + 1):
            self._ports = free_ports()
            if self._at is not None:
                amqp, management = self._at
                self._ports = replace(self._ports, amqp=amqp, management=management)
            try:
                self._launch()
            except UnavailableError:
                self.stop()
                if attempt == _ATTEMPTS or not _any_taken(self._ports):
                    raise
            except BaseException:
                self.stop()
                raise
            else:
                return

    def stop(self) -> None:
        """Stop the node and its port mapper; only what this object started."""
        atexit.unregister(self.stop)
        if os.getpid() != self._owner:
            return  # a forked child does not own the node
        self._end_node(self._how_to_stop)
        _end(self._epmd, signal.SIGTERM)
        self._epmd = None

    def kill(self) -> None:
        """End the node at once, as a power cut would."""
        self._end_node(signal.SIGKILL)

    def restart(self) -> None:
        """Start the node again on the same ports, after `kill` or from running."""
        self._end_node(signal.SIGTERM)
        try:
            self._launch()
        except BaseException:
            self.stop()
            raise

    def freeze(self) -> None:
        """Make the node hang: connections stay, nothing is answered."""
        os.kill(self.pid, signal.SIGSTOP)
        os.waitid(os.P_PID, self.pid, os.WSTOPPED | os.WNOWAIT)  # until all its threads stand

    def thaw(self) -> None:
        """Let a frozen node go on."""
        os.kill(self.pid, signal.SIGCONT)

    def control(self, *arguments: str) -> str:
        """Run `rabbitmqctl` against this node and return what it prints."""
        server, _ = programs()
        command = [str(server.with_name("rabbitmqctl")), *arguments]
        environ = environment(self._layout, self._running_ports())
        done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
        if done.returncode:
            reason = (done.stderr or done.stdout).strip()
            finding = codes.SERVER_FAILED.at(
                str(self.directory), reason=reason, logs=self._layout.logs
            )
            raise UnavailableError(finding)
        return done.stdout

    def log_tail(self) -> str:
        """Return the first errors at the end of the newest log, or its last lines.

        What only greets on standard output says less than a log that the node wrote in this run.
        """
        files = [path for path in self._layout.logs.glob("*.log") if path.stat().st_size]
        begun = self._layout.config.stat().st_mtime_ns if self._layout.config.exists() else 0
        own = [each for each in files if each.name not in _OUTPUTS]
        files = [each for each in own if each.stat().st_mtime_ns >= begun] or files
        newest = max(files, key=lambda path: path.stat().st_mtime_ns, default=None)
        if newest is None:
            return ""
        text = newest.read_text(encoding="utf-8", errors="replace")
        lines = text.splitlines()[-_LOG_LINES:]
        errors = [line for line in lines if _ERROR_LINE.search(line)]
        return "\n".join(errors[:_TOLD_LINES] or lines[-_TOLD_LINES:])

    def _running_ports(self) -> Ports:
        if self._ports is None:
            raise UnavailableError(codes.SERVER_STOPPED.at(str(self.directory)))
        return self._ports

    def _launch(self) -> None:
        server, epmd = programs()
        ports, layout = self._running_ports(), self._layout
        write_files(layout, ports, self._extra, self._plugins, self._definitions())
        environ = environment(layout, ports)
        if self._epmd is None:
            mapper = [str(epmd), "-address", "127.0.0.1", "-port", str(ports.epmd)]
            self._epmd = self._popen(mapper, environ, _OUTPUTS[0])
            self._wait_for_port(ports.epmd, self._epmd)
        self._node = self._popen([str(server)], environ, _OUTPUTS[1])
        ends = self._node.pid, self._epmd.pid
        self._guard = subprocess.Popen(
            ["/bin/sh", "-c", _GUARD, "guard", *map(str, ends), self._how_to_stop.name[3:]],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self._wait_until_ready(self._node, ports)

    def _end_node(self, how: signal.Signals) -> None:
        _end(self._guard, signal.SIGKILL)
        if self._node is not None and self._node.poll() is None:
            self._node.send_signal(how)
            self._node.send_signal(signal.SIGCONT)
        _end(self._node, how)
        self._guard = self._node = None

    def _popen(
        self, command: list[str], environ: dict[str, str], log: str
    ) -> subprocess.Popen[bytes]:
        """Start a program in a session of its own, so that Ctrl-C reaches only us."""
        with (self._layout.logs / log).open("wb") as output:
            return subprocess.Popen(
                command,
                env=environ,
                cwd=self._layout.root,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def _wait_until_ready(self, node: subprocess.Popen[bytes], ports: Ports) -> None:
        deadline = self._wait_for_port(ports.amqp, node)
        while True:
            try:
                self.management().overview()
            except (UnavailableError, ConfigError):
                self._pause(node, deadline)
            else:
                return

    def _wait_for_port(self, port: int, process: subprocess.Popen[bytes]) -> float:
        """Wait until a process of ours listens; return the moment at which patience ends."""
        deadline = self._clock.monotonic() + self._timeout
        while not _listens(port):
            self._pause(process, deadline)
        return deadline

    def _pause(self, process: subprocess.Popen[bytes], deadline: float) -> None:
        status = process.poll()
        if status is None and self._clock.monotonic() < deadline:
            self._clock.sleep(_POLL_SECONDS)
            return
        ended = f"it ended with status {status}" if status is not None else "it took too long"
        reason = f"{ended}\n{self.log_tail()}"
        raise UnavailableError(
            codes.SERVER_FAILED.at(str(self.directory), reason=reason, logs=self._layout.logs)
        )

    def _definitions(self) -> str:
        """Return the administrator; because of it the node does not create `guest`."""
        user = {
            "name": self.admin_user,
            "password_hash": password_hash(self.admin_password),
            "hashing_algorithm": ALGORITHM,
            "tags": ["administrator"],
        }
        everything = {"configure": ".*", "write": ".*", "read": ".*"}
        return json.dumps(
            {
                "users": [user],
                "vhosts": [{"name": "/"}],
                "permissions": [{"user": self.admin_user, "vhost": "/", **everything}],
            }
        )


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _any_taken(ports: Ports) -> bool:
    return any(map(_listens, astuple(ports)))


def _end(process: subprocess.Popen[bytes] | None, how: signal.Signals) -> None:
    """Signal a process of ours, then wait for it; kill it if it does not end in time."""
    if process is None:
        return
    if process.poll() is None:
        process.send_signal(how)
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdin is not None:
        process.stdin.close()
