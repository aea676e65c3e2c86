"""A TCP proxy that misbehaves on command: in user space, without privileges, repeatable.

It stands between a node and the broker::

    with Proxy(("127.0.0.1", 5672)) as proxy:
        ...  # connect to proxy.port
        proxy.black_hole()
        proxy.heal()

What is held back is held by TCP, not lost, as on a real line: it flows again after `heal`, unless
the connection was cut.
"""

from __future__ import annotations

import random
import select
import socket
import struct
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from types import TracebackType
from typing import Final, Self

__all__ = ["Direction", "Proxy"]

_CHUNK: Final = 65536
_POLL_SECONDS: Final = 0.02
_RST: Final = struct.pack("ii", 1, 0)


class Direction(StrEnum):
    """Which way bytes go, seen from the node."""

    UP = "up"
    DOWN = "down"


@dataclass(slots=True)
class _Rules:
    """What is wrong with the line at the moment."""

    held: frozenset[Direction] = frozenset()
    delay_seconds: float = 0.0
    bytes_per_second: float | None = None
    accepts: bool = True
    cut_after: dict[Direction, int] = field(default_factory=dict)


@dataclass(slots=True)
class _Line:
    """One connection: both of its sockets, and whether it still has both."""

    near: socket.socket
    far: socket.socket
    open: bool = True
    half: bool = False


class Proxy:
    """Forwards connections to one address; every method takes effect at once on all of them."""

    def __init__(self, target: tuple[str, int], *, seed: int = 0) -> None:
        self._target: Final = target
        self._rolls: Final = random.Random(seed)  # noqa: S311 - repeatable, not secret
        self._lock: Final = threading.Condition()
        self._rules = _Rules()
        self._lines: list[_Line] = []
        self._stopped = False
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: Final = int(self._listener.getsockname()[1])
        self.forwarded: Final = {Direction.UP: 0, Direction.DOWN: 0}
        self._spawn(self._accept)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def connections(self) -> int:
        """How many connections are open."""
        with self._lock:
            return sum(line.open for line in self._lines)

    def heal(self) -> None:
        """Forward everything again; connections that were cut stay cut."""
        self._set(_Rules())
        self._drop([line for line in self._copy() if line.half], reset=True)

    def delay(self, seconds: float) -> None:
        """Let every piece of data take longer."""
        self._change(delay_seconds=seconds)

    def throttle(self, bytes_per_second: float) -> None:
        """Let only so much through, in each direction of each connection."""
        self._change(bytes_per_second=bytes_per_second)

    def partition(self, *directions: Direction) -> None:
        """Hold all data of some directions back; the other one flows."""
        self._change(held=frozenset(directions))

    def black_hole(self) -> None:
        """Hold everything back, of new connections too; nobody is told."""
        self.partition(Direction.UP, Direction.DOWN)

    def reset(self) -> None:
        """End all connections with RST, as a firewall that lost its table."""
        self._drop(self._copy(), reset=True)

    def refuse(self) -> None:
        """End all connections and take no new ones."""
        self._change(accepts=False)
        self.reset()

    def half_open(self) -> None:
        """Let the broker's side end unseen: the node believes that it is still connected."""
        for line in self._copy():
            line.half = True
            with suppress(OSError):
                line.far.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RST)
            _close(line.far)

    def cut_after(self, direction: Direction, count: int | None = None) -> int:
        """End each connection after so many more bytes; a random count within 32 KiB if None."""
        chosen = self._rolls.randrange(1, 32768) if count is None else count
        self._change(cut_after={direction: self.forwarded[direction] + chosen})
        return chosen

    def stop(self) -> None:
        """End everything."""
        with self._lock:
            self._stopped = True
            self._lock.notify_all()
        _close(self._listener)
        self._drop(self._copy(), reset=True)

    def _set(self, rules: _Rules) -> None:
        with self._lock:
            self._rules = rules
            self._lock.notify_all()

    def _change(
        self,
        *,
        held: frozenset[Direction] | None = None,
        delay_seconds: float | None = None,
        bytes_per_second: float | None = None,
        accepts: bool | None = None,
        cut_after: dict[Direction, int] | None = None,
    ) -> None:
        before = self._rules
        self._set(
            _Rules(
                held=before.held if held is None else held,
                delay_seconds=before.delay_seconds if delay_seconds is None else delay_seconds,
                bytes_per_second=bytes_per_second or before.bytes_per_second,
                accepts=before.accepts if accepts is None else accepts,
                cut_after=before.cut_after if cut_after is None else cut_after,
            )
        )

    def _copy(self) -> list[_Line]:
        with self._lock:
            return list(self._lines)

    def _drop(self, lines: list[_Line], *, reset: bool) -> None:
        for line in lines:
            line.open = False
            for one in (line.near, line.far):
                with suppress(OSError):
                    if reset:
                        one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RST)
                    else:
                        one.shutdown(socket.SHUT_RDWR)
                _close(one)
        with self._lock:
            self._lines = [line for line in self._lines if line.open]
            self._lock.notify_all()

    def _accept(self) -> None:
        while not self._stopped:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            if not self._rules.accepts:
                near.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RST)
                _close(near)
                continue
            try:
                far = socket.create_connection(self._target, timeout=10)
            except OSError:
                _close(near)
                continue
            self._join(near, far)

    def _join(self, near: socket.socket, far: socket.socket) -> None:
        for one in (near, far):
            one.setblocking(False)
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        line = _Line(near, far)
        with self._lock:
            self._lines.append(line)
        self._spawn(lambda: self._forward(line, near, far, Direction.UP))
        self._spawn(lambda: self._forward(line, far, near, Direction.DOWN))

    def _forward(
        self, line: _Line, source: socket.socket, goal: socket.socket, direction: Direction
    ) -> None:
        while line.open and not self._stopped:
            if not self._may_flow(direction):
                continue
            try:
                if not _is_ready(source, select.POLLIN):
                    continue
                data = source.recv(_CHUNK)
            except BlockingIOError:
                continue
            except (OSError, ValueError):
                data = b""
            if line.half:
                self._wait(lambda: not line.open)
                return
            if not data:
                self._wait_out(direction)
                self._drop([line], reset=False)
                return
            if not self._pass_on(line, goal, data, direction):
                return

    def _pass_on(self, line: _Line, goal: socket.socket, data: bytes, direction: Direction) -> bool:
        """Send data as the rules of this moment allow; False if the connection is cut."""
        rules = self._rules
        self._sleep(rules.delay_seconds)
        self._wait_out(direction)
        limit = rules.cut_after.get(direction)
        allowed = len(data) if limit is None else max(0, limit - self.forwarded[direction])
        try:
            self._send(line, goal, data[:allowed])
        except (OSError, ValueError):
            self._drop([line], reset=False)
            return False
        self.forwarded[direction] += min(allowed, len(data))
        if allowed < len(data):
            self._drop([line], reset=True)
            return False
        if rules.bytes_per_second:
            self._sleep(len(data) / rules.bytes_per_second)
        return True

    def _send(self, line: _Line, goal: socket.socket, data: bytes) -> None:
        rest = memoryview(data)
        while rest and line.open and not self._stopped:
            if _is_ready(goal, select.POLLOUT):
                with suppress(BlockingIOError):
                    rest = rest[goal.send(rest) :]

    def _may_flow(self, direction: Direction) -> bool:
        with self._lock:
            return self._lock.wait_for(
                lambda: direction not in self._rules.held or self._stopped, _POLL_SECONDS
            )

    def _wait_out(self, direction: Direction) -> None:
        self._wait(lambda: direction not in self._rules.held)

    def _wait(self, condition: Callable[[], bool]) -> None:
        with self._lock:
            self._lock.wait_for(lambda: condition() or self._stopped)

    def _sleep(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0 and not self._stopped:
            time.sleep(min(left, _POLL_SECONDS))

    def _spawn(self, work: Callable[[], None]) -> None:
        threading.Thread(target=work, daemon=True, name=f"proxy {self.port}").start()


def _is_ready(one: socket.socket, event: int) -> bool:
    """Wait a moment until a socket can be read or written; ValueError once it is closed."""
    poll = select.poll()
    poll.register(one, event)
    return bool(poll.poll(_POLL_SECONDS * 1000))


def _close(one: socket.socket) -> None:
    """Close at once: a thread that is inside recv or accept holds the socket open otherwise."""
    with suppress(OSError):
        if one.type == socket.SOCK_STREAM and one.getsockopt(
            socket.SOL_SOCKET, socket.SO_ACCEPTCONN
        ):
            one.shutdown(socket.SHUT_RDWR)
    one.close()
